#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a set of two-source problems looks like: histograms of the distance of
the two centres, of the second intensity and of the four coordinates.

    weir generate configs/cases/two_sources.yaml --out F.h5
    python3 configs/studies/two_sources.py F.h5 [BINS]

F.h5 is a data set, or the run.h5 of a run: then it is what the strategy chose.
A centre is the floor of what was sampled. Beside each count stands what
independent uniform centres and intensities would give: for distances the exact
sum over all pairs of lattice points.
"""
import sys

import h5py
import numpy as np

WIDTH = 40


def read(path):
    with h5py.File(path, "r") as f:
        if "parameters" in f:
            rows, names = f["parameters"][:], f["parameters"].attrs["names"]
        else:
            rows = f["simulations/parameters"][:]
            names = f.attrs["parameters"]
    names = names.split() if isinstance(names, str) else [str(n) for n in names]
    column = {n: rows[:, i] for i, n in enumerate(names)}
    wanted = ["row0", "col0", "row1", "col1", "q1"]
    if names != wanted:
        raise SystemExit(f"{path}: parameters are {names}, expected {wanted}")
    return column


def expected_distances(low, high, edges):
    """Shares of all pairs of lattice points low .. high by their distance."""
    n = high - low + 1
    step = np.arange(-(n - 1), n)
    weight = (n - abs(step)) / n**2
    distance = np.hypot(step[:, None], step[None, :])
    return np.histogram(distance, edges, weights=np.outer(weight, weight))[0]


def show(title, edges, counts, shares):
    total = counts.sum()
    top = max(counts.max(), (shares * total).max(), 1)
    print(f"{title}: {total} samples")
    for i, (count, share) in enumerate(zip(counts, shares)):
        bar = "#" * int(round(WIDTH * count / top))
        print(f"  {edges[i]:6.4g} .. {edges[i + 1]:6.4g}  {count:6d}"
              f"  {share * total:9.1f}  {bar}")
    print()


def main():
    column = read(sys.argv[1])
    bins = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    centre = {n: np.floor(v).astype(int) for n, v in column.items() if n != "q1"}
    low = min(v.min() for v in centre.values())
    high = max(v.max() for v in centre.values())
    print("count, then what uniform sampling would give\n")
    distance = np.hypot(centre["row0"] - centre["row1"],
                        centre["col0"] - centre["col1"])
    edges = np.linspace(0, np.hypot(high - low, high - low) + 1e-9, bins + 1)
    show("distance", edges, np.histogram(distance, edges)[0],
         expected_distances(low, high, edges))
    edges = np.linspace(0.01, 1, bins + 1)
    show("second intensity", edges, np.histogram(column["q1"], edges)[0],
         np.full(bins, 1 / bins))
    for name, value in centre.items():
        edges = np.linspace(low, high + 1, bins + 1)
        share = np.histogram(np.arange(low, high + 1), edges)[0] / (high + 1 - low)
        show(name, edges, np.histogram(value, edges)[0], share)


main()
