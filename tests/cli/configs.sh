#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every configuration that comes with Weir can run here, and asks one question.
. "${WEIR_SOURCE:?}/tests/program.sh"

checked=0
for config in "$WEIR_SOURCE"/configs/runs/*.yaml "$small"; do
    ends 0 run "$config" --check
    has out "$config: ok. "
    ends 0 plan "$config"
    [ "$config" = "$small" ] || sed -n '/^#/!q;p' "$config" | grep -q '?' ||
        fail "$config: its first comment asks no question"
    checked=$((checked + 1))
done
for config in "$WEIR_SOURCE"/configs/cases/*.yaml; do
    ends 0 plan "$config"
    checked=$((checked + 1))
done
# Studies: those on a file of data wait for it.
for config in "$WEIR_SOURCE"/configs/studies/*.yaml; do
    wanted=$(sed -n 's/^  file: //p' "$config")
    for command in "run $config --check" "plan $config"; do
        if [ -z "$wanted" ]; then
            ends 0 $command
        else
            ends 2 $command
            has err ": solver.file: solver dataset: $wanted: No such file or directory"
        fi
    done
    checked=$((checked + 1))
done
[ "$checked" -ge 30 ] || fail "only $checked configurations were found"
[ -z "$(find . -mindepth 1 ! -name out ! -name err)" ] ||
    fail "--check wrote something: $(ls)"

# The pools of two papers, shortened.
studies=$WEIR_SOURCE/configs/studies
common="--set pool.rounds=2 --set pool.epochs=0 --set training.steps=3 --set training.warmup_steps=1
    --set test.trajectories=2 --set validation.trajectories=2 --set pool.initial=6 --set pool.batch=3
    --set training.batch=3 --set training.micro_batch=3 --quiet"
ends 0 generate "$WEIR_SOURCE/configs/cases/two_sources.yaml" --n 16 --out two_sources.h5
for rule in top random diversity; do
    ends 0 run "$studies/smart_surrogates.yaml" --out "smart-$rule" $common --set pool.size=6 \
        --set solver.held_out=4 --set pool.rule=$rule --set validation.every=3 --set model.width=2
    [ "$(wc -l <smart-$rule/round-01.txt)" = 9 ] || fail "smart_surrogates, $rule"
done
for rule in power top; do
    ends 0 run "$studies/al4pde.yaml" --out "al4pde-$rule" $common --set pool.size=8 \
        --set simulations.steps=3 --set pool.rule=$rule --set training.accumulate=1 \
        --set test.rollout_steps=2 --set model.width=8
    [ "$(wc -l <al4pde-$rule/round-01.txt)" = 9 ] || fail "al4pde, $rule"
done
finish
