"""What goes wrong: the server dies or refuses, a stick is pulled out in use. Nothing is lost, and each is told."""

import re
import signal
import time

import spoken
from dbus_menu import DBusMenu
from menu import STILL
from screen import middle
from waiting import settled, until

# After its return the server is mirrored whole within this time.
WHOLE_AGAIN = 1.0
RESYNCING = "reading the devices again…"
# Two that are always there.
CAMERA, RADIO = "sys-usb:2-5", "sys-usb:2-7"
NEW_DISPOSABLE = "^Move to a new disposable based on default-dvm$"
NO_SERVICE = "connection lost. the plugboard service is not running."


def lost_connection_is_shown_and_mended(product):
    """The service goes and comes back, then qubesd: the tray asks for attention, a banner says why, neither menu lets
    anything be chosen; then all is whole again."""
    name = product.wait_for_tray()
    menu = product.menu
    menu.open()
    menu.wait_for_row("dom0:mic")
    rows = menu.rows()
    for program, reason, start, hovered in (
        ("plugboardd", NO_SERVICE, product.start_service, "dom0:mic"),
        ("qubesd-sim", "connection lost", product.start_simulator, RADIO),
    ):
        menu.hover(hovered)
        product.desktop.end(program)
        _loss_is_shown(product, name, reason, None if reason == NO_SERVICE else "lost")
        _nothing_can_be_chosen(product, name, hovered)
        start()
        _all_is_whole_again(product, name, rows)
        devices = [row for row in rows if ":" in row]
        until(lambda: _usable(menu) == devices, lambda: f"each row to be used; there are {_usable(menu)}")  # noqa: B023
        # It was grey under the pointer, and lets it in all the same.
        menu.hover(hovered)
    menu.hover(CAMERA)
    menu.choose("^Attach to work$")
    product.wait_for_holders("usb", CAMERA, "work")


def what_is_read_again_is_said_and_holds_still(product):
    """Until all is read after a lost connection a banner says so and no row can be used; then each can again."""
    product.wait_for_tray()
    menu = product.menu
    menu.open()
    menu.wait_for_row("dom0:mic")
    product.control("latency", "mic.Available", "3000")
    product.control("drop-events")
    places = lambda: {item.name: item.box.y for item in menu.items() if ":" in item.name}  # noqa: E731
    until(
        lambda: RESYNCING in menu.words() and not _usable(menu),
        lambda: f"a banner and no row to be used; it says {menu.words()!r}, to be used are {_usable(menu)}",
    )
    below_it = settled(places, "the menu standing still below the banner")
    until(lambda: RESYNCING not in menu.words(), lambda: f"the banner gone; the menu says {menu.words()!r}")
    until(lambda: len(_usable(menu)) > 3, lambda: f"rows that can be used; there are {_usable(menu)}")
    after_it = settled(places, "the menu standing still after the banner")
    assert after_it == below_it, f"rows that can be used moved under the pointer: {below_it} became {after_it}"
    menu.close()
    menu.open()
    again = settled(places, "the menu opened anew")
    assert all(again[name] < place for name, place in below_it.items()), f"room was left for no banner: {again}"


def row_that_was_grey_under_a_resting_pointer_opens_once_that_moves(product):
    """It goes grey and can be used again while the pointer rests on it: nothing opens by itself, the first movement counts."""
    product.wait_for_tray()
    menu = product.menu
    menu.open()
    menu.hover(RADIO)
    product.control("latency", "mic.Available", "2000")
    product.control("drop-events")
    until(lambda: not _usable(menu), lambda: f"no row to be used; there are {_usable(menu)}")
    # A banner has come above it.
    product.screen.move(*middle(settled(lambda: menu.find(RADIO).box, "the grey row standing still")))
    until(lambda: len(_usable(menu)) > 3, lambda: f"rows that can be used; there are {_usable(menu)}")
    settled(lambda: menu.window() and not menu.targets(), lambda: f"no sub-menu but {menu.targets()}", quiet=1)
    x, y = product.screen.pointer()
    product.screen.move(x + 6, y)
    beside = until(menu.beside, "a sub-menu")
    assert re.search(RADIO, beside), f"it stands beside {beside!r}"


def list_that_cant_be_read_has_a_row(product):
    """The devices of one qube can't be listed: a row names it with the reason, until they can."""
    product.wait_for_tray()
    menu, refusal = product.menu, ("exception", "QubesException", "Out of order.")
    for _ in range(2):
        product.control("fail-next", "block.Available", *refusal)
    product.control("plug", "stick")
    menu.open()
    menu.wait_for_row(r"^The devices of sys-usb can.t be read: .*Out of order\.$")
    menu.wait_for_row("sys-usb:sda")
    menu.close()
    menu.open()
    menu.wait_for_no_row("The devices of")


