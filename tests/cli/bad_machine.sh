#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Machines that are too small for what is asked: status 3 and one message.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 3 run "$small" --out d --set placement.memory_limit=1MiB
grep -qE '^weir: memory: the run needs about [0-9.]+ MiB, placement.memory_limit is 1.0 MiB$' err ||
    fail "memory_limit: $(cat err)"
grep -qE '^  hint: lower reservoir.capacity \(300 samples of [0-9.]+ KiB\)$' err ||
    fail "memory_limit: $(cat err)"
ends 3 run "$small" --check --set placement.memory_limit=1MiB

# Each part of training in turn is what is too large, and is named.
limit="--check --set placement.groups=2 --set placement.memory_limit=80MiB"
for part in "training.batch=2000 training.micro_batch=1000 reservoir.watermark=2000 reservoir.capacity=4000 simulations.budget=200" \
    "model.width=256 training.micro_batch=1 training.batch=12" \
    "reservoir.capacity=100000"; do
    set=
    for change in $part; do set="$set --set $change"; done
    ends 3 run "$small" $limit $set
    sed -n 's/^  hint: \([a-z]* [a-z_.]*\).*/\1/p' err >>hints
    grep -qE '^weir: memory: the run needs about [0-9.]+ MiB, placement.memory_limit is 80.0 MiB$' err ||
        fail "$part: $(cat err)"
done
printf '%s\n' "lower training.micro_batch" "raise training.accumulate" \
    "lower reservoir.capacity" | cmp -s - hints || fail "hints: $(cat hints)"
ends 0 run "$small" --check --set placement.groups=2 \
    --set placement.memory_limit=80MiB

# A reservoir larger than any machine this runs on: 2^20 points a frame.
ends 3 run "$small" --check --set reservoir.capacity=1000000000 \
    --set solver.points=4096
grep -qE '^weir: memory: weir-run needs [0-9.]+ MiB, but [0-9.]+ MiB are available$' err ||
    fail "reservoir.capacity: $(cat err)"
has err "  hint: lower reservoir.capacity, or raise the limit"

# No core to train on.
sed 's/ allowed_cpuset="[^"]*"/ allowed_cpuset="0x0"/' \
    "$WEIR_SOURCE/tests/topo/laptop_4p4e.xml" >none.xml
HWLOC_XMLFILE=none.xml
export HWLOC_XMLFILE
for command in "plan $small" "run $small --check" "run $small --out e"; do
    says 3 "plan: none of 8 cores is allowed to train on" \
        "check the cpuset of this process: taskset -p \$\$" $command
done
unset HWLOC_XMLFILE

# One core is enough.
if command -v taskset >/dev/null; then
    cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
    taskset -c "$cpu" "$weir" run "$small" --out one >out 2>err ||
        fail "on one core: $(cat err)"
    grep -qE 'machine .* 1 (core|allowed)' out || fail "one core: $(cat out)"
fi
finish
