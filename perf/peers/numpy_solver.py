#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The spectral solvers as a NumPy user would write them, against solver_step.

    python3 perf/peers/numpy_solver.py BUILD/perf/solver_step [rounds [numpy]]

The same scheme, the same grid, the same number of real FFTs per step, double
precision, one thread. SciPy's FFT is used where SciPy is installed; NumPy's
otherwise, or with the word numpy. Each round runs our program, then the peer, and gives one ratio of
their median CPU times; the median ratio counts. On a busy machine the ratio of
the least times of all rounds is the steadier number. Prints conditions, then one JSON object per case.
"""
import json
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

try:
    if "numpy" in sys.argv[3:]:
        raise ImportError
    import scipy
    from scipy import fft

    FFT = "scipy " + scipy.__version__
except ImportError:
    from numpy import fft

    FFT = "numpy.fft " + np.__version__


def weights(z, dt):
    circle = np.exp(2j * np.pi * (np.arange(16) + 0.5) / 16)
    lr = z[..., None] * dt + circle
    e = np.exp(lr)

    def mean(x):
        return dt * x.mean(-1)

    w = {
        "e": np.exp(z * dt),
        "eh": np.exp(z * dt / 2),
        "h": mean((np.exp(lr / 2) - 1) / lr),
        "p1": mean((e - 1) / lr),
        "p2": mean((e - 1 - lr) / lr**2),
        "w1": mean((-4 - lr + e * (4 - 3 * lr + lr**2)) / lr**3),
        "w2": mean((2 + lr + e * (lr - 2)) / lr**3),
        "w3": mean((-4 - 3 * lr - lr**2 + e * (4 - lr)) / lr**3),
    }
    if np.isrealobj(z):
        w = {k: v.real.copy() for k, v in w.items()}
    return w


def etdrk2(u, w, N):
    nu = N(u)
    a = w["e"] * u + w["p1"] * nu
    return a + w["p2"] * (N(a) - nu)


def etdrk4(u, w, N):
    nu = N(u)
    eu = w["eh"] * u
    a = eu + w["h"] * nu
    na = N(a)
    b = eu + w["h"] * na
    nb = N(b)
    c = w["eh"] * a + w["h"] * (2 * nb - nu)
    return w["e"] * u + w["w1"] * nu + 2 * w["w2"] * (na + nb) + w["w3"] * N(c)


def keep(n, f):
    return int(np.floor(f * (n // 2) - 1 + 1e-9))


def case_1d(name, n):
    length = 50.0 if name == "kdv" else 60.0
    k = 2 * np.pi / length * np.arange(n // 2 + 1)
    mask = np.arange(n // 2 + 1) <= keep(n, 2 / 3)
    ik = 1j * k * mask
    if name == "kdv":
        z = -1.068115234375 * (1j * k) ** 3 - 0.107288360595703125 * k**4
        factor = -0.5 * 6.25 * ik
        N = lambda u: factor * fft.rfft(fft.irfft(u * mask, n) ** 2)
    elif name == "ks":
        z = 0.84375 * k**2 - 0.37078857421875 * k**4
        out = -0.5 * 8.4375 * mask
        out[0] = 0
        N = lambda u: out * fft.rfft(fft.irfft(ik * u, n) ** 2)
    else:
        z = 1.40625 * k**2 - 0.4449462890625 * k**4
        factor = -0.5 * 3.75 * ik
        N = lambda u: factor * fft.rfft(fft.irfft(u * mask, n) ** 2)
    x = 2 * np.pi * np.arange(n) / n
    return fft.rfft(0.5 * np.sin(x + 1) + 0.4 * np.sin(2 * x)), z, N


def case_2d(name, n):
    length = {"ks2d": 30.0, "ns2d": 2 * np.pi, "gs2d": 1.0}[name]
    f = 0.5 if name == "gs2d" else 2 / 3
    nx = np.fft.fftfreq(n, 1 / n)[:, None]
    ny = np.arange(n // 2 + 1)[None, :]
    mask = (abs(nx) <= keep(n, f)) & (ny <= keep(n, f))
    kx, ky = 2 * np.pi / length * nx, 2 * np.pi / length * ny
    k2 = kx**2 + ky**2
    ikx, iky = 1j * kx * mask, 1j * ky * mask
    s = (n, n)
    g = 2 * np.pi * np.arange(n) / n
    start = np.sin(g[:, None] + 1) * np.cos(2 * g[None, :]) + 0.3 * np.cos(g)
    if name == "ks2d":
        z = k2 - (kx**4 + ky**4)
        out = -0.5 * mask
        out[0, 0] = 0

        def N(u):
            ux, uy = fft.irfft2(ikx * u, s), fft.irfft2(iky * u, s)
            return out * fft.rfft2(ux * ux + uy * uy)

    elif name == "ns2d":
        z = -0.01 * k2 - 0.1
        inverse = np.where(k2 > 0, 1 / np.where(k2 > 0, k2, 1), 0)
        iu, iv = iky * inverse, -ikx * inverse
        force = fft.rfft2(np.broadcast_to(-4 * np.cos(4 * g), s))

        def N(w):
            u, v = fft.irfft2(iu * w, s), fft.irfft2(iv * w, s)
            wx, wy = fft.irfft2(ikx * w, s), fft.irfft2(iky * w, s)
            return force - mask * fft.rfft2(u * wx + v * wy)

    else:
        z = np.stack([-2e-5 * k2, -1e-5 * k2])
        feed = np.zeros((n, n // 2 + 1))
        feed[0, 0] = 0.02 * n * n

        def N(uv):
            uv = uv * mask
            u, v = fft.irfft2(uv[0], s), fft.irfft2(uv[1], s)
            r = mask * fft.rfft2(u * v * v)
            return np.stack([feed - 0.02 * uv[0] - r, r - 0.066 * uv[1]])

        b = 0.25 * np.exp(-20 * (2 - np.cos(g[:, None]) - np.cos(g)))
        return fft.rfft2(np.stack([1 - b, b])), z, N
    return fft.rfft2(start), z, N


def peer(name, n, order):
    u, z, N = case_1d(name, n) if not name.endswith("2d") else case_2d(name, n)
    w = weights(z, 1e-4)
    step = etdrk4 if order == 4 else etdrk2
    count = 200 if not name.endswith("2d") else 2 if n > 100 else 10
    for _ in range(max(count // 5, 2)):
        u = step(u, w, N)
    times = []
    for _ in range(20):
        start = time.thread_time()
        for _ in range(count):
            u = step(u, w, N)
        times.append((time.thread_time() - start) / count * 1e9)
    if not np.isfinite(u).all():
        raise SystemExit(name + ": the peer blew up")
    return statistics.median(times), min(times)


def ours(program, name, n, order):
    text = subprocess.run([program, name, str(n), str(order)], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(text.splitlines()[-1])


CASES = [("kdv", 160, 4), ("ks", 160, 4), ("ks_cons", 800, 4), ("ks2d", 64, 2),
         ("ks2d", 256, 2), ("ns2d", 64, 2), ("ns2d", 256, 2), ("gs2d", 64, 2),
         ("gs2d", 256, 2)]


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"# numpy_solver: {rounds} rounds, ours then the peer, CPU time of "
          f"one thread; {FFT}, Python {platform.python_version()}")
    with open("/proc/loadavg", encoding="ascii") as f:
        print("# load", f.read().strip(), flush=True)
    for name, n, order in CASES:
        pairs, best = [], [1e30, 1e30]
        for _ in range(rounds):
            row = ours(program, name, n, order)
            median, least = peer(name, n, order)
            pairs.append((median / row["median"], row["median"], median,
                          row["fft_share"]))
            best = [min(best[0], row["min"]), min(best[1], least)]
        ratio, mine, theirs, share = map(statistics.median, zip(*pairs))
        print(json.dumps({
            "name": "numpy_solver", "solver": name, "points": n,
            "order": order, "unit": "ns of CPU per step of the scheme",
            "weir": round(mine), "peer": round(theirs),
            "ratio": round(ratio, 2), "ratio_of_min":
            round(best[1] / best[0], 2), "fft_share": share}), flush=True)


main()
