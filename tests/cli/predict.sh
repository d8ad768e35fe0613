#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `weir predict` and `weir eval`: what they write and say is what the weights
# give, worked out once more in NumPy; and what does not fit is refused.
. "${WEIR_SOURCE:?}/tests/program.sh"
short="--set training.steps=60 --set simulations.budget=30"

ends 0 run "$small" --out one $short --set run.seed=5
test_line=$(grep -A5 '^test' out | awk '$1 == "mean" || $1 == "max" { print $1, $2 }')
ends 0 run "$small" --out three $short --set training.members=3 \
    --set training.ema=0.97
ends 0 generate "$small" --n 7 --out f.h5

# Without data it is the run's own test set, to the last digit.
ends 0 eval one
[ "$(awk '$1 == "mean" || $1 == "max" { print $1, $2; if (++n == 2) exit }' out)" \
    = "$test_line" ] || fail "eval one: $(cat out), run: $test_line"
has out "6 trajectories of 20 steps"

ends 0 predict one --data f.h5 --out one.h5
has out "one.h5: 7 trajectories of 21 frames, by the weights of step 60"
ends 0 predict three --data f.h5 --out three.h5 --steps 4
has out "three.h5: 7 trajectories of 5 frames with their spread"
ends 0 predict three --data f.h5 --out newest.h5 --weights newest
ends 0 eval three --data f.h5 --against one
mv out eval.txt
has eval.txt "convnet of 257 parameters, 3 members"
if python=$(python_with h5py); then
    "$python" "$WEIR_SOURCE/tests/cli/predict.py" ||
        fail "other numbers in NumPy"
fi

# What does not fit, one message each.
best=one/checkpoints/best.safetensors
says 2 "predict: which run?" "weir predict --help" predict
says 2 "predict: --data and --out are needed" "weir predict --help" \
    predict one --data f.h5
says 2 "predict: --steps 0: expected a number from 1" "weir predict --help" \
    predict one --data f.h5 --out x.h5 --steps 0
says 2 "'one.h5' is there already" "take another --out, or delete it" \
    predict one --data f.h5 --out one.h5
says 2 "--weights old: expected best or newest" "" eval one --weights old
says 2 "nowhere: No such file or directory" "" eval nowhere
mkdir empty
says 2 "empty: no checkpoint: No such file or directory" "" eval empty
ends 0 generate "$small" --set solver.points=32 --n 2 --out f32.h5
says 2 "f32.h5: states of 1 x 32 values (channels x points), the surrogate in $best takes 1 x 64" \
    "" eval one --data f32.h5
ends 0 run "$small" --out other --set solver.points=32 --set training.steps=60 \
    --set simulations.budget=30
ends 2 eval one --against other
has err "take states of other shapes"
ends 2 run "$small" --from one --out x --set model.width=9
has err "model.width"

if [ -n "${python:-}" ]; then
    # Another architecture's weights, a model nobody knows, a damaged file.
    "$python" "$WEIR_SOURCE/tests/cli/predict.py" spoil "$best"
    ends 2 eval wider.safetensors
    has err "these are the weights of another architecture than convnet"
    ends 2 eval unknown.safetensors
    has err "no model 'convent' in this version"
    ends 2 eval silent.safetensors
    has err "silent.safetensors: not a surrogate that can be loaded: it has no 'weir.members'"
    ends 1 eval broken.safetensors
    has err "broken.safetensors"
fi
finish
