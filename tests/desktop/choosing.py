"""What the sub-menu of a device offers: in which order, what is refused and why, and each further page of it."""

import re
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import spoken
from dbus_menu import DBusMenu
from waiting import settled, until

DENIED = "blocked by policy"
# Seconds after which both menus offer to stop waiting, and not before.
GIVE_UP_AFTER = 5
GIVE_UP = "^Stop waiting for it$"
NOT_STARTED = "sys-usb was not started. Not enough memory for sys-usb."


def likely_qubes_come_first_and_refused_ones_say_why(product):
    """Usually here, last used, then by name; a qube with a deny list stands there inactive and with its reason."""
    product.wait_for_tray()
    stick = product.plug("stick")
    row = product.row(stick)
    for target, holders in (("^Attach to untrusted$", ["untrusted"]), ("^Detach from untrusted$", [])):
        product.menu.open()
        product.menu.hover(row)
        product.menu.choose(target)
        product.wait_for_holders("block", stick, *holders)
        product.menu.wait_for_row(row + (".*attached to untrusted" if holders else "(?!.*attached)"))
    product.qvm_device("block", "assign", "--ask", "personal", stick)
    product.control("call", "admin.vm.device.denied.Add", "work", "b******")
    product.menu.close()
    _device_is_assigned(product, stick, "personal")
    product.menu.open()
    badges = {item.name: spoken.description(item.element) for item in product.menu.items()}
    new = [name for name, badge in badges.items() if badge == "NEW"]
    assert new == product.menu.rows_like(row) and "NEW" in product.menu.texts(), f"new is the stick alone: {badges}"
    targets = product.menu.hover(row)
    expected = ["Attach to personal", "Attach to untrusted", "Attach to banking"]
    assert targets[:3] == expected, f"usually here, last used, by name; the sub-menu begins with {targets}"
    notes = [spoken.description(item.element) for item in product.menu.items() if item.level == 1]
    assert notes[:3] == ["usually here", "last used", ""], f"beside them is said {notes}"
    assert all(note in product.menu.words() for note in notes), f"it is not to be read: {product.menu.words()}"
    refused = product.menu.find(f"^Attach to work, {DENIED}$", 1)
    assert refused and not refused.usable, f"work is not refused with its reason: {targets}"
    assert not any("dom0" in target or "sys-usb" in target for target in targets), targets


def stick_as_a_whole_comes_last_and_excludes_its_disk(product):
    """What is on a stick is offered safest first; a disk in use refuses its stick, with a reason, a stick its disk."""
    product.wait_for_tray()
    stick = product.plug("stick")
    row, menu = product.row(stick), product.menu
    backend, _, disk = stick.partition(":")
    port = f"{backend}:{_property(product, stick, 'ParentPort')}"
    product.give("block", stick, "work")
    menu.open()
    menu.wait_for_row(row + ".*attached to work")
    targets = menu.hover(row)
    whole = menu.find("^Whole USB device, in use as disk sda$", 1)
    assert whole and not whole.usable, f"the stick is not refused with its reason: {targets}"
    menu.choose("^Detach from work$")
    product.wait_for_holders("block", stick)
    menu.open()
    menu.wait_for_row(row + "(?!.*attached)")
    targets = menu.hover(row)
    safest_first = ["Attach to work", rf"Partition 1\b.*{disk}1$", rf"Whole USB device, {port.partition(':')[2]}$"]
    places = [next(at for at, name in enumerate(targets) if re.match(wanted, name)) for wanted in safest_first]
    assert places == sorted(places), f"not the safest first: {targets}"
    menu.choose("^Whole USB device")
    until(lambda: menu.find("^Back$", 1), lambda: f"the page of the stick as a whole; there is {menu.targets()}")
    menu.choose("^Attach to work$")
    product.wait_for_holders("usb", port, "work")
    product.notices.wait_for("is attached to work", port)
    menu.close()
    menu.open()
    whole = product.row(port)
    menu.wait_for_row(whole + ".*attached to work")
    assert not menu.rows_like(row), f"a disk that sys-usb has no longer: {menu.rows()}"
    menu.hover(whole)
    menu.choose("^Detach from work$")
    product.wait_for_holders("usb", port)
    menu.open()
    menu.wait_for_row(row + "(?!.*(attached|in use))")


