"""What a person prefers: names, hidden devices, a camera that takes the microphone along; and the window for all that."""

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import spoken
from dbus_menu import DBusMenu
from menu import PROGRAM
from screen import Box, middle
from waiting import settled, until

TITLE = "Plugboard settings"
OWN = ("desc=4321:dcba Maker Goodthing 1", "interfaces=ff0000:")
OTHER = ("desc=1234:abcd Other Elsething 1", "interfaces=ff0000:")
# Rows of libadwaita lie deep in boxes.
DEEP = 40


def window(product):
    """The window of preferences while it is to be seen."""
    title = product.in_its_words(TITLE)
    return next((window for window in product.screen.windows(PROGRAM) if window.name == title), None)


def wait_for_window(product):
    return until(lambda: window(product), "the window of preferences")


def _frame(product):
    title = product.in_its_words(TITLE)
    frames = spoken.children(spoken.program(PROGRAM))
    return next((frame for frame in frames if spoken.title(frame) == title), None)


def elements(product, roles=None):
    """Everything in the window."""
    frame = _frame(product)
    found = spoken.below(frame, roles, depth=DEEP) if frame else ()
    return [element for element in found if spoken.visible(element)]


def said(product):
    """Every name in the window."""
    return [spoken.title(element) for element in elements(product)]


def open_window(product):
    """Chooses the entry of the menu."""
    product.menu.open()
    product.menu.choose("^Settings", level=0)
    return wait_for_window(product)


def find(product, roles, name):
    """The element of this name in the window."""

    def found():
        return next((element for element in elements(product, roles) if spoken.title(element) == name), None)

    return until(found, lambda: f"{name!r} among {said(product)}")


def click(product, element):
    """Clicks an element of the window, once it stands still."""
    place = settled(lambda: _place(product, element), lambda: f"{spoken.title(element)!r} on the screen")
    product.screen.click(*middle(place))


def _place(product, element):
    """Where an element is on the screen; the border by which the window is made wider is not in the tree."""
    shown, frame = window(product), _frame(product)
    whole, place = (it and spoken.box(it, on_screen=False) for it in (frame, element))
    if not shown or not whole or not place:
        return None
    border = (shown.box.width - whole.width) // 2
    return Box(shown.box.x + border + place.x, shown.box.y + border + place.y, place.width, place.height)


def switch(product, name):
    """Turns a switch over with the pointer."""
    turned = find(product, (Atspi.Role.CHECK_BOX,), name)
    before = _is_on(turned)
    click(product, turned)
    until(lambda: _is_on(turned) != before, f"the switch {name!r} turned over")


def _is_on(element):
    element.clear_cache()
    return spoken.has_state(element, Atspi.StateType.CHECKED)


def select(product, name, word):
    """Opens a list with the pointer, and chooses a word of it with the keys."""
    opened = find(product, (Atspi.Role.COMBO_BOX,), name)
    click(product, opened)
    until(lambda: _focused(opened), f"the list {name!r} with the keyboard")
    product.screen.key("Home")
    while (before := _focused(opened)) != word:
        product.screen.key("Down")
        until(lambda: _focused(opened) not in (None, before), f"another word than {before!r}")  # noqa: B023
    product.screen.key("Return")
    until(
        lambda: not _focused(opened) and word in spoken.texts(opened),
        lambda: f"{word!r} chosen; {name!r} says {spoken.texts(opened)}",
    )


def _focused(element):
    """The word that the keys have reached in an open list."""
    element.clear_cache()
    for item in spoken.below(element, (Atspi.Role.LIST_ITEM,)):
        if spoken.has_state(item, Atspi.StateType.FOCUSED):
            return next(iter(spoken.texts(item)), None)
    return None


def press(product, name):
    """Presses the button of this name in the window."""

    def button():
        for element in spoken.below(spoken.program(PROGRAM), (Atspi.Role.PUSH_BUTTON,), depth=DEEP):
            if spoken.title(element) == name:
                return element
        return None

    until(button, lambda: f"a button {name!r} among {said(product)}").get_action_iface().do_action(0)


def choose_in_more(product, row, entry):
    product.menu.open()
    product.menu.hover(row)
    product.menu.choose("^More$")
    product.menu.choose(entry)


def name(product, row, text):
    """Gives the device of a row a name, in the window."""
    choose_in_more(product, row, "^Name")
    shown = wait_for_window(product)
    until(lambda: product.screen.focus() == int(shown.id, 16), "the window with the keyboard")
    product.screen.write(text)
    product.screen.key("Return")
    forget = "Forget the name of"
    until(lambda: any(words.startswith(forget) for words in said(product)), lambda: f"a name kept among {said(product)}")


