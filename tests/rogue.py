# SPDX-License-Identifier: BSD-3-Clause
"""A solver that speaks the client protocol (src/client/wire.h) by itself, and
wrongly: the first process in a place does what its argument says, those started
after it behave. Needs nothing but Python.
"""
import array
import mmap
import os
import random
import socket
import struct
import sys
import time

MAGIC, VERSION, PORT = 0x7269657700000002, 1, 2
FRAME, DONE, FAILED = 1, 2, 3
OFFERED, SIMULATION, HEAD, TAIL, TAKEN, REASON, BELL = 128, 136, 192, 320, 384, 392, 704
OVER = 2**64 - 1

mode = sys.argv[1] if os.environ.get("WEIR_START") == "1" else "honest"
folder = os.environ["WEIR_RUN"] + "/solvers"


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = os.getcwd()
    os.chdir(folder)
    s.connect("socket")
    os.chdir(here)
    return s


def ask(s, handover=VERSION, wire=1, token=os.environ["WEIR_TOKEN"]):
    body = struct.pack("<Ii32s", wire, int(os.environ["WEIR_PROCESS"]), token.encode())
    s.send(struct.pack("<QIIiI480s", MAGIC, handover, PORT, 0, len(body), body))
    message, fds, _, _ = socket.recv_fds(s, 1024, 1)
    status, = struct.unpack_from("<i", message, 16)
    if status:
        print("refused:", status, message[24:].split(b"\0")[0].decode(), flush=True)
        sys.exit(5)
    size, = struct.unpack_from("<Q", message, 24)
    return mmap.mmap(fds[0], size)


class Port:
    def __init__(self, memory):
        self.m = memory
        # One store a word; struct.pack_into clears it first.
        self.word = memoryview(memory).cast("Q")
        (_, _, self.floats, self.parameters, self.slots, self.stride, self.ring,
         _, _, _, _, self.frames) = struct.unpack_from("<QQQQQQIIIIII", memory, 0)
        self.tail = self.taken = 0

    def get(self, at):
        return self.word[at // 8]

    def put(self, at, value):
        self.word[at // 8] = value % 2**64

    def wait(self, ready):
        while not ready():
            time.sleep(0.0005)
            if os.getppid() == 1:
                sys.exit(0)

    def next(self):
        self.wait(lambda: self.get(OFFERED) != self.taken)
        self.taken = self.get(OFFERED)
        if self.taken == OVER:
            sys.exit(0)
        self.simulation, self.attempt = struct.unpack_from("<II", self.m, SIMULATION)
        self.first, = struct.unpack_from("<d", self.m, self.parameters)
        self.put(TAKEN, self.taken)

    def commit(self, kind, frame, values=None, simulation=None, tail=None):
        self.wait(lambda: self.tail - self.get(HEAD) < self.ring
                  or self.get(OFFERED) == OVER)
        at = self.slots + self.tail % self.ring * self.stride
        if values is not None:
            self.m[at + 64:at + 64 + 4 * self.floats] = values.tobytes()
        struct.pack_into("<IIII", self.m, at, kind,
                         self.simulation if simulation is None else simulation,
                         self.attempt, frame)
        if kind == FRAME and frame == self.frames - 1 and self.attempt:
            with open(os.environ["WEIR_FAULT_LOG"], "a") as log:
                log.write("%d %d %.17g\n" % (self.simulation, self.attempt, self.first))
        self.tail += 1
        self.put(TAIL, self.tail if tail is None else tail)
        self.put(BELL, self.get(BELL) ^ 1)


def values(port, frame):
    return array.array("f", [port.first + 0.01 * ((i + frame) % 7)
                             for i in range(port.floats)])


def honest(port, wrong=None):
    """Simulations for ever; in the first one, after two frames, `wrong`."""
    while True:
        port.next()
        for frame in range(port.frames):
            if wrong and frame == 2:
                wrong(port)
                wrong = None
            port.commit(FRAME, frame, values(port, frame))
        if mode == "extra":
            port.commit(FRAME, port.frames, values(port, 0))
        port.commit(DONE, port.frames)


def leave(how):
    time.sleep(3600 if how == "stay" else 0)
    sys.exit(0)


def nan(port):
    bad = values(port, 2)
    bad[-1] = float("nan")
    port.commit(FRAME, 2, bad)
    leave("stay")


def scribble(port):
    """Over the whole mapping, again and again."""
    end = time.monotonic() + float(os.environ.get("WEIR_SCRIBBLE_SECONDS", "1"))
    while time.monotonic() < end:
        if random.random() < 0.5:
            port.m[:] = os.urandom(len(port.m))
        else:
            port.put(TAIL, random.getrandbits(random.choice([3, 64])))
    leave("go")


def misplace(port, tail):
    port.wait(lambda: port.get(HEAD) == 2)
    port.commit(FRAME, 2, values(port, 2), tail=tail)
    leave("stay")


def close(port):
    connection.close()
    leave("stay")


WRONG = {
    "order": lambda p: p.commit(FRAME, 3, values(p, 3)),
    "foreign": lambda p: p.commit(FRAME, 2, values(p, 2), simulation=p.simulation + 1),
    "early": lambda p: p.commit(DONE, 2),
    "kind": lambda p: p.commit(77, 2),
    "range": lambda p: misplace(p, 1000),
    "back": lambda p: misplace(p, 1),
    "nan": nan,
    "scribble": scribble,
    "close": close,
    "extra": lambda p: None,
}

if mode == "exit":
    print("no licence", flush=True)
    sys.exit(3)
if mode == "user":
    os.setuid(65534)
if mode == "flood":
    many = [connect() for _ in range(100)]
connection = connect()
if mode == "crowd":
    # Another process knocks until the first of its callers is put out.
    said, says = os.pipe()
    if os.fork() == 0:
        many = [connect() for _ in range(100)]
        many[0].recv(1)
        os.write(says, b"y")
        leave("stay")
    os.read(said, 1)
if mode == "silent":
    leave("stay")
if mode == "junk":
    connection.send(os.urandom(504))
    connection.recv(1024)
    sys.exit(5)
if mode == "old":
    ask(connection, wire=0)
if mode == "older":
    ask(connection, handover=7)
if mode == "token":
    ask(connection, token="0" * 30)
port = Port(ask(connection))
if mode == "second" and os.fork() == 0:
    ask(connect())
if mode == "never":
    leave("stay")
honest(port, WRONG.get(mode))
