"""How it answers to hands: the keys of a menu, typing to find, clicks too early or elsewhere, the D-Bus menu's clicks."""

import re
import time

import preferences
import spoken
from dbus_menu import DBusMenu
from menu import STILL
from product import PROGRAMS
from screen import middle
from waiting import Missed, settled, until

# A click sooner than that after a change under the pointer means what stood there before.
TOO_EARLY = 0.3
# Disks to be plugged in, each for one row more.
DISKS = ("vea", "veb", "vec", "ved", "vee", "vef")
SETTINGS = "^Settings"
# Where no window is.
AWAY = (40, 600)
# Qubes that don't run; each makes one entry more when it starts.
HALTED = ("vault", "projects", "anon", "win10")


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
    menu.press("Menu")
    until(menu.targets, "the sub-menu")
    menu.go_to("^New disposable$", 1)
    menu.press("Right")
    until(lambda: menu.focused(1) == "Back", lambda: f"the further page; the focus is on {menu.focused(1)!r}")
    menu.press("Return")
    until(lambda: menu.find("^New disposable$", 1), lambda: f"the first page again; there are {menu.targets()}")
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
    drawn.click(row, "^Detach from personal$")
    product.wait_for_holders("block", stick)
    drawn.click(row, "^New disposable$", "^default-dvm$")
    until(lambda: drawn.find(row + r".*→ disp\d+$"), lambda: f"a disposable after its name: {drawn.outline()}")
    (disposable,) = product.holders("block", stick)
    assert re.fullmatch(r"disp\d+", disposable), f"{disposable} is no disposable"
    drawn.click("^All devices")
    until(product.menu.window, "our own menu")
    product.menu.close()
    drawn.click("^Settings…$")
    preferences.wait_for_window(product)


def dbus_menu_leads_to_the_qubes_that_it_has_no_room_for(product):
    """So many qubes that a host's sub-menu holds some of them only: the rest is one click away, at the same device."""
    product.world = "crowd"
    product.start()
    name = product.wait_for_tray()
    drawn, menu, row = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")), product.menu, "dom0:mic"
    until(lambda: drawn.find(row), lambda: f"the microphone in {drawn.outline()}")
    offered = {entry.label for entry in drawn.find(row).children}
    running = {qube["Name"] for qube in product.objects("Qube") if qube["State"] == "Running"} - {"dom0"}
    another = max(running - offered, key=len)
    # Where a host's menu was, ours comes under the pointer: only a hand that moves it means what is there.
    menu.open()
    place = middle(settled(lambda: menu.find("sys-usb").box, "the menu standing still"))
    menu.close()
    product.screen.move(*place)
    drawn.click(row, "^Choose another qube…$")
    beside = settled(menu.beside, "a sub-menu", quiet=1)
    assert re.search(row, beside), f"it is open at {beside!r}"
    product.screen.write(another)
    until(lambda: menu.targets() == [f"Attach to {another}"], lambda: f"{another} alone; there are {menu.targets()}")
    menu.choose(f"^Attach to {another}$")
    product.wait_for_holders("mic", "dom0:mic", another)


dbus_menu_leads_to_the_qubes_that_it_has_no_room_for.starts_programs = False


def click_right_after_a_change_does_nothing(product):
    """A qube more in the sub-menu, and a click that was on its way: nothing is attached; a later click counts."""
    product.wait_for_tray()
    stick = product.plug("stick")
    menu, row = product.menu, product.row(stick)
    for qube in HALTED:
        menu.open()
        menu.hover(row)
        target = menu.point_at("^Attach to work$")
        entries = target.element.get_parent()
        before = entries.get_child_count()
        begun = time.monotonic()
        product.control("start", qube)
        until(lambda: _count(entries) > before, lambda: f"{qube} among {menu.targets()}")  # noqa: B023
        product.screen.click_here()
        if time.monotonic() < begun + TOO_EARLY:
            break
        # This machine was busy: the click may have come late enough to count.
        menu.close()
        for holder in product.holders("block", stick):
            product.qvm_device("block", "detach", holder, stick)
    else:
        raise Missed("not once was a click known to come early enough")
    settled(lambda: menu.find(f"^Attach to {qube}$", 1) and menu.targets(), "the sub-menu still open", quiet=STILL)
    assert product.holders("block", stick) == [], f"the click counted: {product.holders('block', stick)}"
    product.screen.click_here()
    product.wait_for_holders("block", stick, "work")


