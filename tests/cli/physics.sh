#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A network that learns from an equation alone: groups and kills show in no bit,
# for every strategy that chooses its points; sets of points are replaced as a
# whole; eval says again what the run said; what does not fit is refused.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py || python_with struct) || skip "no python3"

cat >points.yaml <<'END'
run: {clock: lockstep, lanes: 3}
solver: {name: allen_cahn_points, harmonics: 4}
model: {name: pinn, width: 16, depth: 2}
training: {steps: 200, batch: 60, micro_batch: 15, learning_rate: 5e-3}
simulations: {budget: 630, steps: 1}
reservoir: {capacity: 66, watermark: 60, slots_per_port: 2, samples_per_batch: 3, every: 20}
acquisition: {strategy: breed_offline, loss_type: mae, sliding_window_size: 60, nn_updates: 20,
  min_nb_finished_simulations: 0}
validation: {trajectories: 5, every: 50}
test: {trajectories: 10}
checkpoint: {every: 20}
END

# Hard conditions leave little to chance: worse than the initial state is broken.
ends 0 run points.yaml --out breed_offline --set placement.groups=1
error=$(sed -n 's/^ *all times  *//p' out)
[ "$(sed -n 's/^ *mean of times .* \([0-9.]*\)x below.*/\1/p' out | awk '{ print ($1 > 1.1) }')" = 1 ] || {
    fail "no better than the initial state"
    cat out
}
ends 0 eval breed_offline
[ "$(sed -n 's/^relative L2 of all  *//p' out)" = "$error" ] || {
    fail "eval says otherwise than the run: $error"
    cat out
}

for strategy in breed_offline r3 uniform; do
    set -- --quiet --set acquisition.strategy=$strategy
    [ $strategy = uniform ] || set -- "$@" --set acquisition.nn_updates=20 \
        --set acquisition.sliding_window_size=60 \
        --set acquisition.min_nb_finished_simulations=0
    [ $strategy = breed_offline ] ||
        ends 0 run points.yaml --out $strategy "$@" --set placement.groups=1
    ends 0 run points.yaml --out $strategy-two "$@" --set placement.groups=2
    "$python" "$WEIR_SOURCE/tests/compare.py" same $strategy $strategy-two || fail "$strategy: groups show"
    for groups in 1 2; do
        "$weir" run points.yaml --out $strategy-pieces --resume "$@" --set placement.groups=$groups >out 2>err &
        pid=$!
        sleep 0.3
        kill -KILL $pid 2>/dev/null
        wait $pid
    done
    ends 0 run points.yaml --out $strategy-pieces --resume "$@"
    "$python" "$WEIR_SOURCE/tests/compare.py" same $strategy $strategy-pieces || fail "$strategy: kills show"
done
"$python" "$WEIR_SOURCE/tests/compare.py" other breed_offline uniform || fail "strategies are one"
"$python" "$WEIR_SOURCE/tests/compare.py" other r3 uniform || fail "strategies are one"
"$python" "$WEIR_SOURCE/tests/cli/physics.py" breed_offline r3 || fail "sets"

ends 0 eval r3 --against uniform
refused() {
    wanted=$1
    shift
    ends 2 "$@"
    grep -q "$wanted" err || fail "$*: $(cat err)"
}
refused "does not carry the derivatives" run points.yaml --set model.name=mlp --out no
refused "learns from an equation" run "$small" --set model.name=pinn --out no
refused "training.loss=nrmse: model pinn: a residual is measured against 0" run points.yaml --set training.loss=nrmse --out no
refused "loss_type is nrmse" run points.yaml --set acquisition.loss_type=nrmse --out no
refused "201 times of a reference that has 200" run points.yaml --set validation.trajectories=201 --out no
refused "201 times of a reference that has 200" run points.yaml --set test.trajectories=201 --out no
"$weir" generate points.yaml --n 2 --out some.h5 >out 2>err
for command in "eval r3 --data some.h5" "predict r3 --data some.h5 --out no.h5" "export r3 --onnx no.onnx"; do
    refused "is held against its reference: it reads points, no states" $command
done
[ -e no.h5 ] || [ -e no.onnx ] && fail "something for what was refused"

# Live, a set follows from its losses as far as they have come.
ends 0 run points.yaml --out live --quiet --set run.clock=live
has out "all planned gradient steps done"
grep -q 'mean of times .*below the initial state' out || fail "live: no better than the initial state"
finish
