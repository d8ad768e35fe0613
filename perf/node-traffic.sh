#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Which NUMA node a running job's memory is on, and how much of its traffic goes
# to another node. Pages per node are always shown; traffic wants perf and a
# machine that counts it. On one node everything is local.

. "$(dirname "$0")/job.sh"
job "$@"

echo "# pages by node, MiB (numa_maps): the run's memory, its statistics, the rest"
awk '
    { what = /weir-run/ ? "weir-run" : /weir-stats/ ? "weir-stats" : "other"
      size = 4; if (match($0, /kernelpagesize_kB=[0-9]+/))
          size = substr($0, RSTART + 18, RLENGTH - 18)
      for (i = 1; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
          split($i, p, "="); kb[what, p[1]] += p[2] * size; nodes[p[1]]; whats[what] } }
    END { for (w in whats) { printf "%-12s", w
          for (n in nodes) printf " %s %.1f", n, kb[w, n] / 1024
          print "" } }' "/proc/$pid/numa_maps" 2>/dev/null ||
    missing "/proc/PID/numa_maps (a kernel without NUMA)" "nothing here: there is one node"

has numastat || missing "numastat (package numactl)" "the pages above"
if has numastat; then
    echo "# numastat -p $pid"
    numastat -p "$pid" | tail -n +3
fi

if ! has perf; then
    missing perf "the pages above"
    exit 0
fi
echo "# loads and stores that left the node, per thread"
perf stat --per-thread -p "$pid" -x, \
    -e node-loads,node-load-misses,node-stores,node-store-misses -- sleep "$seconds" 2>&1 |
    awk -F, '
        /not supported|not counted/ { lost++; next }
        NF > 4 { n[$1, $4] = $2; threads[$1] }
        END {
            for (t in threads) printf "%-24s loads %s, of them remote %s\n", t,
                n[t, "node-loads"], n[t, "node-load-misses"]
            if (lost && length(threads) == 0)
                print "# missing: counters of node traffic (a virtual machine, or no rights)\n" \
                      "#   still works: the pages above; perf/numa-sweep.sh compares placements by time"
        }'
