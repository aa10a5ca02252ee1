"""How it answers to hands: the keys of a menu, typing to find, a pointer that cuts the corner, the D-Bus menu's clicks."""

import re

from dbus_menu import DBusMenu
from product import PROGRAMS
from screen import middle
from waiting import settled, until


def keys_do_what_menus_do(product):
    """Home, End, the ends that meet, letters that filter rows and qubes, Escape one step at a time."""
    product.wait_for_tray()
    row = product.row(product.plug("stick"))
    menu = product.menu
    menu.open_by_command("--menu")
    menu.wait_for_row(row)
    _shortcut_again_keeps_it_open(product)
    menu.press("End")
    until(lambda: menu.focused() == "About", lambda: f"the focus on the last entry; it is on {menu.focused()!r}")
    menu.press("Home")
    first = menu.rows()[0]
    until(lambda: menu.focused() == first, lambda: f"the focus on {first!r}; it is on {menu.focused()!r}")
    menu.press("Up")
    until(lambda: menu.focused() == "About", lambda: f"the ends to meet; the focus is on {menu.focused()!r}")
    everything = menu.rows()
    product.screen.write("blade")
    until(lambda: _rows_of_devices(menu) == menu.rows_like("Blade"), lambda: f"the stick alone; rows are {menu.rows()}")
    menu.press("Escape")
    until(lambda: menu.rows() == everything, lambda: f"every row again after Escape; rows are {menu.rows()}")
    product.screen.write("zzz")
    until(lambda: "nothing here is called “zzz”" in menu.words(), lambda: f"a line that says so: {menu.words()!r}")
    menu.press("Escape")
    until(lambda: menu.rows() == everything, lambda: f"every row again after Escape; rows are {menu.rows()}")
    menu.press("Home")
    menu.go_to(row)
    menu.press("Right")
    until(menu.targets, "the sub-menu")
    product.screen.write("pers")
    until(lambda: menu.targets() == ["Attach to personal"], lambda: f"personal alone; there are {menu.targets()}")
    menu.press("Escape")
    until(lambda: len(menu.targets()) > 3, lambda: f"every qube again; there are {menu.targets()}")
    menu.press("Escape")
    until(lambda: not menu.targets(), lambda: f"no sub-menu after Escape; it has {menu.targets()}")
    assert menu.window(), "one Escape too many was taken"
    menu.press("Escape")
    until(lambda: not menu.window(), "the menu closed by Escape")


def pointer_may_cut_the_corner(product):
    """On its slow way to the sub-menu the pointer crosses other rows, and the sub-menu stays; straight down it follows."""
    product.wait_for_tray()
    product.plug("stick")
    menu, screen = product.menu, product.screen
    menu.open()
    targets = menu.hover("dom0:mic")
    rows = [item for item in menu.items() if item.level == 0]
    here = next(place for place, item in enumerate(rows) if "dom0:mic" in item.name)
    last = [item for item in menu.items() if item.level == 1][len(targets) // 2 + 1]
    crossed = [item for item in rows[here + 1 :] if item.box.y < last.box.y]
    assert crossed, f"the way to {last.name!r} crosses no other row; rows are {rows}"
    screen.glide(*middle(last.box))
    assert re.search("dom0:mic", menu.beside() or ""), f"another row took over on the way: {menu.beside()!r}"
    menu.close()
    menu.open()
    menu.hover("dom0:mic")
    below = [item for item in menu.items() if item.level == 0][here + 1]
    screen.glide(screen.pointer()[0], middle(below.box)[1], strides=6)
    until(lambda: menu.beside() == below.name, lambda: f"the sub-menu of {below.name!r}; it is that of {menu.beside()!r}")
    menu.choose("^About$", level=0)
    until(lambda: "plugboard 0." in menu.words(), lambda: f"what runs here; to be read is {menu.words()!r}")
    # A click elsewhere closes; the empty screen is below the panel, away from the menu.
    screen.click(40, 600)
    until(lambda: not menu.window(), "the menu closed by a click elsewhere")


def dbus_menu_attaches_moves_and_detaches(product):
    """What a host draws from the D-Bus menu does the same as our own; the check mark and the arrow follow."""
    name = product.wait_for_tray()
    stick = product.plug("stick")
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    row = rf"{stick}\b"
    drawn.click(row, "^work$")
    product.wait_for_holders("block", stick, "work")
    until(lambda: drawn.find(row + ".*→ work$"), lambda: f"'→ work' after its name: {drawn.outline()}")
    attached = drawn.find(row)
    assert attached.icon == "object-select-symbolic", f"no check mark but {attached.icon!r}"
    assert drawn.find(row, "work").icon == "media-eject", f"no eject mark in {attached.children}"
    drawn.click(row, "^untrusted$")
    product.wait_for_holders("block", stick, "untrusted")
    drawn.click(row, "^work$", "^Move to work all the same$")
    product.wait_for_holders("block", stick, "work")
    drawn.click(row, "^Detach from work$")
    product.wait_for_holders("block", stick)
    until(lambda: not drawn.find(row + ".*→"), lambda: f"no arrow any more: {drawn.outline()}")
    drawn.click(row, "^Read-only$", "^personal$")
    product.wait_for_holders("block", stick, "personal")
    until(lambda: drawn.find(row + ".*read-only"), lambda: f"'read-only' in its line: {drawn.outline()}")
    drawn.click("^All devices")
    until(product.menu.window, "our own menu")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _shortcut_again_keeps_it_open(product):
    product.desktop.start("second", PROGRAMS / "plugboard", "--menu")
    assert product.desktop.ended_by_itself("second") == 0, product.desktop.last_words("second")
    assert settled(product.menu.window, "the menu after the shortcut was pressed twice")


def _rows_of_devices(menu):
    return [name for name in menu.rows() if name not in ("Settings…", "About")]


TESTS = (
    keys_do_what_menus_do,
    pointer_may_cut_the_corner,
    dbus_menu_attaches_moves_and_detaches,
)
