"""What Enter means when the machine changes at that very moment: what the person saw, or nothing.

The change comes from the machine's side; the keys are those of a keyboard, and where the focus is a screen reader tells.
"""

import re
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import spoken
from hands import HALTED, TOO_EARLY
from menu import PROGRAM, STILL
from session import SIZE
from waiting import Missed, settled, until

WORK = "Attach to work"
# Longer than a key is held before it repeats, and then some repeats.
REPEATED = 1.2
# As long as nobody has it; then as soon as personal has it.
ATTACH, MOVE = "Attach to untrusted", "Move to untrusted"


def enter_never_means_the_neighbour_of_a_qube_that_stops(product):
    """The focused qube stops: the focus goes nowhere, Enter attaches nothing, the next arrow goes on from there."""
    product.wait_for_tray()
    stick, menu = product.plug("stick"), product.menu
    for direction, beside in (("Down", 1), ("Up", -1)):
        _into_sub_menu(product, stick)
        targets = settled(menu.targets, "the sub-menu")
        neighbour = targets[targets.index(WORK) + beside]
        menu.go_to(f"^{WORK}$", 1)
        product.control("stop", "work")
        until(lambda: _is_inert(menu, f"^{WORK}", 1), "work as stopped in the sub-menu")
        settled(lambda: menu.focused(1) is None, lambda: f"the focus on no qube; it is on {menu.focused(1)!r}", quiet=STILL)
        heard = settled(lambda: _heard(product), "a focus of which a screen reader hears")
        assert len(heard) == 1 and re.search(stick, heard[0]), f"a screen reader hears of {heard}, not of the sub-menu"
        menu.press("Return")
        settled(menu.targets, "the sub-menu still open", quiet=STILL)
        assert product.holders("block", stick) == [], f"Enter meant {product.holders('block', stick)}"
        menu.press(direction)
        until(lambda: menu.focused(1) == neighbour, lambda: f"the focus on {neighbour!r}; it is on {menu.focused(1)!r}")
        menu.close()
        product.control("start", "work")
        _is_running(product, "work")
    # The arrow that goes there is a choice, so Enter counts there.
    _into_sub_menu(product, stick)
    menu.go_to(f"^{WORK}$", 1)
    menu.press("Return")
    product.wait_for_holders("block", stick, "work")


def enter_right_after_the_entry_changed_does_nothing(product):
    """Somebody attaches it, and "attach" becomes "move" under the focus: an Enter on its way is not that; a later one is."""
    product.wait_for_tray()
    stick, menu = product.plug("stick"), product.menu
    for _ in range(len(HALTED) * 2):
        _into_sub_menu(product, stick)
        menu.go_to(f"^{ATTACH}$", 1)
        begun = time.monotonic()
        product.give("block", stick, "personal")
        until(lambda: menu.focused(1) == MOVE, lambda: f"{MOVE!r} with the focus; it is on {menu.focused(1)!r}")
        menu.press("Return")
        if time.monotonic() < begun + TOO_EARLY:
            break
        # This machine was busy: the key may have come late enough to count.
        menu.close()
        for holder in product.holders("block", stick):
            product.qvm_device("block", "detach", holder, stick)
        product.wait_for_holders("block", stick)
    else:
        raise Missed("not once was a key known to come early enough")
    settled(lambda: menu.focused(1) == MOVE, "the sub-menu still open, with the focus where it was", quiet=STILL)
    product.wait_for_holders("block", stick, "personal")
    menu.press("Return")
    product.wait_for_holders("block", stick, "untrusted")


def enter_never_means_the_neighbour_of_a_row_that_goes(product):
    """The focused stick is pulled out, with its sub-menu and without: Enter opens and does nothing, arrows go on there."""
    product.wait_for_tray()
    menu = product.menu
    for is_inside in (False, True):
        stick = product.plug("stick")
        row = product.row(stick)
        _open_at(product, row)
        if is_inside:
            menu.press("Right")
            until(lambda: menu.focused(1), "the focus in the sub-menu")
        product.control("unplug", "stick")
        gone = lambda: _is_inert(menu, row) and not menu.targets()  # noqa: E731
        until(gone, lambda: f"{stick} as gone; rows are {menu.rows()}")  # noqa: B023
        after = settled(lambda: _usable_after(menu, row), f"a row after {stick}")  # noqa: B023
        settled(lambda: menu.focused() is None, lambda: f"the focus on no row; it is on {menu.focused()!r}", quiet=STILL)
        menu.press("Return")
        settled(lambda: not menu.targets() and bool(menu.window()), "the menu as it is", quiet=STILL)
        menu.press("Down")
        until(lambda: menu.focused() == after, lambda: f"the focus on {after!r}; it is on {menu.focused()!r}")
        menu.close()


