#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# One configuration under every placement worth trying: weir's own plan, nobody
# bound, and what numactl does to the unbound (memory interleaved, everything on
# one node); times group sizes, times what small and huge pages do. One line a
# run: samples trained per second, what limited it, pages.
#   perf/numa-sweep.sh WEIR CONFIG [STEPS [CORES_PER_GROUP...]]
# What to look for, on two sockets: the plan should win; interleave beating it
# means that one node's memory is the limit; one node alone coming close means
# that the job is too small for two. Huge pages are used where
# vm.nr_hugepages has enough of them: set it, and run this again.

set -u
if [ $# -lt 2 ]; then
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
    exit 2
fi
weir=$1 config=$2 steps=${3:-1500}
shift 2
[ $# -gt 0 ] && shift
sizes=${*:-1}
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
nodes=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' 2>/dev/null | wc -l)
cores=$(nproc)
echo "# $config, $steps steps; $nodes NUMA node(s), $cores cpus, load $(cut -d' ' -f1 /proc/loadavg)"
command -v numactl >/dev/null 2>&1 && numactl=1 || {
    numactl=
    echo "# missing: numactl (package numactl)" >&2
    echo "#   still works: weir's own plan against no binding" >&2
}

# one NAME CORES COMMAND...: run, and print one line.
one() {
    name=$1 size=$2
    shift 2
    rm -rf "$scratch/run"
    "$@" "$weir" run "$config" --out "$scratch/run" --set training.steps="$steps" \
        --set placement.cores_per_group="$size" --set test.trajectories=0 \
        --set validation.trajectories=0 $extra >"$scratch/out" 2>&1 || {
        printf '%-28s %5s  %s\n' "$name" "$size" "$(tail -n 1 "$scratch/out")"
        return
    }
    batch=$(sed -n 's/^ *batch: *//p' "$scratch/run/resolved.yaml" | head -n 1)
    awk -v name="$name" -v size="$size" -v steps="$steps" -v batch="$batch" '
        /^memory / { pages = $(NF - 2) " " $(NF - 1) }
        /^time / { for (i = 1; i <= NF; i++) if ($i == "training") t = $(i + 1)
                   for (i = 1; i <= NF; i++) if ($i == "samples") w = $(i + 1) }
        /^limited by/ { sub(/:.*/, ""); limit = $0 }
        END { printf "%-28s %5s %12.0f %-26s %s\n", name, size, steps * batch / (t + w),
              limit, pages }' "$scratch/out"
}

printf '%-28s %5s %12s %-26s %s\n' placement cores samples/s "limited by" pages
for size in $sizes; do
    extra=
    one "weir's plan" "$size" env
    extra="--set placement.bind=false"
    one "nobody bound" "$size" env
    [ -n "$numactl" ] || continue
    one "interleaved memory" "$size" numactl --interleave=all
    node=0
    while [ "$node" -lt "$nodes" ]; do
        one "all on node $node" "$size" numactl --cpunodebind="$node" --membind="$node"
        [ "$nodes" -gt 1 ] && one "cores $node, memory elsewhere" "$size" \
            numactl --cpunodebind="$node" --membind=$(((node + 1) % nodes))
        node=$((node + 1))
    done
done
