"""A virtual desktop: its own display, session bus, window manager, panel and notification daemon.

Every program in it is started by this file and ended by its process id.
The bus has no activatable services, so nothing runs that was not started here.
Home and run-time folder are temporary; the caller's desktop and settings are neither read nor touched.
"""

import faulthandler
import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from waiting import Missed, until  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = pathlib.Path(__file__).resolve().parent / "settings"
SHOTS = ROOT / "target/shots"
SIZE = (1280, 800)
# What is started so ends with us, also where we are killed. Python could ask for that itself between fork and exec, but
# there it hangs for ever when another thread was just loading a library.
WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
# Seconds that a test has for its own end.
PATIENCE = 20


def library_program(name):
    """The path of a daemon of Xfce or AT-SPI; they stand in folders that differ by system."""
    for folder in ("/usr/libexec", "/usr/lib/*", "/usr/lib", "/usr/lib64"):
        for path in sorted(glob.glob(f"{folder}/{name}")):
            return path
    raise Missed(f"{name} is not installed")


class Desktop:
    """The running desktop; use it as a context manager."""

    def __init__(self, panel=True, notifications=True, theme="Adwaita", scale=1, touch=False):
        self.with_panel = panel
        self.with_notifications = notifications
        self.theme = theme
        self.scale = scale
        self.with_touch = touch
        self.running = {}
        self.bus = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plugboard-desktop-"))
        try:
            self._lay_out_home()
            self._start_display()
            self.start_bus()
            self._start_session()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_failure):
        for name in reversed(list(self.running)):
            self.end(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- programs -------------------------------------------------------------------------------------------------

    def start(self, name, *command, **options):
        """Starts a program under a short name; its output goes to a log that a failure shows.

        `extra` is environment that only this program has.
        """
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(
                [*WITH_US, *(str(word) for word in command)],
                env=dict(self.env, **options.pop("extra", {})),
                stdin=subprocess.DEVNULL,
                stdout=options.pop("stdout", log),
                stderr=log,
                **options,
            )
        self.running[name] = process
        return process

    def end(self, name, how=signal.SIGTERM):
        """Ends a program by its process id and waits for it; returns its exit code."""
        process = self.running.pop(name)
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def ended_by_itself(self, name, seconds=10):
        """Waits until the program is gone without our doing; returns its exit code."""
        process = self.running[name]
        until(lambda: process.poll() is not None, f"the end of {name}", seconds)
        del self.running[name]
        return process.returncode

    def log(self, name):
        return self.folder / f"{name}.log"

    def last_words(self, name, lines=15):
        path = self.log(name)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def complaints(self, name):
        """What GTK and its libraries found wrong with the program's use of them."""
        path = self.log(name)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else ()
        return [line for line in lines if re.search(r"-(CRITICAL|WARNING) \*\*", line)]

    # ---- parts of the desktop -------------------------------------------------------------------------------------

    def _lay_out_home(self):
        home, runtime = self.folder / "home", self.folder / "run"
        channels = home / ".config/xfce4/xfconf/xfce-perchannel-xml"
        channels.mkdir(parents=True)
        runtime.mkdir(mode=0o700)
        for channel in SETTINGS.glob("*.xml"):
            words = channel.read_text().replace("@THEME@", self.theme).replace("@SCALE@", str(self.scale))
            (channels / channel.name).write_text(words)
        bus = (SETTINGS / "bus.conf").read_text().replace("@FOLDER@", str(self.folder))
        (self.folder / "bus.conf").write_text(bus)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "XDG_SESSION_TYPE": "x11",
            "LC_ALL": "C.UTF-8",
            "GTK_A11Y": "atspi",
            "GIO_USE_VFS": "local",
            "GSETTINGS_BACKEND": "memory",
            "GSETTINGS_SCHEMA_DIR": str(self.folder / "schemas"),
        }
        self._compile_schema()

    def _compile_schema(self):
        """The preferences of a program that is not installed."""
        target = pathlib.Path(self.env["GSETTINGS_SCHEMA_DIR"])
        target.mkdir()
        subprocess.run(["glib-compile-schemas", "--strict", f"--targetdir={target}", ROOT / "data"], check=True)

    def _start_display(self):
        read, write = os.pipe()
        command = self._touch_screen() if self.with_touch else self._screen()
        self.start("display", *command, "-displayfd", write, "-nolisten", "tcp", "-noreset", pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise Missed(f"there is no display: {self.last_words('display')}")
        self.env["DISPLAY"] = f":{number}"
        os.environ["DISPLAY"] = self.env["DISPLAY"]

    def _screen(self):
        return "Xvfb", "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"

    def _touch_screen(self):
        """The server that has drivers, because the other one knows no fingers."""
        words = (SETTINGS / "touch-screen.conf").read_text()
        told = {"FOLDER": self.folder, "SIZE": "{}x{}".format(*SIZE), "WIDTH": SIZE[0], "HEIGHT": SIZE[1]}
        for name, value in told.items():
            words = words.replace(f"@{name}@", str(value))
        configuration = self.folder / "touch-screen.conf"
        configuration.write_text(words)
        return "Xorg", "-config", configuration, "-logfile", self.folder / "Xorg.log"

    def finger_socket(self):
        """Where the touch screen hears of fingers."""
        return self.folder / "finger"

    def start_bus(self):
        """Starts the session bus and our own connection to it; also the way back after it was ended."""
        address = f"unix:path={self.folder}/bus"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = address
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = address
        read, write = os.pipe()
        self.start(
            "dbus-daemon",
            *("dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"),
            f"--print-address={write}",
            pass_fds=[write],
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            if not pipe.readline():
                raise Missed(f"the session bus did not start: {self.last_words('dbus-daemon')}")
        self.bus = self.connect()

    def connect(self):
        """A connection of its own to the session bus."""
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync(self.env["DBUS_SESSION_BUS_ADDRESS"], flags, None, None)
        bus.set_exit_on_close(False)
        return bus

    def _start_session(self):
        self.start("at-spi", library_program("at-spi-bus-launcher"), "--launch-immediately")
        self.wait_for_name("org.a11y.Bus")
        self.start("xfconfd", library_program("xfce4/xfconf/xfconfd"))
        self.wait_for_name("org.xfce.Xfconf")
        self.start("xfsettingsd", "xfsettingsd", "--no-daemon")
        self.start("xfwm4", "xfwm4", "--compositor=off")
        self.wait_for_window_manager()
        if self.with_notifications:
            self.start_notifications()
        if self.with_panel:
            self.start_panel()

    def restart_session(self):
        """A new bus and new parts on the same display, as after the old bus has ended."""
        for name in [name for name in reversed(list(self.running)) if name not in ("display", "qubesd-sim")]:
            self.end(name)
        self.start_bus()
        self._start_session()

    def start_notifications(self):
        self.start("notifyd", library_program("xfce4/notifyd/xfce4-notifyd"))
        self.wait_for_name("org.freedesktop.Notifications")

    def choose_theme(self, name):
        """Another theme for the whole desktop, as somebody chooses it in the settings of Xfce."""
        channel, value = "xsettings", GLib.Variant("s", name)
        xfconf = "org.xfce.Xfconf"
        self.call(xfconf, f"/{xfconf.replace('.', '/')}", xfconf, "SetProperty", "(ssv)", channel, "/Net/ThemeName", value)

    def start_panel(self):
        self.start("panel", "xfce4-panel", "--disable-wm-check")
        self.wait_for_name("org.kde.StatusNotifierWatcher", 20)

    def wait_for_window_manager(self):
        def managed():
            answer = subprocess.run(
                ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"],
                env=self.env,
                capture_output=True,
                text=True,
                check=False,
            )
            return "window id" in answer.stdout

        until(managed, "a window manager")

    # ---- the session bus ------------------------------------------------------------------------------------------

    def owner(self, name):
        """The unique name behind a well-known one, or None."""
        try:
            return self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "(s)", name)[0]
        except GLib.Error:
            return None

    def wait_for_name(self, name, seconds=10):
        return until(lambda: self.owner(name), f"an owner of {name} on the session bus", seconds)

    def call(self, to, path, interface, method, shape=None, *values, seconds=10):
        """A method call; the answer as a Python tuple."""
        body = GLib.Variant(shape, values) if shape else None
        flags = Gio.DBusCallFlags.NO_AUTO_START
        return self.bus.call_sync(to, path, interface, method, body, None, flags, seconds * 1000, None).unpack()

    def property(self, of, path, interface, name):
        return self.call(of, path, "org.freedesktop.DBus.Properties", "Get", "(ss)", interface, name)[0]


def deadline(seconds):
    """The whole run ends after so long, whatever hangs; the traceback shows where it stood."""

    def too_long(_signal, _frame):
        raise Missed(f"the run as a whole took longer than {seconds} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    # A library that never returns hears of no signal.
    faulthandler.dump_traceback_later(seconds + PATIENCE, exit=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
