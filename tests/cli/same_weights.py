#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""same_weights.py A B [statistics]: the newest checkpoints of two runs hold the same
weights and moments and, when so asked, running statistics, which have moved."""
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


def statistics_moved(tensors):
    variance = [x for name, x in tensors.items()
                if name.startswith("model.") and "running_var" in name]
    return variance and struct.unpack("<f", variance[0][:4])[0] != 1


def main():
    a, b = newest(sys.argv[1]), newest(sys.argv[2])
    if not a or a.keys() != b.keys():
        raise SystemExit("other tensors, or none")
    if "statistics" in sys.argv[3:] and not statistics_moved(a):
        raise SystemExit("no running statistics, or none that moved")
    apart = [name for name in a if a[name] != b[name]]
    if apart:
        raise SystemExit("not the same: " + " ".join(apart))


main()
