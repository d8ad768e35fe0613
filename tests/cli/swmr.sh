#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.h5 is read by others while it grows, and holds what the run did.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"

"$weir" run "$small" --out a --set training.steps=100000 \
    --set simulations.budget=30000 >out 2>err &
pid=$!
wait_for 60 test -s a/run.h5
"$python" "$WEIR_SOURCE/tests/cli/swmr.py" a/run.h5 grows || fail "while it grows"
kill -TERM $pid
wait $pid
"$python" "$WEIR_SOURCE/tests/cli/swmr.py" a/run.h5 || fail "interrupted"

ends 0 run "$small" --out b
"$python" "$WEIR_SOURCE/tests/cli/swmr.py" b/run.h5 done || fail "ended"
finish
