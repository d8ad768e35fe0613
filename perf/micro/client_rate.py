# SPDX-License-Identifier: BSD-3-Clause
"""The solver of client_rate.c in Python: it sends an array it has, a frame at a
time. What it takes longer than C is what Python adds to a frame."""
import numpy

from weir_client import Client

with Client() as weir:
    frame = numpy.zeros(weir.shape, numpy.float32)
    for simulation in weir:
        for _ in range(weir.frames):
            weir.send(frame)
