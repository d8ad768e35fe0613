# SPDX-License-Identifier: BSD-3-Clause
"""A solver of one's own in Python: the heat equation u_t = d u_xx on a periodic
line, by finite differences and explicit Euler steps in NumPy.

    export PYTHONPATH=$(pkg-config --variable=pythondir weir_client)
    weir run heat.yaml
"""
import numpy as np
from weir_client import Client

FRAME_DT, SUBSTEPS = 0.01, 10


def initial(points, amplitude, centre, width):
    """A bump that closes on itself."""
    x = np.arange(points) / points
    distance = (x - centre + 0.5) % 1 - 0.5
    return amplitude * np.exp(-0.5 * (distance / width) ** 2)


def advance(u, diffusivity):
    """One frame later."""
    h, dt = 1 / u.size, FRAME_DT / SUBSTEPS
    for _ in range(SUBSTEPS):
        curve = (np.roll(u, 1) - 2 * u + np.roll(u, -1)) / h**2
        u = u + dt * diffusivity * curve
    return u


def frame(u, diffusivity):
    """All that the next one follows from: a surrogate sees nothing else."""
    return np.stack([u, np.full_like(u, diffusivity)])


with Client() as weir:
    for simulation in weir:
        amplitude, centre, width, diffusivity = simulation.parameters
        u = initial(weir.shape[1], amplitude, centre, width)
        weir.send(frame(u, diffusivity))
        for _ in range(weir.frames - 1):
            u = advance(u, diffusivity)
            weir.send(frame(u, diffusivity))
