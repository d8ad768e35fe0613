# SPDX-License-Identifier: BSD-3-Clause
"""Run litmus tests under RC11, by listing every execution.

RC11 is C11 with its known holes closed (Lahav, Vafeiadis, Kang, Hur, Dreyer,
"Repairing sequential consistency in C/C++11", PLDI 2017), here without fences
and with the shorter release sequences of C++20, which allow more. herd7 does
the same and much more, but is seldom installed; this reads only the C that the
tests of this folder use: straight lines, `if (register == number)`, atomic
load, store, exchange and fetch_add, plain access. Integers only.

A test passes when its outcome has the stated result and nothing races, and when
each weaker version it names does not: `Weaker: P1 release relaxed` changes the
order on the lines labelled P1, `Without: L3` leaves the line out.

Usage: rc11.py FILE...
"""
import itertools
import re
import sys
from collections import namedtuple

Event = namedtuple("Event", "id thread kind loc read wrote order source")
# kind: R, W or U (both); source: id of the write it reads from, or None
ACQUIRE, RELEASE = {"acquire", "acq_rel", "seq_cst"}, {"release", "acq_rel", "seq_cst"}

CALL = re.compile(r"(?:int (\w+) = )?atomic_(load|store|exchange|fetch_add)_explicit"
                  r"\((\w+), (?:(-?\d+), )?memory_order_(\w+)\);")
PLAIN_LOAD = re.compile(r"(?:int )?(\w+) = \*(\w+);")
PLAIN_STORE = re.compile(r"\*(\w+) = (-?\d+);")
SET = re.compile(r"int (\w+) = (-?\d+);")
IF = re.compile(r"if \((\w+) == (-?\d+)\) \{")


def parse(text):
    """(initial values, statements per thread, condition as Python)."""
    initial = dict((k, int(v)) for k, v in re.findall(r"^\s+(\w+) = (-?\d+);$",
                   re.search(r"^\{(.*?)\}", text, re.S | re.M).group(1), re.M))
    threads = []
    for body in re.findall(r"^P\d+ \([^)]*\) \{\n(.*?)^\}", text, re.S | re.M):
        lines = [re.sub(r"/\*.*?\*/", "", x).strip() for x in body.splitlines()]
        threads.append([x for x in lines if x])
    c = re.search(r"^exists (.*)", text, re.M).group(1)
    c = c.replace("/\\", " and ").replace("\\/", " or ").replace("~", " not ")
    return initial, threads, re.sub(r"(\d+):(\w+)=(-?\d+)", r"(reg[\1, '\2'] == \3)", c)


def step(thread, pc, line, reg):
    """What a line does: go in, skip a block, set a register, or access memory."""
    if m := IF.fullmatch(line):
        return ("in" if reg[thread, m[1]] == int(m[2]) else "skip",)
    if line == "}":
        return ("in",)
    if m := SET.fullmatch(line):
        return ("set", m[1], int(m[2]))
    if m := CALL.fullmatch(line):
        kind = {"load": "R", "store": "W"}.get(m[2], "U")
        return ("access", kind, m[3], m[1], m[2], int(m[4] or 0), m[5])
    if m := PLAIN_LOAD.fullmatch(line):
        return ("access", "R", m[2], m[1], "load", 0, "plain")
    if m := PLAIN_STORE.fullmatch(line):
        return ("access", "W", m[1], None, "store", int(m[2]), "plain")
    raise SystemExit(f"rc11: cannot read: {line}")


def executions(initial, threads):
    """Every (events, registers) in which each read takes an earlier write: the
    interleavings cover all of them, since RC11 has no cycle of program order
    and reads-from. Events 0.. are the initial writes."""
    locations = {x for t in threads for line in t
                 for x in re.findall(r"_explicit\((\w+)|\*(\w+)", line) for x in x if x}
    first = tuple(Event(i, -1, "W", x, None, initial.get(x, 0), "plain", None)
                  for i, x in enumerate(sorted(locations)))
    seen, todo = set(), [(first, (0,) * len(threads), ())]
    while todo:
        events, pcs, registers = todo.pop()
        key = (frozenset(renamed(events)), pcs, registers)
        if key in seen:
            continue
        seen.add(key)
        ended = True
        for t, pc in enumerate(pcs):
            if pc == len(threads[t]):
                continue
            ended = False
            reg = dict(registers)
            what = step(t, pc, threads[t][pc], reg)
            after = pc + 1
            if what[0] == "skip":
                after = threads[t].index("}", pc) + 1
            moved = pcs[:t] + (after,) + pcs[t + 1 :]
            if what[0] == "set":
                reg[t, what[1]] = what[2]
            if what[0] != "access":
                todo.append((events, moved, tuple(sorted(reg.items()))))
                continue
            _, kind, loc, into, name, number, order = what
            sources = [e for e in events if e.loc == loc and e.kind != "R"]
            for w in sources if kind != "W" else [None]:
                got = w.wrote if w else None
                put = {"load": None, "fetch_add": (got or 0) + number}.get(name, number)
                event = Event(len(events), t, kind, loc, got, put, order, w and w.id)
                now = dict(reg)
                if into and kind != "W":
                    now[t, into] = got
                todo.append((events + (event,), moved, tuple(sorted(now.items()))))
        if ended:
            yield events, dict(registers)


