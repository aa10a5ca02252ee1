"""Waiting for what is to be seen, with a deadline.

Nothing here sleeps for a guessed time: the GLib main loop runs, so that D-Bus and accessibility signals arrive, and the
question is asked again after each of them, at the latest after a tick.
"""

import time

from gi.repository import GLib

TICK_MILLISECONDS = 20


class Missed(AssertionError):
    """Something that was to be seen did not come before its deadline."""


def until(probe, what, seconds=10):
    """Returns the first truthy answer of `probe`; `what` (text, or a function giving it) names what was missed."""
    context = GLib.MainContext.default()
    end = time.monotonic() + seconds
    tick = GLib.timeout_add(TICK_MILLISECONDS, lambda: True)
    try:
        while True:
            seen = probe()
            if seen:
                return seen
            if time.monotonic() > end:
                text = what() if callable(what) else what
                raise Missed(f"within {seconds} s there was not to be seen: {text}")
            context.iteration(True)
            # A burst of signals is one reason to look again, not many.
            while context.pending():
                context.iteration(False)
    finally:
        GLib.source_remove(tick)


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