def server_that_dies_during_an_attach_ends_it_with_a_sentence(product):
    """The command never gets its answer: row and notification say so, and the device can be used again."""
    name = product.wait_for_tray()
    product.menu.open()
    rows = product.menu.rows()
    stick = product.plug("stick")
    product.notices.wait_for("is available")
    product.control("fail-next", "block.Attach", "hang")
    menu, row = product.menu, product.row(stick)
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(row + ".*attaching to work")
    product.desktop.end("qubesd-sim", signal.SIGKILL)
    failed = menu.wait_for_row(row + ".*Not attached to work").name
    assert "attaching" not in failed, f"the row is still waiting: {failed!r}"
    notice = product.notices.wait_for("could not be attached to work")
    assert notice.body.endswith("."), f"the notification gives no sentence as reason: {notice.body!r}"
    _loss_is_shown(product, name)
    product.start_simulator()
    # The new machine has no stick in it.
    _all_is_whole_again(product, name, rows)
    stick = product.plug("stick")
    menu.open()
    menu.hover(product.row(stick))
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")


def failed_move_is_rolled_back_and_told(product):
    """The second half of a move fails: the first qube has it again, and the row says both. So with a new disposable, to
    which it goes the next time; and never it is said that it can be pulled out."""
    product.wait_for_tray()
    menu, (stick, row) = product.menu, product.stick_in_work()
    for where, choice in (
        ("untrusted", ["^Move to untrusted$"]),
        ("a new disposable", ["^New disposable$", NEW_DISPOSABLE]),
    ):
        told = len(product.notices.all())
        product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot there.")
        menu.hover(row)
        for entry in choice:
            menu.choose(entry)
        menu.open()
        menu.wait_for_row(row + rf".*to work, Not moved to {where}\. No free slot there\. It is back in work\.")
        product.wait_for_holders("block", stick, "work")
        product.notices.wait_for(f"could not be moved to {where}", "It is back in work.", since=told)
    menu.hover(row)
    menu.choose("^New disposable$")
    menu.choose(NEW_DISPOSABLE)
    menu.open()
    menu.wait_for_row(row + r".*attached to disp\d+$")
    assert re.fullmatch(r"disp\d+", product.holders("block", stick)[0]), f"it is in {product.holders('block', stick)}"
    product.notices.wait_for("is attached to disp")
    rash = [notice for notice in product.notices.all() if "pulled out" in notice.body]
    assert not rash, f"on its way it is said that it can be pulled out: {rash}"


def failed_move_from_the_drawn_menu_is_rolled_back_and_told(product):
    """The same from the D-Bus menu, which says so at the device, with the way to hide it."""
    name = product.wait_for_tray()
    stick = product.plug("stick")
    product.give("block", stick, "work")
    product.notices.wait_for("is attached to work")
    product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot in untrusted.")
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    row, failed = product.row(stick), r"^Not moved to untrusted\. No free slot in untrusted\. It is back in work\.$"
    drawn.click(row, "^untrusted$")
    product.notices.wait_for("could not be moved to untrusted", "No free slot in untrusted. It is back in work.")
    product.wait_for_holders("block", stick, "work")
    until(lambda: drawn.find(row + ".*→ work", failed), lambda: f"the sentence at the stick in {drawn.outline()}")
    assert not drawn.find(row, failed).enabled, "a sentence can be chosen"
    drawn.click(row, "^Hide this message$")
    until(lambda: not drawn.find(row, failed), lambda: f"the sentence gone from {drawn.outline()}")
    drawn.click(row, "^untrusted$")
    product.wait_for_holders("block", stick, "untrusted")


def device_swapped_unseen_is_not_given_away(product):
    """Another device is on the port than the menu knows: the choice is refused with a reason, and whoever looks again
    sees the other one although nothing told of it; once seen it counts."""
    product.wait_for_tray()
    camera = product.plug("camera", "usb")
    menu, row = product.menu, product.row(camera)
    refusal = f"Another device is on {camera} now. Look again before you choose."
    menu.open()
    menu.hover(row)
    product.control("lose-events", "10000")
    product.control("swap", "usb", *camera.split(":"))
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(row + ".*" + re.escape(f"Not attached to work. {refusal}"))
    notice = product.notices.wait_for("could not be attached to work", refusal)
    assert re.match(f"(Webcam|{camera}) ", notice.summary), f"said of one that nobody chose: {notice}"
    assert product.holders("usb", camera) == [], f"given away unseen: {product.holders('usb', camera)}"
    menu.wait_for_row("^(?!Webcam).*" + row, 3)
    product.control("lose-events", "0")
    menu.hover(row)
    menu.choose("^Attach to work$")
    product.wait_for_holders("usb", camera, "work")


