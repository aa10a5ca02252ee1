"""Devices that call themselves whatever hurts most: each view shows plain text, cut, and is laid out as ever.

No name may act, hide its port, look like a state of the menu, or make a row higher than that of an honest device.
"""

import re

import preferences
from dbus_menu import DBusMenu
from waiting import settled, until

MARKUP = "<b>bold</b>&amp;<span_size=99999>_big_</span>"
LONG = "Endless-" * 7_500
# Port and what stands there: markup with access keys, 60 KB, turned letters, escapes and lines, signs, a name of a state.
NAMES = {
    "2-31": MARKUP,
    "2-32": LONG,
    "2-33": "\u202egpj.exe\u2066\u200bcard\u0301\u0301\u0301",
    "2-34": r"red\x1b[31m\x0asecond\x0aline\x00",
    "2-35": "🔒✔→work",
    "2-36": "w\u043erk",
    "2-37": r"camera,\x20attached\x20to\x20work",
}
HONEST = "sys-usb:2-5"
# A name is at most so long, with the mark that it was cut.
LONGEST = 161
# What no view may show: control characters, turned writing, invisible and combining characters.
HARM = re.compile("[\x00-\x1f\x7f\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def hostile_names_are_plain_text_everywhere(product):
    """Menu, sub-menu, D-Bus menu, notification, tooltip and settings, with the same devices in each."""
    name = product.wait_for_tray()
    menu = product.menu
    menu.open()
    menu.wait_for_row(HONEST)
    honest = menu.hover(HONEST)
    menu.close()
    _plug(product, "2-31")
    notice = product.notices.wait_for("sys-usb:2-31")
    assert MARKUP in notice.summary, f"the notification does not name it plainly: {notice.summary!r}"
    until(lambda: notice.summary in product.notices.shown(), lambda: f"it on the screen: {product.notices.shown()}")
    for port in list(NAMES)[1:]:
        _plug(product, port)
    menu.open()
    for port in NAMES:
        menu.wait_for_row(_row(port))
    _rows_are_like_any(menu)
    assert menu.hover(_row("2-31")) == honest, f"another sub-menu than an honest device has: {menu.targets()}"
    texts = menu.texts()
    assert MARKUP in texts, f"{MARKUP!r} is not to be read as it is: {texts}"
    assert not any(HARM.search(text) for text in texts), [text for text in texts if HARM.search(text)]
    _names_of_states_are_none(menu)
    menu.close()
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    labels = [entry.label for entry in entries]
    assert any(label.startswith(MARKUP) for label in labels), f"access keys or markup in the D-Bus menu: {labels}"
    for label in labels:
        assert len(label) < 2 * LONGEST and not HARM.search(label), f"not cut or not plain: {label!r}"
    _tooltip_is_escaped(product, name)
    _settings_are_plain(product)


# ---- the steps ----------------------------------------------------------------------------------------------------


def _plug(product, port):
    product.control("plug", "usb", "sys-usb", port, f"desc=1234:5678 Maker {NAMES[port]} 1", "interfaces=ff0000:")


def _row(port):
    return rf"sys-usb:{port}(?!\w)"


def _rows_are_like_any(menu):
    """As high as that of an honest device, each with its port, and all of them inside the screen."""
    rows = settled(lambda: [item for item in menu.items() if item.level == 0], "the menu standing still")
    high = next(item.box.height for item in rows if HONEST in item.name)
    for port in NAMES:
        (row,) = [item for item in rows if re.search(_row(port), item.name)]
        assert row.box.height == high, f"{port} is {row.box.height} high, an honest row {high}: {row.name[:80]!r}"
        assert len(row.name) < 2 * LONGEST and not HARM.search(row.name), f"not cut or not plain: {row.name!r}"
    width = menu.window().box.width
    assert width < 640, f"the menu is {width} wide"


def _names_of_states_are_none(menu):
    """Who calls itself attached is not drawn as attached; who looks like a qube is still told by port and class."""
    for port in ("2-35", "2-36", "2-37"):
        assert not menu.is_bold(_row(port)), f"{port} is drawn as if it were attached"
        assert menu.find(_row(port)).name.endswith(f"sys-usb:{port}"), f"more than its place: {menu.find(_row(port)).name!r}"


def _tooltip_is_escaped(product, name):
    product.give("usb", "sys-usb:2-31", "work")
    said = lambda: product.tray.item(name, "ToolTip")[3]  # noqa: E731
    until(lambda: "work" in said(), lambda: f"what is attached in the tooltip: {said()!r}")
    assert "&lt;b&gt;" in said() and "<" not in said(), f"markup in the tooltip: {said()!r}"
    notice = product.notices.wait_for("is attached to work")
    assert MARKUP in notice.summary, f"the notification does not name it plainly: {notice.summary!r}"


def _settings_are_plain(product):
    row = _row("2-36")
    preferences.choose_in_more(product, row, "^Hide this device$")
    product.menu.wait_for_row(row + ".*hidden now")
    preferences.choose_in_more(product, _row("2-31"), "^Name")
    preferences.wait_for_window(product)
    until(
        lambda: any(MARKUP in words for words in preferences.said(product)),
        lambda: f"{MARKUP!r} as it is in the settings: {preferences.said(product)}",
    )
    assert not any(HARM.search(words) for words in preferences.said(product)), preferences.said(product)


TESTS = (hostile_names_are_plain_text_everywhere,)
