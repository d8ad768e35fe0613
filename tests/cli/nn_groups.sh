#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Lockstep, a model of each family of layers: the same weights and moments to the
# bit whether one group, two or four train them. (Batch norm and dropout, which
# need a problem in 2D or say nothing of one, are in steady.sh.)
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with struct) || skip "no python3"

# model NAME OPTIONS: the short run, of that model.
model() {
    sed -e '/^model:/,/^$/d' "$small" >"$1.yaml"
    printf 'model: {name: %s, %s}\n' "$1" "$2" >>"$1.yaml"
    for groups in 1 2 4; do
        ends 0 run "$1.yaml" --out "$1-$groups" --quiet --set training.steps=80 \
            --set placement.groups=$groups --set test.trajectories=0
        $python "$WEIR_SOURCE/tests/cli/same_weights.py" "$1-1" "$1-$groups" ||
            fail "$1: $groups groups show"
    done
}

model fno "width: 4, modes: 4, layers: 2"      # spectral convolution
model unet "width: 4, levels: 2"               # group norm, strides, skips
model dilresnet "width: 4, depth: 1, blocks: 1" # dilation
model mlp "width: 8, depth: 2"                 # matrix products

# What oneDNN has no fast version of is told by name, where it is asked for.
DNNL_MAX_CPU_ISA=SSE41 "$weir" run "$small" --out slow --quiet --set log=nn \
    --set training.steps=80 >out 2>err || fail "log=nn: $(cat err)"
grep -q 'conv\.1: backward data runs on [a-z]*[:a-z]*, which is slow' slow/log ||
    fail "no slow layer named: $(head -n 3 slow/log)"
finish
