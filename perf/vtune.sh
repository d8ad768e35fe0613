#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Intel VTune on a running job. Analyses: hotspots (default), threading,
# uarch-exploration, memory-access; the third argument. What to look for, on a
# node of two sockets:
#   hotspots           groups: time in oneDNN's jit kernels; solvers: in FFTW
#   threading          waits of groups at the barrier (task "meet"): uneven
#                      groups; "take_in": solvers too slow; frames are gradient
#                      steps when weir was built with ittnotify
#   uarch-exploration  Memory Bound above 30 % in groups: larger micro-batches
#                      or smaller nets per core will not scale further
#   memory-access      remote DRAM above 10 % of a group's loads: slots on the
#                      wrong node; compare placements with numa-sweep.sh

. "$(dirname "$0")/job.sh"
job "$@"
analysis=${3:-hotspots}
if ! has vtune; then
    missing "vtune (Intel oneAPI; source setvars.sh)" \
        "perf-stat.sh, off-cpu.sh, hops.sh, node-traffic.sh, and weir run --trace F"
    exit 3
fi
result=vtune-$analysis-$pid
vtune -collect "$analysis" -target-pid "$pid" -duration "$seconds" -result-dir "$result" &&
    vtune -report summary -result-dir "$result" &&
    vtune -report hotspots -group-by task,thread -limit 30 -result-dir "$result"
