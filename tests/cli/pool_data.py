# SPDX-License-Identifier: BSD-3-Clause
"""Hold a pool run on a data set against the data set.

usage: pool_data.py rows DIR F.h5 HELD   what the last round of DIR trained on are
                                         different trajectories of F.h5, none of
                                         the last HELD, with their parameters
       pool_data.py strip F.h5 G.h5      G.h5 is F.h5 as another program would
                                         write it: parameters as scalars only,
                                         fields in chunks, nothing of Weir's
"""
import sys

import h5py
import numpy as np


def check_rows(directory, path, held):
    with h5py.File(directory + "/round-02/run.h5", "r") as run, h5py.File(path, "r") as f:
        used = run["simulations/parameters"][:]
        known = f["parameters"][:]
    place = np.floor(used[:, 0]).astype(int)
    assert len(used) == 13 and len(set(place)) == len(place)
    assert place.min() >= 0 and place.max() < len(known) - held
    assert np.allclose(used[:, 1:], known[place], rtol=1e-12, atol=1e-12)
    assert list(place) != sorted(place)


def strip(path, out):
    with h5py.File(path, "r") as f, h5py.File(out, "w") as g:
        g.attrs["dataset_name"] = f.attrs["dataset_name"]
        for group in ("dimensions", "scalars"):
            f.copy(group, g)
        fields = g.create_group("t0_fields")
        fields.attrs["field_names"] = f["t0_fields"].attrs["field_names"]
        for name, field in f["t0_fields"].items():
            fields.create_dataset(name, data=field[:], chunks=(1,) + field.shape[1:],
                                  compression="gzip")


if sys.argv[1] == "rows":
    check_rows(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    strip(sys.argv[2], sys.argv[3])
