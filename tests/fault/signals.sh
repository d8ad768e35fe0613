#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Told to stop, a run writes a checkpoint and says how to go on.
. "${WEIR_SOURCE:?}/tests/program.sh"
long="--set training.steps=100000 --set simulations.budget=30000"

# started DIR: a run there has made its first checkpoint.
started() {
    ls "$1"/checkpoints/step-* >/dev/null 2>&1
}

# stopped_by SIGNAL STATUS CLOCK OPTION...: that is its status, and its end.
stopped_by() {
    signal=$1 expected=$2 clock=$3
    shift 3
    rm -rf a
    "$weir" run "$small" --out a $long --set run.clock=$clock "$@" \
        >out 2>err &
    pid=$!
    wait_for 30 started a
    kill -"$signal" $pid
    wait $pid
    status=$?
    [ $status = "$expected" ] ||
        fail "$signal $*: status $status, expected $expected: $(cat err)"
    [ -s err ] && fail "$signal: $(cat err)"
    has out "writing a checkpoint, then ending"
    has out "ended     interrupted"
    has out "go on with: weir run --resume --out a"
    step=$(sed -n 's/^ *\([0-9]*\) gradient steps, .*/\1/p' out)
    [ -f "$(printf 'a/checkpoints/step-%08d.safetensors' "$step")" ] ||
        fail "$signal: no checkpoint of step $step: $(ls a/checkpoints)"
    has a/log "run: ended: interrupted"
}

stopped_by INT 130 lockstep
stopped_by TERM 130 live
stopped_by HUP 130 live
stopped_by USR1 130 lockstep
stopped_by INT 130 live --requeue
stopped_by TERM 0 lockstep --requeue
stopped_by USR1 0 live --requeue

# It does go on, and no step is done twice.
cp -r a before
"$weir" run --resume --out a --requeue >out 2>err &
pid=$!
gone_on() {
    [ "$(ls a/checkpoints | grep '^step' | tail -n 1)" != "$newest" ]
}
newest=$(ls before/checkpoints | grep '^step' | tail -n 1)
wait_for 30 gone_on
kill -USR1 $pid
wait $pid || fail "the second session: status $?: $(cat err)"
has out "run: continuing a at step $step"
python=$(python_with h5py) && "$python" - <<'END' || fail "rows of run.h5"
import h5py
with h5py.File("a/run.h5", "r") as f:
    step = list(f["train/step"][:])
with h5py.File("before/run.h5", "r") as f:
    before = len(f["train/step"])
assert step == list(range(len(step))), step[-5:]
assert len(step) > before, (len(step), before)
END

# Under nohup the end of a terminal is no reason to stop.
(
    trap '' HUP
    exec "$weir" run "$small" --out b --set progress_interval=0.1 \
        --set training.steps=1000 --set simulations.budget=300
) >out 2>err &
pid=$!
wait_for 30 started b
kill -HUP $pid
wait $pid || fail "nohup: status $?: $(cat err)"
has out "all planned gradient steps done"

# Its reader has stopped reading: the checkpoint is written all the same, and
# nothing is lost of what is said at the end.
stuck=$(python_with fcntl) && "$stuck" "$WEIR_SOURCE/tests/stuck.py" "$weir" \
    run "$small" --out s $long --set progress_interval=0.1 >out 2>err ||
    fail "stuck: $(cat err)"
has out "ended     interrupted"

# Before there is anything to keep.
"$weir" run "$small" --out c --set reservoir.watermark=3000 \
    --set reservoir.capacity=4000 --set simulations.budget=30000 \
    --set solver.points=2048 --set training.steps=100000 >out 2>err &
pid=$!
wait_for 30 test -s c/run.h5
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "early: $(cat err)"
has out "training had not begun: there is nothing to keep"

# Twice: at once, whatever it is doing. The second one has to come while the
# first is being served, so the run is one that takes long to stop.
"$weir" run "$small" --out d $long --set training.batch=4000 \
    --set training.micro_batch=1000 --set reservoir.capacity=6000 \
    --set reservoir.watermark=4000 --set model.width=64 --set model.depth=10 \
    --set placement.groups=1 >out 2>err &
pid=$!
wait_for 60 test -s d/run.h5
sleep 1
kill -INT $pid
wait_for 30 grep -q 'again: leave at once' out
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "twice: status $?"
has_not out "ended "
finish
