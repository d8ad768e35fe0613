# SPDX-License-Identifier: BSD-3-Clause
"""Hold a run's ledger against the log that its clients kept.

usage: clients.py DIR LOG N SAMPLES [stopped|killed]

N simulations are done, each with SAMPLES samples, and no other was begun; every
one was finished by a client, in the attempt the ledger names and with the
parameter it names; what else a client finished was lost on the way and ran again.
A run that was stopped may have had all samples of a simulation but not yet the
word of its end: what resumes it counts an attempt, and asks no client. One that was
killed loses what clients finished after its last checkpoint, and counts attempts
from there.
"""
import array
import glob
import json
import struct
import sys

# struct weir_ledger_row: eight u32, one u64, six i64.
ROW = struct.Struct("<IIIIIIIIQqqqqqq")
DONE = 3


def read_ledger(directory):
    newest = sorted(glob.glob(directory + "/checkpoints/step-*.safetensors"))[-1]
    with open(newest, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(n)), f.read()
    def tensor(name):
        first, last = header[name]["data_offsets"]
        return data[first:last]
    rows = list(ROW.iter_unpack(tensor("ledger.rows")))
    dims = header["ledger.value"]["shape"][1]
    return rows, array.array("d", tensor("ledger.value"))[::dims]


def read_log(path):
    finished = {}
    for line in open(path):
        simulation, attempt, parameter = line.split()
        if int(attempt) > 0:  # not held out
            key = int(simulation), int(attempt)
            finished.setdefault(key, []).append(float(parameter))
    return finished


def finishes(finished, i, attempts):
    return [p for a in attempts for p in finished.get((i, a), [])]


def main(directory, log, n, samples, end=""):
    rows, value = read_ledger(directory)
    finished = read_log(log)
    assert [r[0] for r in rows] == [DONE] * int(n), [r[0] for r in rows]
    for i, row in enumerate(rows):
        attempts = range(1 if end else row[1], row[1] + 1)
        assert row[2] == int(samples), "%d: %d samples" % (i, row[2])
        assert value[i] in finishes(finished, i, attempts), \
            "%d, attempt %d: not in the log with its parameter" % (i, row[1])
    for (i, attempt), parameters in finished.items():
        if end == "killed":
            break
        assert len(parameters) == 1, "%d, attempt %d: twice" % (i, attempt)
        assert parameters[0] == value[i], "%d ran with another parameter" % i
        assert attempt <= rows[i][1], "%d ran again after it was done" % i
    print("%d done, %d finished by clients" % (len(rows), len(finished)))


main(*sys.argv[1:])
