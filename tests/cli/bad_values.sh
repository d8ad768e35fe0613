#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What is wrong in a configuration: one message that names the place, the value
# and what was expected, status 2, and nothing left on disk.
. "${WEIR_SOURCE:?}/tests/program.sh"

# set VALUE MESSAGE HINT: --set VALUE is refused.
set_is_refused() {
    says 2 "--set $1: $2" "$3" run "$small" --out d --set "$1"
    says 2 "--set $1: $2" "$3" plan "$small" --set "$1"
}

set_is_refused training.bacth=3 "there is no such key" \
    "did you mean 'training.batch'?"
set_is_refused trainig.batch=3 "there is no such section" \
    "did you mean 'training'?"
set_is_refused batch=3 "there is no such key" "did you mean 'training.batch'?"
set_is_refused training.batch "expected key=value, as in training.batch=20" ""
set_is_refused training.batch=10abc \
    "'10abc' is not a whole number (expected 1 to 65536 samples)" ""
set_is_refused training.batch=banana \
    "'banana' is not a whole number (expected 1 to 65536 samples)" ""
set_is_refused training.batch=1e3 \
    "'1e3' is not a whole number (expected 1 to 65536 samples)" \
    "write it out: 1000"
set_is_refused training.batch=0 \
    "'0' is out of range (expected 1 to 65536 samples)" ""
set_is_refused training.learning_rate=nan \
    "'nan' is not a finite number (expected 1e-12 to 10)" ""
set_is_refused training.learning_rate=-1 \
    "'-1' is out of range (expected 1e-12 to 10)" ""
set_is_refused training.residual=yes "'yes' is neither true nor false" \
    "write true"
set_is_refused run.clock=fast "'fast' is not one of live|lockstep" ""
set_is_refused solver.name=kvd "there is no solver 'kvd'" \
    "did you mean 'kdv'?"
set_is_refused model.name=convent "there is no model 'convent'" \
    "did you mean 'convnet'?"
set_is_refused acquisition.strategy=bred "there is no strategy 'bred'" \
    "did you mean 'breed'?"
set_is_refused acquisition.end=2 "'2' is out of range (expected 0 to 1)" ""
set_is_refused acquisition.loss_type=ecrps "acquisition.loss_type ecrps compares \
the members of an ensemble, but training.members is 1" "set training.members to 2 or more"
set_is_refused acquisition.loss_type=evidential "acquisition.loss_type evidential is \
the uncertainty of a model trained with the loss of that name" "set training.loss to evidential"
set_is_refused parameters.A0.low=5 "low 5 is not below high 1" ""
set_is_refused parameters.B0.low=0 "solver 'kdv' has no such parameter" \
    "did you mean 'parameters.A0'?"
set_is_refused parameters.density.low=0 \
    "solver 'kdv' has no such parameter" "it has: A0, A1, phi0, phi1"
set_is_refused placement.memory_limit=lots "'lots' is not an amount of memory \
(expected a number and B, KiB, MiB, GiB, TiB, KB, MB, GB or TB, or auto)" ""

# In a file: its name and the line.
file_is_refused() {
    printf "$1" >bad.yaml
    says 2 "bad.yaml$2" "$3" run bad.yaml --out d
}
file_is_refused 'training:\n  batch: 20\n  bacth: 3\n' \
    ":3: training.bacth: there is no such key" "did you mean 'training.batch'?"
file_is_refused 'training:\n  batch: 10abc\n' ":2: training.batch: \
'10abc' is not a whole number (expected 1 to 65536 samples)" ""
says 2 "missing.yaml: there is no such file" "" run missing.yaml --out d
says 2 "/: is a directory, expected a config file" "" run / --out d
ends 2 run "$weir" --out d
[ "$(wc -l <err)" -le 2 ] || fail "a binary as configuration: $(cat err)"

# Options of a solver and a model: whoever refuses them is named.
solver_hint="weir list solvers shows its options"
says 2 "--set solver.points=161: solver kdv: 161, expected an even number, 8 or more" \
    "$solver_hint" run "$small" --out d --set solver.points=161
