#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir generate: files that existing tools open, from samplers, from parameters,
# a run's own among them, and from fields.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
well="$python $WEIR_SOURCE/tests/cli/well.py"
export PYTHONDONTWRITEBYTECODE=1

# generate FILE ARGUMENT...: it is written, and laid out as it should be.
generate() {
    file=$1
    shift
    ends 0 generate "$small" --out "$file" "$@"
    $well layout "$file" || fail "layout of $file ($*)"
    [ ! -e "$file.part" ] || fail "$file.part is left"
}

# Every solver: one and two axes, channels, walls, steady, no grid at all.
ends 0 list solvers
for solver in $(sed -n 's/^  \([a-z0-9_]*\) .*/\1/p' out); do
    case $solver in
    external | dataset) continue ;; # a program of one's own, a file
    esac
    printf 'solver:\n  name: %s\nsimulations:\n  steps: 2\n' "$solver" >c.yaml
    ends 0 generate c.yaml --out "$solver.h5" --n 3
    $well layout "$solver.h5" || fail "layout of $solver.h5"
done
generate long.h5 --set solver.sample=a3,length --n 3 --double
$well names long.h5 A0 A1 phi0 phi1 a3 length || fail "names of long.h5"

# Every sampler; the uniform one draws what a uniform run simulates.
for sampler in uniform halton sobol lhs breed; do
    generate "$sampler.h5" --n 5 --sampler "$sampler"
    has out "starts   sampler $sampler"
done
$well same uniform.h5 halton.h5 2>/dev/null && fail "uniform is halton"
ends 0 run "$small" --out run --set acquisition.strategy=uniform \
    --set run.seed=3
generate like.h5 --seed 3
$well run like.h5 run/run.h5 || fail "uniform differs from a uniform run"

# The target density: log-normal in a coefficient, or samples of a file.
printf 'solver:\n  name: burgers\n  points: 64\n  sample: nu\nparameters:\n' \
    >log.yaml
printf '  nu:\n    low: 0.0001\n    high: 0.01\n    axis: log\n' >>log.yaml
printf '    density: normal 0.001 0.5\n' >>log.yaml
ends 0 generate log.yaml --out log.h5 --n 400 --steps 1
$python "$WEIR_SOURCE/tests/cli/target.py" make samples.h5
generate target.h5 --n 200 --steps 1 --set target.samples=samples.h5
$python - <<'P' || fail "the target density"
import h5py, numpy
with h5py.File("log.h5") as f, h5py.File("target.h5") as g:
    nu, p = numpy.log(f["parameters"][:, 4]), g["parameters"][:]
    assert abs(nu.mean() - numpy.log(0.001)) < 0.1 and abs(nu.std() - 0.5) < 0.06
    assert p[:, 0].min() >= 0.9 and numpy.corrcoef(p[:, 0], p[:, 1])[0, 1] < -0.95
P

# A run's simulations again; a file's own parameters again, to the bit, also in
# the other precision and by other threads.
generate again.h5 --params run/run.h5
$well run again.h5 run/run.h5 || fail "--params run.h5"
$well same like.h5 again.h5 || fail "same parameters, other frames"
generate part.h5 --params like.h5 --n 7 --double
generate more.h5 --params part.h5 --set placement.solver_threads=5 --double
$well same part.h5 more.h5 || fail "five threads differ"

# A field: the first frame of a trajectory leads to the same trajectory.
$python - <<'P' || fail "initial.h5"
import h5py
with h5py.File("part.h5") as f, h5py.File("initial.h5", "w") as g:
    g["initial"] = f["t0_fields/u"][:, :1]
P
generate field.h5 --initial initial.h5 --double
$python - <<'P' || fail "a field leads elsewhere"
import h5py, numpy
with h5py.File("part.h5") as f, h5py.File("field.h5") as g:
    assert "parameters" not in g
    a, b = f["t0_fields/u"][:], g["t0_fields/u"][:]
    assert abs(a - b).max() < 1e-12 * abs(a).max()
P

# Starts that diverge are drawn anew, and counted; rows of a file are not.
wild="--set solver.order=2 --set solver.substeps=1 --set solver.b=12.5 \
    --set simulations.max_redraws=1000 --set solver.points=160"
ends 0 generate "$small" --out wild.h5 --n 12 $wild
$well layout wild.h5 || fail "layout of wild.h5"
has err "the state"
has err "at step"
has err "drawn anew"
grep -q ', 0 starts drawn anew' out && fail "no redraws counted"
$python - <<'P' || fail "attempts of wild.h5"
import h5py
with h5py.File("wild.h5") as f:
    assert f["weir/attempts"][:].max() > 1
P
ends 0 generate "$small" --out calm.h5 --params wild.h5 $wild
$well same wild.h5 calm.h5 || fail "redrawn parameters were not recorded"
$well rows bad.h5 parameters 2,4 1
$well set bad.h5 parameters 0,1 0.01
$well set bad.h5 parameters 0,0 0.01
ends 1 generate "$small" --out bad_out.h5 --params bad.h5 $wild
has err "weir: bad.h5: row 1: kdv: the state"
has err "at step"
[ ! -e bad_out.h5 ] && [ ! -e bad_out.h5.part ] || fail "bad_out.h5 is left"

# Twice the same: it is there; other arguments: it is another file's name.
ends 0 generate "$small" --out like.h5 --seed 3
has out "like.h5: all of it is there already"
says 2 "'like.h5' was made with run.seed 3, not 4" \
    "take another --out, or delete 'like.h5'" \
    generate "$small" --out like.h5 --seed 4
says 2 "'like.h5' is there already, with 40 x 21 frames of float32" "" \
    generate "$small" --out like.h5 --seed 3 --double
ends 0 generate "$small" --out like.h5 --seed 3 --set training.batch=24
finish
