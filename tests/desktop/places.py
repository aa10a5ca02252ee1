"""Where the menu opens and how large: at every edge of the screen, on a low monitor, twice as big, in high contrast."""

import re

from gi.repository import GLib

import spoken
from screen import Box, middle
from session import SIZE
from waiting import settled, until

XFCONF = ("org.xfce.Xfconf", "/org/xfce/Xfconf", "org.xfce.Xfconf")
# The panel at the bottom, left and right edge: place and mode as its own settings have them (1 = from top to bottom).
EDGES = {"bottom": ("p=8;x=0;y=0", 0), "left": ("p=5;x=0;y=0", 1), "right": ("p=1;x=0;y=0", 1)}
# Height of a monitor that is lower than the menu would be.
LOW = 300
# The menu is at most so far from its icon.
NEAR = 60
# A menu with a sub-menu beside it fits on a small screen when it is no wider.
WIDEST = 640
# Qubes that don't run, and what they are called next: as long as a name can be.
HALTED = {qube: qube.ljust(31, "x") for qube in ("vault", "projects", "anon", "win10")}


def menu_opens_beside_the_icon_at_every_edge(product):
    """Wherever the panel stands, menu and sub-menu are beside it and wholly on the screen."""
    product.wait_for_tray()
    seen = {"top": _opens_well(product)}
    for edge in EDGES:
        before = product.tray.wait_for_icon()
        set_edge(product, edge)
        until(lambda before=before: _moved(product, before), lambda edge=edge: f"the icon at the {edge} edge")
        seen[edge] = _opens_well(product)
    x, y = {edge: middle(box) for edge, box in seen.items()}["bottom"]
    assert y > SIZE[1] * 0.9, f"the icon of the bottom panel is at {x},{y}"
    assert middle(seen["left"])[0] < 60 < SIZE[0] - 60 < middle(seen["right"])[0], f"icons were at {seen}"


def menu_stays_on_the_monitor_of_its_icon(product):
    """Two monitors, one above the other: the menu with its sub-menu ends where the upper one does, and can be scrolled."""
    width, height = SIZE
    product.screen.set_monitor("upper", Box(0, 0, width, LOW), "screen")
    product.screen.set_monitor("lower", Box(0, LOW, width, height - LOW))
    product.start()
    product.wait_for_tray()
    menu = product.menu
    menu.open()
    menu.hover("dom0:mic")
    windows = product.screen.windows("org.plugboard.Devices")
    below = [window for window in windows if window.box.y + window.box.height > LOW]
    assert len(windows) == 2 and not below, f"on the lower monitor as well: {below or windows}"
    last = menu.rows()[-3]
    menu.press("End", "Up", "Up")
    until(lambda: menu.focused() == last, lambda: f"the focus on {last!r}; it is on {menu.focused()!r}")
    row = settled(lambda: menu.find(re.escape(last)).box, "the last device standing still")
    assert row.y + row.height <= LOW, f"{last!r} is not scrolled to: {row}"


menu_stays_on_the_monitor_of_its_icon.starts_programs = False


def menu_stays_on_the_left_one_of_two_monitors(product):
    """The panel ends in the middle of the whole screen: menu and sub-menu end there too, however near their icon is."""
    width, height = SIZE
    half = width // 2
    product.screen.set_monitor("*left", Box(0, 0, half, height), "screen")
    product.screen.set_monitor("right", Box(half, 0, width - half, height))
    product.desktop.start_panel()
    product.start()
    product.wait_for_tray()
    icon = until(lambda: _left_of(product, half), lambda: f"the icon left of {half}; it is at {product.tray.icon()}")
    menu = product.menu
    menu.open()
    menu.hover("dom0:mic")
    boxes = [window.box for window in product.screen.windows("org.plugboard.Devices")]
    assert icon.x + menu.window().box.width // 2 > half, f"the icon at {icon} is too far from the edge to tell anything"
    assert len(boxes) == 2 and all(box.x + box.width <= half for box in boxes), f"on the right monitor as well: {boxes}"


