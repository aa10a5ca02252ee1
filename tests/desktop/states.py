"""How each state of the album is brought about: a world, a desktop, and what the person does before the picture.

A state is a function of the album that takes one picture or several in a row.
Notifications are left out where they are not the subject: they would stand in the picture.
"""

import preferences
from asking import OTHER, Asking
from state import state
from waiting import until

REFUSAL = ("exception", "QubesException", "No free slot in work.")

# ---- every day --------------------------------------------------------------------------------------------------------


@state()
def everyday(album):
    """A laptop in the morning, what runs on it, a stick, its sub-menu, and the stick attached and moved; the same from the right click."""
    product, menu = album.product, album.menu
    menu.open()
    menu.wait_for_row("dom0:mic")
    album.take("laptop")
    menu.choose("^About$", level=0)
    until(lambda: any(text.startswith("Plugboard ") for text in menu.texts()), "what runs here")
    album.take("about")
    menu.close()
    stick = product.plug("stick")
    row = product.row(stick)
    menu.open()
    menu.wait_for_row(row)
    album.take("menu")
    menu.hover(row)
    album.take("submenu")
    menu.choose("^Read-only$")
    album.take("read-only")
    menu.choose("^New disposable$")
    until(lambda: menu.find("^Attach to a new disposable", 1), lambda: f"templates among {menu.targets()}")
    album.take("disposable")
    menu.close()
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(row + ".*attached to work")
    menu.hover(row)
    album.take("attached")
    product.control("fail-next", "block.Attach", "hang")
    menu.choose("^Move to untrusted$")
    menu.open()
    menu.wait_for_row(row + ".*moving to untrusted")
    album.take("moving")
    menu.hover(row)
    until(lambda: menu.find("^Stop waiting", 1), lambda: f"a way to give up among {menu.targets()}", seconds=15)
    album.take("give-up")


@state()
def several_holders(album):
    """The microphone in two qubes, in the menu and in that of the panel."""
    product, menu = album.product, album.menu
    product.plug("stick")
    for qube in ("work", "personal"):
        product.give("mic", "dom0:mic", qube)
    menu.open()
    menu.wait_for_row("dom0:mic.*attached to personal and work")
    menu.hover("dom0:mic")
    album.take("microphone")
    menu.close()
    album.take_menu_of_the_panel("right-click")


@state()
def parts(album):
    """One stick is one row: what else can be done with it, its parts, and one of them in use."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    row = product.row(stick)
    menu.open()
    menu.hover(row)
    menu.choose("^More$")
    until(lambda: menu.find("^Name", 1), lambda: f"what else can be done among {menu.targets()}")
    album.take("more")
    menu.choose("^Back$")
    menu.choose("^Partition 1")
    until(lambda: menu.find("^Back$", 1), lambda: f"the page of the partition; there is {menu.targets()}")
    album.take("part")
    menu.close()
    part = next(port for port in product.listed("block") if port.startswith(stick) and port != stick)
    product.give("block", part, "work")
    menu.open()
    menu.wait_for_row(product.row(part) + ".*attached to work")
    menu.hover(product.row(part))
    album.take("part-attached")


@state()
def filtered(album):
    """What remains of the menu while somebody types."""
    product, menu = album.product, album.menu
    for gadget in ("stick", "camera"):
        product.control("plug", gadget)
    menu.open_by_command()
    menu.wait_for_row("dom0:mic")
    album.screen.write("cam")
    until(lambda: not menu.find("dom0:mic"), lambda: f"only cameras among {menu.rows()}")
    album.take("filter", from_top=False)
    album.screen.write("bridge")
    until(lambda: not menu.rows_like("(?i)cam"), lambda: f"nothing found among {menu.rows()}")
    album.take("filter-nothing", from_top=False)


# ---- questions and trouble --------------------------------------------------------------------------------------------


@state()
def questions(album):
    """A keyboard that somebody may be typing on, and a stick on its way from less to more trust."""
    product, menu = album.product, album.menu
    keyboard, stick = product.row(product.plug("keyboard", "usb")), product.plug("stick")
    menu.open()
    menu.hover(keyboard)
    menu.choose("^Attach to work$")
    until(lambda: menu.find("all the same", 1), lambda: f"the question among {menu.targets()}")
    album.take("confirm")
    menu.close()
    product.give("block", stick, "untrusted")
    menu.open()
    menu.wait_for_row(product.row(stick) + ".*attached to untrusted")
    menu.hover(product.row(stick))
    menu.choose("^Move to banking$")
    until(lambda: menu.find("all the same", 1), lambda: f"the question among {menu.targets()}")
    album.take("confirm-move")


@state()
def trouble(album):
    """A command that failed, one that hangs, a stick pulled out in use, no USB qube, and a lost connection."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    row = product.row(stick)
    for name, words, seen in (
        ("failed", REFUSAL, "Not attached to work"),
        ("pending", ("hang",), "attaching to work"),
    ):
        product.control("fail-next", "block.Attach", *words)
        menu.open()
        menu.hover(row)
        menu.choose("^Attach to work$")
        menu.open()
        menu.wait_for_row(f"{row}.*{seen}")
        if name == "failed":
            menu.hover(row)
        album.take(name)
        menu.close()
    product.desktop.end("qubesd-sim")
    until(lambda: product.link() == "lost", "the link lost")
    menu.open()
    until(lambda: "connection lost" in menu.words(), "the banner")
    album.take("connection-lost")


