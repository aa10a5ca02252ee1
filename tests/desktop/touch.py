"""A screen that is touched: no pointer, no hover, no keys."""

import re
import string

from finger import Finger
from hands import AWAY
from menu import STILL
from screen import middle
from waiting import settled, until

# Of a disk that stands high enough to be moved up and out of sight.
ROW, ENTRY = r"sys-usb:vef(?!\w)", "^Attach to work$"


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


def rows_that_a_finger_moves_take_their_sub_menu_along(product):
    """What is open beside a row stays beside it, and goes once the row is out of sight; no other opens by itself."""
    finger, menu = Finger(product.desktop), product.menu
    product.wait_for_tray()
    for letter in string.ascii_lowercase:
        product.control("plug", "block", "sys-usb", f"ve{letter}")
    product.tray.click(menu.window, finger=finger)
    _tap(finger, menu, ROW)
    apart = lambda: menu.place(ENTRY, level=1).y - menu.place(ROW).y  # noqa: E731
    before, (x, y) = apart(), middle(menu.place(ROW))
    finger.drag(x, y, y - 100)
    moved = y - middle(menu.place(ROW))[1]
    assert 50 < moved <= 100, f"the row moved by {moved}"
    assert apart() == before, f"the sub-menu stands {apart()} below its row, and stood {before}"
    finger.drag(x, y + 200, y - 150)
    until(lambda: not menu.beside(), lambda: f"no sub-menu beside what is out of sight: {menu.beside()!r}")
    assert not settled(lambda: (menu.beside() or "",), "what is open", quiet=STILL)[0], f"{menu.beside()!r} opened"


rows_that_a_finger_moves_take_their_sub_menu_along.desktop = {"touch": True, "notifications": False}


def _tap(finger, menu, pattern, level=0):
    """Taps an entry once it has stood still for as long as what is new has to be seen."""
    finger.tap(*middle(menu.place(pattern, level, quiet=STILL)))


TESTS = (
    fingers_alone_attach_move_and_detach,
    rows_that_a_finger_moves_take_their_sub_menu_along,
)
