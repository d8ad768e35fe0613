#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The study of two sources: its histograms count every sample, and are near what
# uniform sampling gives: each bin within 5 sigma.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
study=$WEIR_SOURCE/configs/studies/two_sources.py
cases=$WEIR_SOURCE/configs/cases

ends 0 generate "$cases/two_sources.yaml" --out f.h5 --n 500 \
    --set solver.points=40
"$python" "$study" f.h5 8 >out 2>err || fail "the study: $(cat err)"
for title in distance "second intensity" row0 col0 row1 col1; do
    has out "$title: 500 samples"
done
awk '$2 == ".." {
    n++; count += $4; expected += $5
    if (($4 - $5) ^ 2 > 25 * ($5 + 1)) { print "far off: " $0; bad = 1 }
} END { exit bad || n != 48 || count != 3000 || (expected - 3000) ^ 2 > 4 }' \
    out || fail "the counts: $(cat out)"

# Another system's data set is refused.
ends 0 generate "$small" --out g.h5 --n 2
"$python" "$study" g.h5 >out 2>err && fail "a KdV data set was taken"
has err "expected ['row0', 'col0', 'row1', 'col1', 'q1']"
finish
