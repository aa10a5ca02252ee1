"""What a person does every day: plug, attach, move, detach; with the pointer, the keyboard and notifications."""

import re

import spoken
import story as the_story
from dbus_menu import DBusMenu
from product import PROGRAMS
from waiting import until

LINE = "---"
# The place of a device in its row.
PLACE = re.compile(r"[\w-]+:[\w.-]+")
# The headings of a sub-menu, which to a host are entries.
OVER_ENTRIES = ("Attach to", "Move to", "Only a part, or all of it")


def story_is_seen(product):
    """The story of `./dev run`, from the icon to the microphone in two qubes."""
    the_story.Story(product).play()


def notification_button_attaches(product):
    """The person never opens the menu: the button of the notification does it."""
    product.wait_for_tray()
    stick = product.plug("stick")
    notice = product.notices.wait_for("is available")
    label = next(label for label in notice.buttons.values() if label.startswith("Attach to "))
    qube = label.removeprefix("Attach to ")
    product.notices.press(label)
    product.wait_for_holders("block", stick, qube)
    told = product.notices.wait_for("attached", qube, since=1)
    # Pressing a button takes the notice away, so the new one replaces it or stands alone.
    until(
        lambda: told.summary in product.notices.shown() and notice.summary not in product.notices.shown(),
        lambda: f"{told.summary!r} alone on the screen; to be read is {product.notices.shown()}",
    )


def notification_buttons_lead_to_the_device_and_back(product):
    """“Choose…” opens the menu at that device, among others; “Detach” takes it back without the menu."""
    product.wait_for_tray()
    stick, menu = product.plug("stick"), product.menu
    product.notices.press("Choose…")
    until(menu.beside, "a sub-menu")
    assert re.search(product.row(stick), menu.beside()), f"it opened at {menu.beside()!r}"
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")
    product.notices.press("Detach")
    product.wait_for_holders("block", stick)


def right_click_shows_the_same(product):
    """The D-Bus menu, which some desktops show alone: the same sections and devices, for each the same choices."""
    name, menu = product.wait_for_tray(), product.menu
    stick, _ = product.stick_in_work()
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    ours = lambda: _sections(menu.lines())  # noqa: E731
    theirs = lambda: _sections(_labels(drawn.entries()))  # noqa: E731
    same = lambda: stick in ours() and ours() == theirs()  # noqa: E731
    until(same, lambda: f"the same in both; ours is {ours()}, theirs {theirs()}")
    rows = [name for name in menu.rows() if PLACE.search(name)]
    for row in rows:
        place = PLACE.search(row)[0]
        # What a heading says need not be said in each entry.
        targets = [re.sub("^(Attach|Move) to ", "", target) for target in menu.hover(re.escape(row))]
        entries = drawn.find(rf"{re.escape(place)}\b").children
        offered = [label for label in _labels(entries) if label not in (LINE, *OVER_ENTRIES)]
        assert offered == targets, f"for {place} the one offers {targets}, the other {offered}"
        assert not any("dom0" in label for label in offered), f"dom0 is among {offered}"


def second_start_opens_the_menu(product):
    """`plugboard` started again opens the menu of the one that runs, and ends."""
    product.wait_for_tray()
    product.desktop.start("second", PROGRAMS / "plugboard")
    assert product.desktop.ended_by_itself("second") == 0
    until(product.menu.window, "the menu after the second start")


