# SPDX-License-Identifier: BSD-3-Clause
"""Read a run file as a user would.

usage: runfile_check.py FILE grows|done
"grows": follow a file that is being written until it has been seen to grow 20
times. "done": read a finished one in the ordinary way.
"""
import sys
import time

import h5py
import numpy


def check(number, square, name, label):
    n = min(len(number), len(square), len(name), len(label))
    want = numpy.arange(n)
    assert (number[:n] == want).all()
    assert (square[:n] == numpy.stack([want**2 + k for k in range(3)], 1)).all()
    assert (label[:n] == want % 7).all()
    for i in range(max(0, n - 50), n):
        assert name[i].decode() == f"row {i}", (i, name[i])
    return n


def columns(f):
    return [f["train/" + c] for c in ("number", "square", "name", "label")]


path, mode = sys.argv[1:]
if mode == "grows":
    with h5py.File(path, "r", swmr=True) as f:
        seen, rows, last = 0, -1, time.time()
        while seen < 20:
            for d in columns(f):
                d.refresh()
            n = check(*(d[:] for d in columns(f)))
            assert n >= rows
            if n > rows:
                seen, rows, last = seen + 1, n, time.time()
            assert time.time() - last < 60, "does not grow"
            assert f["status"][()] == 0
        print(f"followed to {rows} rows")
else:
    with h5py.File(path, "r") as f:
        n = check(*(d[:] for d in columns(f)))
        assert n == f["train/number"].shape[0] == f["train/name"].shape[0]
        assert f["status"][()] == 5
        assert f["train/square"].shape == (n, 3)
        assert f["train/square"].dtype == numpy.float64
        assert f["train/number"].dtype == numpy.uint64
        assert f["train/label"].dtype == numpy.int32

        def text(value):
            return value.decode() if isinstance(value, bytes) else value

        assert text(f["train/square"].attrs["unit"]) == "m2"
        assert "unit" not in f["train/number"].attrs
        assert text(f["train/number"].attrs["description"]) == "row"
        assert text(f["train"].attrs["description"]) == "many rows"
        assert text(f.attrs["config"]) == "a: 1\nname: \u00e9\n"
        assert text(f.attrs["weir.format"]) == "1"
        print(f"{n} rows")