@state()
def unready(album):
    """What is being read again, and the devices of a qube that can't be read."""
    product, menu = album.product, album.menu
    menu.open()
    menu.wait_for_row("dom0:mic")
    # The panel's own tooltip would stand in the picture.
    album.screen.move(40, 600)
    product.control("latency", "mic.Available", "6000")
    product.control("drop-events")
    until(lambda: "reading the devices again" in menu.words(), "the banner")
    album.take("resyncing")
    # The room of the banner stays until then.
    menu.close()
    product.control("latency", "0")
    until(lambda: product.link() == "live", "the link live")
    for _ in range(3):
        product.control("fail-next", "block.Available", "exception", "QubesException", "No answer from xenstore.")
    product.control("plug", "stick")
    menu.open()
    menu.wait_for_row("The devices of sys-usb")
    album.take("unreadable")


@state()
def refused(album):
    """A qube that the policy blocks, and a disposable that can be shut down together with the detaching."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    row = product.row(stick)
    product.control("call", "admin.vm.device.denied.Add", "work", "b******")
    menu.open()
    menu.hover(row)
    until(lambda: menu.find("blocked by policy", 1), lambda: f"work blocked by policy among {menu.targets()}")
    album.take("blocked")
    menu.choose("^New disposable$")
    menu.choose("^Attach to a new disposable")
    menu.open()
    menu.wait_for_row(row + ".*attached to disp")
    menu.hover(row)
    album.take("disposable-holder")


@state()
def gone(album):
    """A stick pulled out while it was attached and the menu open, then a USB qube that does not run."""
    product, menu = album.product, album.menu
    _, row = product.stick_in_work()
    product.control("unplug", "stick")
    menu.wait_for_row(row + ".*no longer there")
    album.take("gone")
    menu.close()
    product.control("stop", "sys-usb")
    menu.open()
    menu.wait_for_row("Start sys-usb")
    album.take("start-usb-qube")


@state()
def removed(album):
    """The same on a machine that has not yet noticed that work lost the stick."""
    product, menu = album.product, album.menu
    _, row = product.stick_in_work()
    product.control("latency", "block.Attached", "20000")
    product.control("unplug", "stick")
    menu.wait_for_row(row + ".*removed while attached")
    menu.hover(row)
    album.take("removed")


@state(notifications=True)
def notifications(album):
    """Everything that is worth a notification."""
    product = album.product
    stick = product.plug("stick")
    album.take_notice("notification", "is available")
    product.give("block", stick, "work")
    album.take_notice("notification-attached", "is attached to work")
    product.control("unplug", "stick")
    album.take_notice("notification-removed", "was removed while attached to work")
    known = len(product.notices.all())
    product.plug("stick2")
    product.control("fail-next", "block.Attach", *REFUSAL)
    notice = product.notices.wait_for("is available", since=known)
    product.notices.press(next(label for label in notice.buttons.values() if label.startswith("Attach to ")))
    album.take_notice("notification-failed", "could not be attached")
    product.give("block", "sys-usb:sdb", "work")
    product.notices.wait_for("is attached to work", since=known)
    product.qvm_device("block", "detach", "work", "sys-usb:sdb")
    album.take_notice("notification-detached", "is detached from work")
    product.control("unplug", "stick2")
    album.take_notice("notification-removed-safely", "was removed safely")


@state(notifications=True)
def power(album):
    """A USB qube that stops while something of it is in use, and starts again."""
    product = album.product
    product.give("block", product.plug("stick"), "work")
    product.notices.wait_for("is attached to work")
    product.control("stop", "sys-usb")
    album.take_notice("notification-stopped", "sys-usb stopped")
    product.control("start", "sys-usb")
    album.take_notice("notification-started", "sys-usb has started")


@state(notifications=True)
def flood(album):
    """Many devices at once are one notification."""
    for gadget in ("stick", "camera", "keyboard", "mouse", "phone", "headset"):
        album.product.control("plug", gadget)
    notice = album.product.notices.wait_for("New devices at sys-usb")
    album.take_notice("notification-many", notice.summary)


# ---- what somebody prefers --------------------------------------------------------------------------------------------


@state()
def settings(album):
    """A hidden device, the window of preferences with it and a named one, and the menu after it."""
    product, menu = album.product, album.menu
    stick, camera = product.row(product.plug("stick")), product.row(product.plug("camera", "usb"))
    preferences.choose_in_more(product, camera, "^Hide this device$")
    menu.wait_for_row(camera + ".*hidden now")
    album.take("hidden")
    menu.close()
    preferences.name(product, stick, "my backup stick")
    album.take_window("settings")
    menu.open_by_command()
    menu.wait_for_row("^my backup stick")
    menu.hover(stick)
    album.take("named")


@state(theme="Adwaita-dark")
def settings_dark(album):
    """The same window on a dark desktop, and what becomes of it when the desktop turns light."""
    product, menu = album.product, album.menu
    stick = product.row(product.plug("stick"))
    preferences.name(product, stick, "my backup stick")
    album.take_window("settings-dark")
    menu.open_by_command()
    menu.wait_for_row("^my backup stick")
    menu.hover(stick)
    album.take("named-dark")


@state()
def by_kind(album):
    """The sections by what devices are for; preferences as a person's desktop keeps them."""
    desktop = album.product.desktop
    desktop.end("plugboard")
    desktop.env["GSETTINGS_BACKEND"] = "keyfile"
    kept = desktop.folder / "home/.config/glib-2.0/settings"
    kept.mkdir(parents=True)
    (kept / "keyfile").write_text("[org/plugboard/Devices]\nsections='kind'\n")
    album.product.start_widget()
    album.product.wait_for_tray()
    for gadget in ("keyboard", "stick"):
        album.product.control("plug", gadget)
    album.menu.open()
    album.menu.wait_for_row("(?i)keyboard")
    until(lambda: "keyboards and mice" in album.menu.words(), "a section of keyboards")
    album.take("by-kind")


