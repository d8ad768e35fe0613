# SPDX-License-Identifier: BSD-3-Clause
"""A solver in Python for `weir run`: attach, next, send, finish.

    from weir_client import Client

    with Client() as weir:
        for simulation in weir:                  # until there are no more
            u = initial(simulation.parameters)   # a NumPy array of float64
            weir.send(u)                         # the initial state first
            for _ in range(weir.frames - 1):
                u = step(u)
                weir.send(u)

Frames are float32 of shape `weir.shape`, (channels, n[0][, n[1]]), or with as
many values in that order. `reserve` gives the place a frame goes to as an array,
to compute into, and `commit` hands it over; `send` does both with a copy. They
wait while the run has no room, and raise Gone when it has ended.

A simulation that is left early, by `break` or an exception, counts as failed:
call `fail("why")` to say why. This module needs NumPy and libweir_client.so,
which it looks for in WEIR_CLIENT_LIBRARY, where it is installed, and where the
dynamic linker looks. The contract is that of weir/client.h.
"""
import ctypes
import os
import pathlib

import numpy

__all__ = ["Client", "Simulation", "Error", "Gone"]


class Error(Exception):
    """A call failed; `code` is a positive errno."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Gone(Error):
    """The run is over or gone: let go and end."""


class _Shape(ctypes.Structure):
    _fields_ = [("channels", ctypes.c_int32), ("dims", ctypes.c_int32),
                ("n", ctypes.c_int32 * 2), ("frames", ctypes.c_int32),
                ("parameters", ctypes.c_int32), ("process", ctypes.c_int32)]


def _load():
    here = pathlib.Path(__file__).resolve()
    name = "libweir_client.so"
    places = [os.environ.get("WEIR_CLIENT_LIBRARY", "")]
    # PREFIX/share/weir/python/weir_client.py beside PREFIX/lib*/[ARCH/]
    for prefix in here.parents[3:4]:
        places += map(str, sorted(prefix.glob("lib*/" + name)))
        places += map(str, sorted(prefix.glob("lib/*/" + name)))
    places.append(name + ".0")
    for place in places:
        if place:
            try:
                return ctypes.CDLL(place)
            except OSError as error:
                last = error
    raise ImportError("libweir_client.so was not found: set WEIR_CLIENT_LIBRARY "
                      "to it (%s)" % last)


_C = ctypes.c_void_p


def _declare(library):
    def function(name, result, *arguments):
        f = getattr(library, "weir_client_" + name)
        f.restype, f.argtypes = result, arguments
        return f

    return {
        "attach": function("attach", ctypes.c_int, ctypes.POINTER(_C)),
        "attach_dir": function("attach_dir", ctypes.c_int, ctypes.c_char_p,
                               ctypes.POINTER(_C)),
        "detach": function("detach", None, _C),
        "expects": function("expects", ctypes.POINTER(_Shape), _C),
        "next": function("next", ctypes.c_int, _C, _C, ctypes.c_int),
        "simulation": function("simulation", ctypes.c_int64, _C),
        "attempt": function("attempt", ctypes.c_int, _C),
        "reserve": function("reserve", ctypes.c_void_p, _C),
        "commit": function("commit", ctypes.c_int, _C),
        "finish": function("finish", ctypes.c_int, _C),
        "fail": function("fail", ctypes.c_int, _C, ctypes.c_char_p),
        "error": function("error", ctypes.c_int),
        "message": function("message", ctypes.c_char_p),
    }


class Simulation:
    """What is to be simulated."""

    def __init__(self, number, attempt, parameters):
        self.number = number          # the run's
        self.attempt = attempt        # from 1; 0: held out to validate or test
        self.parameters = parameters  # float64, in the configuration's order


class Client:
    """A connection to the run that started this process, or to the one in the
    directory `run`."""

    def __init__(self, run=None):
        self._c = None
        self._f = _declare(_load())
        handle = _C()
        if run is None:
            code = self._f["attach"](ctypes.byref(handle))
        else:
            code = self._f["attach_dir"](os.fsencode(run), ctypes.byref(handle))
        self._check(code)
        self._c = handle
        expects = self._f["expects"](handle).contents
        self.frames = expects.frames
        self.process = expects.process
        self.shape = (expects.channels, *expects.n[: expects.dims])
        self._parameters = expects.parameters
        self._views = {}  # the slots, by address: making a view takes long
        self._reserve, self._commit = self._f["reserve"], self._f["commit"]
        self._running, self._sent = False, 0

    def _check(self, code):
        if code < 0:
            text = self._f["message"]().decode(errors="replace")
            raise (Gone if code == -32 else Error)(-code, text)
        return code

    def next(self):
        """The next simulation, or None when there will be no more."""
        p = numpy.empty(self._parameters)
        if self._check(self._f["next"](self._c, p.ctypes.data, p.size)) == 0:
            return None
        self._running, self._sent = True, 0
        return Simulation(self._f["simulation"](self._c),
                          self._f["attempt"](self._c), p)

    def __iter__(self):
        """Every simulation; finishes each that got all its frames."""
        while (simulation := self.next()) is not None:
            yield simulation
            if self._running and self._sent == self.frames:
                self.finish()
            elif self._running:
                self.fail("left after %d of %d frames"
                          % (self._sent, self.frames))

    def reserve(self):
        """Where the next frame goes, an array of `shape`; waits for room."""
        at = self._reserve(self._c)
        if not at:
            self._check(self._f["error"]())
        try:
            return self._views[at]
        except KeyError:
            n = int(numpy.prod(self.shape))
            memory = (ctypes.c_float * n).from_address(at)
            view = numpy.frombuffer(memory, numpy.float32).reshape(self.shape)
            self._views[at] = view
            return view

    def commit(self):
        """Hand over the frame that was reserved."""
        self._check(self._commit(self._c))
        self._sent += 1

    def send(self, frame):
        """Copy a frame and hand it over."""
        view = self.reserve()
        if frame.shape != view.shape:
            if frame.size != view.size:
                raise ValueError("a frame of shape %s, the run expects %s"
                                 % (frame.shape, view.shape))
            frame = frame.reshape(view.shape)
        view[...] = frame
        self.commit()

    def finish(self):
        """The simulation is complete."""
        self._running = False
        self._check(self._f["finish"](self._c))

    def fail(self, reason=""):
        """Give the simulation up."""
        self._running = False
        self._check(self._f["fail"](self._c, str(reason).encode()))

    def close(self):
        if self._c:
            self._views.clear()
            self._f["detach"](self._c)
        self._c = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self._running and kind and not issubclass(kind, Gone):
            try:
                self.fail(repr(error))
            except Error:
                pass
        self.close()
        return kind is not None and issubclass(kind, Gone)
