"""A screen that is touched: no pointer, no hover, no keys."""

import re

from finger import Finger
from menu import STILL
from screen import middle
from waiting import until

# Where no window is.
AWAY = (40, 600)


def fingers_alone_attach_move_and_detach(product):
    """On a touch screen, where nothing hovers: a tap opens the menu, a row, another row, acts, and closes the menu."""
    finger, menu = Finger(product.desktop), product.menu
    product.wait_for_tray()
    stick = product.plug("stick")
    row = product.row(stick)
    product.tray.click(menu.window, finger=finger)
    _tap(finger, menu, row)
    _tap(finger, menu, "^Attach to work$", level=1)
    product.wait_for_holders("block", stick, "work")
    _tap(finger, menu, "dom0:mic")
    until(lambda: re.search("dom0:mic", menu.beside() or ""), lambda: f"the microphone's, not beside {menu.beside()!r}")
    _tap(finger, menu, row + ".*attached to work")
    _tap(finger, menu, "^Move to personal", level=1)
    product.wait_for_holders("block", stick, "personal")
    _tap(finger, menu, row + ".*attached to personal")
    _tap(finger, menu, "^Detach", level=1)
    product.wait_for_holders("block", stick)
    finger.tap(*AWAY)
    until(lambda: not menu.window(), "the menu closed by a tap elsewhere")


fingers_alone_attach_move_and_detach.desktop = {"touch": True}


def _tap(finger, menu, pattern, level=0):
    """Taps an entry once it has stood still for as long as what is new has to be seen."""
    finger.tap(*middle(menu.place(pattern, level, quiet=STILL)))


TESTS = (fingers_alone_attach_move_and_detach,)