def keyboard_alone_attaches_and_detaches(product):
    """From the menu to a qube and back without the pointer: Down, Right, Enter, Left, Escape."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.notices.wait_for("is available")
    menu, row = product.menu, rf":{stick.partition(':')[2]}(?!\w)"
    menu.open_by_command()
    menu.wait_for_row(row)
    menu.press("Down")
    until(menu.focused, "a focus after the first arrow")
    assert menu.focused() == menu.rows()[0], f"the first arrow led to {menu.focused()!r}, not to the first row"
    menu.go_to(row)
    menu.press("Right")
    menu.go_to("^Attach to work$", level=1)
    menu.press("Return")
    product.wait_for_holders("block", stick, "work")
    menu.open_by_command()
    menu.wait_for_row(row + ".*attached to work")
    menu.go_to(row)
    menu.press("Right")
    until(lambda: menu.focused(1) == "Detach from work", lambda: f"the holder first; the focus is on {menu.focused(1)!r}")
    menu.press("Left")
    until(lambda: not menu.targets(), lambda: f"the sub-menu closed by Left; it shows {menu.targets()}")
    assert re.search(row, menu.focused() or ""), f"the focus went to {menu.focused()!r}, not back to the row"
    menu.press("Right")
    menu.go_to("^Detach from work$", level=1)
    menu.press("Return")
    product.wait_for_holders("block", stick)
    menu.open_by_command()
    menu.press("Escape")
    until(lambda: not menu.window(), "the menu closed by one Escape")


def device_that_counts_as_taken_for_a_moment_moves_in_one_go(product):
    """A USB backend notes a detach a second late: the move waits for it, and the row is true by itself in the end."""
    product.wait_for_tray()
    product.control("takes", "release", "900")
    radio, menu = "sys-usb:2-7", product.menu
    row = product.row(radio)
    product.give("usb", radio, "work")
    menu.open()
    menu.wait_for_row(row + ".*attached to work")
    menu.hover(row)
    menu.choose("^Move to untrusted$")
    menu.open()
    menu.wait_for_row(row + ".*attached to untrusted")
    product.wait_for_holders("usb", radio, "untrusted")
    menu.hover(row)
    menu.choose("^Detach from untrusted$")
    menu.open()
    menu.wait_for_row(row + "(?!.*(attached|detaching))")
    product.wait_for_holders("usb", radio)
    told = [notice.summary for notice in product.notices.all() if "ot " in notice.summary]
    assert not told, f"something was said to have failed: {told}"


def moving_takes_it_from_one_qube_to_another(product):
    """Another qube chosen while attached: one click down in trust, one question more on the way up."""
    product.wait_for_tray()
    menu, (stick, row) = product.menu, product.stick_in_work()
    menu.hover(row)
    menu.choose("^Move to untrusted$")
    product.wait_for_holders("block", stick, "untrusted")
    menu.open()
    menu.wait_for_row(row + ".*attached to untrusted")
    menu.hover(row)
    menu.choose("^Move to banking$")
    menu.choose("^Move to banking all the same$")
    product.wait_for_holders("block", stick, "banking")


def camera_goes_to_a_qube_and_back(product):
    """A USB device, which goes through the agents of both qubes."""
    product.wait_for_tray()
    camera = product.plug("camera", "usb")
    menu, row = product.menu, product.row(camera)
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to personal$")
    product.wait_for_holders("usb", camera, "personal")
    product.notices.wait_for("is attached to personal")
    menu.open()
    menu.wait_for_row(row + ".*attached to personal")
    menu.hover(row)
    menu.choose("^Detach from personal$")
    product.wait_for_holders("usb", camera)
    product.notices.wait_for("is detached from personal")


def microphone_comes_to_a_third_qube_and_leaves_one(product):
    """The microphone in several qubes: each is a holder of its own, one more is added, and the others keep it."""
    product.wait_for_tray()
    for qube in ("work", "personal"):
        product.give("mic", "dom0:mic", qube)
    product.wait_for_holders("mic", "dom0:mic", "personal", "work")
    menu = product.menu
    menu.open()
    menu.wait_for_row("dom0:mic.*attached to personal and work$")
    targets = menu.hover("dom0:mic")
    assert targets[:2] == ["Detach from personal", "Detach from work"], f"the sub-menu begins with {targets}"
    menu.choose("^Add untrusted$")
    product.wait_for_holders("mic", "dom0:mic", "personal", "untrusted", "work")
    menu.open()
    menu.wait_for_row("dom0:mic.*attached to personal, untrusted and work$")
    holders = ["personal", "untrusted", "work"]
    chips = lambda: [text for text in spoken.texts(menu.find("dom0:mic").element) if text in holders]  # noqa: E731
    until(lambda: chips() == holders, lambda: f"all three in the row; there are {chips()}")
    targets = menu.hover("dom0:mic")
    assert targets[:3] == [f"Detach from {qube}" for qube in holders], f"the sub-menu begins with {targets}"
    menu.choose("^Detach from work$")
    product.wait_for_holders("mic", "dom0:mic", "personal", "untrusted")
    menu.open()
    menu.wait_for_row("dom0:mic.*attached to personal and untrusted$")


# ---- the steps ----------------------------------------------------------------------------------------------------


def _sections(lines):
    """From the first heading to the last device; a row by its place."""
    found = [PLACE.search(line)[0] if PLACE.search(line) else line for line in lines]
    last = max((place for place, line in enumerate(lines) if PLACE.search(line)), default=-1)
    return found[found.index("Disks") : last + 1] if "Disks" in found else []


def _labels(entries):
    """What is drawn by a host, in the words of our own menu."""
    return [LINE if entry.separator else re.sub(r" \((.*)\)$", r", \1", entry.label) for entry in entries]


TESTS = (
    story_is_seen,
    notification_button_attaches,
    notification_buttons_lead_to_the_device_and_back,
    right_click_shows_the_same,
    second_start_opens_the_menu,
    keyboard_alone_attaches_and_detaches,
    moving_takes_it_from_one_qube_to_another,
    device_that_counts_as_taken_for_a_moment_moves_in_one_go,
    camera_goes_to_a_qube_and_back,
    microphone_comes_to_a_third_qube_and_leaves_one,
)
