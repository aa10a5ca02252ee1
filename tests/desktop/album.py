#!/usr/bin/python3
"""The pictures: those of the story, and one of each state that a person can meet, under names that stay the same.

All go to `target/shots`. With `--keep`, those that the papers show are copied to `docs/pictures` too.
A picture of a state holds our windows and the corner of the panel above them, not the whole screen.
"""

import shutil
import sys

from menu import PROGRAM
from product import Product
from screen import Box
from session import ROOT, SHOTS, SIZE, Desktop, deadline
from story import Story
from waiting import settled, until

KEPT = ("menu", "submenu", "attached", "failed", "dark", "notification", "right-click")
MARGIN = 12


class Album:
    """Takes pictures of one desktop."""

    def __init__(self, product):
        self.product = product
        self.menu = product.menu
        self.screen = product.screen

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


# World, theme, and what to take pictures of.
STATES = (
    ("laptop", "Adwaita", everyday),
    ("laptop", "Adwaita", trouble),
    ("laptop", "Adwaita-dark", hovered("dark", "dom0:mic")),
    ("empty", "Adwaita", opened("empty")),
    ("crowd", "Adwaita", opened("crowd")),
    ("hostile", "Adwaita", opened("hostile")),
)


def main():
    deadline(600)
    with Desktop() as desktop:
        Story(Product(desktop).start()).play()
    for world, theme, take in STATES:
        with Desktop(theme=theme) as desktop:
            product = Product(desktop, world=world).start()
            product.wait_for_tray()
            take(Album(product))
    if "--keep" in sys.argv[1:]:
        for name in KEPT:
            shutil.copy(SHOTS / f"{name}.png", ROOT / "docs/pictures")
    print(f"The pictures are in {SHOTS.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