def click_on_what_grew_under_the_pointer_does_nothing(product):
    """A row more, and one that acts at once comes where the footer was: a click on its way starts nothing, a later one does."""
    product.wait_for_tray()
    menu, screen = product.menu, product.screen
    start, usb = "^Start sys-usb", "sys-usb"
    product.control("stop", usb)
    menu.open()
    menu.wait_for_row(start)
    height = _height_of_a_row(product, start)
    for disk in DISKS:
        below, is_early = _click_on_what_comes(product, start, disk, height)
        if is_early:
            break
        # This machine was busy: the last click may have come late enough to count.
        if settled(lambda: _state(product, usb), "what the last click did", quiet=STILL) != "Halted":
            product.control("stop", usb)
        until(lambda: menu.find(start) and menu.find(start).usable, lambda: f"{start} among {menu.rows()}")
    else:
        raise Missed("not once was a click known to come early enough")
    settled(menu.rows, "the menu standing still", quiet=STILL)
    assert menu.find(start), f"a click counted: {usb} is {_state(product, usb)}"
    box = menu.find(start).box
    assert box.y <= below[1] < box.y + box.height, f"{start} at {box} did not come to {below}"
    assert _state(product, usb) == "Halted", f"a click counted: {usb} is {_state(product, usb)}"
    screen.click_here()
    until(lambda: _state(product, usb) == "Running", lambda: f"{usb} running; it is {_state(product, usb)}")


# Their bubbles would stand above the footer.
click_on_what_grew_under_the_pointer_does_nothing.desktop = {"notifications": False}


def click_on_the_footer_that_came_under_the_pointer_does_nothing(product):
    """A row more, and the footer comes where nothing was: a click on its way opens no preferences, a later one does."""
    product.wait_for_tray()
    menu, screen = product.menu, product.screen
    menu.open()
    height = _height_of_a_row(product, SETTINGS)
    for disk in DISKS:
        below, is_early = _click_on_what_comes(product, SETTINGS, disk, height)
        if is_early:
            break
        # This machine was busy: the last click may have come late enough to count.
        settled(lambda: menu.window() or preferences.window(product), "what it did", quiet=STILL)
        if preferences.window(product):
            screen.key("Escape")
            until(lambda: not preferences.window(product), "the preferences closed")
        menu.open()
    else:
        raise Missed("not once was a click known to come early enough")
    settled(menu.window, "the menu still open", quiet=STILL)
    assert not preferences.window(product), "the click counted"
    assert screen.pointer() == below, f"the pointer is at {screen.pointer()}"
    screen.click_here()
    preferences.wait_for_window(product)


click_on_the_footer_that_came_under_the_pointer_does_nothing.desktop = {"notifications": False}


def menu_closes_by_a_click_elsewhere_and_on_its_icon(product):
    """Beside the menu, and on the icon, which must not open it again at once."""
    product.wait_for_tray()
    menu, screen = product.menu, product.screen
    left = lambda: screen.windows("org.plugboard.Devices")  # noqa: E731
    for has_submenu in (False, True, True, True):
        menu.open()
        if has_submenu:
            menu.hover("dom0:mic")
        settled(menu.window, "the menu standing still")
        screen.click(*AWAY)
        until(lambda: not left(), lambda: f"all of it closed by a click; there are still {left()}")
    for _ in range(2):
        assert menu.open() == 1, "one click on the icon did not open the menu"
        box = settled(lambda: menu.window() and menu.window().box, "the menu standing still")
        icon = middle(product.tray.wait_for_icon())
        assert not box.y <= icon[1] <= box.y + box.height, f"the menu {box} covers the icon at {icon}"
        screen.click(*icon)
        settled(lambda: not menu.window(), "the menu closed by the icon, and not opened again", quiet=1)


def click_elsewhere_right_from_an_entry_closes_quietly(product):
    """The press is known before the pointer has left for GTK, which looks half a second later whether to show a
    tooltip where it was; once it complained of a surface that was gone."""
    product.wait_for_tray()
    menu, screen = product.menu, product.screen
    for _ in range(4):
        menu.open()
        menu.hover("dom0:mic")
        entry = middle(menu.place("^Attach to work$", 1, quiet=STILL))
        screen.click_beyond(*entry, *AWAY)
        settled(lambda: not menu.window(), "the menu closed", quiet=0.8)


def about_tells_version_and_source(product):
    """The last entry says in the footer what runs here, until it is chosen again; the D-Bus menu says the same."""
    name, menu = product.wait_for_tray(), product.menu
    about = f"Plugboard {_version(product)} on simulator:laptop"
    said = lambda: [spoken.title(label) for label in menu.labels()]  # noqa: E731
    menu.open()
    until(said, "the menu's texts")
    assert about not in said(), "it is said unasked"
    menu.choose("^About$", level=0)
    until(lambda: about in said(), lambda: f"{about!r} among {said()}")
    menu.choose("^About$", level=0)
    until(lambda: about not in said(), lambda: f"{about!r} gone from {said()}")
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    assert [entry.label for entry in drawn.find("^About$").children] == [about], drawn.outline()[-1]


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


