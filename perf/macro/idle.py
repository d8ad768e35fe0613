#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What threads cost that have nothing to do, and page faults on the hot path.

    idle.py WEIR [SECONDS]

Runs, each looked at for SECONDS (default 4) through /proc. Share of a core that
each thread takes:
  waiting  solvers are programs that never attach: everyone waits.
  slow     two programs in Python send a frame every quarter of a second; a
           small net takes a step for each, so groups do have some work.
  paused   the same, the programs stopped.
Page faults:
  warm     Gray-Scott on 256 x 256 points, a reservoir of a GiB that is being
           filled while a small net trains on it: page faults of each thread,
           from the 20th gradient step on.
One JSON line a thread, then the largest. WEIR lies where it was built, beside
the client library. Needs NumPy.
"""
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time

WAITING = """solver: {name: external, fields: u, grid: 64}
run: {lanes: 2}
parameters: {a: {low: 0, high: 1}}
validation: {trajectories: 0}
test: {trajectories: 0}
"""
SLOW = """solver: {{command: [{python}, {solver}], processes: 2, grid: 64, dt: 1}}
run: {{lanes: 2}}
parameters: {{a: {{low: 0, high: 1}}}}
simulations: {{budget: 2000, steps: 50}}
reservoir: {{capacity: 2048, watermark: 8, samples_per_batch: 1}}
model: {{name: convnet, width: 4, depth: 1}}
training: {{steps: 90000, batch: 4, micro_batch: 2, warmup_steps: 10}}
validation: {{trajectories: 0}}
test: {{trajectories: 0}}
acquisition: {{strategy: uniform}}
checkpoint: {{every: 0}}
"""
SOLVER = """import time
import numpy as np
from weir_client import Client
with Client() as weir:
    for simulation in weir:
        for i in range(weir.frames):
            weir.send(np.full(weir.shape[1], simulation.parameters[0] + i))
            time.sleep(0.25)
"""
WARM = """solver: {name: gs2d, points: 256}
simulations: {budget: 2000, steps: 50}
reservoir: {capacity: 2048, watermark: 40, samples_per_batch: 3}
model: {name: convnet, width: 4, depth: 1}
training: {steps: 1000000, batch: 4, micro_batch: 1, warmup_steps: 10}
validation: {trajectories: 0}
test: {trajectories: 0}
acquisition: {strategy: uniform}
checkpoint: {every: 0, reservoir: never}
"""


def threads(pid):
    """{tid: (name, cpu ns, minor faults, major faults)}"""
    found = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/stat") as f:
            stat = f.read()
        with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
            cpu = int(f.read().split()[0])
        name = stat[stat.index("(") + 1:stat.rindex(")")]
        fields = stat[stat.rindex(")") + 2:].split()
        found[tid] = name, cpu, int(fields[7]), int(fields[9])
    return found


def look(pid, seconds):
    before, began = threads(pid), time.monotonic()
    time.sleep(seconds)
    after, took = threads(pid), time.monotonic() - began
    for tid in sorted(after, key=int):
        if tid in before:
            then, now = before[tid], after[tid]
            yield (now[0], (now[1] - then[1]) / took * 1e-9,
                   now[2] - then[2], now[3] - then[3])


def report(name, unit, values):
    for thread, value in values:
        print(json.dumps({"name": name, "thread": thread, "unit": unit,
                          "median": value}))
    print(json.dumps({"name": name, "thread": "largest", "unit": unit,
                      "n": len(values),
                      "median": max(v for _, v in values)}), flush=True)


def stop_children(pid):
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/children") as f:
            for child in f.read().split():
                os.kill(int(child), signal.SIGSTOP)


def watch(weir, text, ready, seconds, paused=False):
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        solver = os.path.join(os.path.abspath(tmp), "solver.py")
        with open(solver, "w") as f:
            f.write(SOLVER)
        if text is SLOW:
            text = text.format(python=sys.executable, solver=solver)
        config, out = os.path.join(tmp, "run.yaml"), os.path.join(tmp, "run")
        with open(config, "w") as f:
            f.write(text)
        run = subprocess.Popen([weir, "run", config, "--out", out, "--quiet"],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not ready(weir, out):
            if run.poll() is not None or time.monotonic() > deadline:
                run.kill()
                sys.exit("idle.py: the run did not come as far")
            time.sleep(0.2)
        if paused:
            stop_children(run.pid)
            time.sleep(1)
        seen = list(look(run.pid, seconds))
        steps = step(weir, out)
        run.send_signal(signal.SIGINT)
        try:
            run.wait(20)
        except subprocess.TimeoutExpired:
            run.kill()
    return seen, steps


def step(weir, out):
    seen = subprocess.run([weir, "top", out, "--once", "--json"],
                          capture_output=True, text=True)
    if seen.returncode:
        return -1
    counters = json.loads(seen.stdout)["counters"]
    return next(c["value"] for c in counters if c["label"] == "train.step")


def is_up(weir, out):
    time.sleep(1)
    return step(weir, out) >= 0


def has_begun(weir, out):
    return step(weir, out) >= 1


def is_warm(weir, out):
    return step(weir, out) >= 20


def main():
    weir = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 4
    print(f"# idle: {seconds:g} s each, {os.cpu_count()} cores, "
          f"{platform.processor() or platform.machine()}, load "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    here = os.path.dirname(os.path.abspath(__file__))
    os.environ["PYTHONPATH"] = os.path.join(here, "../../src/client")
    os.environ["WEIR_CLIENT_LIBRARY"] = os.path.join(
        os.path.dirname(os.path.abspath(weir)), "libweir_client.so")
    for name, text, ready in (("waiting", WAITING, is_up),
                              ("slow", SLOW, has_begun),
                              ("paused", SLOW, has_begun)):
        seen, _ = watch(weir, text, ready, seconds, name == "paused")
        report(f"idle_{name}", "share of a core",
               [(t, round(cpu, 5)) for t, cpu, _, _ in seen])
    seen, steps = watch(weir, WARM, is_warm, seconds)
    print(f"# warm: {steps} gradient steps so far")
    report("page_faults", "in the time", [(t, a + b) for t, _, a, b in seen])


main()
