#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Lockstep: killed at five random moments, and gone on with each time on another
# number of threads, a run ends with the bits of one that nobody disturbed.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py || python_with struct) || skip "no python3"
seed=${WEIR_TEST_SEED:-$(date +%s)}
echo "seed $seed (WEIR_TEST_SEED reproduces it)"
random() { # below $1
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    echo $((seed / 65536 % $1))
}

steps=400
set -- --set training.steps=$steps --set simulations.budget=130 \
    --set validation.every=50
start=$(date +%s%N)
ends 0 run "$small" --out whole "$@" --set placement.groups=2
undisturbed_ms=$((($(date +%s%N) - start) / 1000000))

killed=0
for threads in "1 1" "4 2" "2 4" "3 1" "1 3"; do
    "$weir" run "$small" --out pieces --resume "$@" \
        --set placement.groups="${threads% *}" \
        --set placement.solver_threads="${threads#* }" >out 2>err &
    pid=$!
    ms=$(random $((undisturbed_ms / 2 + 50)))
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
    kill -KILL $pid 2>/dev/null
    wait $pid
    status=$?
    [ $status = 137 ] && killed=$((killed + 1))
    [ $status = 137 ] || [ $status = 0 ] || fail "status $status: $(cat err)"
done
ends 0 run "$small" --out pieces --resume "$@"
echo "killed $killed times in $undisturbed_ms ms"
[ $killed -gt 0 ] || skip "this machine is too slow to kill a run in time"

"$python" "$WEIR_SOURCE/tests/compare.py" same whole pieces ||
    fail "other bits"
for run in whole pieces; do
    "$python" "$WEIR_SOURCE/tests/compare.py" rows $run $steps ||
        fail "$run/run.h5"
    "$python" "$WEIR_SOURCE/tests/compare.py" ledger $run 130 20 ||
        fail "ledger of $run"
done
finish
