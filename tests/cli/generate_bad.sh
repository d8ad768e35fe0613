#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir generate: what cannot be done is said once, and leaves nothing behind.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
well="$python $WEIR_SOURCE/tests/cli/well.py"
export PYTHONDONTWRITEBYTECODE=1

# refused STATUS MESSAGE HINT ARGUMENT...: --out g.h5 with these.
refused() {
    expected=$1 message=$2 hint=$3
    shift 3
    says "$expected" "$message" "$hint" generate "$small" --out g.h5 "$@"
    for left in g.h5 g.h5.part g.h5.part~; do
        [ ! -e $left ] || fail "$left is left after $*"
    done
}
usage="weir generate --help"

# Usage.
says 2 "generate: which configuration?" "$usage" generate --out g.h5
says 2 "generate: where to? --out F.h5" "$usage" generate "$small"
refused 2 "generate: --n: '0' is out of range, expected 1 to 1e+07" "$usage" \
    --n 0
refused 2 "generate: --n: '1e3' is not a whole number" "$usage" --n 1e3
refused 2 "generate: --steps: 'x' is not a whole number" "$usage" --steps x
refused 2 "generate: --sampler, --params and --initial exclude each other" \
    "$usage" --sampler halton --params p.h5
strategies=$("$weir" list strategies | sed -n 's/^  \([a-z][a-z_0-9]*\)  .*/\1,/p')
refused 2 "--sampler sobool: there is no strategy 'sobool', expected $(echo $strategies) or a shared \
object's path" "did you mean 'sobol'?" --sampler sobool
refused 2 "generate: --steps: '0' is out of range, expected 1 to 1e+06" "$usage" --steps 0
printf 'solver:\n  name: sources\n' >steady.yaml
says 2 "generate: --steps: solver sources is steady, it has one frame" \
    "$usage" generate steady.yaml --out g.h5 --steps 3

# The solver's own limits.
refused 2 "--set solver.points=65: solver kdv: 65, expected an even number, 8 or more" \
    "weir list solvers shows its options" --set solver.points=65
refused 2 "--set solver.points=4: '4' is out of range (expected 8 to 65536)" \
    "" --set solver.points=4
printf 'solver:\n  name: burgers\n' >b.yaml
for nu in 0 -1; do
    says 2 "--set solver.nu=$nu: '$nu' is out of range (expected 1e-12 to \
1e+09)" "" generate b.yaml --out g.h5 --set solver.nu=$nu
done
# ... also where it is sampled; and no system loses all of its terms.
for sampled in "a4 -1 0 1e+09" "length 0 1e-06 1e+06"; do
    set -- $sampled
    refused 2 "--set parameters.$1.low=$2: $2 is out of range (expected $3 to \
$4, as solver.$1)" "" --set solver.sample=$1 --set "parameters.$1.low=$2"
done
refused 2 "--set solver.form=difficulty: solver kdv: difficulty, expected one of delta1, gamma3, \
gamma4 with it, not 0" "weir list solvers shows its options" \
    --set solver.form=difficulty
ends 1 generate "$small" --out t.h5 --set solver.dt=5 --set solver.substeps=1
has err "weir: trajectory "
has err "kdv: the state "
has err "(t = "
has err "  hint: 26 diverged before it"
[ ! -e t.h5 ] || fail "t.h5 is left"

# Parameters.
$well rows p.h5 parameters 3,4 0.5
refused 2 "--params p.h5: 3 rows, fewer than --n" "" --params p.h5 --n 4
$well set p.h5 parameters 1,1 1.25
refused 2 "--params p.h5: row 1: A1 is 1.25, expected -1 to 1" \
    "parameters.A1.low and .high set the range" --params p.h5
$well set p.h5 parameters 1,1 nan
refused 2 "--params p.h5: row 1: A1 is nan, expected -1 to 1" \
    "parameters.A1.low and .high set the range" --params p.h5
$well rows q.h5 parameters 3,5
refused 2 "--params q.h5: 5 parameters a row, expected 4" \
    "the solver's: A0 A1 phi0 phi1" --params q.h5
$well rows r.h5 parameters 3,4
$well name r.h5 parameters A1 A0 phi0 phi1
refused 2 "--params r.h5: parameters are A1 A0 phi0 phi1, expected A0 A1 phi0 phi1" "" \
    --params r.h5
$well rows s.h5 parameters 4
refused 2 "--params s.h5: parameters has 1 axes, expected 2: [n, 4]" "" --params s.h5
$well rows e.h5 parameters 0,4
refused 2 "--params e.h5: 0 rows" "" --params e.h5

# Fields.
$well rows i.h5 initial 2,1,65
refused 2 "--initial i.h5: initial is [2, 1, 65], expected [n, 1, 64]" \
    "rows, channels, points per axis; solver.points sets the grid" \
    --initial i.h5
$well rows j.h5 initial 2,1,64 0.1
$well set j.h5 initial 1,0,3 inf
refused 2 "--initial j.h5: row 1 of initial holds inf" "" --initial j.h5
refused 2 "--params i.h5: no dataset 'parameters'" \
    "[n, 4]; a finished run's run.h5 will do too" --params i.h5
refused 2 "--initial p.h5: no dataset 'initial'" "" --initial p.h5
$well rows k.h5 initial 1,2,100,100 -1
says 1 "k.h5: row 0: sources: source -1 at point 0, expected 0 or more" "" \
    generate steady.yaml --out g.h5 --initial k.h5

# Files that are none.
refused 2 "--params missing.h5: No such file or directory" "" --params missing.h5
echo text >text.h5
refused 2 "--initial text.h5: not an HDF5 file, or damaged" "" --initial text.h5
says 2 "'text.h5' is there already" "take another --out, or delete it" \
    generate "$small" --out text.h5
[ "$(cat text.h5)" = text ] || fail "text.h5 was changed"
cp text.h5 g.h5.part
says 1 "'g.h5.part' is no partial data set" \
    "take another --out, or delete 'g.h5.part'" generate "$small" --out g.h5
rm g.h5.part
says 3 "data set 'no/g.h5' cannot be written: No such file or directory" "" \
    generate "$small" --out no/g.h5

# No room for the file: said before the first simulation.
(
    ulimit -f 20
    says 3 "data set 'g.h5' needs 0.2 MiB: File too large" "raise the limit on \
file sizes (ulimit -f), or write less: --n, --steps" \
        generate "$small" --out g.h5
    exit $failures
) || failures=$((failures + 1))
[ ! -e g.h5 ] && [ ! -e g.h5.part ] && [ ! -e g.h5.part~ ] ||
    fail "g.h5 is left without room"
finish
