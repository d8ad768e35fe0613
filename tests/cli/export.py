# SPDX-License-Identifier: BSD-3-Clause
"""Read ONNX files as protobuf, run their nodes in NumPy, compare.

usage: export.py CASE...    folders as tests/onnx_cases.sh makes them
What is not known here, a field or a kind of node, is an error.
"""
import math
import os
import struct
import sys

import h5py
import numpy as np

# ---- protobuf: a message is a list of (field, value) ----


def varint(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if not b[at - 1] & 128:
            return value, at


def message(b):
    fields, at = [], 0
    while at < len(b):
        key, at = varint(b, at)
        if key & 7 == 0:
            value, at = varint(b, at)
            value -= (value >> 63) << 64
        elif key & 7 == 2:
            size, at = varint(b, at)
            value, at = b[at : at + size], at + size
        elif key & 7 == 5:
            value, at = struct.unpack("<f", b[at : at + 4])[0], at + 4
        else:
            raise ValueError("wire type %d" % (key & 7))
        fields.append((key >> 3, value))
    return fields


def all_of(m, field):
    return [v for f, v in m if f == field]


def tensor(b):
    m = message(b)
    (kind,), (raw,) = all_of(m, 2), all_of(m, 9)
    kinds = {1: "<f4", 7: "<i8", 11: "<f8"}
    return all_of(m, 8)[0].decode(), np.frombuffer(raw, kinds[kind]).reshape(
        all_of(m, 1))


def attribute(b):
    m = message(b)
    name, (kind,) = all_of(m, 1)[0].decode(), all_of(m, 20)
    value = {1: lambda: all_of(m, 2)[0], 2: lambda: all_of(m, 3)[0],
             3: lambda: all_of(m, 4)[0].decode(),
             7: lambda: all_of(m, 8)}[kind]()
    return name, value


# ---- nodes ----


def pad(x, pads, value=0.0):
    n = len(pads) // 2
    width = [(0, 0)] * (x.ndim - n) + list(zip(pads[:n], pads[n:]))
    return np.pad(x, width, constant_values=value)


def windows(x, size, strides, dilations):
    """(batch, channels, out..., taps...)"""
    n = len(size)
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilations)]
    w = np.lib.stride_tricks.sliding_window_view(
        x, reach, tuple(range(x.ndim - n, x.ndim)))
    pick = [slice(None)] * 2 + [slice(None, None, s) for s in strides]
    return w[tuple(pick + [slice(None, None, d) for d in dilations])]


def conv(a, x, w, b=None):
    n = x.ndim - 2
    x = pad(x, a.get("pads", [0] * 2 * n))
    v = windows(x, w.shape[2:], a.get("strides", [1] * n),
                a.get("dilations", [1] * n))
    y = np.tensordot(v, w, (list(range(-n, 0)) + [1],
                            list(range(2, 2 + n)) + [1]))
    y = np.moveaxis(y, -1, 1)
    return y if b is None else y + b.reshape([-1] + [1] * n)


def conv_transpose(a, x, w):
    n, k, s = x.ndim - 2, w.shape[2:], a["strides"]
    extra, pads = a["output_padding"], a["pads"]
    full = [(i - 1) * t + m + e
            for i, t, m, e in zip(x.shape[2:], s, k, extra)]
    y = np.zeros([len(x), w.shape[1]] + full)
    for at in np.ndindex(*k):
        to = [slice(p, p + t * (i - 1) + 1, t)
              for p, t, i in zip(at, s, x.shape[2:])]
        term = np.tensordot(x, w[(slice(None), slice(None)) + at], (1, 0))
        y[(slice(None), slice(None), *to)] += np.moveaxis(term, -1, 1)
    cut = [slice(p, f - q) for p, q, f in zip(pads[:n], pads[n:], full)]
    return y[(slice(None), slice(None), *cut)]


def cut(a, x, start, end, axis, step=(1,)):
    where = [slice(None)] * x.ndim
    last = None if abs(int(end[0])) > 1 << 40 else int(end[0])
    where[int(axis[0])] = slice(int(start[0]), last, int(step[0]))
    return x[tuple(where)]


def instance_norm(a, x, scale, bias):
    axes = tuple(range(2, x.ndim))
    shape = [1, -1] + [1] * len(axes)
    y = (x - x.mean(axes, keepdims=True)) / np.sqrt(
        x.var(axes, keepdims=True) + a["epsilon"])
    return y * scale.reshape(shape) + bias.reshape(shape)


def pool(a, x):
    n = x.ndim - 2
    v = windows(x, a["kernel_shape"], a["strides"], [1] * n)
    return v.max(tuple(range(-n, 0)))


