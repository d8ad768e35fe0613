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

# It can be loaded, judged on its test set again and on a file, and asked for the
# answers to the sources of one: those that eval measured, by region too.
ends 0 eval unet
[ "$(grep -c '^  ring [123]: from' out)" = 3 ] || fail "no regions of the run's own test set"
ends 0 generate steady.yaml --out file.h5 --n 6 --seed 9
ends 0 predict unet --data file.h5 --out answers.h5
ends 0 eval unet --data file.h5 --against unet
if reader=$(python_with h5py); then
    "$reader" - <<'END' || fail "the answers to a file"
import re

import h5py
import numpy as np

names = ("source", "solution")
truth, answer = ([h5py.File(f)["t0_fields"][name][:] for name in names]
                 for f in ("file.h5", "answers.h5"))
assert answer[1].shape == (6, 1, 33, 33), answer[1].shape
assert np.array_equal(truth[0], answer[0])
off = ((answer[1] - truth[1]) ** 2).sum((1, 2, 3)) / (truth[1] ** 2).sum((1, 2, 3))
said = float(re.search(r"mean +([0-9.e+-]+)", open("out").read())[1])
assert abs(np.sqrt(off).mean() / said - 1) < 1e-3, (np.sqrt(off).mean(), said)

source, t, error = truth[0] > 0, truth[1].astype(float), abs(answer[1].astype(float) - truth[1])
regions = {"all": t == t, "source": source, "field": ~source,
           "ring 1: from 0.2": ~source & (t >= 0.2),
           "ring 2: from 0.1": ~source & (t >= 0.1) & (t < 0.2),
           "ring 3: from 0.05": ~source & (t >= 0.05) & (t < 0.1)}
for name, mask in regions.items():
    told = re.search(rf"\n  {name} +([0-9.]+) %(.*)", open("out").read())
    assert abs(float(told[1]) - 100 * mask.mean()) < 0.06, (name, told[0], mask.mean())
    mine = [(w * error)[mask].mean() for w in (1 + 2000 * np.tanh(t), np.exp(t - 1), 1 + 0 * t)]
    want = " ".join(f"{m:.3e} 1.00x" for m in mine).split()
    got = told[2].split()
    assert got[1::2] == want[1::2] and len(got) == 6, (name, told[0], want)
    assert np.allclose([float(x) for x in got[::2]], mine, rtol=2e-3), (name, told[0], want)
END
fi
says 2 "predict: --steps: a steady problem has one frame" "weir predict --help" \
    predict unet --data file.h5 --out more.h5 --steps 3
says 2 "--set simulations.steps=2: simulations.steps 2, but the problem of solver sources is steady: one sample a simulation" \
    "set simulations.steps to 1" run steady.yaml --out two_frames --set simulations.steps=2 \
    --set training.steps=200
sed 's/, steps: 1//' steady.yaml >default.yaml
ends 0 plan default.yaml
finish