def enter_means_the_same_row_after_rows_came(product):
    """Rows and a section appear above the focused one: Enter opens its sub-menu, and no other."""
    product.wait_for_tray()
    menu = product.menu
    microphone = "dom0:mic"
    _open_at(product, microphone)
    for gadget in ("stick", "camera"):
        product.control("plug", gadget)
    until(lambda: len(menu.rows_like("Blade|Camera|camera")) >= 2, lambda: f"both among {menu.rows()}")
    settled(lambda: bool(re.search(microphone, menu.focused() or "")), lambda: f"the focus kept; {menu.focused()!r}", quiet=STILL)
    menu.press("Return")
    until(lambda: re.search(microphone, menu.beside() or ""), lambda: f"its sub-menu; it is that of {menu.beside()!r}")


def enter_after_a_clicked_question_is_no_yes(product):
    """A click leads to the question before something risky: what then stands where the click was is not chosen by Enter."""
    product.wait_for_tray()
    keyboard, menu = product.plug("keyboard", "usb"), product.menu
    menu.open()
    menu.hover(product.row(keyboard))
    menu.choose("^Attach to personal$")
    until(lambda: menu.find("^Attach to personal all the same$", 1), lambda: f"the question among {menu.targets()}")
    settled(lambda: menu.focused(1) is None, lambda: f"the focus on no answer; it is on {menu.focused(1)!r}", quiet=STILL)
    menu.press("Return")
    settled(lambda: bool(menu.find("^Attach to personal all the same$", 1)), "the question still there", quiet=STILL)
    assert product.holders("usb", keyboard) == [], f"Enter meant {product.holders('usb', keyboard)}"
    menu.press("Down")
    until(lambda: menu.focused(1) == "Leave it where it is", lambda: f"the way out first, not {menu.focused(1)!r}")


def enter_held_down_chooses_once(product):
    """However often the keyboard repeats it: the question before something risky waits for another one."""
    product.wait_for_tray()
    keyboard, menu = product.plug("keyboard", "usb"), product.menu
    _open_at(product, product.row(keyboard))
    menu.press("Right")
    until(lambda: menu.focused(1), "the focus in the sub-menu")
    menu.go_to(f"^{WORK}$", 1)
    product.screen.down("Return")
    try:
        asks = lambda: menu.focused(1) == "Leave it where it is"  # noqa: E731
        settled(asks, lambda: f"the question, with the way out; the focus is on {menu.focused(1)!r}", quiet=REPEATED)
    finally:
        product.screen.up("Return")
    assert product.holders("usb", keyboard) == [], f"Enter meant {product.holders('usb', keyboard)}"
    menu.press("Return")
    until(lambda: menu.find(f"^{WORK}$", 1), lambda: f"the qubes again; there are {menu.targets()}")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _open_at(product, row):
    """Opens the menu with the pointer out of its way, and goes to the row."""
    product.screen.move(0, SIZE[1] - 1)
    product.menu.open_by_command("--menu")
    product.menu.wait_for_row(row)
    product.menu.press("Home")
    product.menu.go_to(row)


def _into_sub_menu(product, stick):
    """Opens the menu and goes into the sub-menu of the stick, all by keys."""
    menu, row = product.menu, product.row(stick)
    _open_at(product, row)
    menu.press("Right")
    until(lambda: menu.focused(1) and menu.find(f"^{WORK}$", 1), lambda: f"the focus among {menu.targets()}")


def _is_inert(menu, pattern, level=0):
    """Whether it stands there and can't be chosen."""
    item = menu.find(pattern, level)
    return item is not None and not item.usable


def _usable_after(menu, row):
    """The sentence of the first row after this one that can be chosen, or None."""
    items = [item for item in menu.items() if item.level == 0]
    place = next((place for place, item in enumerate(items) if re.search(row, item.name)), len(items))
    return next((item.name for item in items[place:] if item.usable), None)


def _heard(product):
    """What a screen reader says has the focus, entries or not."""
    application = spoken.program(PROGRAM)
    found = spoken.below(application) if application else ()
    return [spoken.title(element) for element in found if spoken.has_state(element, Atspi.StateType.FOCUSED)]


def _is_running(product, qube):
    states = lambda: {it["Name"]: it["State"] for it in product.objects("Qube")}  # noqa: E731
    until(lambda: states()[qube] == "Running", lambda: f"{qube} running; there are {states()}")


TESTS = (
    enter_never_means_the_neighbour_of_a_qube_that_stops,
    enter_right_after_the_entry_changed_does_nothing,
    enter_never_means_the_neighbour_of_a_row_that_goes,
    enter_means_the_same_row_after_rows_came,
    enter_after_a_clicked_question_is_no_yes,
    enter_held_down_chooses_once,
)
