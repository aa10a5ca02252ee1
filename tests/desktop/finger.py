"""A finger on the touch screen of a desktop that has one.

Where the X server takes it from is a socket of its driver for tests, whose words are fixed in length; see inputtest(4).
"""

import socket
import struct
import time

from session import SIZE
from waiting import until

VERSION, SYNC, TOUCH = 0, 1, 6
# Steps of the screen's own scale, from edge to edge.
STEPS = 0x10000
# Values that a word has room for, of which two say where.
ROOM = 64
# What the X protocol calls it.
PUT_DOWN, MOVED, LIFTED = 18, 19, 20
# Of a movement, and the seconds between two of them.
STRIDES, PACE = 15, 0.02


class Finger:
    """One finger; puts itself nowhere by itself."""

    def __init__(self, desktop):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(desktop.finger_socket()))
        self._say(VERSION, struct.pack("=HH", 1, 1))
        self._hear(4)

    def tap(self, x, y):
        """Touches a point for a moment; returns once the server has told everybody of it."""
        self._is(PUT_DOWN, x, y)
        self._is(LIFTED, x, y)

    def drag(self, x, y, to_y):
        """Goes up or down with what is under it, and holds that still before it lets go."""
        self._is(PUT_DOWN, x, y)
        for stride in range(1, STRIDES + 1):
            self._is(MOVED, x, y + (to_y - y) * stride / STRIDES)
            _pass(PACE)
        for _ in range(STRIDES):
            self._is(MOVED, x, to_y)
            _pass(PACE)
        self._is(LIFTED, x, to_y)

    def _is(self, phase, x, y):
        place = ((at + 0.5) / whole * STEPS for at, whole in zip((x, y), SIZE))
        where = struct.pack(f"=I8s4x{ROOM}d", 0, bytes((0b11,)), *place, *(0.0,) * (ROOM - 2))
        self._say(TOUCH, struct.pack("=II", 0, phase) + where + bytes(8 * ROOM))
        self._say(SYNC)
        self._hear()

    def _say(self, kind, body=b""):
        self.socket.sendall(struct.pack("=II", 8 + len(body), kind) + body)

    def _hear(self, length=0):
        heard = b""
        while len(heard) < 8 + length:
            more = self.socket.recv(8 + length - len(heard))
            assert more, "the X server let go of the finger"
            heard += more


def _pass(seconds):
    """What a hand takes for its way."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, "the end of a stride")
