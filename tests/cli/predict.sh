#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir plan --predict: a short run measures, the model tells; another machine is
# said to be an extrapolation. Nothing is written.
. "${WEIR_SOURCE:?}/tests/program.sh"

mkdir here && cd here || exit 1
ends 0 plan "$small" --predict
for text in "measured on this machine, by a short run" "a gradient step: 4 micro-batches" \
    "steps/s, " "limited by " "GB/s"; do
    has out "$text"
done
[ "$(grep -c '^prediction$' out)" = 1 ] || fail "a prediction of this machine"
mv out err ..
[ -z "$(ls)" ] || fail "left behind: $(ls)"

export HWLOC_SYNTHETIC="package:2 [numa] l3:1 core:8 pu:1"
ends 0 plan "$small" --predict
has out "prediction, an unverified extrapolation to another machine"
has out "node 0: "
has out "best split: placement.groups="
# What it advises can be done.
split=$(sed -n 's/.*best split: \(placement.groups=[0-9]*\), \(.*\): .*/--set \1 --set \2/p' out)
ends 0 plan "$small" $split
unset HWLOC_SYNTHETIC

says 2 "plan: unknown option '--predikt'" "did you mean '--predict'?" \
    plan "$small" --predikt
finish
