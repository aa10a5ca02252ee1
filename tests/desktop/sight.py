"""What the eye finds: sections, lines, colours and second lines in the menu, rows that keep their place, and the icon."""

import re

from dbus_menu import STILL, DBusMenu
from places import set_edge
from screen import Box, middle
from waiting import settled, until

LINE = "---"
HEADINGS = ["Disks", "Microphone", "USB devices"]
# The colours of the labels of Qubes OS, by qube of the world.
COLOURS = {"work": 0x3465A4, "personal": 0xEDD400, "untrusted": 0xCC0000}
# So much of a square of ten pixels has its colour alone, without the frame.
DOT = 40
# The width of the mark before an entry of a sub-menu.
MARK = 16
PLACE = re.compile(r"[\w-]+:[\w.-]+")
# The headings of a sub-menu, which to a host are entries.
OVER_QUBES = ("Attach to", "Move to", "Only a part, or all of it")
# A pointer that goes on sooner opens nothing.
REST = 0.16


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
    menu.hover(row)
    read = lambda: [words for words in menu.read(row) if words != "NEW"]  # noqa: E731
    second = ["Cruzer Blade", f"{stick} · 31.9 GB", "→", "work"]
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
    stick = product.plug("stick")
    row = product.row(stick)
    menu.open()
    menu.wait_for_row(row)
    # The pointer rests on no row, so that no sub-menu comes.
    before = _places(product)
    second = product.plug("stick2")
    menu.wait_for_row(product.row(second))
    after = _places(product)
    disks = [name for name in before if before[name] <= before[_named(before, row)]]
    assert list(after) == [*disks, _named(after, product.row(second)), *list(before)[len(disks) :]], f"{before}: {after}"
    assert all(after[name] == before[name] for name in disks), f"a row above moved: {before}, then {after}"
    product.control("unplug", "stick")
    menu.wait_for_row(row + ".*no longer")
    gone = menu.find(row)
    assert not gone.usable, f"{gone.name!r} can be chosen"
    assert list(_places(product).values()) == list(after.values()), f"rows moved: {after}, then {_places(product)}"
    now = _places(product)
    product.control("start", "vault")
    until(lambda: "vault" in menu.hover("dom0:mic.*") or _offers(menu, "vault"), lambda: f"vault in {menu.targets()}")
    assert _places(product) == now, f"a qube that starts moves rows: {now}, then {_places(product)}"
    menu.close()
    icon = tray.wait_for_icon()
    set_edge(product, "bottom")
    until(lambda: tray.icon() not in (None, icon), "the icon at the bottom edge")
    menu.open()
    before = list(_places(product))
    third = product.plug("disk")
    menu.wait_for_row(product.row(third))
    after = [name for name in _places(product) if not re.search(product.row(third), name)]
    assert after == before, f"another order: {before}, then {after}"


def icon_and_its_own_menu_tell_and_attach(product):
    """A real right click and keys attach; icon and tooltip follow a device, a holder and a lost link."""
    name, tray, screen = product.wait_for_tray(), product.tray, product.screen
    drawn = DBusMenu(product.desktop, name, tray.item(name, "Menu"))
    _tells(product, name, "idle", "5 devices", "Active")
    stick = product.plug("stick")
    _tells(product, name, "idle", "6 devices", "Active")
    row = rf"{stick}\b"
    settled(lambda: drawn.find(row, "^work$"), lambda: f"work in {drawn.outline()}", quiet=STILL)
    tray.click(tray.menus, button=3)
    screen.key(*["Down"] * _steps(drawn.entries(), drawn.find(row)), "Right")
    until(lambda: len(tray.menus()) == 2, lambda: f"a sub-menu; there are {tray.menus()}")
    # It opens at its first entry.
    screen.key(*["Down"] * (_steps(drawn.find(row).children, drawn.find(row, "^work$")) - 1), "Return")
    product.wait_for_holders("block", stick, "work")
    _tells(product, name, "attached", "6 devices, 1 attached", "Active")
    product.desktop.end("qubesd-sim")
    _tells(product, name, "attention", "", "NeedsAttention")


def passing_over_rows_opens_nothing(product):
    """A pointer that crosses rows on its way opens no sub-menu; one that rests does."""
    product.wait_for_tray()
    menu, screen = product.menu, product.screen
    menu.open()
    rows = settled(lambda: [item.box for item in menu.items() if item.level == 0][:-2], "the menu standing still")
    x, y = middle(rows[0])
    screen.move(x, rows[0].y - 60)
    screen.move(x, menu.window().box.y + menu.window().box.height + 60)
    for _ in range(5):
        assert not menu.beside(), f"a sub-menu in passing: {menu.beside()!r}"
    menu.hover("dom0:mic")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _has_dot_of(product, qube, pattern, level):
    pixels = lambda: product.screen.pixels(product.menu.find(pattern, level).box, COLOURS[qube])  # noqa: E731
    until(lambda: pixels() > DOT, lambda: f"{COLOURS[qube]:06x} at {pattern!r}; only {pixels()} pixels have it")
    for other in COLOURS.keys() - {qube}:
        assert not product.screen.pixels(product.menu.find(pattern, level).box, COLOURS[other]), f"{other} at {pattern!r}"


def _mark(product, pattern):
    """How many colours the place of the mark before an entry has."""
    box = product.menu.find(pattern, 1).box
    return product.screen.colours(Box(box.x, box.y, MARK, box.height))


def _places(product):
    """Where each row is, uppermost first, once the menu stands still."""
    found = lambda: {item.name: item.box.y for item in product.menu.items() if item.level == 0}  # noqa: E731
    return settled(found, "the menu standing still", quiet=0.4)


def _named(places, pattern):
    return next(name for name in places if re.search(pattern, name))


def _offers(menu, qube):
    return any(target.endswith(qube) for target in menu.targets())


def _steps(entries, wanted):
    """How often Down is pressed before the entry has the focus: lines and what can't be chosen are passed over."""
    ways = [entry.number for entry in entries if entry.enabled and not entry.separator]
    return ways.index(wanted.number) + 1


def _tells(product, name, icon, title, status):
    """The icon, the headline of its tooltip and its status."""
    item = lambda word: product.tray.item(name, word)  # noqa: E731
    told = lambda: (item("IconName"), item("ToolTip")[2], item("Status"))  # noqa: E731
    wanted = lambda: told()[::2] == (f"plugboard-{icon}-symbolic", status) and (told()[1] == title or not title)  # noqa: E731
    until(wanted, lambda: f"{icon}, {title!r}, {status}; it tells {told()}")


TESTS = (
    rows_keep_their_place_while_the_menu_is_open,
    menu_shows_sections_second_lines_and_colours,
    icon_and_its_own_menu_tell_and_attach,
    without_devices_one_line_says_what_to_do,
    passing_over_rows_opens_nothing,
)
