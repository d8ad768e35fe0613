#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Clients killed and stopped at random in a live run: it ends as ever, its ledger
# is exact, its memory and descriptors stay what they were. WEIR_KILLS says how
# often (default 40); WEIR_TEST_SEED reproduces a run.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/clients.sh"
python=$(python_with struct) || skip "no python3"
solver c
kills=${WEIR_KILLS:-40}
seed=${WEIR_TEST_SEED:-$(date +%s)}
budget=$((kills * 9 + 40))
export WEIR_FAULT_LOG="$log"

"$python" "$WEIR_SOURCE/tests/kill_clients.py" "$seed" "$kills" \
    "$weir" run "$config" --out out_dir $small_run --quiet \
    --set simulations.budget=$budget --set simulations.steps=40 \
    --set simulations.crashes_before_redraw=1000 --set solver.restarts=1000000 \
    --set solver.restart_delay=0.001 --set solver.simulation_timeout=0.3 \
    --set solver.start_timeout=5 \
    --set solver.processes=3 --set solver.ahead=2 \
    --set reservoir.samples_per_batch=7.5 || {
    tail -n 3 err
    fail "kill_clients.py"
}
exact out_dir "$log" $budget 40 || fail "ledger, seed $seed"
alone
finish
