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
has_not out "      source  "
one_frame="simulations.steps=1 --set simulations.budget=400"
for name in $(sed -n 's/^  \([a-z0-9_]*\) .*/\1/p' out); do
    has all "  $name "
    [ "$name" = dataset ] && continue # it wants a file
    case $name in
    allen_cahn) fit=acquisition.strategy=uniform ;; # nothing is sampled
    allen_cahn_points) fit="$one_frame --set model.name=pinn" ;;
    sources) fit=$one_frame ;;
    ball | lorenz) fit=model.name=mlp ;; # no neighbours
    external) fit="run.clock=live --set acquisition.strategy=uniform" ;;
    *) fit=run.seed=1 ;;
    esac
    ends 0 plan "$small" --set "solver.name=$name" --set $fit
done

# In full: all of a solver that a reader needs to use it or to cite it.
for flag in -v --verbose; do
    ends 0 list solvers $flag
    for line in equation "coefficients [a-zA-Z]" sampled frame source; do
        [ "$(grep -c "^      $line" out)" -ge 16 ] || fail "$flag: too few $line"
    done
done
has out "frame        1 x 64 x 64, dt = 0.1; 263.6 KiB a lane"
has out "source       Lorenz (J. Atmos. Sci. 20, 1963)"
has_not out "sampled      and "
# Coefficients have the names that configurations and data sets give them.
for name in a2 a4 b; do
    ends 0 plan "$small" --set solver.name=ks --set "solver.$name=1"
done
says 2 "list: --quiet is not an option of this command" "weir list --help" \
    list --quiet
says 2 "run: --verbose is not an option of this command" "weir run --help" \
    run "$small" -v

ends 0 list strategies
for name in $(sed -n 's/^  \([a-z0-9_]*\) .*/\1/p' out); do
    has all "  $name "
    net=convnet # dropout is what entropy asks for
    [ "$name" = entropy ] && net="smart_cnn --set model.width=2 --set model.dropout=0.1"
    # shellcheck disable=SC2086
    ends 0 run "$small" --check --set "acquisition.strategy=$name" \
        --set training.members=2 --set model.name=$net
done
ends 0 list models strategies
has out "hidden channels"
has out "halton"

cd "$WEIR_SOURCE" || exit 1
"$weir" list configs >"$scratch/out" || fail "weir list configs"
cd "$scratch" || exit 1
for config in "$WEIR_SOURCE"/configs/runs/*.yaml \
    "$WEIR_SOURCE"/configs/cases/*.yaml; do
    has out "  configs/${config#"$WEIR_SOURCE"/configs/}"
done
has out "?"

# 'keys' is a configuration: the defaults.
ends 0 list keys
cp out keys.yaml
has keys.yaml "watermark: 500"
ends 0 run keys.yaml --check
finish