def failure_stays_in_the_row_until_dismissed(product):
    """Neither closing the menu nor another device takes the sentence away; the person does."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot in work.")
    menu, row = product.menu, product.row(stick)
    failed = row + r".*Not attached to work\. No free slot in work\."
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(failed)
    product.notices.wait_for("could not be attached to work", "No free slot in work.")
    menu.close()
    camera = product.plug("camera", "usb")
    menu.open()
    menu.wait_for_row(product.row(camera))
    menu.wait_for_row(failed)
    menu.hover(row)
    menu.choose("^Hide this message$")
    menu.wait_for_no_row(failed)
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")


def stick_pulled_out_in_use_is_told_and_forgotten(product):
    """Pulled out while attached: a notification names who lost it; no row claims that it can still be used."""
    product.wait_for_tray()
    menu, (stick, row) = product.menu, product.stick_in_work()
    menu.close()
    product.control("unplug", "stick")
    notice = product.notices.wait_for("was removed while attached to work")
    until(lambda: notice.summary in product.notices.shown(), "the notification on the screen")
    menu.open()
    until(
        lambda: all("removed" in found for found in menu.rows_like(row)),
        lambda: f"{stick} shown as removed or not at all; rows are {menu.rows()}",
    )


def rest_of_a_stick_is_cleaned_up_in_its_row(product):
    """Pulled out while attached, and still listed at its qube: the row says so and offers that one thing."""
    product.wait_for_tray()
    menu, (_, row) = product.menu, product.stick_in_work()
    # The lists of who has what can't be read for a while, so it is not known that work lost it.
    product.control("latency", "block.Attached", "10000")
    product.control("unplug", "stick")
    menu.wait_for_row(row + ".*removed while attached to work")
    notice = product.notices.wait_for("was removed while attached to work")
    assert "Detach" not in notice.buttons.values(), f"its buttons are {notice.buttons}"
    targets = menu.hover(row)
    assert targets == ["Detach from work"], f"more is offered than to clean up: {targets}"
    holder = menu.find("^Detach from work$", 1)
    assert spoken.description(holder.element) == "clean up", f"it says {spoken.description(holder.element)!r}"
    product.control("latency", "0")
    menu.choose("^Detach from work$")
    menu.open()
    menu.wait_for_no_row(row + ".*removed while attached", 20)
    failed = [notice for notice in product.notices.all() if "could not be" in notice.summary]
    assert not failed, f"what was cleaned up before the click is told as a failure: {failed}"


def _loss_is_shown(product, name, reason="connection lost", link="lost"):
    until(lambda: product.link() == link, lambda: f"the link as {link!r}; it is {product.link()!r}")
    status = lambda: product.tray.item(name, "Status")  # noqa: E731
    until(lambda: status() == "NeedsAttention", lambda: f"the tray asking for attention; it is {status()!r}")
    product.menu.open()
    words = lambda: product.menu.words()  # noqa: E731
    until(lambda: reason in words(), lambda: f"{reason!r} in the menu; it says {words()!r}")


def _nothing_can_be_chosen(product, name, row):
    """Every row stands there grey, opens nothing when it is clicked, and is a mere line where a host draws it."""
    menu = product.menu
    until(
        lambda: menu.find(row) and not _usable(menu) and not menu.targets(),
        lambda: f"no row to be used; there are {_usable(menu)} and beside them {menu.targets()}",
    )
    menu.choose(row, level=0)
    settled(lambda: menu.window() and not menu.targets(), lambda: f"no sub-menu but {menu.targets()}", quiet=STILL)
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    devices = [entry for entry in drawn.entries() if ":" in entry.label and "Simulator" not in entry.label]
    assert len(devices) > 3, f"no devices in {drawn.outline()}"
    live = [entry.label for entry in devices if entry.enabled or entry.children]
    assert not live, f"a host can still choose {live}"


def _usable(menu):
    """The rows of devices that answer, and what answers beside them."""
    return [item.name for item in menu.items() if item.usable and (item.level or ":" in item.name)]


def _all_is_whole_again(product, name, rows):
    """Right after `ready`: the service within a second, then every face."""
    began = time.monotonic()
    until(lambda: product.link() == "live", lambda: f"the link live again; it is {product.link()!r}")
    took = time.monotonic() - began
    assert took <= WHOLE_AGAIN, f"the mirror was whole again only after {took:.2f} s"
    status = lambda: product.tray.item(name, "Status")  # noqa: E731
    until(lambda: status() != "NeedsAttention", "the tray calm again")
    until(lambda: "connection lost" not in product.menu.words(), "the banner gone")
    # What is gone keeps its place until the menu closes.
    product.menu.close()
    product.menu.open()
    menu_rows = product.menu.rows
    until(lambda: sorted(menu_rows()) == sorted(rows), lambda: f"{rows} again; now {menu_rows()}")


TESTS = (
    lost_connection_is_shown_and_mended,
    what_is_read_again_is_said_and_holds_still,
    row_that_was_grey_under_a_resting_pointer_opens_once_that_moves,
    list_that_cant_be_read_has_a_row,
    server_that_dies_during_an_attach_ends_it_with_a_sentence,
    failed_move_is_rolled_back_and_told,
    failed_move_from_the_drawn_menu_is_rolled_back_and_told,
    device_swapped_unseen_is_not_given_away,
    failure_stays_in_the_row_until_dismissed,
    stick_pulled_out_in_use_is_told_and_forgotten,
    rest_of_a_stick_is_cleaned_up_in_its_row,
)
