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
    "rule=power score=loss rollout=0.5" "rule=lcmd" \
    "rule=hybrid fraction=0.3 score=tod tod_steps=3" \
    "rule=diversity features=last_layer sketch=20"; do
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
ends 0 run --out used --resume --quiet
# What labels were worth: each round's errors, as its record has them.
sed -n '/^rounds /,$p' out >rounds.txt
[ "$(awk 'NR > 1 { print $1 }' rounds.txt | xargs)" = "4 7 13" ] || fail "$(cat rounds.txt)"
ends 0 eval used/round-02
has rounds.txt "$(awk '$1 == "mean" { print $2; exit }' out)"
$check lists used 9 4 7 13
$check centres used || fail "not the farthest first"
ends 0 run pool.yaml --out apart --quiet --set pool.rule=diversity \
    --set pool.size=9 --set pool.distance_of=A0,phi0,A1,phi1
$check centres apart further || fail "not the farthest first, by five numbers"
cmp -s used/round-02.txt apart/round-02.txt && fail "a further number changes nothing"

# stopped DIR TEXT SETTING...: once it has said TEXT, a scheduler's signal ends it
# before the next round, in order.
stopped() {
    dir=$1 text=$2
    shift 2
    "$weir" run pool.yaml --out "$dir" --requeue --set pool.rule=top "$@" >out 2>&1 &
    wait_for 60 grep -q "$text" out
    kill -TERM $!
    wait $! || fail "$dir ended with $?: $(tail -n 2 out)"
    [ -e "$dir/round-00/run.h5" ] || fail "$dir has no round"
    [ ! -e "$dir/round-01.txt" ] || fail "$dir went on after a signal"
}
stopped asking "asks about" --set pool.size=300000
has out "ending; --resume chooses anew"
stopped training "progress" --set training.steps=10000000 --set run.clock=live

# A steady problem, and what a score needs: passes with dropout, last weights
# and those before, best weights of two rounds.
cat >steady.yaml <<'END'
run: {seed: 4, mode: pool, clock: lockstep}
solver: {name: sources, points: 32}
simulations: {steps: 1}
reservoir: {slots_per_port: 4}
model: {name: smart_cnn, width: 2, dropout: 0.4}
training: {steps: 8, batch: 2, micro_batch: 2, loss: wmae_tanh, residual: false}
validation: {trajectories: 3, every: 3}
test: {trajectories: 3}
pool: {size: 20, initial: 4, batch: 3, rounds: 3, rule: top}
END
for score in entropy tod tod_rounds loss; do
    ends 0 run steady.yaml --out $score --quiet --set pool.score=$score
    $check lists $score 20 4 7 10 || fail "$score"
    tail -6 $score/round-02.txt >chosen.$score
done
[ "$(cat chosen.* | sort -u | wc -l)" -gt 12 ] || fail "all scores choose alike"
ls tod/round-00/checkpoints >out
has out step-00000007
has_not out step-00000006

# Choices follow from the seed: the same again, and the same in pieces.
in_pieces() { # CONFIG WHOLE [SET]...
    config=$1 whole=$2 tries=0
    shift 2
    rm -rf pieces
    while [ $tries -lt 5 ]; do
        "$weir" run "$config" --out pieces --resume --quiet "$@" >out 2>err &
        pid=$!
        sleep 0.2
        kill -KILL $pid 2>/dev/null
        wait $pid
        tries=$((tries + 1))
    done
    ends 0 run "$config" --out pieces --resume --quiet "$@"
    cmp "$whole"/round-02.txt pieces/round-02.txt ||
        fail "$whole: other choices in pieces"
    for round in 00 01 02; do
        $python "$WEIR_SOURCE/tests/compare.py" same "$whole"/round-$round \
            pieces/round-$round || fail "$whole: other bits in round $round"
    done
}
ends 0 run pool.yaml --out whole --quiet
in_pieces pool.yaml whole
in_pieces steady.yaml entropy --set pool.score=entropy
in_pieces steady.yaml tod --set pool.score=tod

# Nor do they depend on who scores.
rm -rf hands
ends 0 run steady.yaml --out hands --quiet --set pool.score=entropy \
    --set placement.acquisition_threads=3
cmp entropy/round-02.txt hands/round-02.txt || fail "threads show in a choice"

# With the weights of the round before; by what a density knows of itself.
ends 0 run pool.yaml --out sure --quiet --set pool.score=evidential \
    --set training.loss=evidential --set training.members=1
$check lists sure 60 4 7 13 || fail "evidential"
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

says 2 "run: --trace has no use in pool mode" "weir run --help" \
    run pool.yaml --out traced --trace t.json
says 2 "whole: there is a pool run here already" \
    "--resume goes on with it; --out takes another directory" \
    run pool.yaml --out whole
says 2 "--set pool.size=8: pool: 3 rounds choose 9 candidates, of a pool of 8" \
    "lower pool.rounds or pool.batch, or have 9 candidates" \
    run pool.yaml --out b --set pool.size=8
says 2 "--set training.members=1: pool: the score disagreement needs an ensemble, training.members is 1" \
    "set training.members to 2, or pool.score to loss, or pool.rule to diversity" \
    run pool.yaml --out b --set training.members=1
says 2 "--set pool.score=entropy: pool: the score entropy needs dropout, model convnet has none" \
    "smart_cnn and smart_unet have model.dropout" \
    run pool.yaml --out b --set pool.score=entropy
says 2 "--set pool.score=evidential: pool: the score evidential is the uncertainty of a model trained with the loss of that name" \
    "set training.loss to evidential" run pool.yaml --out b --set pool.score=evidential
says 2 "--set pool.score=tod: pool: tod_steps is 20, of 20 gradient steps" \
    "set pool.tod_steps to 1, as the paper has it" \
    run pool.yaml --out b --set pool.score=tod --set pool.tod_steps=20
says 2 "--set pool.initial=1: pool: the first round has 10 samples, expected two batches: \
training.batch is 8" "raise pool.initial, or lower training.batch" \
    run pool.yaml --out b --set pool.initial=1
says 2 "--set pool.distance_of=A0,B0: 'B0' is no parameter of the solver" \
    "name the coordinates of one point, then those of the other: row0,col0,row1,col1" \
    run pool.yaml --out b --set pool.distance_of=A0,B0
says 2 "--set pool.distance_of=A0,A1,phi0: expected two points of 1 to 4 coordinates each" \
    "row0,col0,row1,col1 for instance" run pool.yaml --out b --set pool.distance_of=A0,A1,phi0
[ -e b ] && fail "a directory for a run that was refused"
printf '0.5 0.5 0.5 1.5 # 1\n' >bad.txt
says 2 "--set acquisition.file=bad.txt: strategy listed: bad.txt:1: coordinate 4, expected 4 \
numbers from 0 to 1" "weir list strategies shows its options" \
    run "$small" --out c --check --set acquisition.strategy=listed \
    --set acquisition.file=bad.txt
finish
