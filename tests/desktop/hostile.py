"""Devices and servers that say whatever hurts most: each view shows plain text, cut, and is laid out as ever.

No name may act, hide its port, look like a state of the menu, or make a row higher than that of an honest device.
What the server lets through is tried as it comes; what it would stop is said by the server itself and by who asks.
"""

import contextlib
import json
import re
import subprocess

import preferences
from asking import Asking
from dbus_menu import DBusMenu
from product import PROGRAMS
from session import SIZE
from waiting import settled, until

MARKUP = "<b>bold</b>&amp;<i>_x_</i>"
LONG = "Endless-" * 5_000
# Port and who made what stands there: markup with access keys, 40 KB, turned letters, escapes and lines, signs, names.
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
# What a server says that lets a qube have its part in the words.
REASON = "<b>No</b> &amp; \u202e_slot_\u200b 🔒 %s\x1b " + LONG
PLAIN_REASON = "<b>No</b> &amp; __slot__ _ %s_ Endless-"
# A name is at most so long, with the mark that it was cut; a row with its port; a row with what went wrong.
NAME_MAX, ROW_MAX, FAILED_MAX = 161, 200, 600
# Twice the height of an honest row, and three lines more: what a failure may take.
FAILED_ROW = 5
# What no view may show: control characters, turned writing, invisible and combining characters, pictures.
HARM = re.compile("[\x00-\x1f\x7f\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2066-\u2069\U0001f000-\U0001faff]")
ODD_QUBE = "a_-.b_-.c_-.d_-.e_-.f_-.g_-.h_-"


def hostile_names_are_plain_text_in_both_menus(product):
    """Rows, tooltip, sub-menu and D-Bus menu; and what is chosen happens to that device alone."""
    name, menu = product.wait_for_tray(), product.menu
    menu.open()
    honest = menu.hover(HONEST)
    menu.close()
    for port in NAMES:
        _plug(product, port)
    menu.open()
    for port in NAMES:
        menu.wait_for_row(_row(port))
    _rows_are_like_any(product)
    texts = menu.texts()
    assert MARKUP in texts, f"{MARKUP!r} is not to be read as it is: {texts}"
    _is_plain(texts, NAME_MAX)
    _names_of_states_are_none(menu)
    assert menu.hover(_row("2-32")) == honest, f"another sub-menu than an honest device has: {menu.targets()}"
    _tooltip_is_small(product)
    menu.hover(_row("2-36"))
    menu.choose("^Attach to work$")
    product.wait_for_holders("usb", "sys-usb:2-36", "work")
    others = [port for port in NAMES if port != "2-36" and product.holders("usb", f"sys-usb:{port}")]
    assert not others, f"{others} went along"
    _dbus_menu_is_plain(product, name)


hostile_names_are_plain_text_in_both_menus.desktop = {"notifications": False}


def hostile_names_are_told_as_plain_text(product):
    """Plugged in, failed, attached, detached, removed in use: the same text in each notification, and in the tooltip."""
    name, menu, row = product.wait_for_tray(), product.menu, _row("2-31")
    _plug(product, "2-31")
    _is_told(product, "is available")
    menu.open()
    for told, qubes in (("is attached to work", ["work"]), ("is detached from work", [])):
        product.qvm_device("usb", "attach" if qubes else "detach", "work", "sys-usb:2-31")
        _is_told(product, told)
        if qubes:
            _tray_tooltip_is_escaped(product, name)
    _failure_is_cut(product, row)
    product.give("usb", "sys-usb:2-31", "work")
    product.control("unplug", "usb", "sys-usb", "2-31")
    _is_told(product, "was removed while attached to work")
    _plug(product, "2-32")
    long = product.notices.wait_for("Endless-", "available")
    assert re.fullmatch(r"[Endless-]{20,40}… is available", long.summary), f"no room for what it says: {long.summary!r}"


def hostile_names_are_plain_text_in_the_windows(product):
    """The window of preferences and the window of questions."""
    asking = Asking(product).start()
    _plug(product, "2-31")
    _plug(product, "2-32")
    _question_is_plain(product, asking)
    product.menu.open_by_command()
    product.menu.wait_for_row(_row("2-32"))
    for port, entry in (("2-32", "^Hide this device$"), ("2-31", "^Name")):
        preferences.choose_in_more(product, _row(port), entry)
    preferences.wait_for_window(product)
    said = lambda: preferences.said(product)  # noqa: E731
    until(lambda: f"sys-usb:2-31, {MARKUP}" in said(), lambda: f"{MARKUP!r} as it is among {said()}")
    until(lambda: any(text.startswith("Endless-") for text in said()), lambda: f"the hidden device among {said()}")
    # With the words around it that a screen reader is told.
    _is_plain(said(), ROW_MAX + 60)
    box = preferences.window(product).box
    assert box.width <= SIZE[0] * 0.7 and box.height <= SIZE[1], f"the window of preferences has {box}"


