#!/usr/bin/python3
"""One picture of each state that a person can meet, under names that stay the same.

With names of states as arguments only these are taken. All go to `target/shots`. With `--keep`, those that the papers show are copied to `docs/pictures` too.
A picture of a state holds our windows and the corner of the panel above them, not the whole screen.
"""

import shutil
import subprocess
import sys

import preferences
from language import Language, mirrored
from menu import PROGRAM
from product import Product
from screen import Box
from session import ROOT, SHOTS, SIZE, Desktop, deadline
from waiting import settled, until

KEPT = ("menu", "submenu", "attached", "failed", "dark", "notification", "right-click")
KEPT_IN = ROOT / "docs/pictures"
MARGIN = 12
BACKGROUND = "#66727f"
LONGEST = 120


class Album:
    """Takes pictures of one desktop."""

    def __init__(self, product):
        self.product = product
        self.menu = product.menu
        self.screen = product.screen
        self.screen.paint_background(BACKGROUND)

    def take(self, name, program=PROGRAM, from_top=True):
        """One picture of all windows of a program, once they stand still."""
        boxes = settled(lambda: [window.box for window in self.screen.windows(program)], f"a window of {program}")
        left = max(0, min(box.x for box in boxes) - MARGIN)
        top = 0 if from_top else max(0, min(box.y for box in boxes) - MARGIN)
        right = min(SIZE[0], max(box.x + box.width for box in boxes) + MARGIN)
        bottom = min(SIZE[1], max(box.y + box.height for box in boxes) + MARGIN)
        self.screen.picture(SHOTS / f"{name}.png", Box(left, top, right - left, bottom - top))
        print(f"{name}.png", flush=True)


def everyday(album):
    """A free stick, its sub-menu, and the stick attached; the same from the right click; a notification."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    notice = product.notices.wait_for("is available")
    until(lambda: notice.summary in product.notices.shown(), "the notification on the screen")
    album.take("notification", "xfce4-notifyd", from_top=False)
    menu.open()
    menu.wait_for_row(product.row(stick))
    album.take("menu")
    menu.hover(product.row(stick))
    album.take("submenu")
    menu.choose("^Attach to work$")
    menu.wait_for_row(product.row(stick) + ".*attached to work")
    menu.hover(product.row(stick))
    album.take("attached")
    menu.close()
    before = len(album.screen.windows("wrapper-2.0"))
    album.product.tray.press(3)
    until(lambda: len(album.screen.windows("wrapper-2.0")) > before, "the menu of the panel after a right click")
    album.take("right-click", "wrapper-2.0")


def trouble(album):
    """A command that hangs, one that failed, and a lost connection."""
    product, menu = album.product, album.menu
    row = product.row(product.plug("stick"))
    for name, words, seen in (
        ("failed", ("exception", "QubesException", "No free slot in work."), "Not attached to work"),
        ("pending", ("hang",), "attaching to work"),
    ):
        product.control("fail-next", "block.Attach", *words)
        menu.open()
        menu.hover(row)
        menu.choose("^Attach to work$")
        menu.wait_for_row(f"{row}.*{seen}")
        album.take(name)
        menu.close()
    product.desktop.end("qubesd-sim")
    until(lambda: product.link() == "lost", "the link lost")
    menu.open()
    until(lambda: "connection lost" in menu.words(), "the banner")
    album.take("connection-lost")


def parts(album):
    """One stick is one row: its parts and what else can be done with it, a part in use, and the question of a keyboard."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    row = product.row(stick)
    menu.open()
    menu.hover(row)
    menu.choose("^More$")
    until(lambda: menu.find("^Name", 1), lambda: f"what else can be done among {menu.targets()}")
    album.take("more")
    menu.press("Escape")
    menu.close()
    part = next(port for port in product.listed("block") if port.startswith(stick) and port != stick)
    product.give("block", part, "work")
    menu.open()
    menu.wait_for_row(product.row(part) + ".*attached to work")
    menu.hover(product.row(part))
    album.take("part-attached")
    menu.close()
    keyboard = product.row(product.plug("keyboard", "usb"))
    menu.open()
    menu.hover(keyboard)
    menu.choose("^Attach to work$")
    until(lambda: menu.find("all the same", 1), lambda: f"the question among {menu.targets()}")
    album.take("confirm")


