# SPDX-License-Identifier: BSD-3-Clause
"""Check what `weir top` prints for programs, and pretend to be a job.

top.py json FILE DIR PID | openmetrics FILE DIR | lines FILE STATE TEXT
       trained FILE STEPS | serve SOCKET version|text|silent
"""
import json
import os
import re
import socket
import struct
import sys


def check(holds, what):
    if not holds:
        print("FAILED:", what)
        sys.exit(1)


def check_json(path, where, pid):
    seen = json.load(open(path))
    check(seen["dir"] == where and seen["pid"] == int(pid), "which job")
    check(seen["state"] == "running" and seen["ending"] == "", "state")
    counters = {c["label"]: c for c in seen["counters"]}
    check([c["id"] for c in seen["counters"]] == list(range(len(counters))), "ids")
    check(counters["train.step"]["type"] == "total", "type")
    check(counters["train.step"]["value"] > 0, "steps")
    r = seen["reservoir"]
    check(r["unseen"] + r["seen"] + r["free"] + r["lent"] == r["capacity"] == 300,
          "reservoir %s" % r)
    check(seen["rates"]["steps_per_s"] > 0, "rates")
    check(all(0 <= w <= 1 for w in seen["waits"].values()), "waits")
    check(len(seen["lanes"]) >= 1, "lanes")
    check(all(l["state"] in "SFI." for l in seen["lanes"]), "states")
    roles = [t["role"] for t in seen["threads"]]
    check("group" in roles and "solver" in roles and "service" in roles, "roles")
    for t in seen["threads"]:
        check(t["tid"] > 0, "thread %s runs" % t["name"])
        name = open("/proc/%s/task/%d/comm" % (pid, t["tid"])).read().strip()
        check(name == t["name"], "thread %s is called %s" % (t["name"], name))
    spans = {l["name"]: l for l in seen["latencies"]}
    for l in spans.values():
        check(l["p50"] <= l["p90"] <= l["p99"] <= l["p999"] <= l["max"] or
              l["count"] == 0, "order of %s" % l)
    for name in ("forward_ns", "backward_ns", "reduce_ns", "ready_ring_ns",
                 "solver_slot_wait_ns", "loss_to_acquisition_ns"):
        check(spans[name]["count"] > 0, name)


def check_openmetrics(path, where):
    lines = open(path).read().split("\n")
    check(lines[-2:] == ["# EOF", ""], "ends with EOF")
    kinds, values = {}, {}
    for line in lines[:-2]:
        m = re.fullmatch(r"# (TYPE|UNIT) ([a-z_][a-z0-9_]*) (\w+)", line)
        if m:
            if m[1] == "TYPE":
                check(m[2] not in kinds, "declared twice: " + line)
                kinds[m[2]] = m[3]
            else:
                check(m[2].endswith("_" + m[3]), "unit in the name: " + line)
            continue
        m = re.fullmatch(
            r'([a-z_][a-z0-9_]*)\{run="([^"]*)"((?:,[a-z]+="[^"]*")?)\} (\S+)', line)
        check(m and m[2] == os.path.realpath(where), "line " + line)
        family = re.sub(r"_(total|sum|count)$", "", m[1])
        family = m[1] if m[1] in kinds else family
        check(family in kinds, "undeclared: " + line)
        check(kinds[family] != "counter" or m[1].endswith("_total"), line)
        check((m[1], m[3]) not in values, "said twice: " + line)
        values[m[1], m[3]] = float(m[4])
    check(values["weir_up", ""] == 1, "up")
    check(values["weir_train_step_total", ""] > 0, "steps")
    check(0 <= values["weir_train_wait_seconds_total", ""] < 600, "waits")
    check(values["weir_forward_seconds_count", ""] > 0, "forward")
    check(0 < values["weir_forward_seconds", ',quantile="0.5"'] < 60, "a median")


def check_lines(path, state, text):
    seen = [json.loads(line) for line in open(path)]
    check(len(seen) >= 2, "several looks")
    check(all(s["state"] == "running" for s in seen[:-1]), "running at first")
    check(seen[-1]["state"] == state, "last: " + seen[-1]["state"])
    check(text in seen[-1]["ending"], "how: " + seen[-1]["ending"])
    steps = [s["counters"][0]["value"] for s in seen]
    check(steps == sorted(steps), "steps go on")


def serve(path, what):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen()
    peer, _ = listener.accept()
    peer.recv(4096)
    if what == "version":
        peer.send(struct.pack("<QIIiI480x", 0x7269657700000002, 7, 1, 0, 0))
    elif what == "text":
        peer.send(b"220 mail.example.org ESMTP\r\n")


mode, args = sys.argv[1], sys.argv[2:]
if mode == "trained":
    last = json.load(open(args[0]))
    sys.exit(not last["counters"][0]["value"] >= int(args[1]))
{"json": check_json, "openmetrics": check_openmetrics, "lines": check_lines,
 "serve": serve}[mode](*args)
