#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A solver in Python that dies at each labelled point: as client_c.sh.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
solver python || skip "no python3 with numpy"

faulty none
for label in attach claim reserve mid-write commit wake finish; do
    faulty $label
    has err "was killed by signal 9"
done
faulty mid-write:stall:3 --set solver.simulation_timeout=0.5
faulty mid-write:corrupt:3
alone
finish
