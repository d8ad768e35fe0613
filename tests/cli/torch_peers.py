# SPDX-License-Identifier: BSD-3-Clause
"""Load runN/checkpoints/best.safetensors into the PyTorch definition of the same
model and compare one step with caseN/next.f32.

usage: torch_peers.py PEERS CASE...    cases as tests/onnx_cases.sh makes them
"""
import sys

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])
import torch_surrogate  # noqa: E402

compared = 0
for case in sys.argv[2:]:
    path = case.replace("case", "run") + "/checkpoints/best.safetensors"
    meta, _ = torch_surrogate.read(path)
    padding = torch_surrogate.options(meta).get("padding")
    if padding == "mirror" or (padding == "zero" and
                               meta["weir.model"] == "unet"):
        continue  # the peers have no such border, or only in the way down
    with open(case + "/tensors.txt") as listed:
        shape = list(map(int, listed.readline().split()[2:]))
    x = torch.tensor(np.fromfile(case + "/state.f32", "<f4").reshape(shape))
    wanted = np.fromfile(case + "/next.f32", "<f4").reshape(shape)
    members = torch_surrogate.load(path)
    with torch.no_grad():
        got = sum(member(x) for member in members) / len(members)
    error = np.abs(got.numpy() - wanted).max() / np.abs(wanted).max()
    print("%s %s %.1e" % (case, meta["weir.model"], error))
    assert error < 1e-5, case
    compared += 1
assert compared > 8, compared
