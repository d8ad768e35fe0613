#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A solver that is a program: configured, tried, used to generate, refused.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
solver c
cp "$config" .

ends 0 run allen_cahn.yaml --check $small_run
has out "solver   saw 9 frames of 1 x 64 float32, 0.2 KiB each"
has out "frames/s"
has out "u            from -0."
has out "with amplitude 0.6 phase 3.14159 mix 0.5"
has out "allen_cahn.yaml: ok. 10 simulations of 8 samples"
[ -e runs ] && fail "--check wrote something"

# The grid of the program and of the configuration.
ends 1 run allen_cahn.yaml --check --set solver.grid=65
has err "a frame of 64 values, the run expects 65: 1 x 65 x 1"
ends 1 run allen_cahn.yaml --check --set "solver.fields=u v"
has err "a frame of 64 values, the run expects 128: 2 x 64 x 1"

# Trajectories into a file.
export WEIR_FAULT_LOG="$log"
ends 0 generate allen_cahn.yaml --out g.h5 --n 6 --steps 8
[ "$(grep -c . "$log")" = 6 ] || fail "$(cat "$log")"
h5=$(python_with h5py) && $h5 - <<'END' || fail "g.h5"
import h5py, numpy
with h5py.File("g.h5") as f:
    u = f["t0_fields/u"][:]
    assert u.shape == (6, 9, 64), u.shape
    assert numpy.isfinite(u).all() and len(numpy.unique(u[:, 0, 0])) == 6
    a, phase, mix = (f["scalars/" + name][:][:, None]
                     for name in ("amplitude", "phase", "mix"))
    x = 2 * numpy.pi * numpy.arange(64) / 64
    first = a * (numpy.sin(x + phase) + mix * numpy.cos(3 * x))
    assert abs(u[:, 0] - first).max() < 1e-6
END
WEIR_FAULT=commit:die:5 ends 0 generate allen_cahn.yaml --out lost.h5 --n 6 \
    --set simulations.crashes_before_redraw=3
has err "was killed by signal 9"

# A list of words is one text, and a text a list of words.
ends 0 run allen_cahn.yaml --out run --set run.seed=2 $small_run
has run/resolved.yaml "name: external"
has run/resolved.yaml "command: \"'./allen_cahn'\""
ends 0 run --resume --out run

# Clients that somebody else starts.
sed 's/command: .*/command: []/' allen_cahn.yaml >by_hand.yaml
rm -f "$log"
"$weir" run by_hand.yaml --out by_hand $small_run >out 2>err &
run=$!
wait_for 60 test -S by_hand/solvers/socket
WEIR_RUN=by_hand ./allen_cahn 2>said_1 &
one=$!
WEIR_RUN=by_hand ./allen_cahn 2>said_2 &
two=$!
wait $run || fail "by hand: $(cat err)"
wait $one || fail "by hand: $(cat said_1)"
wait $two || fail "by hand: $(cat said_2)"
exact by_hand "$log" 10 8 || fail "ledger by hand"
WEIR_RUN=by_hand ./allen_cahn 2>said_1 && fail "attached to nothing"
has said_1 "weir: by_hand/solvers: no job runs there"
./allen_cahn 2>said_1 && fail "attached to nothing"
has said_1 "weir: WEIR_RUN is not set"

# What is wrong is said before anything starts.
refused() { # MESSAGE HINT SED
    sed "$3" allen_cahn.yaml >bad.yaml
    says 2 "bad.yaml$1" "$2" run bad.yaml --check
}
refused ": parameters.phase.low: parameter phase needs low and high" "" \
    's/phase: {low: 0, high/phase: {high/'
refused ":4: solver.command: expected a single value, not a mapping" "" \
    's/command: .*/command: {a: b}/'
ends 2 run allen_cahn.yaml --check --set solver.grid=0
has err "--set solver.grid=0: solver external: '0' is not a number from 1"
ends 2 run allen_cahn.yaml --check --set "solver.grid=8 8 8"
has err "--set solver.grid=8 8 8: solver external: expected the points of 1 or 2 axes"
ends 2 run allen_cahn.yaml --check --set "solver.command='a"
has err "--set solver.command='a: solver external: a quote is left open"
says 2 "--set run.clock=lockstep: run.clock: lockstep needs solvers that run inside the program: \
processes come and go" "set run.clock to live" \
    run allen_cahn.yaml --check --set run.clock=lockstep --quiet
ends 3 run allen_cahn.yaml --check --set solver.command=./nothing
has err "weir: solver.command: './nothing' cannot be started: No such file"

# The library needs the C library alone, and exports its own names alone.
ldd "$clients/libweir_client.so" | grep -vE 'linux-vdso|libc\.so|ld-linux' &&
    fail "libweir_client needs more than the C library"
nm -D --defined-only "$clients/libweir_client.so" | grep -v ' weir_client_' &&
    fail "libweir_client exports other names"
finish
