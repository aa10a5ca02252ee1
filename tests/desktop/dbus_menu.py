"""The menu that our tray item offers over D-Bus, as a host reads it (com.canonical.dbusmenu)."""

import collections

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