def renamed(events):
    """Events named by thread and place in it, whatever the interleaving."""
    names, count = {}, {}
    for e in events:
        count[e.thread] = count.get(e.thread, 0) + 1
        names[e.id] = (e.thread, count[e.thread])
    return [(names[e.id], e.kind, e.loc, e.read, e.wrote, e.order, names.get(e.source))
            for e in events]


def join(a, b):
    """a ; b"""
    after = {}
    for x, y in b:
        after.setdefault(x, []).append(y)
    return {(x, z) for x, y in a for z in after.get(y, ())}


def closure(r):
    result = set(r)
    while more := join(result, r) - result:
        result |= more
    return result


def acyclic(r):
    return all(x != y for x, y in closure(r))


def modification_orders(events):
    """Every total order of each location's writes, the initial one first."""
    per_location = []
    for loc in {e.loc for e in events}:
        writes = [e.id for e in events if e.loc == loc and e.kind != "R"]
        per_location.append([(writes[0],) + p for p in itertools.permutations(writes[1:])])
    for orders in itertools.product(*per_location):
        yield {p for o in orders for p in itertools.combinations(o, 2)}


def happens_before(events, sb, rf):
    by_id = {e.id: e for e in events}
    updates = {(a, b) for a, b in rf if by_id[b].kind == "U"}
    chains = closure(updates) | {(e.id, e.id) for e in events}
    heads = {(e.id, e.id) for e in events if e.kind != "R" and e.order in RELEASE}
    sw = {(a, b) for a, b in join(join(heads, chains), rf) if by_id[b].order in ACQUIRE}
    return closure(sb | sw)


def consistent(events, sb, rf, mo, hb):
    by_id = {e.id: e for e in events}
    rb = {(a, b) for a, b in join({(y, x) for x, y in rf}, mo) if a != b}
    eco = closure(rf | mo | rb)
    same = {(a.id, b.id) for a in events for b in events if a.loc == b.loc}
    sc = {e.id for e in events if e.order == "seq_cst"}
    far = sb - same
    scb = sb | join(join(far, hb), far) | (hb & same) | mo | rb
    return (all(a != b for a, b in hb)
            and not any((b, a) in eco for a, b in hb)  # coherence
            and not any((u, w) in rb and (w, u) in mo  # atomicity
                        for u in by_id if by_id[u].kind == "U" for w in by_id)
            and acyclic({(a, b) for a, b in scb if a in sc and b in sc})
            and acyclic(sb | rf))


def races(events, hb):
    return any(a.thread != b.thread and a.loc == b.loc and {a.kind, b.kind} != {"R"}
               and "plain" in (a.order, b.order)
               and (a.id, b.id) not in hb and (b.id, a.id) not in hb
               for a, b in itertools.combinations(events, 2))


def run(text):
    """(outcomes that satisfy the condition, outcomes that do not, any race)."""
    initial, threads, condition = parse(text)
    yes, no, racy = set(), set(), False
    for events, reg in executions(initial, threads):
        sb = {(a.id, b.id) for a, b in itertools.combinations(events, 2)
              if a.thread == b.thread >= 0 or a.thread < 0 <= b.thread}
        rf = {(e.source, e.id) for e in events if e.source is not None}
        hb = happens_before(events, sb, rf)
        if any(consistent(events, sb, rf, mo, hb) for mo in modification_orders(events)):
            outcome = tuple(sorted(reg.items()))
            (yes if eval(condition, {"reg": reg}) else no).add(outcome)
            racy = racy or races(events, hb)
    return len(yes), len(no), racy


def weakened(text):
    """(what was changed, text) for each weaker version a test names."""
    for label, old, new in re.findall(r"Weaker: (\w+) (\w+) (\w+)", text):
        line = re.compile(rf"memory_order_{old}\)(.*/\* {label} \*/)")
        yield f"{label} {new}", line.sub(rf"memory_order_{new})\1", text)
    for label in re.findall(r"Without: (\w+)", text):
        yield f"no {label}", re.sub(rf".*/\* {label} \*/\n", "", text)


def word(yes, no):
    return "Never" if not yes else "Sometimes" if no else "Always"


def main(paths):
    failed = 0
    for path in paths:
        text = open(path).read()
        name = text.split()[1]
        expected = re.search(r"Result: (\w+)", text)[1]
        yes, no, racy = run(text)
        print(f"Observation {name} {word(yes, no)} {yes} {no}{' with a race' if racy else ''}")
        failed += word(yes, no) != expected or racy
        for what, weaker in weakened(text):
            yes, no, racy = run(weaker)
            same = weaker == text or (word(yes, no) == expected and not racy)
            print(f"  {what}: {word(yes, no)}{', races' if racy else ''}"
                  f"{' -- no difference' if same else ''}")
            failed += same
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
