#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir list: everything a configuration can name, and it can be named.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 0 list
for word in solvers models strategies configs keys; do
    grep -qx "$word" out || fail "weir list has no section $word"
done
cp out all

ends 0 list solvers
has out "Korteweg-de Vries"
has out "grid points per axis, even"
has out "equation     u_t = a3 u_xxx - a4 u_xxxx - b/2 (u^2)_x"
has out "coefficients b = 6.25 a3 = -1.06812 a4 = 0.107288"
has out "sampled      phi0 from 0 to 6.28319 rad, wraps"
has out "sampled      and 296 more"
has out "sampled      nothing"
for name in $(sed -n 's/^  \([a-z0-9_]*\) .*/\1/p' out); do
    has all "  $name "
    ends 0 plan "$small" --set "solver.name=$name"
done
ends 0 list strategies
for name in $(sed -n 's/^  \([a-z0-9_]*\) .*/\1/p' out); do
    has all "  $name "
    ends 0 run "$small" --check --set "acquisition.strategy=$name"
done
ends 0 list models strategies
has out "hidden channels"
has out "halton"

cd "$WEIR_SOURCE" || exit 1
"$weir" list configs >"$scratch/out" || fail "weir list configs"
cd "$scratch" || exit 1
for config in "$WEIR_SOURCE"/configs/runs/*.yaml; do
    has out "configs/runs/$(basename "$config")"
done
has out "?"

# 'keys' is a configuration: the defaults.
ends 0 list keys
cp out keys.yaml
has keys.yaml "watermark: 500"
ends 0 run keys.yaml --check
finish