says 2 "--set solver.alpha3=4: solver kdv: given, but form is physical, expected normalised" \
    "$solver_hint" run "$small" --out d --set solver.alpha3=4
says 2 "--set solver.sample=banana: solver kdv: 'banana' is no coefficient of this solver" \
    "$solver_hint" run "$small" --out d --set solver.sample=banana
says 2 "--set model.levels=2: model unet: 66 points do not divide by 2^levels = 4" \
    "weir list models shows its options" \
    run "$small" --check --set model.name=UNet\;4\;2 --set solver.points=66
says 2 "--set model.name=Cnv;4: no model is written like this" "" \
    run "$small" --check --set model.name=Cnv\;4
says 2 "--set model.name=Conv;4;2;relu;1: expected Conv;width;depth;activation" "" \
    run "$small" --check --set model.name=Conv\;4\;2\;relu\;1
says 2 "--set solver.form=normalised: solver kdv: normalised, expected one of beta1, alpha3, alpha4 with \
it, not 0" "$solver_hint" \
    run "$small" --out d --set solver.form=normalised --set solver.alpha3=0
printf 'solver:\n  name: ns2d\n  points: 63\n' >odd.yaml
says 2 "odd.yaml:3: solver.points: solver ns2d: 63, expected an even number, 8 or more" \
    "$solver_hint" run odd.yaml --check
printf 'solver:\n  file: no.h5\n  name: dataset\n' >data.yaml
says 2 "data.yaml:2: solver.file: solver dataset: no.h5: No such file or directory" \
    "$solver_hint" run data.yaml --check

# What a model refuses stands where its option was given, be it one of two.
model_is_refused() { # POINTS MODEL OPTION:VALUE MESSAGE HINT
    printf 'solver: {name: heat2d, points: %s}\nmodel:\n  name: %s\n  %s\n' \
        "$1" "$2" "$(echo "$3" | sed 's/:/: /')" >model.yaml
    says 2 "model.yaml:4: model.${3%%:*}: model $2: $4" \
        "${5:-weir list models shows its options}" run model.yaml --check
}
sides="choose fewer levels, padding zero, or a finer grid"
model_is_refused 8 unet levels:2 "2^levels = 4 leaves 2 of 8 points, this padding needs 3" "$sides"
model_is_refused 12 unet levels:3 "12 points do not divide by 2^levels = 8"
model_is_refused 16 fno modes:9 "9, expected 8 or fewer of 16 points"
model_is_refused 64 modern_unet width:12 "12, expected a multiple of 8"
model_is_refused 16 modern_unet padding:circular "needs 24 points or more, the grid has 16"
model_is_refused 64 scot width:25 "3 heads do not divide 25 channels"
model_is_refused 64 scot patch:3 "64 points do not divide by 6" \
    "patch x 2^(stages - 1) must divide the grid"
model_is_refused 48 scot window:5 "12 tokens are no whole number of windows of 5" \
    "choose another window or patch"
model_is_refused 48 scot size:T "48 points do not divide by 32" \
    "patch x 2^(stages - 1) must divide the grid"
says 2 "--set model.depth=4: model dilresnet: mirrors 2^depth = 16 points of 16" \
    "choose a smaller depth, or another padding" run model.yaml --check --set solver.points=16 \
    --set model.name=dilresnet --set model.depth=4 --set model.padding=mirror
says 2 "--set model.name=smart_unet: model smart_unet: 16 points, expected 32 or more" \
    "weir list models shows its options" run model.yaml --check --set solver.points=16 \
    --set model.name=smart_unet

areas="the areas are: all acquire allocation checkpoint config generate nn recorder \
reservoir run socket solver topo training"
says 2 "--set log=topo,banana: log: 'banana' is no area that logs" \
    "$areas" \
    run "$small" --out d --set log=topo,banana

# What a strategy wants of the model is asked before anything is made.
strategy_is_refused() { # STRATEGY KEY=VALUE MESSAGE HINT [SET]...: at that key
    strategy=$1 place=acquisition.$2 text="strategy $1: $3" advice=$4
    shift 4
    for command in "run $small --out d" "run $small --check" "plan $small"; do
        says 2 "--set $place: $text" "$advice" \
            $command --set "acquisition.strategy=$strategy" "$@"
    done
}
strategy_is_refused sbal strategy=sbal "score disagreement: there is one member" \
    "set training.members to 2"
