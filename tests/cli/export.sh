#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `weir export`: the ONNX file, read and run by a small interpreter in NumPy,
# gives what `weir predict` gives.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/onnx_cases.sh"
python=$(python_with h5py) || skip "no python3 with h5py"

onnx_cases
"$python" "$WEIR_SOURCE/tests/cli/export.py" case* || fail "other states"

says 2 "export: which run?" "weir export --help" export
says 2 "export: --onnx F.onnx is needed" "weir export --help" export run1
says 2 "'case1/net.onnx' is there already" "take another name, or delete it" \
    export run1 --onnx case1/net.onnx
says 3 "nowhere/x.onnx: No such file or directory" "" \
    export run1 --onnx nowhere/x.onnx
finish