def a_name_of_ones_own_is_shown_first(product):
    """Given in the window, shown in the menu before the device's own words, and forgotten again."""
    product.wait_for_tray()
    row = product.row(product.plug("stick"))
    name(product, row, "my backup stick")
    (entry,) = [it for it in elements(product, (Atspi.Role.TEXT,)) if "Cruzer Blade" in spoken.title(it)]
    # A tooltip of the row: older versions of libadwaita tell it of the entry in it.
    tooltips = [spoken.description(it) for it in elements(product, (Atspi.Role.TEXT, Atspi.Role.LIST_ITEM))]
    assert spoken.title(entry) in tooltips, "where it is cut, no tooltip has the whole of it"
    product.menu.open_by_command()
    product.menu.wait_for_row(rf"^my backup stick \(.+\), {row}")
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    forget = until(
        lambda: next((text for text in said(product) if text.startswith("Forget the name of")), None),
        lambda: f"a way to forget the name among {said(product)}",
    )
    press(product, forget)
    product.menu.open_by_command()
    product.menu.wait_for_no_row("^my backup stick")
    product.menu.wait_for_row(row)


def a_hidden_device_is_left_out_until_it_is_shown_again(product):
    """Hidden from its own sub-menu; the way back is in the window."""
    product.wait_for_tray()
    row = product.row(product.plug("stick"))
    choose_in_more(product, row, "^Hide this device$")
    product.menu.wait_for_row(row + ".*hidden now")
    product.menu.close()
    product.menu.open()
    product.menu.wait_for_no_row(row)
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    again = until(
        lambda: next((text for text in said(product) if text.startswith("Show ") and text.endswith(" again")), None),
        lambda: f"a way to show the device again among {said(product)}",
    )
    press(product, again)
    product.menu.open_by_command()
    product.menu.wait_for_row(row)


def what_a_person_said_of_devices_outlives_the_widget(product):
    """A name, what is hidden and the last qube are known after a restart, of that device on that port alone."""
    desktop, menu = product.desktop, product.menu
    # As a person's desktop keeps them.
    desktop.env["GSETTINGS_BACKEND"] = "keyfile"
    product.start()
    product.control("plug", "usb", "sys-usb", "2-6", *OWN)
    camera, row = product.row(product.plug("camera", "usb")), product.row("sys-usb:2-6")
    drawn = _drawn(product)
    drawn.click(row, "^untrusted$")
    product.wait_for_holders("usb", "sys-usb:2-6", "untrusted")
    product.qvm_device("usb", "detach", "untrusted", "sys-usb:2-6")
    drawn.click(camera, "^More$", "^Hide this device$")
    until(lambda: not drawn.find(camera), lambda: f"the camera gone from {drawn.outline()}")
    name(product, row, "my old thing")
    desktop.end("plugboard")
    product.start_widget()
    drawn = _drawn(product)
    named = rf"^my old thing \(.*Maker.*\), {row}"
    menu.open()
    menu.wait_for_row(named)
    assert not menu.rows_like(camera), f"what was hidden is there again: {menu.rows()}"
    targets = menu.hover(row)
    (first, *_) = [item for item in menu.items() if item.level == 1]
    said = (first.name, spoken.description(first.element))
    assert said == ("Attach to untrusted", "last used"), f"first is {said} of {targets}"
    menu.close()
    product.control("plug", "usb", "sys-usb", "2-8", *OWN)
    for device, words, seen in ((OTHER, "Other", rf"^(?!my old).*Other.*, {row}"), (OWN, "my old thing", named)):
        product.control("swap", "usb", "sys-usb", "2-6", *device)
        until(lambda: drawn.find(rf"{words}.*2-6"), lambda: f"{words} on that port in {drawn.outline()}")  # noqa: B023
        menu.open()
        menu.wait_for_row(seen)
        menu.wait_for_row("^(?!my old).*Maker.*" + product.row("sys-usb:2-8"))
        assert len(menu.rows_like(row)) == 1, f"more than one device on that port: {menu.rows()}"
        menu.close()


what_a_person_said_of_devices_outlives_the_widget.starts_programs = False


def _drawn(product):
    """The menu that the panel draws."""
    name = product.wait_for_tray()
    return DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))


def a_camera_takes_the_microphone_along(product):
    """Marked once, as the tools of Qubes mark it; then one click moves both, there and back."""
    product.wait_for_tray()
    camera = product.plug("camera", "usb")
    row = product.row(camera)
    choose_in_more(product, row, "^Attach with microphone$")

    def marked():
        features = [qube["WithMicrophone"] for qube in product.objects("Qube")]
        return any(camera in key for keys in features for key in keys)

    until(marked, "the mark at the backend of the camera")
    product.menu.open()
    product.menu.hover(row)
    product.menu.choose("^Attach to work$")
    product.wait_for_holders("usb", camera, "work")
    product.wait_for_holders("mic", "dom0:mic", "work")
    product.menu.open()
    product.menu.wait_for_row(row + ".*attached to work")
    product.menu.wait_for_row("dom0:mic.*attached to work")
    product.menu.hover(row)
    product.menu.choose("^Detach from work with microphone$")
    product.wait_for_holders("usb", camera)
    product.wait_for_holders("mic", "dom0:mic")


