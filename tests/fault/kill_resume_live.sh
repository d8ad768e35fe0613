#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Live: killed at five random moments, a run still uses every simulation once,
# and its record has every step once. With and without the reservoir saved.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py || python_with struct) || skip "no python3"
seed=${WEIR_TEST_SEED:-$(date +%s)}
echo "seed $seed (WEIR_TEST_SEED reproduces it)"
random() { # below $1
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    echo $((seed / 65536 % $1))
}

set -- --resume --set run.clock=live --set training.steps=0 \
    --set simulations.budget=130 --set validation.every=50
start=$(date +%s%N)
ends 0 run "$small" --out whole "$@"
undisturbed_ms=$((($(date +%s%N) - start) / 1000000))

killed=0
for reservoir in always never; do
    set -- "$@" --set checkpoint.reservoir=$reservoir
    for groups in 1 4 2 3 1 last; do
        [ $groups = last ] || set -- "$@" --set placement.groups=$groups
        "$weir" run "$small" --out $reservoir "$@" >out 2>err &
        pid=$!
        ms=$(random $((undisturbed_ms / 2 + 50)))
        [ $groups = last ] || {
            sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
            kill -KILL $pid 2>/dev/null
        }
        wait $pid
        status=$?
        [ $status = 137 ] && killed=$((killed + 1))
        [ $status = 137 ] || [ $status = 0 ] ||
            fail "$reservoir: status $status: $(cat err)"
    done
    [ $status = 0 ] || fail "$reservoir: the last session: status $status"
    has out "ended     simulations used up and reservoir drained"
    has out ", 130 simulations"
    steps=$(sed -n 's/^ *\([0-9]*\) gradient steps, .*/\1/p' out)
    "$python" "$WEIR_SOURCE/tests/compare.py" rows $reservoir "$steps" ||
        fail "$reservoir/run.h5"
    "$python" "$WEIR_SOURCE/tests/compare.py" ledger $reservoir 130 20 ||
        fail "ledger of $reservoir"
done
echo "killed $killed times, $undisturbed_ms ms when undisturbed"
[ $killed -gt 0 ] || skip "this machine is too slow to kill a run in time"
finish