def settings(album):
    """The window of preferences with a named and a hidden device, and the menu after it."""
    product, menu = album.product, album.menu
    stick, camera = product.row(product.plug("stick")), product.row(product.plug("camera", "usb"))
    preferences.choose_in_more(product, camera, "^Hide this device$")
    menu.wait_for_row(camera + ".*hidden now")
    menu.close()
    preferences.name(product, stick, "my backup stick")
    album.take("settings")
    menu.open_by_command()
    menu.wait_for_row("^my backup stick")
    menu.hover(stick)
    album.take("named")


def by_kind(album):
    """The sections by what devices are for; preferences as a person's desktop keeps them."""
    desktop = album.product.desktop
    desktop.end("plugboard")
    desktop.env["GSETTINGS_BACKEND"] = "keyfile"
    kept = desktop.folder / "home/.config/glib-2.0/settings"
    kept.mkdir(parents=True)
    (kept / "keyfile").write_text("[org/plugboard/Devices]\nsections='kind'\n")
    album.product.start_widget()
    album.product.wait_for_tray()
    for gadget in ("keyboard", "stick"):
        album.product.control("plug", gadget)
    album.menu.open()
    album.menu.wait_for_row("(?i)keyboard")
    until(lambda: "keyboards and mice" in album.menu.words(), "a section of keyboards")
    album.take("by-kind")


def hovered(name, pattern):
    """The menu of a world with the sub-menu of one row."""

    def take(album):
        album.menu.open()
        album.menu.hover(pattern)
        album.take(name)

    return take


def opened(name):
    """The menu of a world."""

    def take(album):
        album.menu.open()
        album.take(name)

    return take


def in_another_language(name):
    """The sub-menu of a stick that is attached, with a failure in another row."""

    def take(album):
        product, menu = album.product, album.menu
        stick, camera = product.plug("stick"), product.plug("camera", "usb")
        product.control("fail-next", "usb.Attach", "exception", "QubesException", "No free slot in work.")
        product.give("block", stick, "work")
        menu.open()
        menu.hover(product.row(camera))
        menu.choose(r"\bwork\b")
        menu.open()
        menu.wait_for_row(product.row(camera) + ".*No free slot")
        menu.hover(product.row(stick) + ".*work")
        album.take(name)

    return take


# By name: world, theme, and what to take pictures of.
STATES = {
    "everyday": ("laptop", "Adwaita", everyday),
    "trouble": ("laptop", "Adwaita", trouble),
    "parts": ("laptop", "Adwaita", parts),
    "settings": ("laptop", "Adwaita", settings),
    "by-kind": ("laptop", "Adwaita", by_kind),
    "dark": ("laptop", "Adwaita-dark", hovered("dark", "dom0:mic")),
    "empty": ("empty", "Adwaita", opened("empty")),
    "crowd": ("crowd", "Adwaita", opened("crowd")),
    "hostile": ("hostile", "Adwaita", opened("hostile")),
    "german": ("laptop", "Adwaita", in_another_language("german")),
    "polish": ("laptop", "Adwaita", in_another_language("polish")),
    "right-to-left": ("laptop", "Adwaita", in_another_language("right-to-left")),
}
# The language of a state; all others are English.
LANGUAGES = {
    "german": lambda desktop: Language(desktop, "de"),
    "polish": lambda desktop: Language(desktop, "pl"),
    "right-to-left": mirrored,
}


def take_here(state):
    """The pictures of one state, in this process."""
    deadline(LONGEST)
    world, theme, take = STATES[state]
    with Desktop(theme=theme) as desktop:
        language = LANGUAGES[state](desktop) if state in LANGUAGES else None
        product = Product(desktop, world=world).start(language)
        product.wait_for_tray()
        take(Album(product))


def take_apart(state):
    """The pictures of one state, in a process of its own: the reader of what is spoken knows one desktop only."""
    subprocess.run([sys.executable, __file__, "--here", state], check=True, timeout=LONGEST + 60)


def main():
    words = sys.argv[1:]
    if words[:1] == ["--here"]:
        take_here(words[1])
        return 0
    if unknown := [word for word in words if word != "--keep" and word not in STATES]:
        print(f"no such state: {', '.join(unknown)}; there are {', '.join(STATES)}", file=sys.stderr)
        return 2
    wanted = [state for state in STATES if state in words] or STATES
    for state in wanted:
        take_apart(state)
    if "--keep" in words:
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        for name in KEPT:
            shutil.copy(SHOTS / f"{name}.png", KEPT_IN)
    print(f"The pictures are in {SHOTS.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
