# SPDX-License-Identifier: BSD-3-Clause
"""Check a trace: trace.py whole FILE live|lockstep | cut FILE."""
import collections
import json
import sys


def check(holds, what):
    if not holds:
        print("FAILED:", what)
        sys.exit(1)


def check_spans(events, at_the_end):
    """Spans of a thread nest: every end has the name of the last begin."""
    stacks, last, ended = collections.defaultdict(list), {}, collections.Counter()
    for e in events:
        if e["ph"] == "M":
            continue
        tid = e["tid"]
        check(e["ts"] >= last.get(tid, e["ts"]) - 0.0015, "time goes back: %s" % e)
        last[tid] = e["ts"]
        if e["ph"] == "B":
            stacks[tid].append(e["name"])
        elif e["ph"] == "E":
            check(stacks[tid] and stacks[tid][-1] == e["name"], "unmatched end: %s" % e)
            ended[stacks[tid].pop()] += 1
        elif e["ph"] in "stf":
            check(stacks[tid], "an arrow tied to nothing: %s" % e)
    check(not at_the_end or not any(stacks.values()),
          "spans without an end: %s" % dict(stacks))
    return ended


def hops(events, name):
    return [e for e in events if e["ph"] == "i" and e["name"] == name]


def only(found, what):
    check(len(found) == 1, "%d times: %s" % (len(found), what))
    return found[0]


def follow(events):
    """From the losses of a batch to the first step on what they asked for."""
    proposals, followed = collections.defaultdict(list), 0
    for e in hops(events, "proposal"):
        proposals[e["args"]["simulation"]].append(e)
    claims = {e["args"]["simulation"]: e for e in hops(events, "claim")
              if e["args"]["attempt"] == 1}
    by = {}
    for name in ("sample_commit", "sample_accept", "sample_draw"):
        by[name] = collections.defaultdict(list)
        for e in hops(events, name):
            by[name][e["args"]["simulation"], e["args"]["step"]].append(e)
    losses = {e["args"]["batch"]: e for e in hops(events, "loss_publish")}
    folds = {e["args"]["batch"]: e for e in hops(events, "loss_fold")}
    for (simulation, step), draws in by["sample_draw"].items():
        made = [p for p in proposals[simulation]
                if p["ts"] <= claims[simulation]["ts"]]
        if not made:
            continue  # of the first design
        proposal, batch = made[-1], made[-1]["args"]["batch"]
        chain = [losses[batch], folds[batch], proposal, claims[simulation],
                 only(by["sample_commit"][simulation, step], "commit"),
                 only(by["sample_accept"][simulation, step], "accept"),
                 only(draws, "first draw")]
        times = [e["ts"] for e in chain]
        check(times == sorted(times), "out of order: %s" % chain)
        check(draws[0]["args"]["batch"] > batch, "drawn before it was asked for")
        followed += 1
    return followed


def check_arrows(events):
    """What arrives has left before, under the same id."""
    left = collections.Counter(e["id"] for e in events if e["ph"] == "s")
    for e in events:
        if e["ph"] == "f" and e["name"] in ("sample", "losses", "checkpoint"):
            check(left[e["id"]] == 1, "an arrow from nowhere: %s" % e)


def whole(path, clock):
    events = json.load(open(path))
    ended = check_spans(events, True)
    check(ended["draw"] == ended["take_in"] == 120, "steps: %s" % ended)
    check(ended["passes"] == ended["forward"] == ended["backward"] == 480,
          "micro-batches: %s" % ended)
    # A live trainer may be done before the solvers are.
    least = 40 if clock == "lockstep" else 20
    check(least <= ended["start"] <= 40, "simulations: %s" % ended)
    check(19 * 20 < ended["solve"] <= ended["start"] * 20, "steps: %s" % ended)
    accepted = len(hops(events, "sample_accept"))
    check(accepted == 800 or clock == "live", "samples: %d" % accepted)
    check(accepted <= len(hops(events, "sample_commit")) == ended["deliver"],
          "more came than were sent")
    check(ended["checkpoint"] >= 1 and ended["fold"] == 120, "services")
    check(ended["evaluate"] > 0, "evaluations")
    names = {e["args"]["name"] for e in events if e["name"] == "thread_name"}
    wanted = {"weir-group0", "weir-solver0", "weir-recorder", "weir-checkpoint"}
    wanted |= {"weir-acquire"} if clock == "live" else set()
    check(wanted <= names, "threads: %s" % names)
    check_arrows(events)
    check(follow(events) > 0, "no sample that losses asked for was trained on")


def cut(path):
    text = open(path).read()
    check(900000 < len(text) <= 1000000, "%d bytes" % len(text))
    events = json.loads(text + "]")  # as viewers forgive
    check_spans(events, False)
    check(len(events) > 1000, "events")


{"whole": whole, "cut": cut}[sys.argv[1]](*sys.argv[2:])
