"""What is told of itself: each notification in the life of a stick, many devices as few, and what is new for how long."""

import spoken
from dbus_menu import DBusMenu
from stand_in import StandIn
from waiting import until

# Seconds since it came, where ten are left of the two minutes for which a device counts as new.
ALMOST_OLD = 110

# More than are told one by one.
MANY = ("stick2", "camera", "mouse", "printer", "headset")
# Others, each at a port of its own: two that the widget sees change at one port are one.
MORE = (("stick",), ("keyboard",), ("phone",), ("usb", "sys-usb", "2-14", "desc=4321:dcba Maker Goodthing 1"))
# Seconds between two summaries by design, but for what a busy machine is late with the first of them.
APART = 4


def each_state_of_a_stick_is_told_in_one_place(product):
    """Available, attached, detached, removed safely: each replaces the one before; a flood is summed up, and seldom."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.notices.wait_for("is available", stick)
    product.give("block", stick, "work")
    attached = product.notices.wait_for("is attached to work")
    assert list(attached.buttons.values()) == ["Detach"], f"its buttons are {attached.buttons}"
    product.qvm_device("block", "detach", "work", stick)
    product.notices.wait_for("is detached from work", "It can be pulled out now.")
    product.control("unplug", "stick")
    removed = product.notices.wait_for("was removed safely")
    numbers = {notice.number for notice in product.notices.all()}
    assert len(numbers) == 1, f"stacked on the screen instead of replaced: {product.notices.all()}"
    until(lambda: removed.summary in product.notices.shown(), lambda: f"it on the screen: {product.notices.shown()}")
    told = len(product.notices.all())
    for gadget in MANY:
        product.control("plug", gadget)
    summary = product.notices.wait_for("New devices at sys-usb", since=told, seconds=15)
    single = [notice for notice in product.notices.all()[told:] if notice.summary.endswith("is available")]
    count = int(summary.body.split()[0])
    # What came before the summary was told has a window of its own.
    assert len(single) + count in (len(MANY), len(MANY) + 1), f"{count} beside {single}"
    assert len({notice.number for notice in single}) <= 3, f"more than three at once: {single}"
    told = len(product.notices.all())
    for gadget in MORE:
        product.control("plug", *gadget)
    again = product.notices.wait_for("New devices at sys-usb", since=told, seconds=15)
    assert again.at - summary.at >= APART, f"{again.at - summary.at:.1f} s after {summary} came {again}"


def button_names_the_likely_qube_and_failure_takes_its_place(product):
    """Where the stick is assigned to is on the button; what fails elsewhere meanwhile is told where the notice was."""
    name = product.wait_for_tray()
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    stick = product.plug("stick")
    offered = product.notices.wait_for("is available", stick)
    assert "Attach to personal" not in offered.buttons.values(), f"personal already: {offered.buttons}"
    product.qvm_device("block", "assign", "--ask", "personal", stick)
    product.control("unplug", "stick")
    product.wait_for_no_device(stick.partition(":")[2])
    told = len(product.notices.all())
    stick = product.plug("stick")
    offered = product.notices.wait_for("is available", stick, since=told)
    assert list(offered.buttons.values()) == ["Attach to personal", "Choose…"], f"its buttons are {offered.buttons}"
    product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot in personal.")
    drawn.click(product.row(stick), r"^personal\b")
    failed = product.notices.wait_for("could not be attached to personal", "No free slot in personal.", since=told)
    assert failed.replaces == failed.number == offered.number, f"{failed} does not take the place of {offered}"
    until(
        lambda: failed.summary in product.notices.shown() and offered.summary not in product.notices.shown(),
        lambda: f"{failed.summary!r} alone on the screen; to be read is {product.notices.shown()}",
    )


def new_mark_ends_after_two_minutes(product):
    """While the menu is open, and with nothing else going on: the badge goes, to be seen and to be heard."""
    product.wait_for_tray()
    stick = product.plug("stick")
    menu, row = product.menu, product.row(stick)
    menu.open()
    menu.wait_for_row(row)
    until(lambda: _is_new(menu, row), "the stick marked as new")
    # It remembers when it heard of it first.
    product.desktop.end("plugboard")
    StandIn(product, ALMOST_OLD)
    product.start_widget()
    name = product.wait_for_tray()
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    menu.open()
    menu.wait_for_row(row)
    until(lambda: _is_new(menu, row), "the stick still marked as new")
    until(lambda: drawn.find(" NEW .*" + row), lambda: f"NEW in its line of {drawn.outline()}")
    until(lambda: not _is_new(menu, row) and "NEW" not in _seen(menu), lambda: f"no NEW any more: {_seen(menu)}", 15)
    assert menu.window() and menu.find(row).usable, "more than the mark went"
    until(lambda: drawn.find(row) and not drawn.find(" NEW "), lambda: f"no NEW any more in {drawn.outline()}")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _is_new(menu, row):
    item = menu.find(row)
    return item is not None and spoken.description(item.element) == "NEW"


def _seen(menu):
    return [spoken.title(label) for label in menu.labels()]


TESTS = (
    each_state_of_a_stick_is_told_in_one_place,
    button_names_the_likely_qube_and_failure_takes_its_place,
    new_mark_ends_after_two_minutes,
)
