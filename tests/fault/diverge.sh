#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Simulations and losses that are not finite.
. "${WEIR_SOURCE:?}/tests/program.sh"

# Some simulations diverge: they are drawn again, counted, and the budget is
# used in full all the same.
for clock in lockstep live; do
    ends 0 run "$small" --out some_$clock --set run.clock=$clock \
        --set solver.b=100 --set simulations.max_redraws=1000 \
        --set training.steps=0
    redrawn=$(sed -n 's/.* simulations (\([0-9]*\) more diverged and were .*/\1/p' out)
    [ "${redrawn:-0}" -gt 5 ] || fail "$clock: few diverged: $(cat out)"
    has out ", 40 simulations (${redrawn:-0} more diverged and were redrawn)"
    has out "ended     simulations used up and reservoir drained"
    shown=$(grep -c 'diverged: withdrawn and redrawn' err)
    [ "$shown" = 5 ] || fail "$shown warnings: $(cat err)"
    has err "; more will only be counted"
done
if python=$(python_with h5py); then
    "$python" - "$redrawn" <<'END' || fail "run.h5 after redraws"
import sys
import h5py
redrawn = int(sys.argv[1])
with h5py.File("some_live/run.h5", "r") as f:
    state = f["simulations/state"][:]
    assert (state == 3).sum() == 40 and (state == 4).sum() == redrawn, state
    assert (f["simulations/first_trained_step"][:][state == 3] >= 0).all()
END
fi

# Tried again first, when the configuration says so.
ends 0 run "$small" --out tries --set solver.b=100 \
    --set simulations.max_redraws=1000 --set simulations.crashes_before_redraw=3
has out ", 40 simulations ("

# Too many: the run fails and says what to do.
ends 1 run "$small" --out many --set solver.b=100 \
    --set simulations.max_redraws=3
has err "weir: solver kdv: 4 simulations diverged, more than simulations.max_redraws allows (3); "
has err "  hint: narrow the parameter ranges or refine the time step"
has out "ended     failed"
has many/log "run: error: solver kdv: 4 simulations diverged"

# All: nothing was ever there to train on.
ends 1 run "$small" --out all --set solver.b=100000
has err "weir: solver kdv: "
has_not err "nan"

# The loss itself: what was saved stays, and --resume finds it.
ends 1 run "$small" --out loss --set training.learning_rate=10 \
    --set training.weight_decay=1 --set training.warmup_steps=60 \
    --set checkpoint.every=10 --set training.beta1=0
has err "weir: training: the loss is not finite at gradient step "
has err "  hint: lower training.learning_rate, or go on from the last checkpoint with --resume"
has out "ended     failed"
ls loss/checkpoints/step-* >/dev/null || fail "no checkpoint is left"
ends 0 inspect loss
has out "loss/run.h5: run file, failed"
ends 0 run "$small" --from loss --out saved --set training.learning_rate=1e-4
has out "120 gradient steps"
finish
