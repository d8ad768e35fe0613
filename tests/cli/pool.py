# SPDX-License-Identifier: BSD-3-Clause
"""Hold the lists of a pool run's rounds against what they must be.

usage: pool.py lists DIR SIZE N...    round k has N[k] simulations, every place of
                                      a pool of SIZE at most once, and begins with
                                      those of the round before
       pool.py centres DIR [further]  the pool is used up, each batch as k-centre
                                      greedy has it, with the distance of two points
"""
import glob
import math
import sys


def rounds(directory):
    lists = []
    for path in sorted(glob.glob(directory + "/round-*.txt")):
        rows = [line.split("#") for line in open(path)]
        lists.append([(int(place), [float(v) for v in u.split()]) for u, place in rows])
    return lists


def check_lists(directory, size, counts):
    lists = rounds(directory)
    assert [len(r) for r in lists] == counts, [len(r) for r in lists]
    for before, after in zip(lists, lists[1:]):
        assert after[: len(before)] == before
    places = [place for place, _ in lists[-1] if place >= 0]
    assert len(places) == len(lists[-1]) - counts[0]
    assert len(set(places)) == len(places) and max(places, default=0) < size
    assert all(0 <= v <= 1 for _, u in lists[-1] for v in u)


def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b))


def with_distance(u):
    """And how far (A0, phi0) is from (A1, phi1), of the most there can be."""
    wide = (2, 2 * math.pi)
    apart = math.hypot(wide[0] * (u[0] - u[1]), wide[1] * (u[2] - u[3]))
    return u + [apart / math.hypot(*wide)]


def check_centres(directory, further):
    lists = rounds(directory)
    if further:
        lists = [[(place, with_distance(u)) for place, u in rows] for rows in lists]
    labelled = [u for _, u in lists[0]]
    pool = [u for place, u in lists[-1] if place >= 0]
    for _, chosen in lists[-1][len(lists[0]):]:
        nearest = [min(distance(c, u) for u in labelled) for c in pool]
        # Coordinates were rounded to float before distances were compared.
        assert nearest[pool.index(chosen)] > max(nearest) - 1e-6
        labelled.append(chosen)
        pool.remove(chosen)
    assert not pool


if sys.argv[1] == "lists":
    check_lists(sys.argv[2], int(sys.argv[3]), [int(v) for v in sys.argv[4:]])
else:
    check_centres(sys.argv[2], len(sys.argv) > 3)
