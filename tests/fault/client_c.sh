#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A solver in C that dies, stalls or corrupts its memory at each labelled point:
# the run ends as ever, and its ledger is exact.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
solver c

faulty none
for label in attach claim reserve mid-write commit wake finish; do
    faulty $label
    has err "was killed by signal 9"
done
faulty commit:die:9
has err "after 8 of 9 frames"
for label in attach claim reserve mid-write commit wake finish; do
    faulty $label:stall --set solver.simulation_timeout=0.3 \
        --set solver.start_timeout=1
    has err "within s"
done
for label in attach claim reserve mid-write commit wake finish; do
    faulty $label:corrupt --set solver.simulation_timeout=0.3
done
alone
finish
