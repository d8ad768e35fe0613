#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Off a terminal: one line an interval that a script can read, warnings apart,
# and a summary at the end.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 0 run "$small" --out a --set progress_interval=0.1 \
    --set training.steps=1500 --set simulations.budget=400
[ -s err ] && fail "standard error: $(cat err)"
[ "$(grep -c '^acquire: breed: share' out)" = 1 ] || fail "its settings: $(head out)"
n=$(grep -c '^progress ' out)
[ "$n" -ge 2 ] || fail "$n progress lines in $(tail -n 20 out)"
grep '^progress ' out >lines
keys="time step steps loss validation steps_per_s finished budget resident \
unseen generation wait lanes"
awk -v keys="$keys" '
    BEGIN { n = split(keys, key, " ") }
    {
        if (NF != n + 1) bad("number of fields")
        for (i = 1; i <= n; i++) {
            split($(i + 1), pair, "=")
            if (pair[1] != key[i]) bad("key " i)
            value[pair[1]] = pair[2]
        }
        if (value["step"] + 0 < step) bad("steps go back")
        step = value["step"] + 0
        if (value["steps"] != 1500 || value["budget"] != 400) bad("plan")
        if (value["lanes"] !~ /^[SFI.]+$/) bad("lanes")
    }
    function bad(what) { print "FAILED: " what ": " $0; exit 1 }
' lines || fail "a progress line"

for line in "ended     all planned gradient steps done" \
    "test      one-step nRMSE on 6 held-out trajectories" \
    "worst trajectory" "rollout to step 10" "time      training" \
    "samples   8000 in" "latency  " "gradient step  " "strategy  breed: " \
    "limited by " "results   a/run.h5, a/checkpoints"; do
    has out "$line"
done
has a/log "run: ended: all planned gradient steps done"

# Quiet: nothing before the summary.
ends 0 run "$small" --out b --quiet
[ "$(sed -n 2p out)" = "ended     all planned gradient steps done" ] ||
    fail "--quiet prints $(head -n 3 out)"

# Debug lines only of the areas asked for.
ends 0 run "$small" --out c --set log=checkpoint
has out "checkpoint: step 20: "
has_not out "topo: "
# Live, predictions for which there is no time steer nothing, and the summary says so.
ends 0 run "$small" --out idle --quiet --set run.clock=live --set training.members=2 \
    --set acquisition.strategy=sbal --set acquisition.cpu_share=0
has out "strategy  sbal: 0 generations"
has out "it has steered nothing: no prediction was complete in time. Raise acquisition.cpu_share (0) or,"
ends 0 run "$small" --out able --quiet --set training.members=2 --set acquisition.strategy=sbal \
    --set acquisition.pool=20
has_not out "it has steered nothing"
has_not out "was steered"
ends 0 run "$small" --out fair --quiet --set acquisition.end=0
has out "none of the simulations that ran was steered"
finish
