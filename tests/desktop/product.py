"""Our programs in the virtual desktop, and the truth at the far end.

What a face shows is one thing; what qubesd would answer is another.
`qvm-device` asks the socket itself, without bus, tray or display, so a step counts only when both agree.
"""

import re
import subprocess

from menu import Menu
from notices import Notices
from screen import Screen
from session import ROOT
from tray import Tray
from waiting import Missed, until
import spoken

PROGRAMS = ROOT / "target/release"
SERVICE = "org.plugboard.Devices1"
# Whoever has it is the widget of the session; others have it open its menu, and end.
WIDGET = "org.plugboard.Menu"
PATH = "/org/plugboard/Devices1"


class Product:
    """Simulator (or a real socket), service and widget, with the parts of the desktop that watch them."""

    def __init__(self, desktop, world="laptop", socket=None):
        spoken.listen()
        self.desktop = desktop
        self.world = world
        self.real_socket = socket
        # That of the widget, where it is not English.
        self.language = None
        self.socket = socket or desktop.folder / "qubesd.sock"
        self.screen = Screen(desktop)
        self.tray = Tray(desktop, self.screen)
        self.menu = Menu(desktop, self.screen, self.tray, PROGRAMS)
        self.notices = Notices(desktop, self.screen)

    # ---- programs -------------------------------------------------------------------------------------------------

    def start(self, language=None):
        """Starts everything, and returns once the service mirrors the world and the widget is that of the session."""
        if self.real_socket is None:
            self.start_simulator()
        self.start_service()
        self.start_widget(language=language)
        self.desktop.wait_for_name(WIDGET)
        return self

    def start_simulator(self, *words):
        command = (PROGRAMS / "qubesd-sim", "--socket", self.socket, "--world", self.world, *words)
        process = self.desktop.start("qubesd-sim", *command, stdout=subprocess.PIPE)
        line = process.stdout.readline().decode().strip()
        if line != "ready":
            raise Missed(f"qubesd-sim said {line!r} in place of ready: {self.desktop.last_words('qubesd-sim')}")

    def start_service(self):
        self.desktop.start("plugboardd", PROGRAMS / "plugboardd", "--socket", self.socket)
        self.desktop.wait_for_name(SERVICE)
        until(lambda: self.link() == "live", lambda: f"the link live; it is {self.link()!r}")

    def start_widget(self, *words, language=None):
        """Starts the widget, where a language is given in that one."""
        self.language = language
        self.menu.title = self.in_its_words("Devices")
        extra = language.environment if language else {}
        return self.desktop.start("plugboard", PROGRAMS / "plugboard", *words, extra=extra)

    def in_its_words(self, text):
        """A text in the language of the widget."""
        return self.language.translated(text) if self.language else text

    def wait_for_tray(self):
        """Returns the bus name of our tray item once the panel shows the icon."""
        name = self.tray.wait_for_item(self.desktop.running["plugboard"].pid)
        self.tray.wait_for_icon()
        return name

    def report(self):
        """What the programs said last and what is on the screen, for a failure."""
        parts = [f"--- {name}:\n{self.desktop.last_words(name)}" for name in ("qubesd-sim", "plugboardd", "plugboard")]
        parts.append(f"--- notifications sent: {self.notices.all()}")
        parts.append(f"--- menu:\n{spoken.outline(spoken.program('org.plugboard.Devices'))}")
        return "\n".join(parts)

    # ---- the simulated machine ------------------------------------------------------------------------------------

    def control(self, *words):
        """A word to the simulator: plug, unplug, start, stop, latency, ..."""
        command = [str(PROGRAMS / "qubesd-sim"), "ctl", "--socket", str(self.socket), *words]
        done = subprocess.run(command, env=self.desktop.env, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise AssertionError(f"the simulator refused {' '.join(words)!r}: {done.stderr.strip()}")
        return done.stdout

    def plug(self, gadget, device_class="block"):
        """Plugs a gadget in; returns its new port in that class, the whole disk where it has partitions."""
        before = self.listed(device_class)
        self.control("plug", gadget)
        return min((port for port in self.listed(device_class) if port not in before), key=len)

    def row(self, port):
        """The pattern of the row of exactly this port: no partition of it matches."""
        return re.escape(port) + r"(?!\w)"

    # ---- the truth at the far end ---------------------------------------------------------------------------------

    def qvm_device(self, *words):
        """Runs the command line, which needs neither bus nor display; returns what it printed."""
        done = subprocess.run(
            [str(PROGRAMS / "qvm-device"), *words],
            env=dict(self.desktop.env, QUBESD_SOCKET=str(self.socket)),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"qvm-device {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def give(self, device_class, port, qube):
        """Attaches by the command line, as somebody else than the widget does."""
        self.qvm_device(device_class, "attach", qube, port)

    def stick_in_work(self):
        """Plugs the stick in and gives its disk to work; its port and its row, once the open menu shows that."""
        stick = self.plug("stick")
        self.give("block", stick, "work")
        row = self.row(stick)
        self.menu.open()
        self.menu.wait_for_row(row + ".*attached to work")
        return stick, row

    def listed(self, device_class):
        """The rows of `qvm-device CLASS list`: port to the rest of its line."""
        lines = self.qvm_device(device_class, "list").splitlines()
        return dict(line.partition(" ")[::2] for line in lines)

    def holders(self, device_class, port):
        """The qubes that hold the device, as qubesd tells; None where the device is not there."""
        line = self.listed(device_class).get(port)
        if line is None:
            return None
        # The users stand in the last column, two blanks after the description: "work (attached), personal (attached)".
        users = line.rstrip().rpartition("  ")[2]
        return sorted(user.split(" (")[0] for user in users.split(", ") if " (attached" in user)

    def wait_for_holders(self, device_class, port, *qubes):
        until(
            lambda: self.holders(device_class, port) == sorted(qubes),
            lambda: f"qubesd saying that {port} is held by {list(qubes)}; it says {self.holders(device_class, port)}",
        )

    def wait_for_no_device(self, port):
        """Waits until the service shows none on any port of this name."""
        until(lambda: port not in {device["Port"] for device in self.objects("Device")}, f"nothing on {port}")

    # ---- the service on the bus -----------------------------------------------------------------------------------

    def link(self):
        """The state of the link to qubesd as the service tells it, or None while it is not on the bus."""
        try:
            return self.desktop.property(SERVICE, PATH, f"{SERVICE}.Manager", "Link")
        except Exception:  # Not there yet, or not any more: both are "no".
            return None

    def tries_to_attach(self, device_class, port, qube):
        """Asks the service for what no face offers; returns the sentence with which it refuses, or the empty text."""
        places = self.desktop.call(SERVICE, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        wanted = [device_class, *port.split(":")]
        for path, interfaces in places.items():
            device = interfaces.get(f"{SERVICE}.Device", {})
            if [device.get(key) for key in ("Class", "Backend", "Port")] == wanted:
                arguments = ("(ossa{sv})", path, device["Id"], qube, {})
                try:
                    self.desktop.call(SERVICE, PATH, f"{SERVICE}.Manager", "Attach", *arguments)
                except Exception as error:  # Whatever refuses: the sentence tells.
                    return str(error)
                return ""
        raise AssertionError(f"the service knows no {device_class} device on {port}")

    def objects(self, kind):
        """The properties of all objects of a kind, `Device` or `Qube`."""
        tree = self.desktop.call(SERVICE, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        interface = f"{SERVICE}.{kind}"
        return [properties[interface] for properties in tree.values() if interface in properties]
