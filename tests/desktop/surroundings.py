"""The desktop around us: panel, notification daemon, session bus and the tools of Qubes OS, there or not."""

import os
import pathlib
import re

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import preferences
import spoken
from menu import PROGRAM
from product import PROGRAMS, WIDGET
from screen import middle
from session import SIZE
from waiting import settled, until

# A compositor of Wayland in a window of the X server; what is drawn on needs no graphics card.
WESTON = ("weston", "--backend=x11-backend.so", "--use-pixman", "--no-config", "--idle-time=0")
COMPOSITOR = "wayland-of-the-test"


def panel_restart_brings_the_icon_back(product):
    """A panel that crashed and came again shows our icon, and the icon works."""
    product.wait_for_tray()
    product.desktop.end("panel")
    product.desktop.start_panel()
    product.wait_for_tray()
    product.menu.open()
    assert product.menu.rows(), "the menu is empty after the panel came back"


def without_a_panel_the_menu_opens_by_command(product):
    """No tray host at all: `plugboard --menu` opens the menu as a window, and notifications come."""
    # Rows are the sign that the widget knows what is there: only what comes later is news.
    product.menu.open_by_command("--menu")
    product.menu.wait_for_row("dom0:mic")
    product.menu.close()
    stick = product.plug("stick")
    product.notices.wait_for("is available")
    product.menu.open_by_command("--menu")
    row = product.row(stick)
    product.menu.wait_for_row(row)
    product.menu.hover(row)
    product.menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")
    assert product.desktop.running["plugboard"].poll() is None, "the widget ended without a panel"
    product.desktop.start_panel()
    product.wait_for_tray()


without_a_panel_the_menu_opens_by_command.desktop = {"panel": False}


def life_goes_on_without_notifications(product):
    """No notification daemon at all: the widget lives, and the menu tells everything."""
    product.wait_for_tray()
    product.plug("stick")
    product.menu.open()
    product.menu.wait_for_row(r"sd\w+")
    assert product.desktop.running["plugboard"].poll() is None, "the widget ended without a notification daemon"


life_goes_on_without_notifications.desktop = {"notifications": False}


def end_of_the_session_bus_ends_the_programs(product):
    """Without its bus a desktop program has no purpose: both end by themselves and say why; a new start works."""
    product.wait_for_tray()
    desktop = product.desktop
    desktop.end("dbus-daemon")
    for program in ("plugboard", "plugboardd"):
        code = desktop.ended_by_itself(program)
        said = desktop.last_words(program).lower()
        assert code > 0, f"{program} ended with {code}, which names nothing"
        assert "bus" in said, f"{program} does not name the bus in its last words: {said!r}"
    desktop.restart_session()
    product.start_service()
    widget = product.start_widget()
    product.tray.wait_for_item(widget.pid)


def without_a_display_the_program_says_so(product):
    """A session bus but no display: one sentence when the menu is asked for, no stack trace, no loop."""
    product.desktop.end("plugboard")
    desktop = product.desktop
    desktop.env.pop("DISPLAY")
    desktop.start("blind", PROGRAMS / "plugboard", "--menu")
    until(lambda: "display" in desktop.last_words("blind").lower(), lambda: f"a word on it: {desktop.last_words('blind')!r}")
    assert "panicked" not in desktop.last_words("blind"), desktop.last_words("blind")


