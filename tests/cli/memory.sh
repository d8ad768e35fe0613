#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What `weir plan` says training takes is what a run takes, measured: nets, weights
# of members with their checkpoint, and samples.
. "${WEIR_SOURCE:?}/tests/program.sh"
[ -z "${WEIR_SANITIZER:-}" ] || skip "sanitizers take memory of their own"
python=$(python_with struct) || skip "no python3"

# grows SET...: beside a run of little more than its start.
grows() {
    rm -rf base more
    $python "$WEIR_SOURCE/tests/cli/memory.py" "$weir" "$small" \
        placement.groups=2 test.trajectories=0 validation.trajectories=1 \
        simulations.budget=40 training.steps=80 -- "$@" || fail "memory: $*"
}

grows solver.points=1024 model.width=32 model.depth=4 training.steps=7 \
    training.batch=128 training.micro_batch=64 reservoir.watermark=128
grows model.width=384 training.members=3 training.ema=0.9 training.steps=7 \
    training.batch=128 training.micro_batch=64 reservoir.watermark=128
grows reservoir.capacity=4000 reservoir.watermark=128 solver.points=2048 \
    model.width=4 simulations.budget=300 training.steps=50 training.batch=128
finish
