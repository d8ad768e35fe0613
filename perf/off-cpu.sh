#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Where the threads of a running job are when they are not on a core: time
# switched out by itself (waiting: for slots, samples, a barrier) and time in
# the queue for a core, per thread. Wants bpftrace or perf, and root.

. "$(dirname "$0")/job.sh"
job "$@"

books() { # before after: /proc's own numbers, ns
    awk '
        $1 == "at" { s = $2 - s; next }
        NR == FNR { run[$1] = $3; queue[$1] = $4; next }
        { on = $3 - run[$1]; q = $4 - queue[$1]
          printf "%-16s %7.1f%% %8.1f%% %8.1f%%\n", $2, on / s / 1e7, q / s / 1e7,
                 100 - (on + q) / s / 1e7 }' "$1" "$2" | sort
}
look() {
    echo "at $(date +%s.%N)"
    for t in /proc/"$pid"/task/*; do
        echo "${t##*/} $(cat "$t/comm") $(cat "$t/schedstat")"
    done 2>/dev/null
}

if has bpftrace && [ "$(id -u)" = 0 ]; then
    bpftrace -e "
        tracepoint:sched:sched_switch /pid == $pid/ { @off[tid] = nsecs; @name[tid] = comm; }
        tracepoint:sched:sched_switch /@off[args->next_pid]/ {
            @off_us[@name[args->next_pid]] = hist((nsecs - @off[args->next_pid]) / 1000);
            @off_total_ms[@name[args->next_pid]] = sum((nsecs - @off[args->next_pid]) / 1000000);
            delete(@off[args->next_pid]); }
        interval:s:$seconds { clear(@off); clear(@name); exit(); }"
    exit
fi
has bpftrace || missing bpftrace "sums from the scheduler's own books"
before=$(mktemp) && after=$(mktemp) && data=$(mktemp) && trap 'rm -f "$before" "$after" "$data"' EXIT
look >"$before"
if has perf && [ "$(id -u)" = 0 ] &&
    perf sched record -o "$data" -p "$pid" -- sleep "$seconds" >/dev/null 2>&1; then
    look >"$after"
    echo "# how long a thread that was woken waited for a core (perf sched)"
    perf sched latency -i "$data" -s max 2>/dev/null | grep -E 'Task|weir'
else
    missing "perf, or root for it" "sums from the scheduler's own books"
    sleep "$seconds"
    look >"$after"
fi
echo "# shares of the time (/proc/PID/task/TID/schedstat)"
printf '%-16s %8s %9s %9s\n' thread "on core" queued waiting
books "$before" "$after"