def click_on_a_row_opens_its_sub_menu_without_a_rest(product):
    """A tap, or a click of a pointer that goes on at once and never hovered: the sub-menu stands and can be used."""
    product.wait_for_tray()
    stick, menu = product.plug("stick"), product.menu
    row = product.row(stick)
    menu.open()
    product.screen.click_in_passing(*middle(menu.place(row, quiet=STILL)), *AWAY)
    beside = settled(menu.beside, "a sub-menu that stays", quiet=STILL)
    assert re.search(row, beside), f"it stands beside {beside!r}"
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")


def host_draws_the_menu_on_a_left_click_under_wayland(product):
    """Where no program may place a window the item is a menu to its host, which draws it; what it draws attaches."""
    product.start_simulator()
    product.start_service()
    product.desktop.env["XDG_SESSION_TYPE"] = "wayland"
    product.start_widget()
    name, stick = product.wait_for_tray(), product.plug("stick")
    assert product.tray.item(name, "ItemIsMenu") is True, "the host is told to ask the program for its menu"
    product.tray.click(product.tray.menus)
    assert not product.menu.window(), "our own menu came as well"
    product.screen.key("Escape")
    until(lambda: not product.tray.menus(), "the menu of the panel closed")
    DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).click(rf"{stick}\b", "^work$")
    product.wait_for_holders("block", stick, "work")


host_draws_the_menu_on_a_left_click_under_wayland.starts_programs = False


# ---- the steps ----------------------------------------------------------------------------------------------------


def _count(entries):
    entries.clear_cache()
    return entries.get_child_count()


def _height_of_a_row(product, pattern):
    """How far an entry goes down when a disk is plugged in."""
    menu, places = product.menu, []
    for disk in ("vdx", "vdy"):
        product.control("plug", "block", "personal", disk)
        menu.wait_for_row(rf"personal:{disk}\b")
        places.append(settled(lambda: menu.find(pattern).box, "the menu standing still"))
    return places[1].y - places[0].y


def _click_on_what_comes(product, pattern, disk, height):
    """Has an entry come under the pointer by one disk more, and clicks at once: where, and whether surely too early."""
    menu, screen = product.menu, product.screen
    box = settled(lambda: menu.find(pattern).box, "the menu standing still")
    below = (box.x + box.width // 2, box.y + box.height // 2 + height)
    screen.move(*below)
    entry = menu.find(pattern).element
    before = _top(entry)
    begun = time.monotonic()
    product.control("plug", "block", "personal", disk)
    until(lambda: _top(entry) > before, lambda: f"{pattern} further down than {before}")
    # GTK may learn a moment later only where the pointer is now.
    while time.monotonic() < begun + TOO_EARLY * 0.7:
        screen.click_here()
    return below, time.monotonic() < begun + TOO_EARLY


def _top(element):
    return spoken.box(element, on_screen=False).y


def _state(product, qube):
    return next(it["State"] for it in product.objects("Qube") if it["Name"] == qube)


def _version(product):
    return product.qvm_device("--version").split()[-1]


def _shortcut_again_keeps_it_open(product):
    product.desktop.start("second", PROGRAMS / "plugboard", "--menu")
    assert product.desktop.ended_by_itself("second") == 0, product.desktop.last_words("second")
    assert settled(product.menu.window, "the menu after the shortcut was pressed twice")


def _rows_of_devices(menu):
    return [name for name in menu.rows() if name not in ("Settings…", "About")]


TESTS = (
    click_on_a_row_opens_its_sub_menu_without_a_rest,
    host_draws_the_menu_on_a_left_click_under_wayland,
    slow_diagonal_way_to_an_entry_keeps_its_sub_menu,
    keys_do_what_menus_do,
    click_right_after_a_change_does_nothing,
    click_on_what_grew_under_the_pointer_does_nothing,
    click_on_the_footer_that_came_under_the_pointer_does_nothing,
    menu_closes_by_a_click_elsewhere_and_on_its_icon,
    click_elsewhere_right_from_an_entry_closes_quietly,
    about_tells_version_and_source,
    dbus_menu_attaches_moves_and_detaches,
    dbus_menu_leads_to_the_qubes_that_it_has_no_room_for,
)
