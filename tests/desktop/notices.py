"""Notifications: every one that is sent is written down, and their buttons are clicked where the person sees them."""

import collections
import threading
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

import spoken
from screen import middle
from waiting import settled, until

NAME = "org.freedesktop.Notifications"
# `at`: when it was sent, in seconds of `time.monotonic`.
Notice = collections.namedtuple("Notice", "number replaces summary body buttons at")


class Notices:
    """A monitor on the session bus; it sees the calls that programs make to the notification daemon."""

    def __init__(self, desktop, screen):
        self.desktop = desktop
        self.screen = screen
        self.lock = threading.Lock()
        self.calls = []
        self.numbers = {}
        self.monitor = desktop.connect()
        self.monitor.add_filter(self._look)
        rules = [f"type='method_call',interface='{NAME}',member='Notify'", f"type='method_return',sender='{NAME}'"]
        self.has_daemon = bool(desktop.owner(NAME))
        if not self.has_daemon:
            rules = rules[:1]
        message = Gio.DBusMessage.new_method_call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Monitoring", "BecomeMonitor"
        )
        message.set_body(GLib.Variant("(asu)", (rules, 0)))
        name = self.monitor.get_unique_name()
        self.monitor.send_message(message, Gio.DBusSendMessageFlags.NONE)
        # A connection that became a monitor has lost its name.
        until(lambda: not desktop.owner(name), "the monitor of notifications in place")

    def _look(self, _connection, message, incoming):
        """Runs in the connection's own thread."""
        body, kind = message.get_body(), message.get_message_type()
        if incoming and body is not None:
            with self.lock:
                if kind == Gio.DBusMessageType.METHOD_CALL and message.get_member() == "Notify":
                    key = (message.get_sender(), message.get_serial())
                    self.calls.append((key, body.unpack(), time.monotonic()))
                elif kind == Gio.DBusMessageType.METHOD_RETURN and body.get_type_string() == "(u)":
                    self.numbers[(message.get_destination(), message.get_reply_serial())] = body.unpack()[0]
        # A monitor must not answer: what came in goes no further.
        return None if incoming else message

    def all(self):
        """Everything that was sent so far, oldest first."""
        with self.lock:
            return [
                Notice(self.numbers.get(key, 0), call[1], call[3], call[4], dict(zip(call[5][::2], call[5][1::2])), at)
                for key, call, at in self.calls
            ]

    def wait_for(self, *words, since=0, seconds=10):
        """The first notice after the first `since` ones whose summary and body hold all the words, once the daemon has it."""

        def found():
            for notice in self.all()[since:]:
                if all(word in f"{notice.summary}\n{notice.body}" for word in words):
                    return notice if notice.number or not self.has_daemon else None
            return None

        return until(found, lambda: f"a notification with {words}; sent were {self.all()[since:]}", seconds)

    def shown(self):
        """The texts on the notification windows that can be seen now."""
        daemon = spoken.program("xfce4-notifyd")
        return spoken.texts(daemon) if daemon else []

    def button(self, label):
        """The place of a notification's button on the screen, or None."""
        daemon = spoken.program("xfce4-notifyd")
        if daemon is None:
            return None
        for button in spoken.below(daemon, (Atspi.Role.PUSH_BUTTON,)):
            if spoken.title(button) == label and spoken.has_state(button, Atspi.StateType.SHOWING):
                return spoken.box(button)
        return None

    def press(self, label):
        """Clicks a button with the pointer, as soon as it has stood still for longer than a press is taken for a late one."""
        said = lambda: f"a button {label!r}; to be read is {self.shown()}"  # noqa: E731
        place = settled(lambda: self.button(label), said, quiet=0.4)
        self.screen.click(*middle(place))