menu_stays_on_the_left_one_of_two_monitors.starts_programs = False
menu_stays_on_the_left_one_of_two_monitors.desktop = {"panel": False}


def _left_of(product, edge):
    icon = product.tray.wait_for_icon()
    return icon if icon.x < edge else None


def twice_the_size_in_high_contrast_works(product):
    """GDK_SCALE=2 and the theme of high contrast: all on the screen, and the pointer reaches what it points at."""
    product.start_simulator()
    product.start_service()
    product.desktop.env["GDK_SCALE"] = "2"
    product.start_widget()
    product.wait_for_tray()
    stick = product.plug("stick")
    menu = product.menu
    menu.scale = 2
    row = product.row(stick)
    menu.open()
    menu.wait_for_row(row)
    menu.hover(row)
    _on_screen(product)
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")
    menu.wait_for_row(row + ".*attached to work")


twice_the_size_in_high_contrast_works.starts_programs = False
twice_the_size_in_high_contrast_works.desktop = {"theme": "HighContrast"}


def many_holders_with_long_names_leave_the_menu_narrow(product):
    """The microphone in six qubes: some stand there by name, the others are counted; all are told to screen readers."""
    product.wait_for_tray()
    menu, holders = product.menu, ["work", "personal", *HALTED.values()]
    for qube, name in HALTED.items():
        product.control("rename", qube, name)
        product.control("start", name)
    for qube in holders:
        product.give("mic", "dom0:mic", qube)
    menu.open()
    row = menu.wait_for_row("dom0:mic.*attached to " + ".*".join(sorted(holders)))
    box = settled(lambda: menu.window() and menu.window().box, "the menu standing still")
    assert box.width <= WIDEST, f"the menu is {box.width} pixels wide"
    said = spoken.texts(row.element)
    by_name = [holder for holder in holders if holder in said]
    assert by_name and f"and {len(holders) - len(by_name)} more" in said, f"to be read is {said}"
    offered = menu.hover("dom0:mic")[: len(holders)]
    assert offered == [f"Detach from {holder}" for holder in sorted(holders)], f"the sub-menu begins with {offered}"
    _on_screen(product)


# ---- the steps ----------------------------------------------------------------------------------------------------


def set_edge(product, edge):
    """Puts the panel at another edge of the screen."""
    place, mode = EDGES[edge]
    for name, value in (("mode", GLib.Variant("u", mode)), ("position", GLib.Variant("s", place))):
        words = ("xfce4-panel", f"/panels/panel-1/{name}", value)
        product.desktop.call(*XFCONF, "SetProperty", "(ssv)", *words)


def _moved(product, before):
    icon = product.tray.icon()
    return icon and icon != before


def _opens_well(product):
    """Opens menu and sub-menu; returns where the icon was."""
    menu, icon = product.menu, product.tray.wait_for_icon()
    menu.open()
    menu.hover("dom0:mic")
    _on_screen(product)
    box = settled(lambda: menu.window() and menu.window().box, "the menu standing still")
    gap = max(
        *(box.x - icon.x - icon.width, icon.x - box.x - box.width),
        *(box.y - icon.y - icon.height, icon.y - box.y - box.height),
    )
    assert -1 <= gap <= NEAR, f"the menu {box} is {gap} away from its icon {icon}"
    menu.close()
    return icon


def _on_screen(product):
    windows = product.screen.windows("org.plugboard.Devices")
    assert len(windows) >= 2, f"no menu with a sub-menu but {windows}"
    for window in windows:
        x, y, width, height = window.box
        assert x >= 0 and y >= 0 and x + width <= SIZE[0] and y + height <= SIZE[1], f"{window} is not on the screen"


TESTS = (
    menu_stays_on_the_monitor_of_its_icon,
    menu_stays_on_the_left_one_of_two_monitors,
    menu_opens_beside_the_icon_at_every_edge,
    many_holders_with_long_names_leave_the_menu_narrow,
    twice_the_size_in_high_contrast_works,
)