def resize(a, x, roi, scales, size):
    for axis in range(2, x.ndim):
        n, m = x.shape[axis], int(size[axis])
        if a["mode"] == "nearest":
            x = x.take(np.arange(m) * n // m, axis)
            continue
        at = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
        low = np.floor(at).astype(int)
        part = (at - low).reshape([-1] + [1] * (x.ndim - 1 - axis))
        x = x.take(low, axis) * (1 - part) + part * x.take(
            np.minimum(low + 1, n - 1), axis)
    return x


def batch_norm(a, x, scale, bias, mean, var):
    scale, bias, mean, var = (v.reshape([1, -1] + [1] * (x.ndim - 2))
                              for v in (scale, bias, mean, var))
    return (x - mean) / np.sqrt(var + a["epsilon"]) * scale + bias


def reshape(a, x, shape):
    return x.reshape([x.shape[i] if s == 0 else s for i, s in enumerate(shape)])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def leaky(a, x):
    return np.where(x > 0, x, a["alpha"] * x)


NODES = {
    "Add": lambda a, x, y: x + y,
    "Sub": lambda a, x, y: x - y,
    "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y,
    "MatMul": lambda a, x, y: x @ y,
    "Mean": lambda a, *x: sum(x) / len(x),
    "Sqrt": lambda a, x: np.sqrt(x),
    "Cast": lambda a, x: x.astype({1: "f8", 11: "f8"}[a["to"]]),
    "Max": lambda a, x, y: np.maximum(x, y),
    "Exp": lambda a, x: np.exp(x),
    "Log": lambda a, x: np.log(x),
    "Neg": lambda a, x: -x,
    "Abs": lambda a, x: np.abs(x),
    "Cos": lambda a, x: np.cos(x),
    "Sin": lambda a, x: np.sin(x),
    "Erf": lambda a, x: np.vectorize(math.erf)(x),
    "Relu": lambda a, x: np.maximum(x, 0),
    "LeakyRelu": leaky,
    "Sigmoid": lambda a, x: sigmoid(x),
    "Tanh": lambda a, x: np.tanh(x),
    "Identity": lambda a, x: x,
    "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "Slice": cut,
    "Transpose": lambda a, x: x.transpose(a["perm"]),
    "Reshape": reshape,
    "Pad": lambda a, x, p: np.pad(
        x, list(zip(p[: x.ndim], p[x.ndim :])), a["mode"]),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "InstanceNormalization": instance_norm,
    "BatchNormalization": batch_norm,
    "MaxPool": pool,
    "Resize": resize,
    "Shape": lambda a, x: np.array(x.shape),
}


def run(graph, inputs):
    values = dict(inputs)
    for t in all_of(graph, 5):
        name, value = tensor(t)
        assert name not in values, name
        values[name] = value if value.dtype == "<i8" else value.astype("f8")
    for node in map(message, all_of(graph, 1)):
        inputs = [values[i.decode()] if i else None
                  for i in all_of(node, 1)]
        attributes = dict(map(attribute, all_of(node, 5)))
        (out,), (op,) = all_of(node, 2), all_of(node, 4)
        values[out.decode()] = NODES[op.decode()](attributes, *inputs)
    return values


def dims(info):
    (kind,) = all_of(message(info), 2)
    (of,) = all_of(message(kind), 1)
    assert all_of(message(of), 1) == [1]
    (shape,) = all_of(message(of), 2)
    return [(all_of(message(d), 1) or all_of(message(d), 2))[0]
            for d in all_of(message(shape), 1)]


def told(graph, field):
    """The interface: shapes by name."""
    return {all_of(message(i), 1)[0].decode(): dims(i)
            for i in all_of(graph, field)}


def parameters(graph, path):
    """Their names are those of the data set the case was made of."""
    about = [all_of(message(i), 3)[0] for i in all_of(graph, 11)
             if all_of(message(i), 1) == [b"parameters"]]
    if about:
        names = h5py.File(path)["parameters"].attrs["names"]
        assert about[0].decode().split(", ") == [
            n.decode() if isinstance(n, bytes) else n for n in names], about


def check(folder):
    tensors = [line.split() for line in open(folder + "/tensors.txt")]
    shapes, values = {"in": {}, "out": {}}, {"in": {}, "out": {}}
    for way, name, *shape in tensors:
        shape = list(map(int, shape))
        shapes[way][name] = [b"batch"] + shape[1:]
        values[way][name] = np.fromfile(
            "%s/%s.f32" % (folder, name), "<f4").reshape(shape).astype("f8")
    model = message(open(folder + "/net.onnx", "rb").read())
    assert all_of(model, 1) == [8]
    assert [all_of(message(o), 2) for o in all_of(model, 8)] == [[17]]
    graph = message(all_of(model, 7)[0])
    assert told(graph, 11) == shapes["in"], told(graph, 11)
    assert told(graph, 12) == shapes["out"], told(graph, 12)
    parameters(graph, folder + "/in.h5")
    got = run(graph, values["in"])
    size = np.abs(next(iter(values["out"].values()))).max()
    for name, wanted in values["out"].items():
        error = np.abs(got[name] - wanted).max()
        print("%s %s %.1e" % (folder, name, error / size))
        assert error / size < 2e-6 and error < 1e-3 * np.abs(wanted).max()
        # A prediction that is what was read would prove little.
        before = values["in"].get("state", 0 * wanted)
        assert np.abs(got[name] - before).max() / size > 1e-4


for folder in sys.argv[1:]:
    check(folder)
