"""How it answers to hands: the keys of a menu, typing to find, the D-Bus menu's clicks."""

import re

from dbus_menu import DBusMenu
from screen import middle
from product import PROGRAMS
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


def slow_diagonal_way_to_an_entry_keeps_its_sub_menu(product):
    """The straight way from a row to the last entry of its sub-menu crosses other rows; a slow hand arrives all the same."""
    product.wait_for_tray()
    stick, menu = product.plug("stick"), product.menu
    row = product.row(stick)
    menu.open()
    menu.hover(row)
    ways = [item for item in menu.items() if item.level == 1 and item.name.startswith("Attach to ")]
    last = max(ways, key=lambda item: item.box.y)
    for seconds in (0.4, 0.9, 1.6):
        menu.hover(row)
        product.screen.glide(*middle(last.box), seconds)
        assert re.search(row, menu.beside() or ""), f"on a way of {seconds} s {menu.beside()!r} took over"
    menu.choose(f"^{re.escape(last.name)}$")
    product.wait_for_holders("block", stick, last.name.removeprefix("Attach to "))


# ---- the steps ----------------------------------------------------------------------------------------------------


def _shortcut_again_keeps_it_open(product):
    product.desktop.start("second", PROGRAMS / "plugboard", "--menu")
    assert product.desktop.ended_by_itself("second") == 0, product.desktop.last_words("second")
    assert settled(product.menu.window, "the menu after the shortcut was pressed twice")


def _rows_of_devices(menu):
    return [name for name in menu.rows() if name not in ("Settings…", "About")]


TESTS = (
    slow_diagonal_way_to_an_entry_keeps_its_sub_menu,
    keys_do_what_menus_do,
    dbus_menu_attaches_moves_and_detaches,
)
