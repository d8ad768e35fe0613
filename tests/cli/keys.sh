#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every key that is there to change the outcome changes it, and those that are
# not there for it do not: in lockstep one can tell by the bits.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with struct) || skip "no python3"
compare="$python $WEIR_SOURCE/tests/compare.py"

ends 0 run "$small" --out a
for change in run.seed=2 run.lanes=3 solver.dt=0.05 solver.b=3 \
    simulations.budget=41 simulations.steps=21 \
    reservoir.capacity=200 reservoir.watermark=80 \
    reservoir.samples_per_batch=3 reservoir.slots_per_port=4 \
    training.micro_batch=4 training.unroll=2 training.learning_rate=2e-3 \
    training.warmup_steps=20 training.schedule=constant training.beta1=0.8 \
    training.beta2=0.99 training.epsilon=1e-6 training.weight_decay=0.1 \
    training.residual=false training.loss=mae \
    training.clip=fixed acquisition.strategy=uniform \
    acquisition.end=0 acquisition.sigma=0.3 acquisition.nn_updates=20 \
    acquisition.sliding_window_size=5 parameters.A0.low=0; do
    rm -rf b
    ends 0 run "$small" --out b --set $change
    $compare other a b || fail "$change changes nothing"
done

for change in validation.every=30 checkpoint.every=0 placement.groups=1 \
    placement.groups=3 placement.solver_threads=1 placement.solver_threads=3 \
    placement.bind=false acquisition.cpu_share=1 test.trajectories=3 progress_interval=1 log=all; do
    rm -rf b
    ends 0 run "$small" --out b --set $change
    case $change in
    validation.every=*) continue ;; # other best weights, the rest the same
    esac
    $compare same a b || fail "$change changes the outcome"
done
finish
