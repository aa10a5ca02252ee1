"""The tray icon as the panel shows it: where it is, and a click on it that is known to have arrived."""

from gi.repository import GLib

from screen import Box, middle
from waiting import Missed, settled, until

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
# The program in which the panel runs its systray.
HOST = "wrapper-2.0"


class Tray:
    """The systray of the panel, which holds our icon alone."""

    def __init__(self, desktop, screen):
        self.desktop = desktop
        self.screen = screen

    def registered(self):
        """The items that the panel knows, as `bus name` or `bus name/path`.

        A panel that is just starting may give its systray up in the middle of a call: then it knows nothing yet.
        """
        try:
            return self.desktop.property(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
        except GLib.Error:
            return []

    def wait_for_item(self, process_id, seconds=15):
        """Waits until the program's item is registered at the panel; returns its bus name."""
        name = f"{ITEM}-{process_id}-1"

        def known():
            # The panel may know it by the unique name.
            owner = self.desktop.owner(name)
            return owner and any(item.startswith((name, owner)) for item in self.registered())

        until(known, lambda: f"{name} among the tray items {self.registered()}", seconds)
        return name

    def icon(self):
        """The place of the icon on the screen, or None while the panel has not laid it out and drawn it.

        The panel runs its systray as a program of its own, whose window is empty or as wide as its one icon.
        The accessibility tree is no help here: the panel sometimes forgets to take that program into its own.
        """
        for window in self.screen.windows(HOST):
            if window.kind in ("tooltip", "popup_menu"):
                continue
            x, y, width, height = window.box
            # A panel at a side of the screen gives it a little more height than its icon has.
            square = min(width, height)
            if square > 1:
                place = Box(x + width - square, y + (height - square) // 2, square, square)
                if self.screen.colours(place) > 1:
                    return place
        return None

    def wait_for_icon(self, seconds=15):
        return settled(self.icon, "our icon laid out in the panel", seconds)

    def menus(self):
        """The windows of the menu that the panel draws itself, and of its sub-menus; uppermost first."""
        return [window for window in self.screen.windows(HOST) if window.kind == "popup_menu"]

    def click(self, opened, seconds=4, tries=3, button=1, finger=None):
        """Clicks the icon, or taps it where there is a finger, until `opened()` holds; returns how often that took.

        After each change of the D-Bus menu the panel throws its copy away and reads the new one, entry by entry. To a
        click in between it does nothing, or shows its own menu, which the next click closes.
        """
        for count in range(1, tries + 1):
            finger.tap(*middle(self.wait_for_icon())) if finger else self.press(button)
            try:
                until(opened, "the menu after a click on the icon", seconds)
                return count
            except Missed:
                if count == tries:
                    raise
        raise AssertionError("unreachable")

    def press(self, button):
        """One click with this button."""
        self.screen.click(*middle(self.wait_for_icon()), button)

    def item(self, name, property_name):
        """A property of our StatusNotifierItem, read from the program itself."""
        return self.desktop.property(name, "/StatusNotifierItem", ITEM, property_name)
