"""The Devices menu as a person uses it: opened at the icon, read row by row, hovered and clicked.

GTK 4 tells positions within a window only, and a sub-menu is a window of its own.
So each element's place is worked out from the true place of the window that holds it.
The window of a sub-menu is known by its size, which GTK and the X server tell alike.
"""

import collections
import re

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

import spoken
from screen import Box, middle
from waiting import Missed, settled, until

PROGRAM = "org.plugboard.Devices"
TITLE = "Devices"
# Clicks sooner than 300 ms after a change under the pointer do nothing, by design.
STILL = 0.4
BOLD = 600
# Looks at a menu of which something is missing, before it is taken as it is.
LOOKS = 5
# Elements in which no entry can stand; each question about one is a call to the program.
LEAVES = (Atspi.Role.LABEL, Atspi.Role.SEPARATOR, Atspi.Role.SCROLL_BAR)

# `beside`: the device whose sub-menu it stands in, as the sub-menu says.
Item = collections.namedtuple("Item", "name level box usable element beside")


class Menu:
    """The Devices menu; level 0 are the rows, level 1 the sub-menu of the hovered row, and so on."""

    # Stands in for a row that is not there.
    NOTHING = Item("", 0, Box(0, 0, 0, 0), False, None, "")

    def __init__(self, desktop, screen, tray, programs):
        self.desktop = desktop
        self.screen = screen
        self.tray = tray
        self.programs = programs
        # As the language of the widget has it.
        self.title = TITLE
        # Pixels of the screen in one unit of GTK, which is what the accessibility tree tells.
        self.scale = 1

    # ---- open and close -------------------------------------------------------------------------------------------

    def window(self):
        """The menu's window while it is to be seen."""
        return next((window for window in self.screen.windows(PROGRAM) if window.name == self.title), None)

    def open(self):
        """Opens the menu with a click on the icon where it is not open; returns the number of clicks."""
        clicks = 0 if self.window() else self.tray.click(self.window)
        until(self._frame, "the menu in the accessibility tree")
        return clicks

    def open_by_command(self, *words):
        """Opens the menu by a second start of the program where it is not open, as a keyboard shortcut does."""
        if not self.window():
            self.desktop.start("second", self.programs / "plugboard", *words)
            assert self.desktop.ended_by_itself("second") == 0, self.desktop.last_words("second")
            until(self.window, "the menu after the second start")
        until(self._frame, "the menu in the accessibility tree")
        until(lambda: self._holds_keyboard(), "the menu with the keyboard")

    def _holds_keyboard(self):
        window = self.window()
        return window is not None and self.screen.focus() == int(window.id, 16)

    def close(self):
        """Closes it step by step: a further page, the sub-menu, the menu; not one Escape more, which others would get."""
        for _ in range(5):
            if not self.window():
                return
            before = self._names()
            self.screen.key("Escape")
            try:
                # The accessibility tree may be empty a moment before the window has gone.
                until(lambda: not self.window() or self._names() not in ([], before), "a change by Escape", seconds=2)
            except Missed:
                # A key between two windows reaches neither.
                continue
        until(lambda: not self.window(), "the menu closed by Escape")

    def _names(self):
        return [item.name for item in self.items()]

    # ---- read -----------------------------------------------------------------------------------------------------

    def _frame(self):
        application = spoken.program(PROGRAM)
        for window in spoken.children(application) if application else ():
            if spoken.title(window) == self.title:
                return window
        return None

    def items(self):
        """Every menu item that can be seen, with its place on the screen."""
        found = []
        for _ in range(LOOKS):
            found, is_whole = self._look()
            if is_whole:
                break
        return found

    def _look(self):
        """The items; and whether every sub-menu on the screen was found in the accessibility tree. The library that reads
        the tree forgets one of them now and then, and finds it again when it is asked once more."""
        frame, windows = self._frame(), self.screen.windows(PROGRAM)
        main = next((window for window in windows if window.name == self.title), None)
        if frame is None or main is None:
            return [], True
        free = [window for window in windows if window is not main]
        found = []
        self._collect(frame, 0, _origin(main, self._place(frame)), free, found, "")
        return found, all(window.name != PROGRAM for window in free)

    def _place(self, element):
        """Where the element is in its window, in pixels of the screen."""
        place = spoken.box(element, on_screen=False)
        return place and Box(*(self.scale * side for side in place))

    def _collect(self, element, level, origin, free, found, beside):
        for child in spoken.children(element):
            kind = spoken.role(child)
            if kind in LEAVES or not spoken.visible(child):
                continue
            place = self._place(child) if kind in (Atspi.Role.MENU, *spoken.MENU_ITEMS) else None
            held_by = next((window for window in free if place and _same_size(window.box, place)), None)
            if held_by:
                free.remove(held_by)
                self._collect(child, level + 1, _origin(held_by, place), free, found, spoken.title(child))
            elif kind in spoken.MENU_ITEMS and place:
                # What stands in an entry is said by the entry as a whole.
                box = Box(origin[0] + place.x, origin[1] + place.y, place.width, place.height)
                found.append(Item(spoken.title(child), level, box, spoken.sensitive(child), child, beside))
            else:
                self._collect(child, level, origin, free, found, beside)

    def rows(self):
        """The spoken sentences of all rows."""
        return [item.name for item in self.items() if item.level == 0]

    def rows_like(self, pattern):
        return [name for name in self.rows() if re.search(pattern, name)]

    def words(self):
        """All that is to be read in the menu, in small letters."""
        return " ".join(self.texts()).lower()

    def focused(self, level=0):
        """The sentence of the entry that has the keyboard's focus, or None."""
        for item in self.items():
            if item.level == level and spoken.has_state(item.element, Atspi.StateType.FOCUSED):
                return item.name
        return None

    def targets(self):
        """The spoken sentences of the open sub-menu."""
        return [item.name for item in self.items() if item.level == 1]

    def find(self, pattern, level=0):
        for item in self.items():
            if item.level == level and re.search(pattern, item.name):
                return item
        return None

    def wait_for_row(self, pattern, seconds=10):
        return until(lambda: self.find(pattern), lambda: f"a row like {pattern!r} among {self.rows()}", seconds)

    def wait_for_no_row(self, pattern, seconds=10):
        until(lambda: not self.find(pattern), lambda: f"no row like {pattern!r} among {self.rows()}", seconds)

    def texts(self):
        """Every text in the menu, banner and second lines included."""
        frame = self._frame()
        return spoken.texts(frame) if frame else []

    def labels(self):
        """The elements of every text in the menu that can be seen."""
        frame = self._frame()
        found = spoken.below(frame, (Atspi.Role.LABEL,)) if frame else ()
        return [label for label in found if spoken.visible(label) and spoken.title(label)]

    def lines(self):
        """What stands in the menu, from top to bottom: texts, rows by their sentence, and `---` for a separator line."""
        frame = self._frame()
        return [words for _, words in sorted(_lines(frame), key=lambda line: line[0])] if frame else []

    def place(self, pattern, level=0, quiet=0.2):
        """Where an entry is on the screen, once it has stood still for `quiet` seconds."""
        missing = lambda: f"{pattern!r} standing still among {self.rows()} and {self.targets()}"  # noqa: E731
        return settled(lambda: _still(self.find(pattern, level)), missing, quiet=quiet)

    def read(self, pattern, level=0):
        """The texts that can be read in an entry, in order."""
        item = self.find(pattern, level)
        return spoken.texts(item.element) if item else []

    def tooltip(self):
        """The texts of the tooltip that stands beside the pointer."""
        frame = self._frame()
        _content, *others = (list(spoken.children(frame)) if frame else []) or [None]
        return next((spoken.texts(other) for other in others if spoken.visible(other)), [])

    def is_bold(self, pattern, level=0):
        """Whether the name in the entry is drawn bold, as the text itself tells."""
        item = self.find(pattern, level)
        for label in spoken.below(item.element, (Atspi.Role.LABEL,)) if item else ():
            if spoken.title(label) and spoken.title(label) in item.name:
                return _weight(label) >= BOLD
        return False

    # ---- use ------------------------------------------------------------------------------------------------------

    def hover(self, pattern):
        """Rests the pointer on a row until its sub-menu stands; returns the sentences of the sub-menu."""
        self.wait_for_row(pattern)
        self.screen.move(*middle(self.place(pattern)))

        def targets():
            # The sub-menu of the row that was hovered before may stand for a moment longer.
            found = [item for item in self.items() if item.level == 1]
            return [item.name for item in found] if all(re.search(pattern, item.beside) for item in found) else []

        return settled(targets, lambda: f"a sub-menu beside {pattern!r}; rows are {self.rows()}")

    def beside(self):
        """The sentence of the row whose sub-menu is open, or None."""
        return next((item.beside for item in self.items() if item.level == 1), None)

    def press(self, *keys):
        self.screen.key(*keys)

    def go_to(self, pattern, level=0, key="Down"):
        """Presses a key until the entry has the focus."""
        for _ in range(len(self.items()) + 1):
            if re.search(pattern, self.focused(level) or ""):
                return
            before = self.focused(level)
            self.press(key)
            until(lambda: self.focused(level) not in (None, before), lambda: f"another focus than {before!r} after {key}")
        raise AssertionError(f"{key} never came to {pattern!r}; the focus is on {self.focused(level)!r}")

    def choose(self, pattern, level=1):
        """Goes over to an entry of the sub-menu, waits until all is still, and clicks."""
        self.screen.click(*middle(self.point_at(pattern, level).box))

    def point_at(self, pattern, level=1):
        """Goes over to an entry, waits until all is still, and returns it."""
        self.screen.move(*middle(self.place(pattern, level)))
        self.place(pattern, level, quiet=STILL)
        return until(lambda: self.find(pattern, level), f"the entry {pattern!r} under the pointer")


def _lines(element):
    for child in spoken.children(element):
        kind = spoken.role(child)
        # A sub-menu is a window of its own.
        if kind == Atspi.Role.MENU or not spoken.visible(child):
            continue
        if kind in (Atspi.Role.LABEL, Atspi.Role.SEPARATOR, *spoken.MENU_ITEMS):
            if place := spoken.box(child, on_screen=False):
                yield place.y, "---" if kind == Atspi.Role.SEPARATOR else spoken.title(child)
        else:
            yield from _lines(child)


def _still(item):
    return item.box if item and item.box.width > 1 else None


def _origin(window, place):
    """What to add to a position within the window to get the position on the screen."""
    return (window.box.x - place.x, window.box.y - place.y) if place else (window.box.x, window.box.y)


def _same_size(window, place):
    return (window.width, window.height) == (place.width, place.height)


def _weight(label):
    try:
        attributes, _start, _end = label.get_text_iface().get_attribute_run(0, True)
        return int(attributes.get("weight", "400"))
    except (GLib.Error, AttributeError, TypeError, ValueError):
        return 0
