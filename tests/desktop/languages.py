"""The programs in other languages: no text is missed, none is cut, and the menu is mirrored where the script is.

The invented language of `language` shows what never went through gettext: plain letters, that no value explains.
Values are what devices and qubes call themselves, and the words of qubesd and of the service about an error.
"""

import re

import gi

gi.require_version("Atspi", "2.0")
gi.require_version("Pango", "1.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import Atspi, Pango, PangoCairo  # noqa: E402

import preferences  # noqa: E402
import spoken  # noqa: E402
from asking import Asking  # noqa: E402
from dbus_menu import DBusMenu  # noqa: E402
from language import Language, invented, mirrored  # noqa: E402
from menu import PROGRAM, STILL  # noqa: E402
from product import PATH, SERVICE  # noqa: E402
from screen import Box  # noqa: E402
from session import SIZE  # noqa: E402
from waiting import settled, until  # noqa: E402

# Two plain letters in a row are a word that nobody translated.
WORD = re.compile(r"[A-Za-z]{2,}")
# Signs of units are the same in every language.
UNITS = ("kB", "MB", "GB", "TB")
# A disk with a long name behind five hubs: they make the second line of a row longer than it may be.
HUB, DISK = "2-12.14.13.12.11.14", "mapper-backup-2026"
# Buttons of a window's frame, which GTK itself names in the languages that it has.
OF_GTK = ("Minimize", "Maximize", "Close")
NOWHERE = Box(0, 0, 0, 0)
# A word that is typed to find a device, and that none has.
NOWHERE_CALLED = "qqqq"
REASON = "No free slot in work."


def no_text_is_missed_and_none_is_cut(product):
    """Menus, tooltip, notification, preferences and trouble in a language whose words all have accents and are long."""
    language = invented(product.desktop)
    name = _started(product, language)

    known = _walk(product, language, _looks_right)
    (notice, *_) = product.notices.all()
    _all_translated("the notification", [notice.summary, notice.body, *notice.buttons.values()], known)
    item = product.tray.item(name, "ToolTip")
    _all_translated("the tooltip", [word for word in item if isinstance(word, str)], known)
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    _all_translated("the D-Bus menu", list(_labels(entries)), known)
    product.desktop.end("qubesd-sim")
    away = language.filled("qubesd can't be reached.")
    lost = language.filled("Connection lost. {reason}", reason=away)
    until(lambda: lost in product.menu.texts(), lambda: f"{lost!r} in {product.menu.texts()}")
    _all_translated("the menu without a connection", _everything(product.menu), known)
    _has_room(product.menu.labels, known)


def no_text_of_trouble_is_missed_and_none_is_cut(product):
    """The same for what goes wrong, what is rare, and every notification of it."""
    language = invented(product.desktop)
    name = _started(product, language)

    known = _walk_of_trouble(product, language, name, _looks_right)
    for notice in product.notices.all():
        words = [word for word in (notice.summary, notice.body, *notice.buttons.values()) if word]
        _all_translated("the notifications", words, known)


def questions_are_translated(product):
    """The window that asks before a device is attached, and its notification."""
    asking = Asking(product).start(invented(product.desktop))
    asking.rule("work")
    asking.rule("personal")
    asking.control("plug", "stick")
    asking.wait_for_window()
    until(lambda: len(asking.buttons()) == 3, lambda: f"two qubes and a no; there are {asking.buttons()}")
    notice = product.notices.wait_for("sys-usb:2-1?")
    known = _values(product)
    _all_translated("the window of questions", _asked(asking), known)
    _all_translated("its notification", [notice.summary, notice.body, *notice.buttons.values()], known)
    product.control("stop", "personal")
    until(lambda: len(asking.buttons()) == 2, lambda: f"personal can't be chosen; there are {asking.buttons()}")
    _all_translated("the window with a qube that was stopped", _asked(asking), known)
    product.control("unplug", "stick")
    until(lambda: len(asking.buttons()) == 1, lambda: f"a way to close it; there are {asking.buttons()}")
    _all_translated("the window with a device that has gone", _asked(asking), known)


def german_is_not_cut(product):
    """Every text has the room that it needs, in the language whose words are the longest of those that we have."""
    language = Language(product.desktop, "de")
    _started(product, language)
    _walk(product, language, lambda _place, _texts, labels, known: _has_room(labels, known))


def polish_counts_as_poles_do(product):
    """One, two to four, and five or more have a form each; the tooltip tells how many there are in the right one."""
    language = Language(product.desktop, "pl")
    for count, form in ((1, "urządzenie"), (3, "urządzenia"), (5, "urządzeń"), (12, "urządzeń"), (22, "urządzenia")):
        said = language.words.ngettext("{count} device", "{count} devices", count)
        assert said == f"{{count}} {form}", f"{count} things are called {said!r}"
    name = _started(product, language)

    def counted():
        said = " ".join(word for word in product.tray.item(name, "ToolTip") if isinstance(word, str))
        found = re.search(r"(\d+) (urządze\w+)", said)
        return found and (int(found[1]), found[2])

    before = until(counted, "a tooltip that counts devices")
    assert before[0] >= 5 and before[1] == "urządzeń", f"the tooltip counts {before}"
    product.control("plug", "camera")
    until(lambda: counted() == (before[0] + 1, "urządzeń"), lambda: f"one device more than {before}; now {counted()}")


def right_to_left_is_mirrored(product):
    """Icons are right of the names, the sub-menu left of the menu with the same entries; Left opens, Right leaves."""
    language = mirrored(product.desktop)
    _started(product, language)
    menu, stick = product.menu, product.plug("stick")
    menu.open()
    row = menu.wait_for_row(product.row(stick))
    (label, *_) = (label for label in _shown(row.element) if row.name.startswith(spoken.title(label)))
    text, whole = spoken.box(label, on_screen=False), spoken.box(row.element, on_screen=False)
    before, behind = text.x - whole.x, whole.x + whole.width - text.x - text.width
    assert behind < before, f"the name stands {before} from the left and {behind} from the right of its row"
    targets = menu.hover(product.row(stick))
    wanted = language.filled("Attach to {qube}", qube="work")
    assert wanted in targets, f"{wanted!r} is not among {targets}"
    menu.close()
    # There is room at both sides of the menu then, and the pointer is below it.
    product.screen.move(SIZE[0] // 2, SIZE[1] - 1)
    menu.open_by_command("--menu")
    menu.wait_for_row(product.row(stick))
    menu.go_to(product.row(stick))
    menu.press("Right")
    settled(lambda: not menu.targets() and bool(menu.window()), "no sub-menu by Right", quiet=STILL)
    menu.press("Left")
    until(lambda: menu.focused(1), "the focus in the sub-menu by Left")
    _stands_at_the_left(product)
    menu.press("Right")
    until(lambda: not menu.targets() and menu.focused(), "the focus in the row again by Right")
    assert re.search(product.row(stick), menu.focused()), f"the focus is on {menu.focused()!r}"


# ---- the steps ----------------------------------------------------------------------------------------------------


def _started(product, language):
    """Everything runs, the widget in this language; returns the name of the tray item."""
    product.start(language)
    return product.wait_for_tray()


def _looks_right(place, texts, labels, known):
    _all_translated(place, texts(), known)
    _has_room(labels, known)


def _walk(product, language, look):
    """Leads through everything that a stick can be in the menu, and looks at each place: its name, texts and labels.

    Returns every word that devices and qubes brought meanwhile.
    """
    menu, stick = product.menu, product.plug("stick")
    row, say = product.row(stick), lambda text, **fields: f"^{_pattern(language, text, **fields)}$"
    known = set(WORD.findall(REASON))

    def here(place, texts=lambda: _everything(menu), labels=menu.labels):
        known.update(_values(product))
        look(place, texts, labels, known)

    product.notices.wait_for(stick)
    menu.open()
    menu.choose(say("About"), level=0)
    menu.hover(row)
    here("the menu with About, and the sub-menu")
    menu.choose(say("New disposable"))
    until(lambda: menu.find("default-dvm", 1), lambda: f"templates among {menu.targets()}")
    here("the page of new disposables")
    menu.choose(say("Back"))
    menu.choose(say("More"))
    until(lambda: menu.find(say("Name…"), 1), lambda: f"what else can be done among {menu.targets()}")
    here("the page of what else can be done")
    menu.choose(say("Name…"))
    preferences.wait_for_window(product)
    until(lambda: stick in " ".join(_texts_of_preferences(product)), lambda: f"{stick} in {_texts_of_preferences(product)}")
    here("the preferences", lambda: _texts_of_preferences(product), lambda: _labels_of_preferences(product))
    product.control("fail-next", "block.Attach", "exception", "QubesException", REASON)
    menu.open()
    menu.hover(row)
    menu.choose(say("Attach to {qube}", qube="work"))
    menu.open()
    menu.wait_for_row(f"{row}.*{re.escape(REASON)}")
    menu.hover(row)
    here("the row of a failure")
    product.qvm_device("block", "attach", "--ro", "work", stick)
    product.control("start", "vault")
    menu.wait_for_row(row + ".*" + _pattern(language, "attached to {qubes}", qubes="work"))
    here("the sub-menu of an attached device")
    menu.choose(say("Move to {qube}", qube="vault"))
    until(lambda: menu.find(say("Leave it where it is"), 1), lambda: f"the question among {menu.targets()}")
    here("the question before a risky move")
    product.control("plug", "usb", "sys-usb", HUB, "desc=0951:1666 Kingston DataTraveler 1", "interfaces=080650:")
    product.control("plug", "block", "sys-usb", DISK, f"parent={HUB}:1.0")
    product.give("block", f"sys-usb:{DISK}", "work")
    menu.wait_for_row(product.row(f"sys-usb:{DISK}") + ".*work")
    here("the row of a disk behind many hubs")
    return known


def _walk_of_trouble(product, language, name, look):
    """Leads through what is rare: microphone, disposable, hidden and lost devices, nothing found, no USB qube."""
    menu, say = product.menu, lambda text, **fields: f"^{_pattern(language, text, **fields)}$"
    known, drawn = {NOWHERE_CALLED}, DBusMenu(product.desktop, name, product.tray.item(name, "Menu"))

    def here(place):
        known.update(_values(product))
        look(place, lambda: _everything(menu), menu.labels, known)

    def told(text, **fields):
        product.notices.wait_for(language.filled(text, **fields), seconds=15)

    stick, camera = product.plug("stick"), product.row(product.plug("camera", "usb"))
    row = product.row(stick)
    drawn.click(row, say("New disposable"), "default-dvm")
    drawn.click(camera, say("More"), say("Attach with microphone"))
    product.give("mic", "dom0:mic", "work")
    (disposable,) = until(lambda: product.holders("block", stick), "a disposable that holds the stick")
    menu.open()
    menu.wait_for_row("dom0:mic.*" + _pattern(language, "attached to {qubes}", qubes="work"))
    menu.hover("dom0:mic")
    here("the sub-menu of a microphone that is attached")
    menu.hover(camera)
    until(lambda: language.translated("Attach with microphone to") in menu.texts(), lambda: f"both in {menu.texts()}")
    here("the sub-menu of a camera with its microphone")
    drawn.click(camera, say("More"), say("Hide this device"))
    menu.wait_for_row(camera + ".*" + _pattern(language, "hidden now"))
    menu.wait_for_row(row + ".*" + _pattern(language, "attached to {qubes}", qubes=disposable))
    menu.hover(row)
    here("a hidden device, and the sub-menu of one in a disposable")
    product.control("latency", "block.Attached", "20000")
    product.control("unplug", "stick")
    menu.wait_for_row(row + ".*" + _pattern(language, "removed while attached to {qubes}", qubes=disposable))
    menu.hover(row)
    here("the row of a device that was lost")
    product.control("latency", "0")
    menu.close()
    menu.open()
    product.screen.write(NOWHERE_CALLED)
    wanted = language.filled("Nothing here is called “{words}”.", words=NOWHERE_CALLED)
    until(lambda: wanted in menu.texts(), lambda: f"{wanted!r} among {menu.texts()}")
    here("the menu in which nothing was found")
    menu.close()
    product.give("usb", "sys-usb:2-5", "work")
    menu.open()
    menu.wait_for_row("sys-usb:2-5.*work")
    product.control("stop", "sys-usb")
    menu.wait_for_row(say("Start {qube} to see its USB devices", qube="sys-usb"))
    here("the row of a USB qube that is stopped")
    told("{backend} stopped. {qubes} lost {device}.", backend="sys-usb", qubes="work", device="Integrated Camera")
    product.control("start", "sys-usb")
    told("{backend} has started", backend="sys-usb")
    menu.close()
    menu.open()
    menu.wait_for_row("sys-usb:2-5")
    product.control("latency", "mic.Available", "3000")
    product.control("drop-events")
    banner = language.translated("Reading the devices again…")
    until(lambda: banner in menu.texts(), lambda: f"{banner!r} among {menu.texts()}")
    here("the menu while all is read again")
    product.control("latency", "0")
    return known


def _stands_at_the_left(product):
    """The sub-menu is at the left of the menu, with room for it at the right."""
    main = product.menu.window().box
    (inner,) = [window.box for window in product.screen.windows(PROGRAM) if window.name != product.menu.title]
    assert main.x + main.width + inner.width < SIZE[0], f"no room for the sub-menu {inner} at the right of {main}"
    assert inner.x < main.x and inner.x + inner.width < main.x + main.width // 2, f"the sub-menu {inner} beside {main}"


def _labels_of_preferences(product):
    """The labels that take room: libadwaita keeps others in reserve, with words of its own."""
    found = preferences.elements(product, (Atspi.Role.LABEL,))
    return [label for label in found if (spoken.box(label, on_screen=False) or NOWHERE).width > 1]


def _texts_of_preferences(product):
    buttons = (Atspi.Role.PUSH_BUTTON, Atspi.Role.CHECK_BOX, Atspi.Role.TEXT)
    found = [spoken.title(element) for element in preferences.elements(product, buttons)]
    texts = [spoken.title(label) for label in _labels_of_preferences(product)]
    return texts + [text for text in found if text not in OF_GTK]


def _asked(asking):
    return [asking.title, *asking.texts(), *asking.buttons()]


def _pattern(language, text, **fields):
    return re.escape(language.filled(text, **fields))


def _values(product):
    """Every word that devices and qubes brought."""
    source = product.desktop.property(SERVICE, PATH, f"{SERVICE}.Manager", "Source")
    values = [product.world, source, *UNITS]
    for thing in product.objects("Device") + product.objects("Qube"):
        values += _texts(thing)
    return {word for value in values for word in WORD.findall(value)}


def _texts(value):
    """All texts in a value of D-Bus."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def _everything(menu):
    """What is to be read in the menu, and what a screen reader says for its entries."""
    items = menu.items()
    return menu.texts() + [item.name for item in items] + [spoken.description(item.element) for item in items]


def _labels(entries):
    for entry in entries:
        yield entry.label
        yield from _labels(entry.children)


def _all_translated(place, texts, known):
    assert any("⟦" in text for text in texts), f"nothing of {place} is translated: {texts}"
    missed = {text for text in texts if any(word not in known for word in WORD.findall(text))}
    assert not missed, f"in {place} gettext was not asked for {missed}"


def _has_room(labels, known):
    """Measures every label of ours."""
    until(lambda: not _cut(labels(), known), lambda: f"room for each text; cut are {_cut(labels(), known)}")


def _cut(labels, known):
    """The labels with words of ours that would need more room than they have, with that room."""
    found = []
    for label in labels:
        text, box = spoken.title(label), spoken.box(label, on_screen=False)
        ours = "⟦" in text or any(word not in known for word in WORD.findall(text))
        if ours and box and _height(label, text, box.width) > box.height * 1.3:
            found.append((text, box))
    return found


def _height(label, text, width):
    """The height of the text where lines are so wide, in the font that the label has."""
    font = label.get_text_iface().get_attribute_run(0, True)[0]
    description = Pango.FontDescription.from_string(font["family-name"])
    description.set_absolute_size(int(font["size"]) * Pango.SCALE)
    description.set_weight(int(font["weight"]))
    layout = Pango.Layout(PangoCairo.FontMap.get_default().create_context())
    layout.set_font_description(description)
    layout.set_width(width * Pango.SCALE)
    layout.set_wrap(Pango.WrapMode.WORD_CHAR)
    layout.set_text(text, -1)
    return layout.get_pixel_size()[1]


def _shown(element):
    return [label for label in spoken.below(element, (Atspi.Role.LABEL,)) if spoken.visible(label)]


TESTS = (
    no_text_is_missed_and_none_is_cut,
    no_text_of_trouble_is_missed_and_none_is_cut,
    questions_are_translated,
    german_is_not_cut,
    polish_counts_as_poles_do,
    right_to_left_is_mirrored,
)
for test in TESTS:
    test.starts_programs = False