# ---- who is asked -----------------------------------------------------------------------------------------------------


@state(starts_programs=False)
def asking(album):
    """One question, two of them in one list, and one that was refused because another device came."""
    asked = Asking(album.product).start()
    _ask(asked)
    album.take_window("asking")
    asked.control("plug", "usb", "sys-usb", "2-2", *OTHER)
    asked.wait_for_text("sys-usb:2-2")
    asked.wait()
    album.take_window("asking-list")
    asked.control("swap", "usb", "sys-usb", "2-1", *OTHER)
    asked.wait_for_text("another device is on sys-usb:2-1 now")
    asked.wait()
    album.take_window("asking-refused")


@state(starts_programs=False, notifications=True)
def asking_notice(album):
    """The notification that leads to the question."""
    _ask(Asking(album.product).start())
    album.take_notice("notification-asking", "Attach sys-usb:2-1?")


@state(starts_programs=False, theme="Adwaita-dark")
def asking_dark(album):
    """A question on a dark desktop."""
    _ask(Asking(album.product).start())
    album.take_window("asking-dark")


def _ask(asked):
    for qube in ("work", "personal"):
        asked.rule(qube)
    asked.rule("personal", "sys-usb+2-2+_")
    asked.control("plug", "stick")
    asked.wait_for_window()
    asked.wait()
