#!/usr/bin/python3
"""One picture of each state that a person can meet, under names that stay the same.

`docs/pictures.md` lists the pictures, `states` and `elsewhere` bring each state about; both know the same names, or this fails.
With names of states as arguments only their pictures are taken. All go to `target/shots`.
With `--keep`, those that the papers show are copied to `docs/pictures` too.
A picture of a state holds our windows and the corner of the panel above them, not the whole screen.
"""

import re
import shutil
import subprocess
import sys

import elsewhere  # noqa: F401 (lists states, after those of `states`)
from menu import PROGRAM
from product import Product
from screen import Box
from session import ROOT, SHOTS, SIZE, Desktop, deadline
from state import STATES
from tray import HOST
from waiting import settled, until

LIST = ROOT / "docs/pictures.md"
KEPT_IN = ROOT / "docs/pictures"
MARGIN = 12
# What a window manager draws around a window that does not do it itself.
FRAME = 34
BACKGROUND = "#66727f"
LONGEST = 120


class Album:
    """Takes pictures of one desktop."""

    def __init__(self, product):
        self.product = product
        self.menu = product.menu
        self.screen = product.screen
        self.screen.paint_background(BACKGROUND)

    def take(self, name, program=PROGRAM, from_top=True, margin=MARGIN):
        """One picture of all windows of a program, once they stand still."""
        if name not in listed():
            raise AssertionError(f"{name} is not listed in {LIST.name}")
        boxes = settled(lambda: [window.box for window in self.screen.windows(program)], f"a window of {program}")
        left = max(0, min(box.x for box in boxes) - margin)
        top = 0 if from_top else max(0, min(box.y for box in boxes) - margin)
        right = min(SIZE[0], max(box.x + box.width for box in boxes) + margin)
        bottom = min(SIZE[1], max(box.y + box.height for box in boxes) + margin)
        self.screen.picture(SHOTS / f"{name}.png", Box(left, top, right - left, bottom - top))
        print(f"{name}.png", flush=True)

    def take_menu_of_the_panel(self, name):
        """What a right click on the icon shows."""
        self.product.tray.click(self.product.tray.menus, button=3)
        self.take(name, HOST)
        self.menu.press("Escape")

    def take_notice(self, name, *words):
        """The notification with these words, alone; then it is closed."""
        notice = self.product.notices.wait_for(*words)
        until(lambda: notice.summary in self.product.notices.shown(), f"{notice.summary!r} on the screen")
        self.take(name, "xfce4-notifyd", from_top=False)
        bus = "org.freedesktop.Notifications"
        for sent in self.product.notices.all():
            self.product.desktop.call(bus, f"/{bus.replace('.', '/')}", bus, "CloseNotification", "(u)", sent.number)
        until(lambda: not self.screen.windows("xfce4-notifyd"), "no notification on the screen")

    def take_window(self, name):
        """A window with a frame of its own, away from the panel."""
        self.take(name, from_top=False, margin=FRAME)


def listed():
    """The pictures of the list: by name, whether the papers show it."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\|(.*)\|$", LIST.read_text(), re.MULTILINE)
    return {name: bool(shown.strip()) for name, shown in rows}


def take_here(state):
    """The pictures of one state, in this process."""
    deadline(LONGEST)
    with Desktop(notifications=state.notifications, theme=state.theme, scale=state.scale) as desktop:
        language = state.language(desktop) if state.language else None
        product = Product(desktop, world=state.world)
        if state.starts_programs:
            product.start(language)
            product.wait_for_tray()
        try:
            state.bring_about(Album(product))
        except Exception:
            product.screen.picture(SHOTS / f"failed-{state.name}.png")
            print(product.report(), file=sys.stderr)
            raise


def take_apart(state):
    """The pictures of one state, in a process of its own: the reader of what is spoken knows one desktop only."""
    words = [sys.executable, __file__, "--here", state.name]
    return subprocess.run(words, check=False, timeout=LONGEST + 60).returncode == 0


def main():
    words = sys.argv[1:]
    if words[:1] == ["--here"]:
        take_here(STATES[words[1]])
        return 0
    if unknown := [word for word in words if word != "--keep" and word not in STATES]:
        print(f"no such state: {', '.join(unknown)}; there are {', '.join(STATES)}", file=sys.stderr)
        return 2
    wanted = [state for name, state in STATES.items() if name in words] or list(STATES.values())
    if len(wanted) == len(STATES):
        # Nothing that was taken long ago may look like a picture of today.
        for name in listed():
            (SHOTS / f"{name}.png").unlink(missing_ok=True)
    failed = [state.name for state in wanted if not take_apart(state)]
    if failed:
        print(f"These states did not come about: {', '.join(failed)}", file=sys.stderr)
        return 1
    if missing := [name for name in listed() if not (SHOTS / f"{name}.png").exists()]:
        print(f"{LIST.name} lists what nobody took: {', '.join(missing)}", file=sys.stderr)
        return 0 if len(wanted) < len(STATES) else 1
    if "--keep" in words:
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        for name in (name for name, is_shown in listed().items() if is_shown):
            shutil.copy(SHOTS / f"{name}.png", KEPT_IN)
    print(f"The pictures are in {SHOTS.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
