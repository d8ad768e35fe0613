#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A pool that is a data set: its labels read, or solved from its parameters, are
# the same run; also killed and resumed, and from a file of another program.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py numpy) || skip "no h5py"
check="$python $WEIR_SOURCE/tests/cli/pool_data.py"
same="$python $WEIR_SOURCE/tests/compare.py same"

cat >made.yaml <<'END'
solver: {name: kdv, points: 32}
simulations: {steps: 10}
END
ends 0 generate made.yaml --n 40 --out f.h5 --quiet
cat >pool.yaml <<'END'
run: {seed: 4, mode: pool, clock: lockstep}
solver: {name: dataset, file: f.h5, held_out: 6}
simulations: {steps: 10}
reservoir: {slots_per_port: 4}
model: {name: convnet, width: 4, depth: 2}
training: {batch: 8, micro_batch: 4, members: 2}
validation: {trajectories: 3, every: 10}
test: {trajectories: 3, rollout_steps: 5}
pool: {initial: 4, batch: 3, growth: 2, rounds: 3, epochs: 4}
END
ends 0 run pool.yaml --out read --quiet
$check rows read f.h5 6 || fail "other rows than those of the file"
has out "65 gradient steps" # 4 passes over 13 x 10 samples, 8 a step

ends 0 run pool.yaml --out solved --quiet --set solver.labels=solve
cmp read/round-02.txt solved/round-02.txt || fail "solving chooses otherwise"
$same read/round-02 solved/round-02 || fail "solving gives other bits"

tries=0
while [ $tries -lt 5 ]; do
    "$weir" run pool.yaml --out pieces --resume --quiet >out 2>err &
    pid=$!
    sleep 0.2
    kill -KILL $pid 2>/dev/null
    wait $pid
    tries=$((tries + 1))
done
ends 0 run pool.yaml --out pieces --resume --quiet
cmp read/round-02.txt pieces/round-02.txt || fail "other choices in pieces"
$same read/round-02 pieces/round-02 || fail "other bits in pieces"

# Distances are of the parameters, not of the trajectory's number: the same
# order of a file that has them as scalars, in float32.
$check strip f.h5 g.h5
for file in f.h5 g.h5; do
    ends 0 run pool.yaml --out "far-$file" --quiet --set pool.rule=diversity \
        --set "solver.file=$file"
    sed 's/ .*#/ #/' "far-$file/round-02.txt" >"far-$file.txt"
done
cmp far-f.h5.txt far-g.h5.txt || fail "another file, other distances"

says 2 "--set solver.labels=solve: solver dataset: solve, but g.h5 does not say which solver made it" \
    "set solver.labels to read" \
    run pool.yaml --out b --set solver.file=g.h5 --set solver.labels=solve
says 2 "--set solver.held_out=5: pool: validation and test take 6 trajectories, more than solver.held_out" \
    "set solver.held_out=6" run pool.yaml --out b --set solver.held_out=5
says 2 "--set solver.held_out=32: pool: 3 rounds choose 9 candidates, of a pool of 4" \
    "lower pool.rounds or pool.batch, or have 9 candidates" \
    run pool.yaml --out b --set solver.held_out=32
says 2 "--set solver.held_out=40: solver dataset: 40, and f.h5 has 40 trajectories" \
    "weir list solvers shows its options" \
    run pool.yaml --out b --set solver.held_out=40
[ -e b ] && fail "a directory for a run that was refused"
call run pool.yaml --out long --quiet --set simulations.steps=11
[ "$status" != 0 ] || fail "frames that are not there"
has err "trajectories of 11 frames, simulations.steps wants more"
finish