hostile_names_are_plain_text_in_the_windows.starts_programs = False
hostile_names_are_plain_text_in_the_windows.desktop = {"notifications": False}


def hostile_machine_is_shown_whole(product):
    """The simulator's own hostile machine: each device is there, in a row of its own, with its port; qubes are plain."""
    product.world = "hostile"
    product.start_simulator()
    # A thousand devices are another test's.
    product.control("stop", "sys-usb-many")
    product.start_service()
    product.start_widget()
    name, menu = product.wait_for_tray(), product.menu
    menu.open()
    menu.wait_for_row("sys-usb.copy:1-11$")
    rows = [item for item in menu.items() if item.level == 0]
    high = {item.box.height for item in rows if item.usable and re.search(r":\S+$", item.name)}
    assert len(high) == 1, f"rows are {high} high"
    _is_plain([item.name for item in rows], ROW_MAX)
    missing = [place for place in _places_of_rows(product) if not menu.rows_like(re.escape(place) + "$")]
    assert not missing, f"without a row of their own: {missing}"
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    (microphone,) = [entry for entry in entries if entry.label.startswith("Built-in microphone")]
    assert ODD_QUBE in [target.label for target in microphone.children], f"a qube lost its name: {microphone.children}"
    assert f"Attach to {ODD_QUBE}" in menu.hover("dom0:mic"), menu.targets()
    menu.choose(f"^Attach to {re.escape(ODD_QUBE)}$")
    product.wait_for_holders("mic", "dom0:mic", ODD_QUBE)
    menu.open()
    menu.wait_for_row(f"dom0:mic, attached to {re.escape(ODD_QUBE)}$")


hostile_machine_is_shown_whole.starts_programs = False
hostile_machine_is_shown_whole.desktop = {"notifications": False}


# ---- the steps ----------------------------------------------------------------------------------------------------


def _plug(product, port):
    # The server takes the number for the name of what its lists of hardware don't know: then the maker names it.
    product.control("plug", "usb", "sys-usb", port, f"desc=1234:5678 {NAMES[port]} X {port}", "interfaces=ff0000:")


def _row(port):
    return rf"sys-usb:{port}(?!\w)"


def _is_plain(texts, most):
    bad = [text for text in texts if HARM.search(text) or len(text) > most]
    assert not bad, f"not plain, or longer than {most}: {bad}"


def _rows_are_like_any(product):
    """As high as that of an honest device, each with its port at its end, and the menu no wider than ever."""
    menu = product.menu
    rows = settled(lambda: [item._replace(element=None) for item in menu.items() if item.level == 0], "a still menu")
    high = next(item.box.height for item in rows if HONEST in item.name)
    for port in NAMES:
        (row,) = [item for item in rows if re.search(_row(port), item.name)]
        assert row.box.height == high, f"{port} is {row.box.height} high, an honest row {high}: {row.name!r}"
        assert row.name.endswith(f"sys-usb:{port}"), f"more than name and place: {row.name!r}"
    _is_plain([row.name for row in rows], ROW_MAX)
    width = menu.window().box.width
    assert width < SIZE[0] / 3, f"the menu is {width} wide"


def _names_of_states_are_none(menu):
    """Who calls itself attached is not drawn as attached."""
    for port in ("2-35", "2-36", "2-37"):
        assert not menu.is_bold(_row(port)), f"{port} is drawn as if it were attached"


def _tooltip_is_small(product):
    """The whole name of the row under the pointer, in a window of its own beside menu and sub-menu."""
    windows = lambda: product.screen.windows("org.plugboard.Devices")  # noqa: E731
    until(lambda: len(windows()) > 2, lambda: f"a tooltip of the name that is cut; there are {windows()}")
    tooltip = min((window.box for window in windows()), key=lambda box: box.height)
    assert tooltip.width < SIZE[0] / 2 and tooltip.height < 100, f"a long name makes a tooltip of {tooltip}"
    menu, whole = product.menu, product.menu.read(_row("2-32"))[0]
    until(lambda: menu.tooltip() == [whole], lambda: f"{whole!r} in the tooltip; it says {menu.tooltip()}")