def partition_in_use_holds_its_stick(product):
    """A partition in use hides its disk: the stick is one row all the same, its rest free, and never given away whole."""
    product.wait_for_tray()
    stick = product.plug("stick")
    first, second = f"{stick}1", f"{stick}2"
    backend, _, disk = stick.partition(":")
    product.control("plug", "block", backend, f"{disk}2", f"parent={disk}", "desc=Cruzer_Blade (MUSIC)")
    until(lambda: _property(product, second, "Id"), "the second partition on the bus")
    port = f"{backend}:{_property(product, stick, 'ParentPort')}"
    known = _property(product, first, "Id")
    menu = product.menu
    menu.open()
    menu.hover(product.row(stick))
    menu.choose(r"^Partition 1\b")
    until(lambda: menu.find("^Back$", 1), lambda: f"the page of the partition; there is {menu.targets()}")
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", first, "work")
    until(lambda: _property(product, stick, "Id") is None, "no disk as a whole while a part of it is in use")
    assert _property(product, first, "Id") == known, "the partition is another one now"
    menu.open()
    part = product.row(first)
    menu.wait_for_row(part + ".*attached to work")
    others = menu.rows_like(product.row(second)) + menu.rows_like(product.row(port))
    assert not others, f"one stick is several rows: {others}"
    targets = menu.hover(part)
    whole = menu.find("^Whole USB device, in use as disk sda1$", 1)
    assert whole and not whole.usable, f"the stick is not refused with its reason: {targets}"
    menu.choose(r"^Partition 2\b")
    until(lambda: menu.find("^Back$", 1), lambda: f"the page of the partition; there is {menu.targets()}")
    menu.choose("^Attach to personal$")
    product.wait_for_holders("block", second, "personal")
    refused = product.tries_to_attach("usb", port, "untrusted")
    assert "a part of the same disk" in refused, f"the service gives the whole stick away: {refused!r}"
    for device, holder in ((first, "work"), (second, "personal")):
        menu.open()
        menu.hover(product.row(first) if holder == "work" else product.row(second))
        menu.choose(f"^Detach from {holder}$")
        product.wait_for_holders("block", device)
    until(lambda: _property(product, stick, "Id"), "the disk there again")
    came, again = _property(product, port, "PluggedIn"), _property(product, stick, "PluggedIn")
    assert again == came, f"the disk is said to have come {(again - came) / 1e6} s after its stick"


def _property(product, place, name):
    """A property of the device at `BACKEND:PORT`, or None where it is not on the bus."""
    backend, _, port = place.partition(":")
    places = [device for device in product.objects("Device") if (device["Backend"], device["Port"]) == (backend, port)]
    return places[0][name] if places else None



def new_disposable_takes_it_and_goes_with_it(product):
    """A disk goes read-only to work, then to a new disposable, which is shut down together with the detaching."""
    product.wait_for_tray()
    stick = product.plug("stick")
    row, menu = product.row(stick), product.menu
    menu.open()
    menu.hover(row)
    opened = [item.name for item in menu.items() if spoken.has_state(item.element, Atspi.StateType.EXPANDED)]
    assert opened == menu.rows_like(row), f"said to be open is {opened}"
    assert _is_checked(menu, "^Read-only$") is False, f"it is said to be on: {menu.targets()}"
    menu.choose("^Read-only$")
    until(lambda: _is_checked(menu, "^Read-only$"), "a screen reader told that it is on")
    menu.choose("^Attach to work$")
    menu.wait_for_row(row + ".*read-only.*attached to work")
    assert _is_read_only(product, stick), product.objects("Device")
    menu.open()
    menu.hover(row)
    menu.choose("^Detach from work$")
    product.wait_for_holders("block", stick)
    menu.open()
    menu.wait_for_no_row(row + ".*attached to work")
    menu.hover(row)
    menu.choose("^New disposable$")
    menu.choose("^Attach to a new disposable based on default-dvm$")
    disposable = until(lambda: _only_holder(product, stick), "a disposable that holds the stick")
    assert re.fullmatch(r"disp\d+", disposable), f"{disposable} is no disposable"
    menu.open()
    menu.wait_for_row(row + f".*attached to {disposable}")
    menu.hover(row)
    menu.choose(f"^Detach and shut down {disposable}$")
    product.wait_for_holders("block", stick)
    gone = lambda: disposable not in {qube["Name"] for qube in product.objects("Qube")}  # noqa: E731
    until(gone, f"{disposable} gone after it was shut down")


