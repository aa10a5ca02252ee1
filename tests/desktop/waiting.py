"""Waiting for what is to be seen, with a deadline.

Nothing here sleeps for a guessed time: the GLib main loop runs, so that D-Bus and accessibility signals arrive, and the
question is asked again after a tick. One that takes long, as most do of the accessibility tree, is asked less often: the
programs that have to answer it shall have time for what is waited for.
"""

import time

from gi.repository import GLib

# Seconds.
TICK = 0.02


class Missed(AssertionError):
    """Something that was to be seen did not come before its deadline."""


def until(probe, what, seconds=10):
    """Returns the first truthy answer of `probe`; `what` (text, or a function giving it) names what was missed."""
    end = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        seen = probe()
        if seen:
            return seen
        answered = time.monotonic()
        if answered > end:
            text = what() if callable(what) else what
            raise Missed(f"within {seconds} s there was not to be seen: {text}")
        _listen(max(TICK, answered - asked))


def _listen(seconds):
    """Lets the main loop run for so long."""
    loop = GLib.MainLoop()
    GLib.timeout_add(round(seconds * 1000), loop.quit)
    loop.run()


def settled(probe, what, seconds=10, quiet=0.2):
    """Returns the answer of `probe` once it is truthy and has stayed the same for `quiet` seconds."""
    last = {"answer": None, "since": time.monotonic()}

    def stayed():
        answer = probe()
        if not answer or answer != last["answer"]:
            last.update(answer=answer, since=time.monotonic())
            return None
        return answer if time.monotonic() - last["since"] >= quiet else None

    return until(stayed, what, seconds)
