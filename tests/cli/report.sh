#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir report: one file that tells what run.h5 holds, whole or not.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python with h5py"

ends 0 run "$small" --out a
ends 0 run "$small" --out 'b<&' --set run.seed=7

# Without gnuplot: tables, and a line that says what is missing.
mkdir none
PATH="$PWD/none" call report a --out tables.html
[ "$status" = 0 ] || fail "report without gnuplot: status $status"
has err "gnuplot is not installed"
has_not tables.html "<svg"
"$python" "$WEIR_SOURCE/tests/cli/report.py" tables.html 0 a ||
    fail "the page without pictures"

if command -v gnuplot >/dev/null 2>&1; then
    ends 0 report a --out one.html
    has out "one.html: 1 run"
    "$python" "$WEIR_SOURCE/tests/cli/report.py" one.html 7 a || fail "one run"
    ends 0 report a 'b<&' --out two.html
    "$python" "$WEIR_SOURCE/tests/cli/report.py" two.html 7 a 'b<&' ||
        fail "two runs"
    has two.html "<td>run.seed</td>"
    has two.html "b&lt;&amp;"
    has_not two.html "b<&"
    # Again: an older report gives way.
    ends 0 report 'b<&' --out two.html
    "$python" "$WEIR_SOURCE/tests/cli/report.py" two.html 6 'b<&' ||
        fail "the report made again"
fi

says 2 "there is no run in 'nowhere'" \
    "name directories that weir run wrote (--out)" report nowhere --out r.html
mkdir -p pool/round-00
says 2 "there is no run in 'pool'" "a pool's rounds are runs: pool/round-??" \
    report pool --out r.html
says 2 "pool: no checkpoint: No such file or directory" "a pool's rounds are runs: pool/round-??" \
    eval pool
says 2 "report: which run?" "weir report --help" report --out r.html
says 2 "report: --out R.html is needed" "weir report --help" report a
says 3 "none/there/r.html: No such file or directory" "" \
    report a --out none/there/r.html
cp -r a torn
head -c 3000 a/run.h5 >torn/run.h5
call report torn --out r.html
[ "$status" = 1 ] || fail "a torn file: status $status"
has err "torn/run.h5"
[ ! -e r.html ] || fail "a report of nothing was written"
[ ! -e r.html.part ] || fail "a part of a report was left"
finish
