#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# How long things take from one stage to the next in a running job: a sample
# from commit to accept and to its first batch, losses from publish to fold, a
# slot from lend to take. Wants bpftrace or perf, root, and a weir that was
# built where <sys/sdt.h> was.

. "$(dirname "$0")/job.sh"
job "$@"

if has bpftrace && [ "$(id -u)" = 0 ]; then
    bpftrace -p "$pid" -e "
        usdt:$weir:weir:sample_commit { @c[arg0, arg1] = nsecs; }
        usdt:$weir:weir:sample_accept /@c[arg0, arg1]/ {
            @commit_to_accept_us = hist((nsecs - @c[arg0, arg1]) / 1000); }
        usdt:$weir:weir:sample_draw /@c[arg0, arg1]/ {
            @commit_to_first_batch_us = hist((nsecs - @c[arg0, arg1]) / 1000);
            delete(@c[arg0, arg1]); }
        usdt:$weir:weir:loss_publish { @l[arg0] = nsecs; }
        usdt:$weir:weir:loss_fold /@l[arg0]/ {
            @publish_to_fold_us = hist((nsecs - @l[arg0]) / 1000); delete(@l[arg0]); }
        interval:s:$seconds { exit(); }" | grep -v '^@[cl]\['
    exit
fi
has bpftrace || missing bpftrace "perf with the same probes"
if has perf && [ "$(id -u)" = 0 ] && perf_probes 'sample_(commit|accept|draw)|loss_|slot_'; then
    data=$(mktemp) && trap 'rm -f "$data"; perf_probes_off' EXIT
    perf record -q -e 'sdt_weir:*' -o "$data" -p "$pid" -- sleep "$seconds" >/dev/null 2>&1
    perf script -i "$data" -F time,event,trace 2>/dev/null | awk '
        function value(n,   part) { # argument n, as perf writes it
            if (!match($0, "arg" n "=(0x)?[0-9a-f]+")) return ""
            part = substr($0, RSTART, RLENGTH); sub(/.*=/, "", part); return part
        }
        function note(what, from) {
            if (from == "") return
            n[what]++; sum[what] += t - from; v[what, n[what]] = (t - from) * 1e6
        }
        { t = $1 + 0; id = value(1) "." value(2); lane = value(1) "." value(2) }
        /sample_commit/ { commit[id] = t }
        /sample_accept/ { note("sample commit -> accept", commit[id]) }
        /sample_draw/ { note("sample commit -> first batch", commit[id]); delete commit[id] }
        /loss_publish/ { publish[value(1)] = t }
        /loss_fold/ { note("loss publish -> fold", publish[value(1)]) }
        /slot_lend/ { lend[lane] = t }
        /slot_take/ { note("slot lend -> take", lend[lane]) }
        END {
            printf "%-30s %8s %12s %12s %12s\n", "hop", "count", "p50 us", "p90 us", "p99 us"
            for (w in n) {
                m = n[w]
                for (i = 1; i <= m; i++) a[i] = v[w, i]
                for (g = int(m / 2); g > 0; g = int(g / 2)) # shell sort
                    for (i = g + 1; i <= m; i++)
                        for (j = i - g; j > 0 && a[j] > a[j + g]; j -= g) {
                            x = a[j]; a[j] = a[j + g]; a[j + g] = x }
                printf "%-30s %8d %12.1f %12.1f %12.1f\n", w, m, a[int((m + 1) * .5)],
                       a[int((m + 1) * .9)], a[int((m + 1) * .99)]
            }
        }'
    exit
fi
missing "perf with USDT probes, or root for them" \
    "the run's own histograms, below, and weir run --trace F"
"$weir" top "$dir" --once | sed -n '/^latency/,/^threads/p' | grep -v '^threads'
