"""The menu that our tray item offers over D-Bus, as a host reads it (com.canonical.dbusmenu)."""

import collections
import re

from gi.repository import GLib

from waiting import settled

# Choices sooner than 300 ms after a change do nothing, by design.
STILL = 0.5

Entry = collections.namedtuple("Entry", "number label enabled separator icon toggled children")


class DBusMenu:
    """The menu of a tray item, by the item's bus name and the path that it tells."""

    def __init__(self, desktop, name, path):
        self.desktop = desktop
        self.name = name
        self.path = path

    def entries(self):
        """The whole menu, freshly asked for."""
        everything = (0, -1, [])
        answer = self.desktop.call(
            self.name, self.path, "com.canonical.dbusmenu", "GetLayout", "(iias)", *everything
        )
        return _entry(answer[1]).children

    def find(self, *patterns):
        """The entry on this way through the sub-menus, or None."""
        entries, found = self.entries(), None
        for pattern in patterns:
            found = next((entry for entry in entries if re.search(pattern, entry.label)), None)
            if found is None:
                return None
            entries = found.children
        return found

    def click(self, *patterns):
        """Chooses the entry on this way, as a host does after a click; the menu has to have stood still before."""
        settled(
            lambda: self.find(*patterns) and self.entries(),
            lambda: f"an entry {patterns}, and all of it standing still, in {self.outline()}",
            quiet=STILL,
        )
        entry = self.find(*patterns)
        data = GLib.Variant("s", "")
        words = (entry.number, "clicked", data, 0)
        self.desktop.call(self.name, self.path, "com.canonical.dbusmenu", "Event", "(isvu)", *words)
        return entry

    def outline(self):
        return [(entry.label, [child.label for child in entry.children]) for entry in self.entries()]


def _entry(node):
    number, properties, children = node
    return Entry(
        number,
        # An underline marks an access key; a doubled one is a plain underline.
        properties.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_"),
        properties.get("enabled", True),
        properties.get("type") == "separator",
        properties.get("icon-name", ""),
        properties.get("toggle-state", -1) == 1,
        [_entry(child) for child in children],
    )
