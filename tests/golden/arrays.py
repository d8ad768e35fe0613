# SPDX-License-Identifier: BSD-3-Clause
"""Write arrays that golden_arrays.h reads: float32 values in NAME.f32, and where
each begins and how many it has in NAME.txt."""
import os

import torch


class Writer:
    def __init__(self, folder, name):
        self.index = open(os.path.join(folder, name + ".txt"), "w")
        self.data = open(os.path.join(folder, name + ".f32"), "wb")
        self.at = 0

    def put(self, name, tensor):
        values = torch.as_tensor(tensor).detach().to(torch.float32)
        values = values.contiguous().numpy()
        self.data.write(values.tobytes())
        self.index.write(f"{name} {self.at} {values.size}\n")
        self.at += values.size
