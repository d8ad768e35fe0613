#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# best.safetensors loads, name by name and strictly, into the PyTorch
# definitions of perf/peers, which then give what `weir predict` gives.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/onnx_cases.sh"
python=$(python_with torch) || skip "no python3 with torch"
"$python" -c "import h5py" 2>/dev/null || skip "no h5py beside torch"

no_onnx=yes
onnx_runs="$onnx_runs
solver.name=gs2d solver.points=16 model.name=scot model.heads=2"
onnx_cases
"$python" "$WEIR_SOURCE/tests/cli/torch_peers.py" \
    "$WEIR_SOURCE/perf/peers" case* || fail "other states"
finish