strategy_is_refused entropy strategy=entropy "score entropy: the model has no dropout" \
    "set model.dropout of a model that has it, as smart_cnn"
strategy_is_refused topk strategy=topk "score evidential: the model predicts no density, which \
the loss of that name asks for" "set training.loss to evidential" --set acquisition.score=evidential
strategy_is_refused sbal strategy=sbal "it predicts on from first frames, but model direct reads \
parameters and time" "choose by losses or parameters, or another model.name" \
    --set model.name=direct --set training.members=2
strategy_is_refused topk pool=3 "a proposal steers 10 simulations, but the pool has 3 candidates" \
    "raise acquisition.pool, or lower acquisition.horizon" --set training.members=2 \
    --set acquisition.pool=3 --set acquisition.horizon=10
strategy_is_refused listed file=none.txt "'none.txt': No such file or directory" \
    "weir list strategies shows its options" --set acquisition.file=none.txt
set_is_refused acquisition.strategy=no.so "there is no strategy 'no.so'" \
    "a path has a slash in it: ./no.so"
set_is_refused acquisition.strategy=./no.so "cannot be loaded: ./no.so: cannot open shared object \
file: No such file or directory" "a path is taken from the directory weir is called in; build with \
cc -shared -fPIC"
for command in "run $small --out d" "plan $small"; do
    says 2 "--set acquisition.score=loss: 'loss' is not one of disagreement|entropy|tod|evidential" "" \
        $command --set acquisition.strategy=hybrid --set acquisition.score=loss
    says 2 "--set model.name=direct: a pool's rule predicts on from first frames, but model direct \
reads parameters and time" "choose by losses or parameters, or another model.name" \
        $command --set run.mode=pool --set model.name=direct --set pool.score=loss
    says 2 "--set training.unroll=2: training.unroll 2, but model direct makes a frame at once from \
parameters and time" "set training.unroll to 1" \
        $command --set model.name=direct --set training.unroll=2
    says 2 "--set model.name=pinn: model pinn: learns from an equation, at collocation points; samples \
hold states" "weir list models shows its options" $command --set model.name=pinn
done

# Values that cannot work together.
says 2 "--set reservoir.watermark=1000: reservoir.watermark 1000 is more than \
the 800 samples of simulations.budget 40: training would never start" \
    "set reservoir.watermark to 800 or less" \
    run "$small" --out d --set reservoir.watermark=1000
says 2 "--set reservoir.samples_per_batch=12: reservoir.samples_per_batch 12 \
is not below training.batch 12" \
    "set reservoir.samples_per_batch below 12, or 0" \
    run "$small" --out d --set reservoir.samples_per_batch=12
says 2 "$small:17: reservoir.watermark: reservoir.watermark 60 + run.lanes 4 x \
reservoir.slots_per_port 8 = 92 samples do not fit into reservoir.capacity 80" \
    "set reservoir.capacity to 92 or more" \
    run "$small" --out d --set reservoir.capacity=80
says 2 "--set reservoir.slots_per_port=1: '1' is out of range (expected 2 to \
65536 samples)" "" run "$small" --out d --set reservoir.slots_per_port=1
says 2 "--set reservoir.rule=fifo: training.steps 120 of training.batch 12 \
need 1440 samples, but reservoir.rule fifo uses each of 800 once" \
    "set training.steps to 66 or less, or to 0" \
    run "$small" --out d --set reservoir.rule=fifo
says 2 "--set placement.groups=9: placement.groups 9, but training.batch 12 \
in micro-batches of 3 is work for 4" \
    "set placement.groups to 4 or less, or 0" \
    run "$small" --out d --set placement.groups=9
says 2 "--set acquisition.strategy=tod: strategy tod: score tod compares weights 120 gradient \
steps apart, and the run makes 120: nothing would be proposed" \
    "set acquisition.apart below 120" \
    run "$small" --out d --quiet --set acquisition.strategy=tod --set acquisition.apart=120

[ -e d ] && fail "a refused configuration made a directory"
finish
