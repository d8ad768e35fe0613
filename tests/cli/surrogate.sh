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
finish
