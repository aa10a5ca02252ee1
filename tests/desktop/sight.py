"""What the eye finds: sections, colours and second lines in the menu, rows that keep their place, and the icon."""

import re
import time

from dbus_menu import STILL, DBusMenu
from places import set_edge
from screen import Box, middle
from waiting import Missed, settled, until

LINE = "---"
HEADINGS = ["Disks", "Microphone", "USB devices"]
# The colours of the labels of Qubes OS, by qube of the world.
COLOURS = {"work": 0x3465A4, "personal": 0xEDD400, "untrusted": 0xCC0000}
# So much of a square of ten pixels has its colour alone, without the frame.
DOT = 40
# The width of the mark before an entry of a sub-menu.
MARK = 16
# A pointer that goes on sooner opens nothing.
REST = 0.16
TRIES = 8
# So far below the menu no window is.
AWAY = 60


def menu_shows_sections_second_lines_and_colours(product):
    """A line between headings; below a name size, place and holder; each qube in the colour of its label."""
    # Later servers don't tell the size of a disk.
    product.start_simulator("--protocol", "4.2")
    product.start_service()
    product.start_widget()
    product.wait_for_tray()
    menu, (stick, row) = product.menu, product.stick_in_work()
    wanted = [HEADINGS[0], LINE, HEADINGS[1], LINE, HEADINGS[2]]
    shown = lambda: [words for words in menu.lines() if words in wanted]  # noqa: E731
    until(lambda: shown() == wanted, lambda: f"{wanted}; there is {menu.lines()}")
    _passing_opens_nothing(product)
    menu.hover(row)
    read = lambda: [words for words in menu.read(row)[1:] if words != "NEW"]  # noqa: E731
    second = [f"{stick} · 31.9 GB", "→", "work"]
    until(lambda: read() == second, lambda: f"{second}; to be read is {read()}")
    _has_dot_of(product, "work", row, 0)
    _has_dot_of(product, "work", "^Detach from work$", 1)
    assert menu.is_bold("^Detach from work$", 1), "the holder is not bold in the sub-menu"
    assert _mark(product, "^Detach from work$") > 1, "the holder has no eject mark"
    for qube in ("personal", "untrusted"):
        _has_dot_of(product, qube, f"^Move to {qube}$", 1)
    assert not menu.is_bold("^Move to personal$", 1), "who has nothing is bold"
    assert _mark(product, "^Move to personal$") == 1, "who has nothing has a mark"


menu_shows_sections_second_lines_and_colours.starts_programs = False


def without_devices_one_line_says_what_to_do(product):
    """No heading and no row but one line, in both menus; a device brings its own section and no other."""
    product.world = "empty"
    product.start()
    name, menu = product.wait_for_tray(), product.menu
    words = "No devices. Plug one in, or start the qube that has your USB ports."
    menu.open()
    nothing = ["Simulator: empty", words, "Settings…", "About"]
    until(lambda: menu.lines() == nothing, lambda: f"{nothing}; there is {menu.lines()}")
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    assert drawn.find(f"^{re.escape(words)}$"), f"not said in the D-Bus menu: {drawn.outline()}"
    product.plug("camera", "usb")
    until(
        lambda: HEADINGS[2] in menu.lines() and words not in menu.lines(),
        lambda: f"the camera alone: {menu.lines()}",
    )
    others = [words for words in menu.lines() if words in (LINE, *HEADINGS[:2])]
    assert not others, f"sections without devices: {others}"


without_devices_one_line_says_what_to_do.starts_programs = False


def rows_keep_their_place_while_the_menu_is_open(product):
    """What comes is the last of its section, what goes stays grey and inert, and a qube's start moves nothing."""
    product.wait_for_tray()
    menu, tray = product.menu, product.tray
    # Sorted, each would stand before those of dom0.
    plug = lambda disk: product.control("plug", "block", "banking", disk)  # noqa: E731
    first, second, third = (rf"banking:{disk}\b" for disk in ("vdx", "vdy", "vdz"))
    plug("vdx")
    menu.open()
    menu.wait_for_row(first)
    before = _places(product)
    plug("vdy")
    menu.wait_for_row(second)
    after = _places(product)
    above = _came_after_the_disks(list(before), list(after), second)
    moved = [name for name in above if after[name] != before[name]]
    assert not moved, f"what stood above the new row moved: {before}, then {after}"
    product.control("unplug", "block", "banking", "vdx")
    menu.wait_for_row(first + ".*no longer")
    assert not menu.find(first).usable, "what has gone can be chosen"
    now = _places(product)
    assert list(now.values()) == list(after.values()), f"rows moved: {after}, then {now}"
    for word, state in (("start", "Running"), ("stop", "Halted")):
        product.control(word, "vault")
        until(lambda state=state: _state(product, "vault") == state, f"vault being {state}")
        assert _places(product) == now, f"{word} of a qube moves rows: {now}, then {_places(product)}"
    menu.close()
    icon = tray.wait_for_icon()
    set_edge(product, "bottom")
    until(lambda: tray.icon() not in (None, icon), "the icon at the bottom edge")
    menu.open()
    before = list(_places(product))
    plug("vdz")
    menu.wait_for_row(third)
    _came_after_the_disks(before, list(_places(product)), third)


