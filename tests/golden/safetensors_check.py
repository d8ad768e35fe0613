# SPDX-License-Identifier: BSD-3-Clause
"""Read a checkpoint of tests/checkpoints.h by the published format alone.

usage: safetensors_check.py FILE STEP FLOATS
Python without any module from outside; where the reference loader is installed
it has to agree.
"""
import json
import struct
import sys
import zlib

SIZE = {"F32": 4, "F64": 8, "I32": 4, "I64": 8, "U8": 1, "U32": 4, "U64": 8}


def no_duplicates(pairs):
    assert len({k for k, _ in pairs}) == len(pairs), "duplicate key"
    return dict(pairs)


def load(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    text, data = raw[8 : 8 + n], raw[8 + n :]
    assert text[:1] == b"{" and len(text) == n
    body = text.rstrip(b" ")
    assert body.endswith(b"}")
    header = json.loads(body.decode("utf-8"), object_pairs_hook=no_duplicates)
    assert (8 + n) % 4096 == 0, "data do not start on a page"
    meta = header.pop("__metadata__")
    assert all(isinstance(v, str) for v in meta.values())
    tensors, end = {}, 0
    for name, t in sorted(header.items(), key=lambda e: e[1]["data_offsets"]):
        assert set(t) == {"dtype", "shape", "data_offsets"}
        first, last = t["data_offsets"]
        assert first == end, "hole or overlap"
        count = 1
        for axis in t["shape"]:
            count *= axis
        assert last - first == count * SIZE[t["dtype"]]
        assert first % SIZE[t["dtype"]] == 0, "misaligned"
        tensors[name] = (t["dtype"], t["shape"], data[first:last])
        end = last
    assert end == len(data), "file size"
    seal = meta["weir.crc32"].split(" ")
    at = raw.index(seal[0].encode())
    plain = raw[:at] + b"0" * 8 + raw[at + 8 : 8 + n]
    assert int(seal[0], 16) == zlib.crc32(plain), "checksum of the header"
    for name, crc in zip(header, seal[1:], strict=True):
        assert int(crc, 16) == zlib.crc32(tensors[name][2]), name
    return meta, tensors


def reference_agrees(path, tensors):
    try:
        from safetensors import deserialize
    except ImportError:
        return "reference loader not installed"
    found = {name: (t["dtype"], list(t["shape"]), bytes(t["data"]))
             for name, t in deserialize(open(path, "rb").read())}
    assert found == tensors
    return "reference loader agrees"


path, step, floats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
meta, tensors = load(path)
assert meta["note"] == "test" and meta["weir.format"] == "3"
weights = struct.pack(f"<{floats}f", *(step * 31 + i % 8191 for i in range(floats)))
moments = struct.pack("<777d", *(step / (i + 1) for i in range(777)))
ledger = bytes((step + i) % 256 for i in range(1001))
assert tensors == {
    "weights": ("F32", [floats], weights),
    "moments": ("F64", [777], moments),
    "ledger": ("U8", [1001], ledger),
}
print(f"{path}: ok; {reference_agrees(path, tensors)}")
