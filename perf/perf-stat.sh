#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Counters of a running job, per thread. What to look for: instructions per
# cycle of groups (above 2 with vectors at work; below 1 they wait for memory),
# cache-misses of solvers (their state should fit the L2), context-switches of
# pinned threads (should be few: each is a wait that slept), migrations (0 when
# pinned), page-faults (0 after the first seconds).

. "$(dirname "$0")/job.sh"
job "$@"

if ! has perf; then
    missing perf "time, faults and switches from /proc, below"
    for t in /proc/"$pid"/task/*; do
        awk -v name="$(cat "$t/comm")" '
            /ctxt_switches/ { n[$1] = $2 }
            END { printf "%-16s waits that slept %s, preempted %s\n", name,
                  n["voluntary_ctxt_switches:"], n["nonvoluntary_ctxt_switches:"] }' "$t/status"
    done
    exit 0
fi
perf stat --per-thread -p "$pid" -e task-clock,context-switches,cpu-migrations,page-faults \
    -e instructions,cycles,cache-references,cache-misses,branch-misses -- sleep "$seconds" 2>&1 |
    grep -v '^$'
