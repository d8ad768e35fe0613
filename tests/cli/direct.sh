#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Direct surrogates: from parameters and time to a frame. Samples carry both; they
# beat the mean, with any solver, in both clocks; groups and kills show in no bit.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no h5py"

cat >heat.yaml <<'END'
run: {seed: 1, clock: lockstep, lanes: 2}
solver: {name: heat2d, points: 12}
simulations: {budget: 120, steps: 20}
reservoir: {capacity: 800, watermark: 200}
model: {name: direct, width: 64, depth: 2}
training: {steps: 900, batch: 20, micro_batch: 5, learning_rate: 3e-3}
validation: {trajectories: 8, every: 500}
test: {trajectories: 32}
END
ends 0 run heat.yaml --out heat
ratio=$(sed -n 's/^ *mean .* \([0-9.]*\)x below the mean$/\1/p' out)
[ "$(echo "$ratio" | awk '{ print ($1 > 3) }')" = 1 ] || fail "$ratio: $(cat out)"

# On other trajectories, and asked for whole ones.
ends 0 generate heat.yaml --out set.h5 --n 24 --set run.seed=9
ends 0 eval heat --data set.h5
has out "frames  , nRMSE        error   the mean"
ends 0 predict heat --data set.h5 --out got.h5
"$python" "$WEIR_SOURCE/tests/cli/direct.py" heat/checkpoints/best.safetensors set.h5 got.h5 ||
    fail "what is predicted is not what the weights make"

# A phase that wraps; live; an ensemble that steers; whatever does the work.
kdv="--set model.name=direct --set model.width=32 --quiet --set training.members=2
    --set acquisition.loss_type=disagreement --set checkpoint.every=20"
ends 0 run "$small" --out live $kdv --set run.clock=live
ends 0 eval live
has out "the mean"
ends 0 run "$small" --out one $kdv --set placement.groups=1
ends 0 run "$small" --out two $kdv --set placement.groups=3
"$python" "$WEIR_SOURCE/tests/cli/same_weights.py" one two || fail "groups show"
tries=0
while [ $tries -lt 3 ]; do
    "$weir" run "$small" --out pieces --resume $kdv >out 2>err &
    pid=$!
    sleep 0.2
    kill -KILL $pid 2>/dev/null
    wait $pid
    tries=$((tries + 1))
done
ends 0 run "$small" --out pieces --resume $kdv
"$python" "$WEIR_SOURCE/tests/cli/same_weights.py" one pieces || fail "kills show"

says 2 "--set training.unroll=2: training.unroll 2, but model direct makes a frame at once from parameters and time" \
    "set training.unroll to 1" run heat.yaml --out b --set training.unroll=2
says 2 "simulations.steps and the parameters' ranges are the scales of what model direct reads: \
they cannot change" "" run heat.yaml --from heat --out b --set simulations.steps=10
# What is predicted says nothing of parameters.
ends 2 eval heat --data got.h5
has err "best.safetensors reads a parameter 'T_initial', which the data set does not have"
finish
