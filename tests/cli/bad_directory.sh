#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Directories a run cannot have: in use, not writable, holding another run.
. "${WEIR_SOURCE:?}/tests/program.sh"

# A run that is there already, and what resuming it may not change.
ends 0 run "$small" --out a
says 2 "a: there is a run here already" \
    "--resume goes on with it; --out takes another directory" \
    run "$small" --out a
says 2 "--set run.seed=3: may not change from '1' to '3' in a run that has \
started" "--from continues a run with such changes" \
    run "$small" --out a --resume --set run.seed=3
says 2 "--from nowhere: there is no checkpoint" "--from takes the directory of \
a run, the one with run.h5 in it" run "$small" --from nowhere --out b
[ -e b ] && fail "a run that cannot start made a directory"
says 2 "--resume: nowhere is not the directory of a run" \
    "name its configuration to start one there: weir run CONFIG --out nowhere" \
    run --resume --out nowhere

# In the way, or not there to be made.
touch file
says 3 "run directory 'file': 'file' cannot be created: Not a directory" "" \
    run "$small" --out file
says 3 "run directory 'file/x': 'file/x' cannot be created: Not a directory" \
    "" run "$small" --out file/x
if [ -d /proc/self ]; then
    ends 3 run "$small" --out /proc/weir
    has err "weir: run directory '/proc/weir': '/proc/weir' cannot be created"
fi

# Not writable. Root may write anywhere, so become nobody.
mkdir locked_up
chmod 555 locked_up
chmod 755 "$scratch"
cp "$small" small.yaml # nobody may not reach the sources
as=""
[ "$(id -u)" = 0 ] && as="setpriv --reuid=65534 --regid=65534 --clear-groups"
if $as "$weir" --version >/dev/null 2>&1; then
    $as "$weir" run small.yaml --out locked_up >/dev/null 2>err
    [ $? = 3 ] || fail "a directory that cannot be written: not status 3"
    has err "weir: run directory 'locked_up' cannot be written: Permission"
    has err "  hint: choose another one with --out"
    $as "$weir" run small.yaml --out locked_up/x >/dev/null 2>err
    [ $? = 3 ] || fail "a directory that cannot be made: not status 3"
    has err "'locked_up/x' cannot be created: Permission denied"
fi

# In use: the second run leaves, the first one does not notice.
"$weir" run "$small" --out used --set training.steps=100000 \
    --set simulations.budget=30000 >used.out 2>&1 &
pid=$!
wait_for 60 test -s used/run.h5
for way in "" --resume; do
    says 3 "run directory 'used' is in use by process $pid" \
        "wait for it to end, or choose another --out" \
        run "$small" --out used $way
done
ends 0 inspect used/run.h5
has out "run file, being written, or its writer was killed"
kill -TERM $pid
wait $pid
[ $? = 130 ] || fail "the first run: status $?"
ends 0 inspect used
has out "run file, interrupted"
finish
