#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir generate, killed, interrupted or started twice: no partial file has the
# name of a whole one, and the same command ends with the same trajectories.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
well="$python $WEIR_SOURCE/tests/cli/well.py"
export PYTHONDONTWRITEBYTECODE=1

# One thread and many sub-steps: seconds of work, wherever it runs.
slow="--n 40 --set placement.solver_threads=1 --set solver.substeps=2000"

# done_in FILE: how many trajectories FILE has marked.
done_in() {
    HDF5_USE_FILE_LOCKING=FALSE "$python" - "$1" <<'P' 2>/dev/null || echo 0
import sys, h5py
with h5py.File(sys.argv[1]) as f:
    print(int((f["weir/attempts"][:] > 0).sum()))
P
}
# It has some, and is stopped; or it has ended, which the test then finds out. A
# look takes as long as much of the work, which therefore waits for it.
has_some() {
    [ ! -e f.h5 ] || return 0
    kill -STOP $pid
    [ "$(done_in f.h5.part)" -gt 0 ] && return 0
    kill -CONT $pid
    return 1
}

ends 0 generate "$small" --out whole.h5 $slow

# Killed by SIGNAL after the first trajectories were synced, and before a second
# command has been refused. One that a busy machine let end first is tried again.
stop_by() {
    tries=0 status=0
    while [ "$status" = 0 ] && [ $tries -lt 5 ]; do
        rm -f f.h5
        "$weir" generate "$small" --out f.h5 $slow >f.log 2>&1 &
        pid=$!
        wait_for 60 has_some
        call generate "$small" --out f.h5 $slow
        second=$status
        kill "-$1" $pid
        kill -CONT $pid
        wait $pid
        status=$?
        tries=$((tries + 1))
    done
    [ "$second" = 3 ] || fail "a second command: status $second"
    has err "weir: 'f.h5.part' is being written by another process"
    has err "  hint: wait for it to end, or take another --out"
    [ "$status" = "$2" ] || fail "after SIG$1: status $status, expected $2"
    [ ! -e f.h5 ] || fail "after SIG$1 there is a whole file"
    have=$(done_in f.h5.part)
    [ "$have" -gt 0 ] && [ "$have" -lt 40 ] || fail "after SIG$1: $have done"
    ends 0 inspect f.h5.part
    has out "$((40 - have)) of them not simulated yet"
}

for how in "KILL 137" "INT 130" "TERM 130"; do
    stop_by $how
    ends 0 generate "$small" --out f.h5 $slow
    has out "going on $have trajectories are there already"
    $well layout f.h5 || fail "layout after SIG$how"
    cmp f.h5 whole.h5 || fail "other bytes after SIG$how"
    [ ! -e f.h5.part ] || fail "f.h5.part is left after SIG$how"
    rm -f f.h5
done

# Another command does not go on with it.
stop_by INT 130
has f.log "interrupted: they are in f.h5.part, the same command goes on"
says 2 "'f.h5.part' was made with run.seed 1, not 2" \
    "take another --out, or delete 'f.h5.part'" \
    generate "$small" --out f.h5 $slow --seed 2
says 2 "'f.h5.part' was begun with another type: --double" \
    "take another --out, or delete 'f.h5.part'" \
    generate "$small" --out f.h5 $slow --double
[ "$(done_in f.h5.part)" = "$have" ] || fail "a refused command changed it"
[ ! -e f.h5 ] || fail "a refused command finished it"
finish