def a_stick_is_offered_whole_until_its_parts_are_shown_again(product):
    """Marked as the tools of Qubes mark it: the row of the disk becomes that of the stick; the D-Bus menu leads back."""
    name = product.wait_for_tray()
    disk, whole = product.row(product.plug("stick")), product.row("sys-usb:2-1")
    menu, drawn = product.menu, DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    choose_in_more(product, disk, "^Show its disks and partitions$")
    until(lambda: "usb:sys-usb:2-1:" in _hiding(product), lambda: f"the stick marked: {_hiding(product)!r}")
    menu.wait_for_row(whole)
    menu.close()
    menu.open()
    menu.wait_for_row(whole)
    assert not menu.rows_like(disk), f"one stick is two rows: {menu.rows()}"
    drawn.click(whole, "^More$", "^Show its disks and partitions$")
    until(lambda: not _hiding(product), lambda: f"no mark any more: {_hiding(product)!r}")
    menu.wait_for_row(disk)
    menu.wait_for_row(whole + ", listed with sda now")


def _hiding(product):
    """The devices whose parts are hidden, as another tool would ask for them."""
    try:
        return product.control("call", "admin.vm.feature.Get+device-hide-children", "sys-usb")
    except AssertionError:
        # What is not set can't be asked for.
        return ""


def what_is_preferred_changes_the_menu(product):
    """Sections by what devices are for, internal qubes among the targets, no question before a keyboard goes."""
    name = product.wait_for_tray()
    keyboard, menu = product.plug("keyboard", "usb"), product.menu
    product.control("call", "admin.vm.feature.Set+internal", "personal", "1")
    heading, row = "Keyboards and mice", product.row(keyboard)
    drawn = DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))
    until(lambda: drawn.find(row) and not drawn.find(row, "^personal$"), lambda: f"no internal qube: {drawn.outline()}")
    assert not drawn.find(heading), f"sections by kind unasked: {drawn.outline()}"
    open_window(product)
    select(product, "Group devices by", "What they are for")
    for choice in ("Ask before risky moves", "Offer internal qubes"):
        switch(product, choice)
    menu.open()
    menu.hover(row)
    assert heading in menu.texts(), f"no section of keyboards: {menu.texts()}"
    menu.choose("^Attach to personal$")
    product.wait_for_holders("usb", keyboard, "personal")


def what_is_preferred_silences_notifications(product):
    """Only trouble: a stick comes unheard, but not its loss; none: neither; all: the next device is told again."""
    name = product.wait_for_tray()
    open_window(product)
    for choice in ("Only trouble", "None"):
        select(product, "Notifications", choice)
        stick = product.plug("stick")
        product.give("block", stick, "work")
        until(lambda: "→ work" in _tooltip(product, name), lambda: f"it in work: {_tooltip(product, name)!r}")
        product.control("unplug", "stick")
        until(lambda: "→" not in _tooltip(product, name), lambda: f"it gone: {_tooltip(product, name)!r}")
    select(product, "Notifications", "All")
    product.control("plug", "camera")
    product.notices.wait_for("is available")
    lost, came = "Cruzer Blade was removed while attached to work", "is available"
    sent = [notice.summary for notice in product.notices.all()]
    assert len(sent) == 2 and sent[0] == lost and came in sent[1], f"told are not the one loss and the camera: {sent}"


def _tooltip(product, name):
    return " ".join(word for word in product.tray.item(name, "ToolTip") if isinstance(word, str))


def another_theme_is_followed_with_the_window_open(product):
    """libadwaita, which draws the window, keeps no theme that the desktop has left: both windows turn dark and light."""
    product.wait_for_tray()
    product.menu.open()
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    product.menu.open_by_command()
    for theme, is_right in (("Adwaita-dark", lambda light: light < 0.4), ("Adwaita", lambda light: light > 0.6)):
        product.desktop.choose_theme(theme)
        for shown in (wait_for_window(product), product.menu.window()):
            brightness = lambda box=shown.box: product.screen.brightness(box)  # noqa: E731
            until(lambda: is_right(brightness()), lambda: f"{shown.name} as {theme}; it is {brightness():.2f} bright")


TESTS = (
    what_is_preferred_changes_the_menu,
    what_is_preferred_silences_notifications,
    another_theme_is_followed_with_the_window_open,
    a_name_of_ones_own_is_shown_first,
    a_hidden_device_is_left_out_until_it_is_shown_again,
    what_a_person_said_of_devices_outlives_the_widget,
    a_camera_takes_the_microphone_along,
    a_stick_is_offered_whole_until_its_parts_are_shown_again,
)
