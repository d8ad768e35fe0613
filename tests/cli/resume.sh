#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Going on: --resume with the same configuration, --from with another one.
. "${WEIR_SOURCE:?}/tests/program.sh"

# Nothing there yet: it starts, and says so. The same command goes on later.
ends 0 run "$small" --out a --resume
has out "run: a: no checkpoint yet, starting anew"
ends 0 run "$small" --out a --resume
has out "run: continuing a at step 120"
has out "120 gradient steps, 40 simulations"

# CONFIG may be left out; what changes no result may change.
ends 0 run --out a --resume --set placement.groups=1 --set checkpoint.keep=2
has out "run: continuing a at step 120"
has a/resolved.yaml "groups: 1"

# What --resume refuses, --from takes: more steps and simulations.
hint="--from continues a run with such changes"
says 2 "--set training.steps=150: may not change from '120' to '150' in a run \
that has started" "$hint" run "$small" --out a --resume \
    --set training.steps=150 --set placement.groups=1 --set checkpoint.keep=2
more="--set training.steps=150 --set simulations.budget=50"
ends 0 run "$small" --from a --out more --check $more
has out "run: continuing a at step 120"
[ -e more ] && fail "--check made a directory"
ends 0 run "$small" --from a --out more $more
has out "run: continuing a at step 120"
has out "150 gradient steps, 50 simulations"
ends 0 inspect more/run.h5
has out "a step 120"
has out "steps done"

# ... another strategy, clock, learning rate; a reservoir of another shape.
for change in acquisition.strategy=uniform acquisition.strategy=halton \
    training.learning_rate=1e-4 run.clock=live validation.trajectories=5 \
    run.lanes=2 run.lanes=6 reservoir.capacity=200 simulations.steps=25 \
    simulations.steps=15 training.unroll=2; do
    rm -rf next
    ends 0 run "$small" --from a --out next $more --set $change
    has out "150 gradient steps"
done
rm -rf next
ends 0 run "$small" --from a --out next --set reservoir.rule=firo \
    --set training.steps=0
has out "run: the changes leave no use for the old reservoir"
has out "ended     simulations used up and reservoir drained"

# Other ranges: what had not begun is drawn from them, what had stays.
ends 0 run "$small" --out half --set training.steps=40 \
    --set reservoir.samples_per_batch=5
ends 0 run "$small" --from half --out narrow --set parameters.A0.high=0
has out "simulations that have not begun are drawn anew"
has out "lie outside the ranges: the strategy is not told of them"
ends 0 run "$small" --out narrow --resume --set parameters.A0.high=0
has out "run: continuing narrow at step 120"
if python=$(python_with h5py); then
    "$python" "$WEIR_SOURCE/tests/cli/ranges.py" half/run.h5 narrow/run.h5 ||
        fail "the simulations of other ranges"
fi

# What the old run has must have a place in the new one.
says 2 "--set simulations.budget=10: simulations.budget 10, but the run to go on with has 40 simulations" \
    "set simulations.budget to 40 or more" \
    run "$small" --from a --out fewer --quiet --set training.steps=150 --set simulations.budget=10
says 2 "$small:39: acquisition.strategy: strategy breed: what the checkpoint has of it does not \
fit its options: saved state ends early: 16 bytes wanted, 0 left" \
    "leave its options as they were, or choose another strategy, which starts anew" \
    run "$small" --from a --out other --quiet --set training.steps=150 --set acquisition.weights=amis

for gone in fewer other; do
    [ -e $gone ] && fail "a refused continuation left $gone"
done
mkdir there
ends 2 run "$small" --from a --out there --quiet --set simulations.budget=10
[ -z "$(ls -A there)" ] || fail "a refused continuation left $(ls -A there)"
cp a/resolved.yaml kept.yaml
ends 3 run "$small" --out a --resume --set placement.memory_limit=100KiB --set checkpoint.keep=3
cmp -s kept.yaml a/resolved.yaml || fail "a refused resume changed resolved.yaml"

# What would make the weights mean something else is refused by both.
for change in model.width=16 solver.dt=0.05 training.residual=false; do
    ends 2 run "$small" --from a --out never --set $change
    has err "weir: --set $change: may not change from "
    has err "  hint: start a new run: the weights would not fit"
done
[ -e never ] && fail "a refused continuation made a directory"
finish
