#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Lockstep: strategies that ask the surrogate, killed at random moments and gone
# on with on other threads, propose the same: the run ends with the bits of one
# that nobody disturbed.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with struct) || skip "no python3"
seed=${WEIR_TEST_SEED:-$(date +%s)}
echo "seed $seed (WEIR_TEST_SEED reproduces it)"
random() { # below $1
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    echo $((seed / 65536 % $1))
}

# A steady problem: what has dropout, and so what entropy is for.
cat >steady.yaml <<'END'
run: {seed: 4, clock: lockstep}
solver: {name: sources, points: 32}
simulations: {budget: 60, steps: 1}
reservoir: {capacity: 30, watermark: 8, slots_per_port: 2}
model: {name: smart_cnn, width: 2, dropout: 0.4}
training: {steps: 80, batch: 4, micro_batch: 2, loss: wmae_tanh, residual: false}
validation: {trajectories: 3, every: 50}
test: {trajectories: 3}
acquisition: {strategy: entropy, pool: 60, period: 4, horizon: 12}
checkpoint: {every: 10}
END
sed '/^acquisition:/,/^$/d' "$small" >moving.yaml

begin() { # NAME THREADS: in the background; $config and $set are what
    "$weir" run $config --out "$1" --resume $set \
        --set placement.groups="$2" --set placement.solver_threads="$2" \
        --set placement.acquisition_threads="$2" >out 2>err &
}

killed=0
survives() { # CONFIG SETTINGS
    config=$1 set=$2
    rm -rf whole pieces
    start=$(date +%s%N)
    begin whole 1
    wait $! || fail "$set: $(cat err)"
    grep -q ': [1-9][0-9]* generations' out ||
        fail "$set: nothing was proposed: $(cat out)"
    undisturbed_ms=$((($(date +%s%N) - start) / 1000000))
    for threads in 2 1; do
        begin pieces $threads
        pid=$!
        ms=$(random $((undisturbed_ms * 2 / 3 + 50)))
        sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
        kill -KILL $pid 2>/dev/null
        wait $pid
        status=$?
        [ $status = 137 ] && killed=$((killed + 1))
        [ $status = 137 ] || [ $status = 0 ] || fail "status $status: $(cat err)"
    done
    begin pieces 2
    wait $! || fail "$set, gone on with: $(cat err)"
    "$python" "$WEIR_SOURCE/tests/compare.py" same whole pieces ||
        fail "$set: other bits"
}

pool="--set training.members=2 --set acquisition.pool=60 --set acquisition.period=4"
for strategy in "sbal --set acquisition.drawn=once" \
    "lcmd --set acquisition.features=16" "tod --set acquisition.apart=3"; do
    survives moving.yaml "$pool --set acquisition.strategy=$strategy"
done
survives steady.yaml ""
echo "killed $killed times"
[ $killed -gt 0 ] || skip "this machine is too slow to kill a run in time"
finish