def icon_and_its_own_menu_tell_and_attach(product):
    """A real right click and keys attach; icon and tooltip follow a device, a holder and a lost link."""
    name, tray, screen = product.wait_for_tray(), product.tray, product.screen
    drawn = DBusMenu(product.desktop, name, tray.item(name, "Menu"))
    _tells(product, name, "idle", "^5 devices$", "Active")
    stick = product.plug("stick")
    _tells(product, name, "idle", "^6 devices$", "Active")
    row = rf"{stick}\b"
    settled(lambda: drawn.find(row, "^work$"), lambda: f"work in {drawn.outline()}", quiet=STILL)
    tray.click(tray.menus, button=3)
    screen.key(*["Down"] * _steps(drawn.entries(), drawn.find(row)), "Right")
    until(lambda: len(tray.menus()) == 2, lambda: f"a sub-menu; there are {tray.menus()}")
    # It opens at its first entry.
    screen.key(*["Down"] * (_steps(drawn.find(row).children, drawn.find(row, "^work$")) - 1), "Return")
    product.wait_for_holders("block", stick, "work")
    _tells(product, name, "attached", "^6 devices, 1 attached$", "Active")
    product.desktop.end("qubesd-sim")
    _tells(product, name, "attention", "^Connection lost", "NeedsAttention")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _passing_opens_nothing(product):
    """A pointer that crosses all rows on its way opens no sub-menu."""
    menu, screen = product.menu, product.screen
    first = settled(lambda: menu.items()[0].box, "the menu standing still")
    for _ in range(TRIES):
        window = menu.window().box
        screen.move(middle(first)[0], window.y + window.height + AWAY)
        screen.move(middle(first)[0], window.y + 2)
        begun = time.monotonic()
        screen.move(middle(first)[0], window.y + window.height + AWAY)
        took = time.monotonic() - begun
        try:
            settled(lambda: not menu.beside(), "no sub-menu", seconds=2, quiet=0.5)
            return
        except Missed:
            # This machine was busy: the pointer may have rested on a row.
            assert took >= REST, f"a way of {took:.2f} s over the rows opened {menu.beside()!r}"
            screen.key("Escape")
            until(lambda: not menu.beside(), "the sub-menu closed by Escape")
    raise Missed("not once was the pointer known to be quick enough")


def _has_dot_of(product, qube, pattern, level):
    pixels = lambda: product.screen.pixels(product.menu.find(pattern, level).box, COLOURS[qube])  # noqa: E731
    until(lambda: pixels() > DOT, lambda: f"{COLOURS[qube]:06x} at {pattern!r}; only {pixels()} pixels have it")
    for other in COLOURS.keys() - {qube}:
        box = product.menu.find(pattern, level).box
        assert not product.screen.pixels(box, COLOURS[other]), f"the colour of {other} at {pattern!r}"


def _mark(product, pattern):
    """How many colours the place of the mark before an entry has."""
    box = product.menu.find(pattern, 1).box
    return product.screen.colours(Box(box.x, box.y, MARK, box.height))


def _places(product):
    """Where each row is, uppermost first, once the menu stands still."""
    found = lambda: {item.name: item.box.y for item in product.menu.items() if item.level == 0}  # noqa: E731
    return settled(found, "the menu standing still", quiet=0.4)


def _came_after_the_disks(before, after, new):
    """The new row is the last of its section and all else in its order; returns the rows above it."""
    # That of the machine itself, up to now the last one.
    place = next(place for place, name in enumerate(before) if "dom0:nvme" in name) + 1
    assert re.search(new, after[place]), f"not the last of its section: {after}"
    assert after[:place] + after[place + 1 :] == before, f"another order: {before}, then {after}"
    return after[:place]


def _state(product, qube):
    return next(it["State"] for it in product.objects("Qube") if it["Name"] == qube)


def _steps(entries, wanted):
    """How often Down is pressed before the entry has the focus: lines and what can't be chosen are passed over."""
    ways = [entry.number for entry in entries if entry.enabled and not entry.separator]
    return ways.index(wanted.number) + 1


def _tells(product, name, icon, title, status):
    """The icon, the headline of its tooltip and its status."""
    item = lambda word: product.tray.item(name, word)  # noqa: E731
    told = lambda: (item("IconName"), item("ToolTip")[2], item("Status"))  # noqa: E731
    said = lambda: told()[::2] == (f"plugboard-{icon}-symbolic", status) and re.search(title, told()[1])  # noqa: E731
    until(said, lambda: f"{icon}, {title!r}, {status}; it tells {told()}")


TESTS = (
    rows_keep_their_place_while_the_menu_is_open,
    menu_shows_sections_second_lines_and_colours,
    icon_and_its_own_menu_tell_and_attach,
    without_devices_one_line_says_what_to_do,
)
