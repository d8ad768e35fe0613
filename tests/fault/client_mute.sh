#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Told to stop while it waits for a solver that never attaches, a run ends: with
# nothing, or with what it had before.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
solver python || skip "no python3 with numpy"

# A solver that says nothing while there is a file of that name.
cat >solver.sh <<END
[ ! -e $scratch/mute ] || exec sleep 1000
exec $python $WEIR_SOURCE/configs/solvers/heat.py
END
sed -i "s|command:.*|command: [sh, $scratch/solver.sh]|" "$config"

# stopped SIGNAL CONDITION ARGUMENT...: it ends at once when that holds.
stopped() {
    signal=$1 condition=$2
    shift 2
    "$weir" "$@" >out 2>err &
    pid=$!
    wait_for 30 $condition
    kill -"$signal" $pid
    wait $pid
    status=$?
    [ $status = 130 ] || fail "$signal: status $status: $(cat err)"
    [ -s err ] && fail "$signal: $(cat err)"
    has out "ended     interrupted"
    alone
}

is_waiting() {
    pgrep -P $pid sleep >/dev/null
}

# More checkpoints than there were.
has_gone_on() {
    newest=$(ls out_dir/checkpoints 2>/dev/null | grep '^step' | tail -n 1)
    [ "$newest" != "$before" ]
}

touch mute
stopped TERM is_waiting run "$config" --out out_dir $small_run \
    --set validation.trajectories=2
has out "training had not begun: there is nothing to keep"

# One that attaches when the run is ending has done nothing to be warned of.
cat >late.sh <<END
touch $scratch/asked
while [ -e $scratch/mute ]; do sleep 0.02; done
exec sh $scratch/solver.sh
END
rm -rf out_dir
"$weir" run "$config" --out out_dir $small_run \
    --set "solver.command=sh $scratch/late.sh" >out 2>err &
pid=$!
wait_for 30 test -e asked
kill -TERM $pid
rm mute
wait $pid
[ $? = 130 ] || fail "late: status $?"
[ -s err ] && fail "late: $(cat err)"
alone

# A run that waits for the solver when it is resumed keeps what it had.
rm -rf mute out_dir
before=
stopped TERM has_gone_on run "$config" --out out_dir $small_run \
    --set simulations.budget=5000 --set validation.trajectories=2 \
    --set checkpoint.every=5
cp -r out_dir/checkpoints kept
touch mute
stopped TERM is_waiting run --resume --out out_dir
has out "go on with: weir run --resume --out out_dir"
diff -r kept out_dir/checkpoints || fail "the checkpoints are others"
rm mute
before=$(ls kept | grep '^step' | tail -n 1)
stopped INT has_gone_on run --resume --out out_dir
has out "go on with: weir run --resume --out out_dir"
finish