def usb_qube_is_started_from_its_row(product):
    """A USB qube that stops takes its devices along, which is told; its row starts it again, and one summary says so."""
    name = product.wait_for_tray()
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    stick, camera = product.plug("stick"), product.plug("camera", "usb")
    menu = product.menu
    product.give("block", stick, "work")
    menu.open()
    menu.wait_for_row(product.row(stick) + ".*attached to work")
    menu.close()
    product.control("stop", "sys-usb")
    product.notices.wait_for("sys-usb stopped", "work")
    told = len(product.notices.all())
    menu.open()
    menu.wait_for_row("^Start sys-usb to see its USB devices$")
    menu.wait_for_no_row(product.row(camera) + r"(?!.*(removed|no longer))")
    _start_fails_and_says_so(product, drawn)
    product.control("takes", "start", "4000")
    menu.choose("^Start sys-usb to see its USB devices", level=0)
    state = lambda: {qube["Name"]: qube["State"] for qube in product.objects("Qube")}["sys-usb"]  # noqa: E731
    until(lambda: state() == "Transient", lambda: f"sys-usb on its way; it is {state()}")
    start = menu.wait_for_row("^Start sys-usb to see its USB devices, starting sys-usb…$", 3)
    assert not start.usable, "it can be started twice"
    assert not menu.find("^Hide that"), f"what went wrong before is still said: {menu.rows()}"
    menu.wait_for_row(product.row(camera))
    notice = product.notices.wait_for("sys-usb has started", "available", since=told, seconds=20)
    single = [one.summary for one in product.notices.all()[told:] if one.summary.endswith("is available")]
    assert not single, f"{single} beside the summary {notice.summary!r}"


def endless_command_can_be_given_up(product):
    """After five seconds without an answer, and not before, the person may stop waiting, in either menu; all else can
    be used meanwhile."""
    name = product.wait_for_tray()
    stick, camera = product.plug("stick"), product.plug("camera", "usb")
    row, menu = product.row(stick), product.menu
    drawn, radio = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")), "sys-usb:2-7"
    for part in ("block.Attach", "usb.Attach"):
        product.control("fail-next", part, "hang")
    menu.open()
    menu.hover(row)
    begun = time.monotonic()
    drawn.click(radio, "^work$")
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(row + ".*attaching to work")
    menu.wait_for_row(radio + ".*attaching to work")
    menu.hover(product.row(camera))
    menu.choose("^Attach to personal$")
    product.wait_for_holders("usb", camera, "personal")
    menu.open()
    menu.hover(row)
    for found in (lambda: drawn.find(radio, GIVE_UP), lambda: menu.find(GIVE_UP, 1)):
        until(found, lambda: f"{GIVE_UP!r} among {menu.targets()} and in {drawn.outline()}")
        took = time.monotonic() - begun
        assert took >= GIVE_UP_AFTER, f"it can be given up after {took:.1f} s"
    menu.choose(GIVE_UP)
    menu.wait_for_no_row(row + ".*attaching to work")
    menu.wait_for_row(radio + ".*attaching to work")
    drawn.click(radio, GIVE_UP)
    menu.wait_for_no_row(radio + ".*attaching to work")
    until(lambda: drawn.find(radio, "^work$"), lambda: f"the qubes again in {drawn.outline()}")


