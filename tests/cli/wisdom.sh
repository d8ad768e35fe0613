#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What FFTW measured is kept with a run and with a data set, and used again.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
measure="--set solver.fftw=measure"
live="--set run.clock=live --set reservoir.watermark=50"
not_ours="not of this build of FFTW"

# A run.
ends 0 run "$small" --out a $live
[ ! -e a/fftw.wisdom ] || fail "wisdom of plans that were estimated"
ends 0 run "$small" --out b $live $measure
head -c 20 b/fftw.wisdom | grep -q '^(fftw-' || fail "no wisdom in b"
cp b/fftw.wisdom kept
ends 0 run --resume --out b
sort kept >sorted
sort b/fftw.wisdom | cmp - sorted || fail "measured a second time"
echo nonsense >b/fftw.wisdom
ends 0 run --resume --out b
has err "solver: warning: b/fftw.wisdom: FFTW wisdom: $not_ours"
grep -q '^(fftw-' b/fftw.wisdom || fail "nonsense was kept"
says 2 "--set solver.fftw=measure: solver.fftw is measure, expected estimate where run.clock is lockstep" \
    "plans that are measured give other last bits from start to start" \
    plan "$small" $measure

# A data set, interrupted.
wisdom_of() {
    HDF5_USE_FILE_LOCKING=FALSE "$python" -c 'import sys, h5py
f = h5py.File(sys.argv[1], "r+")
if len(sys.argv) > 2:
    f.attrs["weir.wisdom"] = sys.argv[2]
print(f.attrs.get("weir.wisdom", "none"))' "$@"
}
ends 0 generate "$small" --out plain.h5 --n 2
[ "$(wisdom_of plain.h5)" = none ] || fail "plain.h5 has wisdom"
slow="--n 40 --set placement.solver_threads=1 --set solver.substeps=1000"
"$weir" generate "$small" --out g.h5 $slow $measure >log 2>&1 &
pid=$!
started() { grep -q '^threads' log || ! kill -0 $pid 2>/dev/null; }
wait_for 60 started
kill -INT $pid
wait $pid
[ -e g.h5.part ] || fail "g.h5 was not interrupted: $(cat log)"
wisdom_of g.h5.part >before
cp g.h5.part h.h5.part
ends 0 generate "$small" --out g.h5 $slow $measure
[ -s err ] && fail "going on: $(cat err)"
sort before >sorted
wisdom_of g.h5 | sort | cmp - sorted || fail "other wisdom after going on"
wisdom_of h.h5.part nonsense >/dev/null
ends 0 generate "$small" --out h.h5 $slow $measure
has err "solver: warning: h.h5.part: FFTW wisdom: $not_ours"
finish
