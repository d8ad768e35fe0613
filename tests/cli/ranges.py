# SPDX-License-Identifier: BSD-3-Clause
"""ranges.py WAS NOW: two run files; NOW went on with A0 at most 0."""

import sys

import h5py

was, now = (h5py.File(name, "r")["simulations"] for name in sys.argv[1:])
old, new = was["parameters"][:], now["parameters"][:]
begun = len(old)  # only those have rows
assert 0 < begun < len(new) == 40, (begun, len(new))
assert (old == new[:begun]).all()
assert (new[:begun, 0] > 0).any() and (new[begun:, 0] <= 0).all()