def keyboard_is_given_away_after_a_question_only(product):
    """The question names the port, and the way out stands first; the second time it is meant."""
    product.wait_for_tray()
    keyboard = product.plug("keyboard", "usb")
    row, menu = product.row(keyboard), product.menu
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    settled(lambda: _box(menu, "all the same$"), lambda: f"the question among {menu.targets()}")
    answers = [item for item in menu.items() if item.level == 1 and item.usable]
    usable = [item.name for item in answers]
    assert usable == ["Leave it where it is", "Attach to work all the same"], f"to be chosen are {usable}"
    assert any(f"may be {keyboard}" in text for text in menu.texts()), f"the question names no port: {menu.texts()}"
    menu.choose("^Leave it where it is$")
    until(lambda: menu.find("^Attach to work$", 1), lambda: f"the qubes again; the sub-menu has {menu.targets()}")
    menu.choose("^Attach to work$")
    menu.choose("^Attach to work all the same$")
    product.wait_for_holders("usb", keyboard, "work")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _start_fails_and_says_so(product, drawn):
    """The sentence stands in the row, in a menu that is opened anew as well, until it is hidden in either menu; at the
    end it stands there, for whoever tries again."""
    menu, start = product.menu, "^Start sys-usb to see its USB devices"
    failed, hide = f"{start}, {re.escape(NOT_STARTED)}$", "^Hide that sys-usb was not started$"

    def fail(choose):
        words = ("exception", "QubesException", "Not enough memory for sys-usb.")
        product.control("fail-next", "vm.Start", *words)
        choose()
        menu.wait_for_row(failed)
        until(lambda: drawn.find(hide), lambda: f"{hide!r} in {drawn.outline()}")

    def is_hidden():
        menu.wait_for_row(start + "$")
        menu.wait_for_no_row(hide)
        until(lambda: not drawn.find(hide), lambda: f"no {hide!r} in {drawn.outline()}")

    fail(lambda: menu.choose(start, level=0))
    product.notices.wait_for("sys-usb could not be started", "Not enough memory for sys-usb.")
    menu.close()
    menu.open()
    menu.wait_for_row(failed)
    menu.choose(hide, level=0)
    is_hidden()
    fail(lambda: drawn.click(start))
    drawn.click(hide)
    is_hidden()
    fail(lambda: drawn.click(start))


def _box(menu, pattern):
    item = menu.find(pattern, 1)
    return item.box if item else None


def _is_checked(menu, pattern):
    """Whether the entry is said to be on; None where there is none, or where it is not said to be on or off."""
    element = (menu.find(pattern, 1) or menu.NOTHING).element
    if element is None or spoken.role(element) != Atspi.Role.CHECK_MENU_ITEM:
        return None
    return spoken.has_state(element, Atspi.StateType.CHECKED)


def _only_holder(product, port):
    holders = product.holders("block", port)
    return holders[0] if holders and len(holders) == 1 else None


def _is_read_only(product, port):
    backend, _, name = port.partition(":")
    found = [it for it in product.objects("Device") if (it["Backend"], it["Port"]) == (backend, name)]
    return any(options.get("read-only") == "yes" for it in found for options in it["Attachments"].values())


def _device_is_assigned(product, port, qube):
    backend, _, name = port.partition(":")

    def is_known():
        found = [it for it in product.objects("Device") if (it["Backend"], it["Port"]) == (backend, name)]
        return any(qube in str(it["Assignments"]) for it in found)

    until(is_known, f"the assignment of {port} to {qube} on the bus")


TESTS = (
    likely_qubes_come_first_and_refused_ones_say_why,
    stick_as_a_whole_comes_last_and_excludes_its_disk,
    partition_in_use_holds_its_stick,
    new_disposable_takes_it_and_goes_with_it,
    usb_qube_is_started_from_its_row,
    endless_command_can_be_given_up,
    keyboard_is_given_away_after_a_question_only,
)
