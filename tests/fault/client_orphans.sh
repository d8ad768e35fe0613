#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The run is killed: its clients end by themselves, nothing of it stays in memory
# or in the file system, and --resume starts them again. Ctrl-C ends them too.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
python=$(python_with struct) || skip "no python3"
solver c
export WEIR_FAULT_LOG="$log"
set -- run "$config" --out out_dir $small_run --quiet \
    --set simulations.budget=400 --set simulations.steps=40 \
    --set checkpoint.every=20 --set validation.trajectories=2

mine() {
    grep -la "WEIR_RUN=$scratch/out_dir" /proc/[0-9]*/environ 2>/dev/null
}
has_checkpoint() {
    ls out_dir/checkpoints/step-* >/dev/null 2>&1
}
gone() {
    [ -z "$(mine)" ]
}

"$weir" "$@" >out 2>err &
pid=$!
wait_for 20 has_checkpoint
[ -n "$(mine)" ] || fail "no client runs"
kill -KILL $pid
wait $pid 2>/dev/null
wait_for 5 gone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 killed || fail "ledger after SIGKILL"
alone

# A solver behind a shell, which the run's death does not reach: it sees the
# connection close.
rm -rf out_dir "$log"
set -- "$@" --set "solver.command=sh -c './allen_cahn; exit'"
"$weir" "$@" >out 2>err &
pid=$!
wait_for 20 has_checkpoint
kill -KILL $pid
wait $pid 2>/dev/null
wait_for 5 gone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 killed || fail "ledger after SIGKILL, shell"

rm -rf out_dir "$log"
"$weir" "$@" >out 2>err &
pid=$!
wait_for 20 has_checkpoint
kill -INT $pid
wait $pid
status=$?
[ $status = 130 ] || fail "Ctrl-C: status $status: $(cat err)"
alone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 stopped || fail "ledger after Ctrl-C"
finish
