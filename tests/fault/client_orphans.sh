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

# stopped SIGNAL STATUS ARGUMENT...: it is stopped in the middle and ends with
# that status. One that a busy machine let end before is tried again.
stopped() {
    signal=$1 expected=$2 tries=0 status=0
    shift 2
    while [ $status = 0 ] && [ $tries -lt 5 ]; do
        rm -rf out_dir "$log"
        "$weir" "$@" >out 2>err &
        pid=$!
        wait_for 60 has_checkpoint
        kill -"$signal" $pid
        wait $pid 2>/dev/null
        status=$?
        tries=$((tries + 1))
    done
    [ $status = "$expected" ] ||
        fail "$signal: status $status, expected $expected: $(cat err)"
    [ -e out_dir/solvers/process-0.log ] || fail "no client ran"
}

stopped KILL 137 "$@"
wait_for 60 gone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 killed || fail "ledger after SIGKILL"
alone

# A solver behind a shell, which the run's death does not reach: it sees the
# connection close.
set -- "$@" --set "solver.command=sh -c './allen_cahn; exit'"
stopped KILL 137 "$@"
wait_for 60 gone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 killed || fail "ledger after SIGKILL, shell"

stopped INT 130 "$@"
alone
ends 0 "$@" --resume
exact out_dir "$log" 400 40 stopped || fail "ledger after Ctrl-C"
finish
