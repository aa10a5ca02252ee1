"""A stand-in for the service: it tells the tree that the real one told, with devices that came earlier.

So a test need not wait for what takes minutes. It answers while the test waits for something, and carries nothing out.
"""

from gi.repository import Gio, GLib

from product import PATH, SERVICE

MANAGER = f"{SERVICE}.Manager"
DBUS = "org.freedesktop.DBus"
DEVICE = f"{SERVICE}.Device"
SHAPE = """<node>
  <interface name="org.freedesktop.DBus.ObjectManager">
    <method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Properties">
    <method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
  </interface>
</node>"""


class StandIn:
    """Takes the place of the real service, which has ended by then."""

    def __init__(self, product, seconds_earlier):
        desktop = product.desktop
        self.bus = desktop.connect()
        tree = self._told(f"{DBUS}.ObjectManager", "GetManagedObjects")
        self.manager = self._told(f"{DBUS}.Properties", "GetAll", GLib.Variant("(s)", (MANAGER,)))
        self.tree = _earlier(tree, seconds_earlier * 1_000_000)
        desktop.end("plugboardd")
        for interface in Gio.DBusNodeInfo.new_for_xml(SHAPE).interfaces:
            self.bus.register_object(PATH, interface, self._answer, None, None)
        Gio.bus_own_name_on_connection(self.bus, SERVICE, Gio.BusNameOwnerFlags.NONE, None, None)
        desktop.wait_for_name(SERVICE)

    def _told(self, interface, method, body=None):
        return self.bus.call_sync(SERVICE, PATH, interface, method, body, None, Gio.DBusCallFlags.NONE, -1, None)

    def _answer(self, _bus, _sender, _path, _interface, method, _body, call):
        call.return_value(self.tree if method == "GetManagedObjects" else self.manager)


def _earlier(tree, microseconds):
    """The same tree; what was plugged in came so much earlier."""
    objects = {path: _all_of(interfaces) for path, interfaces in _all_of(tree.get_child_value(0)).items()}
    for interfaces in objects.values():
        if DEVICE in interfaces:
            properties = _all_of(interfaces[DEVICE])
            came = properties["PluggedIn"].get_uint64()
            # None, where it was there before.
            properties["PluggedIn"] = GLib.Variant("t", max(came - microseconds, 0))
            interfaces[DEVICE] = GLib.Variant("a{sv}", properties)
    whole = {
        path: {name: dict(_all_of(properties)) for name, properties in interfaces.items()}
        for path, interfaces in objects.items()
    }
    return GLib.Variant("(a{oa{sa{sv}}})", (whole,))


def _all_of(dictionary):
    """The entries of a dictionary; values that are variants are taken out of their boxes."""
    found = {}
    for number in range(dictionary.n_children()):
        entry = dictionary.get_child_value(number)
        value = entry.get_child_value(1)
        found[entry.get_child_value(0).get_string()] = (
            value.get_variant() if value.get_type_string() == "v" else value
        )
    return found
