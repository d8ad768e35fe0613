#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir plan: this machine, and others by what hwloc knows of them.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 0 plan "$small"
has out "plan     "
has out "memory    slots 0-299"
# What training will need: two gradients are half of four.
has out "weights, moments, best"
has out ": 4 buffers of "
ends 0 plan "$small" --set training.accumulate=2
has out ": 2 buffers of "
has out "held-out trajectories"
has out " available"
ends 0 plan "$small" --set reservoir.capacity=1000000000 --set solver.points=4096
has out " available: too much, a run is refused"
ends 2 plan "$small" --set solver.name=lorenz
has err "model convnet: "
# What the solver itself says of a lane, times the lanes a thread runs.
ends 0 plan "$small" --set run.lanes=5 --set placement.solver_threads=2
grep -q '  solvers s0-s1  *[0-9.]* KiB a thread: 3 lanes of [0-9.]* KiB' out ||
    fail "no memory of solver threads: $(cat out)"
[ "$(awk '/a thread/ { print $3 == 3 * $10 }' out)" = 1 ] ||
    fail "not three lanes' worth: $(grep thread: out)"
[ -s err ] && fail "weir plan writes to standard error: $(cat err)"

export HWLOC_SYNTHETIC="pack:2 numa:2 l3:4 core:8 pu:1"
ends 0 plan "$small" --set placement.groups=4 --set placement.solver_threads=4
has out "machine  128 cores, 4 NUMA nodes"
has out "plan     4 groups, 4 solver threads, a core for services"
has out "node 3  package 1"
ends 0 plan "$small" --set placement.bind=false
has out "nothing pinned"
HWLOC_SYNTHETIC=banana
says 3 "topology 'banana': not an hwloc description" "" plan "$small"
unset HWLOC_SYNTHETIC

export HWLOC_XMLFILE="$WEIR_SOURCE/tests/topo/laptop_4p4e.xml"
ends 0 plan "$small"
has out "machine  8 cores, 1 NUMA node"
has out "groups use only these"
HWLOC_XMLFILE=missing.xml
says 3 "topology 'missing.xml': No such file or directory" "" plan "$small"
HWLOC_XMLFILE=$small
says 3 "topology '$small': not an hwloc XML file" "" plan "$small"
finish
