# SPDX-License-Identifier: BSD-3-Clause
"""Hold a run's ledger against the log that its clients kept.

usage: clients.py DIR LOG N SAMPLES [resumed]

N simulations are done, each with SAMPLES samples, and no other was begun; every
one was finished by a client, in the attempt the ledger names and with the
parameter it names; what else a client finished was lost on the way and ran again.
What clients had finished between the last checkpoint of a run that was killed and
its end is lost with it, and attempts count from the checkpoint: `resumed` allows
for that.
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


def main(directory, log, n, samples, resumed=""):
    rows, value = read_ledger(directory)
    finished = read_log(log)
    assert [r[0] for r in rows] == [DONE] * int(n), [r[0] for r in rows]
    for i, row in enumerate(rows):
        attempt = row[1]
        assert row[2] == int(samples), "%d: %d samples" % (i, row[2])
        assert value[i] in finished.get((i, attempt), []), \
            "%d, attempt %d: not in the log with its parameter" % (i, attempt)
    for (i, attempt), parameters in finished.items():
        if resumed:
            break
        assert len(parameters) == 1, "%d, attempt %d: twice" % (i, attempt)
        assert parameters[0] == value[i], "%d ran with another parameter" % i
        assert attempt <= rows[i][1], "%d ran again after it was done" % i
    print("%d done, %d finished by clients" % (len(rows), len(finished)))


main(*sys.argv[1:])
