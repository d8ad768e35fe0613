#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Pool mode: rounds of training and choosing, by every rule; killed and resumed
# it chooses the same.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with struct) || skip "no python3"
check="$python $WEIR_SOURCE/tests/cli/pool.py"

cat >pool.yaml <<'END'
run: {seed: 4, mode: pool, clock: lockstep}
solver: {name: kdv, points: 32}
simulations: {steps: 10}
reservoir: {slots_per_port: 4}
model: {name: convnet, width: 4, depth: 2}
training: {steps: 20, batch: 8, micro_batch: 4, members: 2}
validation: {trajectories: 3, every: 10}
test: {trajectories: 3, rollout_steps: 5}
pool: {size: 60, initial: 4, batch: 3, growth: 2, rounds: 3}
END

for rule in "rule=random" "rule=top share=0.5" "rule=power beta=2" \
    "rule=power score=loss rollout=0.5" "rule=lcmd" "rule=hybrid fraction=0.3"; do
    rm -rf a
    set --
    for setting in $rule; do
        set -- "$@" --set "pool.$setting"
    done
    ends 0 run pool.yaml --out a --quiet "$@"
    $check lists a 60 4 7 13 || fail "$rule"
    grep '#' a/round-02.txt >>all
done
[ "$(sort -u all | wc -l)" -gt 30 ] || fail "all rules choose alike"

# A pool that is used up shows all there was to choose from.
ends 0 run pool.yaml --out used --quiet --set pool.rule=diversity \
    --set pool.size=9
$check lists used 9 4 7 13
$check centres used || fail "not the farthest first"

# Choices follow from the seed: the same again, and the same in pieces.
ends 0 run pool.yaml --out whole --quiet
tries=0
while [ $tries -lt 6 ]; do
    "$weir" run pool.yaml --out pieces --resume --quiet >out 2>err &
    pid=$!
    sleep 0.2
    kill -KILL $pid 2>/dev/null
    wait $pid
    tries=$((tries + 1))
done
ends 0 run pool.yaml --out pieces --resume --quiet
cmp whole/round-02.txt pieces/round-02.txt || fail "other choices in pieces"
for round in 00 01 02; do
    $python "$WEIR_SOURCE/tests/compare.py" same whole/round-$round \
        pieces/round-$round || fail "other bits in round $round"
done

# With the weights of the round before.
ends 0 run pool.yaml --out warm --quiet --set pool.warm=true
$check lists warm 60 4 7 13
has out "60 gradient steps"

# Good enough: no round follows, and none when it is asked again.
ends 0 run pool.yaml --out good --quiet --set validation.stop_when=1e9
has out "validation.stop_when reached"
ends 0 run pool.yaml --out good --resume --quiet --set validation.stop_when=1e9
$check lists good 60 4
ends 0 run "$small" --out first --quiet --set validation.stop_when=1e9
has out "40 gradient steps"
ends 0 run "$small" --out last --quiet --set validation.stop_when=1e-9
has out "all planned gradient steps done"

says 2 "whole: there is a pool run here already" \
    "--resume goes on with it; --out takes another directory" \
    run pool.yaml --out whole
says 2 "pool: 3 rounds choose 9 candidates, of a pool of 8" "" \
    run pool.yaml --out b --set pool.size=8
says 2 "pool: the score disagreement needs an ensemble, training.members is 1" \
    "set training.members to 2, or pool.score to loss, or pool.rule to diversity" \
    run pool.yaml --out b --set training.members=1
[ -e b ] && fail "a directory for a run that was refused"
printf '0.5 0.5 0.5 1.5 # 1\n' >bad.txt
says 2 "listed: bad.txt:1: coordinate 4, expected 4 numbers from 0 to 1" "" \
    run "$small" --out c --check --set acquisition.strategy=listed \
    --set acquisition.file=bad.txt
finish
