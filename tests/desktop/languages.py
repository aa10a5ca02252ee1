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

import spoken  # noqa: E402
from dbus_menu import DBusMenu  # noqa: E402
from language import Language, invented, mirrored  # noqa: E402
from waiting import until  # noqa: E402

# Two plain letters in a row are a word that nobody translated.
WORD = re.compile(r"[A-Za-z]{2,}")
# Signs of units are the same in every language.
UNITS = ("kB", "MB", "GB", "TB")
REASON = "No free slot in work."


def no_text_is_missed(product):
    """Menu, sub-menus, D-Bus menu, tooltip, notification and failure in a language whose words all have accents."""
    language = invented(product.desktop)
    name = _started(product, language)
    menu, stick = product.menu, product.plug("stick")
    row = product.row(stick)
    notice = product.notices.wait_for(stick)
    known = _values(product)
    _all_translated("the notification", [notice.summary, notice.body, *notice.buttons.values()], known)
    menu.open()
    menu.wait_for_row(row)
    _all_translated("the menu", _everything(menu), known)
    menu.hover(row)
    _all_translated("the sub-menu", _everything(menu), known)
    product.control("fail-next", "block.Attach", "exception", "QubesException", REASON)
    menu.choose(_pattern(language, "Attach to {qube}", qube="work"))
    menu.open()
    menu.wait_for_row(f"{row}.*{re.escape(REASON)}")
    menu.hover(row)
    _all_translated("the row of a failure", _everything(menu), known | set(WORD.findall(REASON)))
    menu.close()
    product.give("block", stick, "work")
    menu.open()
    menu.wait_for_row(row + "." + _pattern(language, "attached to {qubes}", qubes="work"))
    menu.hover(row)
    _all_translated("the sub-menu of an attached device", _everything(menu), known | set(WORD.findall(REASON)))
    menu.close()
    item = product.tray.item(name, "ToolTip")
    _all_translated("the tooltip", [word for word in item if isinstance(word, str)], known)
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    _all_translated("the D-Bus menu", list(_labels(entries)), known | set(WORD.findall(REASON)))


def no_text_is_cut(product):
    """Every text of the menu has the room that it needs, though each is a third longer than in English."""
    _started(product, invented(product.desktop))
    _has_room(product)


def german_is_not_cut(product):
    """The same with real words, which are the longest of the languages that we have."""
    _started(product, Language(product.desktop, "de"))
    _has_room(product)


def polish_counts_as_poles_do(product):
    """One, two to four, and five things have a form each; the tooltip tells them."""
    language = Language(product.desktop, "pl")
    name = _started(product, language)
    for gadget in (None, "stick", "camera", "phone"):
        if gadget:
            product.control("plug", gadget)
        said = lambda: " ".join(word for word in product.tray.item(name, "ToolTip") if isinstance(word, str))  # noqa: E731
        until(
            lambda: _counted(said(), len(product.objects("Device"))),
            lambda: f"{len(product.objects('Device'))} devices counted; the tooltip says {said()!r}",
        )


def right_to_left_is_mirrored(product):
    """Icons stand at the right of the names, and the sub-menu opens with the same entries."""
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


# ---- the steps ----------------------------------------------------------------------------------------------------


def _started(product, language):
    """Everything runs, the widget in this language; returns the name of the tray item."""
    product.start(language)
    return product.wait_for_tray()


def _pattern(language, text, **fields):
    return re.escape(language.filled(text, **fields))


def _values(product):
    """Every word that devices and qubes brought."""
    values = [product.world, *UNITS]
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
    return menu.texts() + [item.name for item in menu.items()]


def _labels(entries):
    for entry in entries:
        yield entry.label
        yield from _labels(entry.children)


def _all_translated(place, texts, known):
    assert any("⟦" in text for text in texts), f"nothing of {place} is translated: {texts}"
    missed = {text for text in texts if any(word not in known for word in WORD.findall(text))}
    assert not missed, f"in {place} gettext was not asked for {missed}"


def _has_room(product):
    """Opens the menu at a stick that is attached, and measures every label of it and of its sub-menu."""
    menu, stick = product.menu, product.plug("stick")
    product.give("block", stick, "work")
    menu.open()
    menu.hover(product.row(stick))
    until(lambda: not _cut(menu), lambda: f"room for each text; cut are {_cut(menu)}")


def _shown(element):
    return [label for label in spoken.below(element, (Atspi.Role.LABEL,)) if spoken.visible(label)]


def _counted(said, count):
    """Whether the tooltip counts so many devices, in the form that Polish has for this number."""
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    form = "urządzenie" if count == 1 else "urządzenia" if few else "urządzeń"
    return re.search(rf"\b{count} {form}\b", said)


TESTS = (
    no_text_is_missed,
    no_text_is_cut,
    german_is_not_cut,
    polish_counts_as_poles_do,
    right_to_left_is_mirrored,
)
for test in TESTS:
    test.starts_programs = False
