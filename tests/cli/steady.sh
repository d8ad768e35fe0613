#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Surrogates of a steady problem: from the sources that are given to the solution.
# They beat predicting the mean; in lockstep groups and kills show in no bit,
# dropout and running statistics included.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with struct) || skip "no python3"

cat >steady.yaml <<'END'
run: {seed: 1, clock: lockstep, lanes: 2}
solver: {name: sources, points: 33, radius: 3, gamma: 0.02}
simulations: {budget: 500, steps: 1}
reservoir: {capacity: 200, watermark: 40}
model: {name: smart_unet, width: 2}
training: {steps: 120, batch: 8, micro_batch: 4, learning_rate: 5e-3, loss: wmae_tanh}
validation: {trajectories: 4, every: 40}
test: {trajectories: 16}
END

# ratio: error of predicting the mean over the surrogate's own, as reported.
ratio() {
    sed -n 's/^ *mean .* \([0-9.]*\)x below the mean$/\1/p' out
}

ends 0 run steady.yaml --out unet
[ "$(ratio | awk '{ print ($1 > 1.5) }')" = 1 ] || {
    fail "no better than the mean"
    cat out
}

# What else must not show: odd micro-batches, the last one short; an average of
# weights; kills.
sed 's/^model:.*/model: {name: smart_cnn, width: 2, dropout: 0.3}/' steady.yaml >cnn.yaml
cnn="--quiet --set simulations.budget=120 --set training.steps=40 --set training.batch=7
    --set training.micro_batch=3 --set training.ema=0.9 --set training.members=2 --set training.clip=adaptive
    --set checkpoint.every=5 --set solver.points=32"
ends 0 run cnn.yaml --out one $cnn --set placement.groups=1
ends 0 run cnn.yaml --out two $cnn --set placement.groups=2
$python "$WEIR_SOURCE/tests/cli/same_weights.py" one two statistics || fail "groups show"
tries=0
while [ $tries -lt 4 ]; do
    "$weir" run cnn.yaml --out pieces --resume $cnn >out 2>err &
    pid=$!
    sleep 0.3
    kill -KILL $pid 2>/dev/null
    wait $pid
    tries=$((tries + 1))
done
ends 0 run cnn.yaml --out pieces --resume $cnn
$python "$WEIR_SOURCE/tests/cli/same_weights.py" one pieces statistics || fail "kills show"

# It can be loaded, and judged on its test set again.
ends 0 eval unet
finish
