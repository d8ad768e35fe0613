# SPDX-License-Identifier: BSD-3-Clause
"""Hold a run's ledger against the log that its clients kept.

usage: clients.py DIR LOG N SAMPLES [REDRAWN]

N simulations are done, each with SAMPLES samples; every one was finished by a
client, in the attempt the ledger names and with the parameter it names; whatever
else a client finished was lost on the way and ran again. At most REDRAWN
(default 0) failed.
"""
import array
import glob
import json
import os
import struct
import sys

# struct weir_ledger_row: eight u32, one u64, six i64.
ROW = struct.Struct("<IIIIIIIIQqqqqqq")
DONE, FAILED = 3, 4


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


def main(directory, log, n, samples, redrawn="0"):
    rows, value = read_ledger(directory)
    finished = {}
    if os.path.exists(log):
        for line in open(log):
            simulation, attempt, parameter = line.split()
            key = int(simulation), int(attempt)
            if key[1] > 0:  # not held out
                assert key not in finished, "twice in one attempt: %d, %d" % key
                finished[key] = float(parameter)
    done = [i for i, r in enumerate(rows) if r[0] == DONE]
    failed = [i for i, r in enumerate(rows) if r[0] == FAILED]
    assert len(done) == int(n), "%d done" % len(done)
    assert len(done) + len(failed) == len(rows), [r[0] for r in rows]
    assert len(failed) <= int(redrawn), "%d failed" % len(failed)
    for i in done:
        attempt = rows[i][1]
        assert rows[i][2] == int(samples), "%d: %d samples" % (i, rows[i][2])
        assert (i, attempt) in finished, "%d, %d is not in the log" % (i, attempt)
    for (i, attempt), parameter in finished.items():
        assert parameter == value[i], "%d ran with another parameter" % i
        assert attempt <= rows[i][1], "%d ran again after it was done" % i
    print("%d done, %d finished by clients, %d failed"
          % (len(done), len(finished), len(failed)))


main(*sys.argv[1:])
