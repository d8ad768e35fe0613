#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The target density: whatever it is, Breed that never breeds is uniform
# sampling bit for bit, and what is simulated follows it.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python with h5py"
compare=$WEIR_SOURCE/tests/cli/target.py

"$python" "$compare" make samples.h5 || fail "samples.h5"
n=0
for target in parameters.A0.axis=linear "parameters.A0.density=normal 0.4 0.2" \
    "target.correlation=A0 A1 0.9" target.samples=samples.h5; do
    n=$((n + 1))
    ends 0 run "$small" --out "u$n" --set acquisition.strategy=uniform \
        --set "$target"
    ends 0 run "$small" --out "b$n" --set acquisition.strategy=breed \
        --set acquisition.start=0 --set acquisition.end=0 --set "$target"
    "$python" "$compare" same "u$n/run.h5" "b$n/run.h5" "$n" ||
        fail "$target: the runs differ"
done

# A run goes on with its target, and with no other one.
ends 0 run "$small" --out u2 --resume --set acquisition.strategy=uniform \
    --set "parameters.A0.density=normal 0.4 0.2"
ends 2 run "$small" --out u2 --resume --set acquisition.strategy=uniform \
    --set "parameters.A0.density=normal 0.4 0.3"
has err "parameters.A0.density"
finish
