"""What a state of the album is: a name, the desktop that it needs, and how it is brought about."""

import dataclasses
import typing

STATES = {}


@dataclasses.dataclass(frozen=True)
class State:
    """A state, and the desktop that it needs."""

    name: str
    bring_about: typing.Callable
    world: str = "laptop"
    theme: str = "Adwaita"
    scale: int = 1
    language: typing.Callable = None
    notifications: bool = False
    starts_programs: bool = True


def state(name=None, **desktop):
    """Lists a function among the states, under its own name or another."""

    def lists(bring_about):
        called = name or bring_about.__name__.replace("_", "-")
        STATES[called] = State(called, bring_about, **desktop)
        return bring_about

    return lists
