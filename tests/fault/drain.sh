#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every rule of the reservoir, with planned steps and until it is drained, in
# both clocks: the run ends, and every sample is used as the rule says.
. "${WEIR_SOURCE:?}/tests/program.sh"

for rule in reservoir firo fifo; do
    for clock in lockstep live; do
        ends 0 run "$small" --out ${rule}_$clock --set reservoir.rule=$rule \
            --set run.clock=$clock --set training.steps=0
        has out "ended     simulations used up and reservoir drained"
        has out ", 40 simulations"
        has out "samples   800 in, used "
        [ $rule = reservoir ] || has out "used 1.00 times each (p1 1, p99 1)"
        [ $rule = reservoir ] || {
            steps=$(sed -n 's/^ *\([0-9]*\) gradient steps, .*/\1/p' out)
            # 800 samples in batches of 12; the last ones may be short.
            [ "$steps" -ge 67 ] && [ "$steps" -le 80 ] ||
                fail "$rule $clock: $steps steps"
        }
        has out "test      one-step nRMSE"
    done
    ends 0 run "$small" --out ${rule}_steps --set reservoir.rule=$rule \
        --set training.steps=50 --set reservoir.samples_per_batch=8
    has out "          50 gradient steps, "
done
finish
