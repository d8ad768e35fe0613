#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The weights a run leaves are a surrogate outside of Weir, as good as it said.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with numpy) || skip "no python3 with numpy"

n=200
ends 0 run "$small" --out a --set model.width=16 --set training.steps=500 \
    --set simulations.budget=100 --set test.trajectories=$n
# "          mean              6.371e-02     1.1x below persistence"
mean=$(awk '$1 == "mean" { print $2; exit }' out)
persistence=$(awk '$1 == "mean" { print $2 * $3; exit }' out)
"$python" "$WEIR_SOURCE/tests/cli/surrogate.py" \
    a/checkpoints/best.safetensors "$mean" "$persistence" $n ||
    fail "the reported errors are not those of the weights"

# Over parameters: in a file of the layout, and in the run's own test set.
ends 0 generate "$small" --out set.h5 --n 60 --set run.seed=5
ends 0 eval a --data set.h5 --over A0,phi1
cp out over
ends 0 eval a --data set.h5 --over phi1
if "$python" -c "import h5py" 2>no_h5py; then
    "$python" "$WEIR_SOURCE/tests/cli/over.py" a/checkpoints/best.safetensors set.h5 over out ||
        fail "bins do not have the errors of their trajectories"
fi
ends 0 eval a --over A1
# Halton points: an eighth of the axis has an eighth of them, or one less or more.
awk '/nRMSE of a trajectory/ { on = NR } on && NR > on + 1 { n += $4; if ($4 < 24 || $4 > 26) bad = 1 }
    END { exit bad || n != '$n' }' out || fail "$(cat out)"
says 2 "--over ph1: set.h5 has no such parameter" "did you mean 'phi1'?" \
    eval a --data set.h5 --over ph1
says 2 "--over viscosity: a/checkpoints/best.safetensors has no such parameter" \
    "it has: A0, A1, phi0, phi1" eval a --over A0,viscosity
says 2 "--over A0,A0: expected one parameter, or two: A,B" "" eval a --over A0,A0
hint="a surrogate is the directory of a run (its --out), or a file of its checkpoints"
says 1 "file '$small' is damaged: it does not begin as a safetensors file" "$hint" eval "$small"
says 2 "nowhere: No such file or directory" "$hint" eval nowhere
says 2 "--against nowhere: No such file or directory" "$hint" eval a --against nowhere
says 2 "--data no.h5: No such file or directory" "" eval a --data no.h5
says 2 "--score entropy: the model has no dropout" \
    "set model.dropout of a model that has it, as smart_cnn" eval a --score entropy
says 2 "--over A0,A1,phi0: expected one parameter, or two: A,B" "" eval a --over A0,A1,phi0
finish
