#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The scripts that look into a running job, on a machine with none of their
# tools: each says what is missing and what still works, and shows that.
. "${WEIR_SOURCE:?}/tests/program.sh"
perf=$WEIR_SOURCE/perf

mkdir tools
for tool in sh awk basename cat cut date dirname find grep head id ls mktemp nproc \
    readlink rm sed sleep sort tail wc env; do
    path=$(command -v "$tool") || skip "no $tool"
    ln -s "$path" "tools/$tool"
done
# script NAME ARGUMENT...: with those tools alone; leaves $status, out and err.
script() {
    file=$1
    shift
    PATH=$scratch/tools sh "$perf/$file" "$@" >out 2>err
    status=$?
}

for name in off-cpu hops node-traffic perf-stat vtune; do
    script $name.sh nowhere 1
    [ "$status" = 3 ] || fail "$name.sh without a job: status $status"
    has err "$name.sh: nowhere: no job runs there"
    script $name.sh
    [ "$status" = 2 ] || fail "$name.sh without arguments: status $status"
    has out "usage: $name.sh DIR [SECONDS]"
done

"$weir" run "$small" --out job --set run.clock=live --set training.steps=2000000 \
    --set simulations.budget=200000 --set validation.every=1000000 --quiet >/dev/null 2>&1 &
job=$!
wait_for 60 test -S job/socket || finish

script off-cpu.sh job 0.2
[ "$status" = 0 ] || fail "off-cpu.sh: status $status"
has err "# missing: bpftrace"
has err "# missing: perf, or root for it"
has out "weir-group0"
script hops.sh job 0.2
[ "$status" = 0 ] || fail "hops.sh: status $status"
has err "#   still works: the run's own histograms"
has out "loss -> acquisition"
script node-traffic.sh job 0.2
[ "$status" = 0 ] || fail "node-traffic.sh: status $status"
has err "# missing: numastat (package numactl)"
script perf-stat.sh job 0.2
[ "$status" = 0 ] || fail "perf-stat.sh: status $status"
has err "# missing: perf"
has out "waits that slept"
script vtune.sh job 0.2
[ "$status" = 3 ] || fail "vtune.sh: status $status"
has err "# missing: vtune"
has err "#   still works: perf-stat.sh"
kill -INT $job
wait $job

script numa-sweep.sh "$weir" "$small" 40
[ "$status" = 0 ] || fail "numa-sweep.sh: status $status"
has err "# missing: numactl (package numactl)"
has out "nobody bound"
finish
