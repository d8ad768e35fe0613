#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Clients that break one rule each: the message names the process, the simulation
# and the rule, the run goes on, and its ledger is exact.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
python=$(python_with mmap) || skip "no python3"
cat >rogue.yaml <<'END'
solver: {processes: 1, command: [PYTHON, ROGUE, MODE], grid: 48, fields: [u, v]}
parameters: {a: {low: 0, high: 1}}
END
config=$scratch/one.yaml
export WEIR_FAULT_LOG="$log"

# rogue MODE MESSAGE OPTION...: a run whose first process does that; what is said
# of it. Only what breaks a time limit gets a short one.
rogue() {
    rm -rf out_dir "$log"
    mode=$1 message=$2
    shift 2
    sed "s|PYTHON|$python|; s|ROGUE|$WEIR_SOURCE/tests/rogue.py|; s|MODE|$mode|" \
        rogue.yaml >"$config"
    ends 0 run "$config" --out out_dir $small_run "$@"
    exact out_dir "$log" 10 8 >said 2>&1 || {
        fail "$mode: $(tail -n 1 said)"
        cat err
    }
    [ -z "$message" ] && return
    grep -q "$message" err || {
        fail "$mode: no '$message' in"
        cat err
    }
}

at='process 0 (pid [0-9]*), simulation [0-9]*, attempt [0-9]*:'
rogue honest ""
[ -s err ] && fail "honest: $(cat err)"
rogue order "$at a frame with number 3, expected 2"
rogue foreign "$at a frame of simulation 1, attempt 1, while it runs simulation 0"
rogue early "$at it ended after 2 of 9 frames"
rogue extra "$at more frames than the 9 declared"
rogue kind "$at a slot of kind 77"
rogue range "$at a position of 1000 in a ring of 64 at 2"
rogue back "$at a position of 1 in a ring of 64 at 2"
rogue nan "$at frame 2 has a value that is not finite" \
    --set solver.simulation_timeout=0.7
rogue close "$at it closed its connection after 2 of 9 frames"
rogue never "$at frame 0 did not come within simulation_timeout" \
    --set solver.simulation_timeout=0.7
rogue silent "process 0 (pid [0-9]*): it did not attach within start_timeout" \
    --set solver.start_timeout=2
rogue exit "process 0 (pid [0-9]*): it exited with status 3 before it attached; it said: no licence"
rogue old "process 0 (pid [0-9]*): its library speaks version 0 of the client"
rogue older "pid [0-9]*: handover: the other side is another version"
rogue junk "pid [0-9]*: handover: the other side is not weir"
rogue token "process 0 (pid [0-9]*): not the one that was started"
rogue second "process 0 (pid [0-9]*): it has a client already, pid [0-9]*"
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$scratch"
    rogue user "before it attached; it said: .*PermissionError"
    chmod 700 "$scratch"
fi
rogue flood ""
rogue crowd ""
[ -s err ] && fail "crowd: $(cat err)"
rogue scribble "$at"
alone

# A run of nothing but failures ends, with the reason and a checkpoint.
sed "s|PYTHON|$python|; s|ROGUE|$WEIR_SOURCE/tests/rogue.py|; s|MODE|honest|" \
    rogue.yaml >one.yaml
rm -rf out_dir
ends 3 run one.yaml --out out_dir $small_run --set solver.restarts=3 \
    --set "solver.command=sh -c 'echo out of luck; exit 4'"
has err "weir: solver: 4 processes in a row were lost in place 0; the last:"
has err "it exited with status 4 before it attached; it said: out of luck"
has err "solvers/process-0.log has what they said"
has out_dir/solvers/process-0.log "out of luck"
rm -rf out_dir
ends 3 run one.yaml --out out_dir $small_run --set solver.command=./nothing
has err "solver.command: './nothing' cannot be started: No such file"
alone
finish
