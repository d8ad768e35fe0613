# SPDX-License-Identifier: BSD-3-Clause
# What the tests of exported surrogates share: onnx_cases makes a folder for
# each model below, with net.onnx, what it reads and what `weir predict` makes of
# that. tensors.txt has a line for each, "in|out NAME SHAPE", its floats being in
# NAME.f32. Needs $python with h5py. With $no_onnx set nothing is exported, and
# there are only those that lead from state to state.
onnx_runs="solver.points=32
model.activation=gelu training.members=3
training.residual=false model.activation=silu training.ema=0.9
model.name=resnet model.activation=tanh
model.name=dilresnet
model.name=unet model.padding=zero
model.name=unet
model.name=unet model.padding=mirror model.levels=1
model.name=fno
model.name=mlp model.width=16
solver.name=gs2d solver.points=12
solver.name=gs2d solver.points=12 model.name=unet model.levels=1 model.padding=mirror
solver.name=gs2d solver.points=16 model.name=unet
solver.name=gs2d solver.points=16 model.name=fno model.modes=5
solver.name=gs2d solver.points=12 model.name=fno model.modes=3 model.style=li"
burgers="solver.name=burgers solver.sample=nu parameters.nu.low=3e-4
 parameters.nu.high=3e-3 parameters.nu.axis=log"
onnx_others="training.loss=evidential training.members=2
model.name=direct model.width=16 training.members=2
$(echo $burgers) model.name=direct model.width=16 model.activation=tanh
solver.name=heat2d solver.points=12 model.name=direct training.loss=evidential
solver.name=sources solver.points=16 simulations.steps=1 simulations.budget=96 model.name=direct
solver.name=sources solver.points=33 simulations.steps=1 simulations.budget=96 model.name=smart_unet model.width=1 training.loss=evidential"

onnx_cases() {
    number=0
    echo "$onnx_runs" >runs
    [ -n "${no_onnx:-}" ] || echo "$onnx_others" >>runs
    while read -r changes; do
        set=
        for change in $changes; do set="$set --set $change"; done
        number=$((number + 1))
        ends 0 run "$small" --out run$number --set training.steps=12 \
            --set simulations.steps=8 --set simulations.budget=12 \
            --set reservoir.watermark=40 --set test.trajectories=0 $set \
            --quiet
        mkdir case$number
        ends 0 generate run$number/resolved.yaml --n 2 --out case$number/in.h5
        ends 0 predict run$number --data case$number/in.h5 \
            --out case$number/out.h5
        [ -n "${no_onnx:-}" ] ||
            ends 0 export run$number --onnx case$number/net.onnx
    done <runs
    [ "$number" -gt 8 ] || fail "only $number cases"
    "$python" "$WEIR_SOURCE/tests/onnx_cases.py" case* || fail "cases"
}
