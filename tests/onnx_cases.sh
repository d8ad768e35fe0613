# SPDX-License-Identifier: BSD-3-Clause
# What the tests of exported surrogates share: onnx_cases makes a folder for
# each model below, with net.onnx, and states before and after one step as `weir
# predict` gives them. Needs $python with h5py. With $no_onnx set nothing is
# exported.
onnx_runs="solver.points=32
model.activation=gelu training.members=3
training.residual=false model.activation=silu training.ema=0.9
model.name=resnet model.activation=tanh
model.name=dilresnet
model.name=unet model.padding=zero
model.name=unet
model.padding=mirror
model.name=fno
model.name=mlp model.width=16
solver.name=gs2d solver.points=12
solver.name=gs2d solver.points=12 model.padding=mirror
solver.name=gs2d solver.points=16 model.name=unet
solver.name=gs2d solver.points=16 model.name=fno model.modes=5
solver.name=gs2d solver.points=12 model.name=fno model.modes=3 model.style=li"

onnx_cases() {
    number=0
    echo "$onnx_runs" >runs
    while read -r changes; do
        set=
        for change in $changes; do set="$set --set $change"; done
        number=$((number + 1))
        ends 0 run "$small" --out run$number --set training.steps=12 \
            --set simulations.steps=8 --set simulations.budget=12 \
            --set reservoir.watermark=40 --set test.trajectories=0 $set
        mkdir case$number
        ends 0 generate run$number/resolved.yaml --n 2 --out case$number/in.h5
        ends 0 predict run$number --data case$number/in.h5 --steps 1 \
            --out case$number/out.h5
        [ -n "${no_onnx:-}" ] ||
            ends 0 export run$number --onnx case$number/net.onnx
    done <runs
    [ "$number" -gt 8 ] || fail "only $number cases"
    "$python" - case* <<'END' || fail "states of the cases"
import sys
import h5py
import numpy as np

def states(path, frame, last=""):
    fields = h5py.File(path)["t0_fields"]
    names = [n.decode() if isinstance(n, bytes) else n
             for n in fields.attrs["field_names"]]
    names = [n for n in names if n.endswith("_spread") == bool(last)]
    return names and np.stack([fields[n][:, frame] for n in names], 1)

for folder in sys.argv[1:]:
    before = states(folder + "/in.h5", 0)
    before.astype("<f4").tofile(folder + "/in.f32")
    states(folder + "/out.h5", 1).astype("<f4").tofile(folder + "/next.f32")
    spread = states(folder + "/out.h5", 1, "_spread")
    if len(spread):
        spread.astype("<f4").tofile(folder + "/spread.f32")
    shape = " ".join(map(str, before.shape))
    open(folder + "/shape.txt", "w").write(shape)
END
}