def under_wayland_the_menu_is_a_window_of_the_compositor(product):
    """A real compositor, in which no program places its windows: `plugboard --menu` opens a window, and keys attach."""
    desktop, env = product.desktop, product.desktop.env
    product.start_simulator()
    product.start_service()
    size = (f"--width={SIZE[0] // 2}", f"--height={SIZE[1] - 100}")
    desktop.start("weston", *WESTON, *size, f"--socket={COMPOSITOR}")
    until(pathlib.Path(env["XDG_RUNTIME_DIR"], COMPOSITOR).is_socket, "the compositor")
    (shown,) = settled(lambda: product.screen.windows("Weston Compositor"), "the window of the compositor")
    product.screen.click(*middle(shown.box))
    until(lambda: product.screen.focus() == int(shown.id, 16), "the compositor with the keyboard")
    env.update(WAYLAND_DISPLAY=COMPOSITOR, XDG_SESSION_TYPE="wayland")
    product.start_widget()
    desktop.wait_for_name(WIDGET)
    stick = product.plug("stick")
    row = product.row(stick)
    desktop.start("second", PROGRAMS / "plugboard", "--menu")
    assert desktop.ended_by_itself("second") == 0, desktop.last_words("second")
    until(lambda: any(re.search(row, name) for name in _names()), lambda: f"{stick} among {_names()}")
    until(_is_active, "the menu with the keyboard")
    assert not product.screen.windows(PROGRAM), "the menu is a window of the X server"
    _go_to(product, row, "Down")
    _go_to(product, "^Attach to ", "Right")
    _go_to(product, "^Attach to work$", "Down")
    product.screen.key("Return")
    product.wait_for_holders("block", stick, "work")
    attached = row + ".*attached to work"
    until(lambda: re.search(attached, _focused() or ""), lambda: f"the focus in the row again; it is on {_focused()!r}")
    product.screen.key("Escape")
    until(lambda: not _entries(), lambda: f"the menu closed by Escape; there is {_names()}")


under_wayland_the_menu_is_a_window_of_the_compositor.starts_programs = False
under_wayland_the_menu_is_a_window_of_the_compositor.desktop = {"panel": False, "notifications": False}


def rules_of_automatic_attachment_are_made_in_the_window_of_the_system(product):
    """Where Qubes brings its window for them the menu opens it at the right page, and goes on."""
    desktop = product.desktop
    tools = desktop.folder / "tools"
    tools.mkdir()
    asked, tool = desktop.folder / "asked", tools / "qubes-global-config"
    tool.write_text(f'#!/bin/sh\necho "$@" >"{asked}"\n')
    tool.chmod(0o755)
    desktop.env["PATH"] = f"{tools}{os.pathsep}{desktop.env['PATH']}"
    product.start()
    product.wait_for_tray()
    preferences.choose_in_more(product, "dom0:mic", "^Automatic attachment")
    until(asked.exists, "the window of the system")
    until(lambda: asked.read_text() == "-o attachments\n", lambda: f"its page; it was asked {asked.read_text()!r}")
    product.menu.open()
    product.menu.wait_for_row("dom0:mic")


rules_of_automatic_attachment_are_made_in_the_window_of_the_system.starts_programs = False


# ---- the steps ----------------------------------------------------------------------------------------------------


def _frames():
    """The windows of the widget that can be seen, whatever display they are on."""
    application = spoken.program(PROGRAM)
    return [frame for frame in spoken.children(application) if spoken.visible(frame)] if application else ()


def _is_active():
    return any(spoken.has_state(frame, Atspi.StateType.ACTIVE) for frame in _frames())


def _entries():
    """What can be seen to be chosen in them."""
    return [entry for frame in _frames() for entry in spoken.below(frame, spoken.MENU_ITEMS) if spoken.visible(entry)]


def _names():
    return [spoken.title(entry) for entry in _entries()]


def _focused():
    return next((spoken.title(entry) for entry in _entries() if spoken.has_state(entry, Atspi.StateType.FOCUSED)), None)


def _go_to(product, pattern, key):
    """Presses a key until an entry like this has the focus."""
    for _ in range(len(_entries())):
        before = _focused()
        if re.search(pattern, before or ""):
            return
        product.screen.key(key)
        until(lambda: _focused() not in (None, before), f"another focus than {before!r} after {key}")  # noqa: B023
    raise AssertionError(f"{key} never came to {pattern!r}; the focus is on {_focused()!r}")


TESTS = (
    rules_of_automatic_attachment_are_made_in_the_window_of_the_system,
    panel_restart_brings_the_icon_back,
    without_a_panel_the_menu_opens_by_command,
    life_goes_on_without_notifications,
    end_of_the_session_bus_ends_the_programs,
    without_a_display_the_program_says_so,
    under_wayland_the_menu_is_a_window_of_the_compositor,
)
