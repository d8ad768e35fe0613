#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The exported files in onnxruntime: npm install --ignore-scripts
# onnxruntime-node, and NODE_PATH set to where that put it.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/onnx_cases.sh"
python=$(python_with h5py) || skip "no python3 with h5py"
command -v node >/dev/null || skip "no node"
node -e 'require("onnxruntime-node")' 2>/dev/null ||
    skip "no onnxruntime-node in NODE_PATH"

onnx_cases
node "$WEIR_SOURCE/tests/cli/export.js" case* || fail "other states"
finish
