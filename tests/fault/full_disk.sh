#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# No room: the record stops with one message and training ends well; a
# checkpoint that cannot be written costs neither the older ones nor the test.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with resource) || skip "no python3"

# limited BYTES ARGUMENT...: no file may grow beyond that. Shared memory is a
# file too, so it has to fit.
limited() {
    "$python" - "$weir" "$@" >out 2>err <<'END'
import os
import resource
import sys

weir, size = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
os.execv(weir, [weir] + sys.argv[3:])
END
    status=$?
}

# The record stops. Rows of a long run outgrow the limit, checkpoints do not.
limited 1000000 run "$small" --out a --set training.steps=4000 \
    --set simulations.budget=1000 --set checkpoint.every=500 \
    --set placement.groups=1 --set placement.solver_threads=1
[ $status = 0 ] || fail "a record without room: status $status"
has err "recorder: error: run file 'a/run.h5': File too large; run.h5 ends here, training goes on"
[ "$(wc -l <err)" = 1 ] || fail "messages: $(cat err)"
has out "ended     all planned gradient steps done"
has out "          4000 gradient steps, 1000 simulations"
has out "test      one-step nRMSE"
has a/log "run.h5 ends here"
ends 0 inspect a/checkpoints/step-00004000.safetensors
# Given room again, it can go on, with the rows there are.
ends 0 run "$small" --from a --out b --set training.steps=4100 \
    --set simulations.budget=1050

# Shared memory itself has no room.
limited 100000 run "$small" --out c
[ $status = 3 ] || fail "memory without room: status $status"
has err "weir: memory: cannot map "
has err "  hint: raise the limit on file sizes: ulimit -f unlimited"

# A disk that is full, where one can be made.
mkdir disk
if mount -t tmpfs -o size=400k none disk 2>/dev/null; then
    trap 'umount "$scratch/disk"; cd /; rm -rf "$scratch"' EXIT
    # Checkpoints do not fit, the best weights do.
    call run "$small" --out disk/a --set reservoir.capacity=2000 \
        --set reservoir.watermark=500
    [ $status = 1 ] || fail "a full disk: status $status"
    has err "checkpoint: error: step 20 was not saved: "
    has err "No space left on device; what was saved before stays"
    has err "weir: the last checkpoint could not be written: No space left"
    has err "  hint: make room, then --resume"
    has out "test      one-step nRMSE"
    has out "ended     failed"
    has_not err "best.safetensors"
    # Trajectories: said before the first one, and nothing is left.
    rm -rf disk/a
    call generate "$small" --out disk/f.h5 --n 400
    [ $status = 3 ] || fail "a full disk for trajectories: status $status"
    printf "weir: data set 'disk/f.h5' needs 2.1 MiB: No space left on \
device\n  hint: make room, or write less: --n, --steps\n" | diff - err ||
        fail "a full disk for trajectories: its message"
    [ -z "$(ls disk)" ] || fail "left on the disk: $(ls disk)"
    ends 0 generate "$small" --out disk/f.h5 --n 4
    [ "$(ls disk)" = f.h5 ] || fail "with room: $(ls disk)"
    rm disk/f.h5
    # A disk too small for the directory itself.
    rm -rf disk/a
    head -c 380000 /dev/zero >disk/fill
    head -c 100000 /dev/zero >>disk/fill 2>/dev/null
    call run "$small" --out disk/b
    [ $status = 3 ] || fail "no room at all: status $status: $(cat err)"
    has err "No space left on device"
    [ "$(wc -l <err)" -le 2 ] || fail "messages: $(cat err)"
else
    echo "no tmpfs can be mounted: a full disk is not tried"
fi
finish