def _dbus_menu_is_plain(product, name):
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    labels = [entry.label for entry in entries]
    assert any(label.startswith(f"{MARKUP} · ") for label in labels), f"not as it is in the D-Bus menu: {labels}"
    _is_plain(labels, ROW_MAX)
    marked = [entry.label for entry in entries if entry.icon == "object-select-symbolic"]
    assert len(marked) == 1 and "sys-usb:2-36" in marked[0], f"shown as attached: {marked}"


def _is_told(product, what):
    notice = product.notices.wait_for(MARKUP, what)
    until(lambda: notice.summary in product.notices.shown(), lambda: f"it on the screen: {product.notices.shown()}")
    return notice


def _tray_tooltip_is_escaped(product, name):
    said = lambda: product.tray.item(name, "ToolTip")[3]  # noqa: E731
    until(lambda: "→ work" in said(), lambda: f"what is attached in the tooltip: {said()!r}")
    assert "&lt;b&gt;bold&lt;/b&gt;&amp;amp;" in said() and "<" not in said(), f"markup in the tooltip: {said()!r}"


def _failure_is_cut(product, row):
    """A reason with a qube's own words in it: plain and cut in the row, in its sub-menu and on the screen."""
    menu = product.menu
    high = menu.wait_for_row(row).box.height
    product.control("fail-next", "usb.Attach", "exception", "QubesException", REASON)
    name = product.tray.wait_for_item(product.desktop.running["plugboard"].pid)
    menu.close()
    DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).click(row, "^work$")
    notice = _is_told(product, "could not be attached to work")
    shown = [text for text in product.notices.shown() if text.startswith(PLAIN_REASON)]
    assert shown, f"the reason is not to be read as it is: {product.notices.shown()}"
    _is_plain([notice.body, *shown], FAILED_MAX)
    menu.open()
    menu.wait_for_row(row + ".*" + re.escape(f"Not attached to work. {PLAIN_REASON}"))
    failed = settled(lambda: menu.find(row) and menu.find(row)._replace(element=None), "the row standing still")
    _is_plain([failed.name], FAILED_MAX)
    assert high < failed.box.height <= FAILED_ROW * high, f"the row is {failed.box.height} high, else {high}"
    menu.close()


def _question_is_plain(product, asking):
    """The words of who asks reach no further than those of a device; what the wire does not carry is a no at once."""
    with _ask(product, asking, f"<b>Nice</b> & _safe_ %s {LONG[:150]}") as ask:
        asking.wait_for_text("<b>Nice</b> & _safe_ %s")
        _is_plain(asking.texts(), ROW_MAX)
        box = asking.window().box
        assert box.width < SIZE[0] * 0.7 and box.height < SIZE[1], f"the window of questions has {box}"
        asking.choose("Don’t attach sys-usb:2-31")
        _is_answered_with_no(ask)
    asking.wait_for_no_window()
    with _ask(product, asking, "\u202egpj.exe 🔒") as ask:
        _is_answered_with_no(ask)
    assert not asking.window(), f"it was asked: {asking.texts()}"


@contextlib.contextmanager
def _ask(product, asking, words):
    """`plugboard --ask` with a question about the device that calls itself so."""
    question = {"source": "sys-usb", "device_name": words, "argument": "2-31", "targets": ["work"]}
    command = [str(PROGRAMS / "plugboard"), "--ask", "--agent-socket", str(asking.agent)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=product.desktop.env, **pipes) as ask:
        try:
            ask.stdin.write(json.dumps(dict(question, default_target="work", icons={}), ensure_ascii=False))
            ask.stdin.close()
            yield ask
        finally:
            ask.kill()


def _is_answered_with_no(ask):
    until(lambda: ask.poll() is not None, "an answer")
    assert ask.stdout.read() == "deny"


def _places_of_rows(product):
    """Where each device is that is no part of another one: in the window a thing has one row."""
    devices = product.objects("Device")
    places = {(it["Class"], it["Backend"], it["Port"]) for it in devices}
    has_parts = {(it["ParentClass"], it["Backend"], it["ParentPort"]) for it in devices} & places
    shown = [it for it in devices if it["Class"] in ("block", "usb", "mic")]
    alone = [it for it in shown if (it["ParentClass"], it["Backend"], it["ParentPort"]) not in places]
    return [f"{it['Backend']}:{it['Port']}" for it in alone if (it["Class"], it["Backend"], it["Port"]) not in has_parts]


TESTS = (
    hostile_names_are_plain_text_in_both_menus,
    hostile_names_are_told_as_plain_text,
    hostile_names_are_plain_text_in_the_windows,
    hostile_machine_is_shown_whole,
)
