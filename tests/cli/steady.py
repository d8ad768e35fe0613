#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""steady.py A B: the newest checkpoints of two runs hold the same weights, running
statistics among them, which have moved."""
import json
import pathlib
import struct
import sys


def newest(folder):
    files = pathlib.Path(folder, "checkpoints").glob("step-*.safetensors")
    data = max(files).read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8:8 + n])
    return {name: data[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]]
            for name, t in head.items()
            if name.startswith(("model.", "adam.", "best."))}


def main():
    a, b = newest(sys.argv[1]), newest(sys.argv[2])
    if not any("running_mean" in name for name in a):
        raise SystemExit("no running statistics")
    variance = next(x for name, x in a.items()
                    if name.startswith("model.") and "running_var" in name)
    if a.keys() != b.keys() or struct.unpack("<f", variance[:4])[0] == 1:
        raise SystemExit("other tensors, or statistics that did not move")
    apart = [name for name in a if a[name] != b[name]]
    if apart:
        raise SystemExit("not the same: " + " ".join(apart))


main()
