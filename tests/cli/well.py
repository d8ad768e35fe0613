# SPDX-License-Identifier: BSD-3-Clause
"""Look at data sets of trajectories as their users do, with h5py.

usage: well.py layout FILE            it follows The Well's conventions
       well.py same A B               equal fields, parameters and scalars
       well.py names FILE NAME...     the sampled parameters, in this order
       well.py run FILE RUN           parameters are those a run simulated
       well.py rows FILE DATASET SHAPE [VALUE]   write an input: zeros or VALUE
       well.py name FILE DATASET NAME...         attribute names of an input
       well.py set FILE DATASET INDEX VALUE      change one number of an input
"""
import sys

import h5py
import numpy as np


def is_bool(value):
    return isinstance(value, (bool, np.bool_))


def is_texts(value):
    return isinstance(value, np.ndarray) and all(isinstance(v, str) for v in value)


def check_root(f):
    for name in ("dataset_name", "grid_type", "equation", "config", "host",
                 "weir.version", "weir.build", "weir.starts", "weir.seed", "weir.dataset"):
        assert isinstance(f.attrs[name], str) and f.attrs[name], name
    assert f.attrs["grid_type"] == "cartesian"
    for name in ("n_spatial_dims", "n_trajectories"):
        assert isinstance(f.attrs[name], np.integer) and f.attrs[name] > 0, name
    assert is_texts(f.attrs["simulation_parameters"])
    for name in f.attrs["simulation_parameters"]:
        assert isinstance(f.attrs[name], np.floating), name


def check_dimensions(f, real):
    dims = f["dimensions"]
    axes = list(dims.attrs["spatial_dims"])
    assert is_texts(dims.attrs["spatial_dims"])
    assert axes == ["x", "y"][: f.attrs["n_spatial_dims"]], axes
    time = dims["time"]
    assert time.dtype == real and time.ndim == 1 and time[0] == 0
    assert is_bool(time.attrs["sample_varying"]) and not time.attrs["sample_varying"]
    assert (np.diff(time[:]) > 0).all()
    for axis in axes:
        x = dims[axis]
        assert x.dtype == real
        assert is_bool(x.attrs["sample_varying"]) and is_bool(x.attrs["time_varying"])
        assert x.ndim == 1 + x.attrs["sample_varying"] and not x.attrs["time_varying"]
        assert (np.diff(x[:]) > 0).all()
    return axes, len(time)


def check_boundaries(f, axes):
    for name, b in f["boundary_conditions"].items():
        assert b.attrs["bc_type"] in ("PERIODIC", "WALL", "OPEN"), name
        assert is_texts(b.attrs["associated_dims"]) and len(b.attrs["associated_dims"]) == 1
        assert b.attrs["associated_dims"][0] in axes
        assert isinstance(b.attrs["associated_fields"], np.ndarray)
        assert is_bool(b.attrs["sample_varying"]) and is_bool(b.attrs["time_varying"])
        mask = b["mask"]
        points = f["dimensions"][b.attrs["associated_dims"][0]].shape[-1]
        assert mask.dtype == bool and mask.shape == (points,)
        assert mask[0] and mask[-1] and not mask[1:-1].any()


def check_scalars(f, real):
    group = f["scalars"]
    assert is_texts(group.attrs["field_names"])
    assert sorted(group) == sorted(group.attrs["field_names"])
    for name, s in group.items():
        assert s.dtype == real
        assert is_bool(s.attrs["sample_varying"]) and is_bool(s.attrs["time_varying"])
        assert not s.attrs["time_varying"]
        assert s.shape == ((f.attrs["n_trajectories"],) if s.attrs["sample_varying"] else ())
    for name in f.attrs["simulation_parameters"]:
        assert np.isclose(group[name][()], f.attrs[name]), name


def check_fields(f, axes, frames, real):
    for order in range(3):
        group = f[f"t{order}_fields"]
        assert is_texts(group.attrs["field_names"])
        assert sorted(group) == sorted(group.attrs["field_names"])
        assert (order == 0) == (len(group) > 0)
    shape = (f.attrs["n_trajectories"], frames) + tuple(
        f["dimensions"][a].shape[-1] for a in axes)
    for name, d in f["t0_fields"].items():
        assert d.shape == shape and d.dtype == real, (name, d.shape, d.dtype)
        assert d.attrs["dim_varying"].dtype == bool and d.attrs["dim_varying"].all()
        assert len(d.attrs["dim_varying"]) == len(axes)
        assert is_bool(d.attrs["sample_varying"]) and d.attrs["sample_varying"]
        assert is_bool(d.attrs["time_varying"]) and d.attrs["time_varying"]
        assert np.isfinite(d[:]).all() and d[:].any(), name


def check_ours(f):
    assert (f["weir/attempts"][:] > 0).all()
    if "parameters" in f:
        p = f["parameters"]
        assert p.dtype == np.float64 and is_texts(p.attrs["names"])
        for i, name in enumerate(p.attrs["names"]):
            s = f["scalars"][name]
            assert s.attrs["sample_varying"]
            assert (s[:] == p[:, i].astype(s.dtype)).all(), name


def layout(path):
    with h5py.File(path, "r") as f:
        real = next(iter(f["t0_fields"].values())).dtype
        assert real in (np.float32, np.float64)
        check_root(f)
        axes, frames = check_dimensions(f, real)
        check_boundaries(f, axes)
        check_scalars(f, real)
        check_fields(f, axes, frames, real)
        check_ours(f)


def same(a, b):
    with h5py.File(a, "r") as f, h5py.File(b, "r") as g:
        names = [n for group in ("t0_fields", "scalars", "dimensions")
                 for n in (f"{group}/{k}" for k in f[group])]
        for name in names + [n for n in ("parameters",) if n in f]:
            assert f[name].dtype == g[name].dtype, name
            assert (f[name][()] == g[name][()]).all(), name


def names(path, *expected):
    with h5py.File(path, "r") as f:
        assert list(f["parameters"].attrs["names"]) == list(expected)


def run(path, record):
    with h5py.File(path, "r") as f, h5py.File(record, "r", swmr=True) as r:
        done = r["simulations/parameters"][:][r["simulations/state"][:] == 3]
        assert len(done) > 0 and (f["parameters"][:] == done).all()


def rows(path, dataset, shape, value="0"):
    with h5py.File(path, "a") as f:
        f[dataset] = np.full([int(n) for n in shape.split(",")], float(value))


def name(path, dataset, *texts):
    with h5py.File(path, "a") as f:
        f[dataset].attrs["names"] = list(texts)


def set_one(path, dataset, index, value):
    with h5py.File(path, "a") as f:
        f[dataset][tuple(int(i) for i in index.split(","))] = float(value)


{"layout": layout, "same": same, "names": names, "run": run, "rows": rows,
 "name": name, "set": set_one}[sys.argv[1]](*sys.argv[2:])
