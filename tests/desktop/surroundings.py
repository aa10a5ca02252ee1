"""The desktop around us: panel, notification daemon, session bus and the tools of Qubes OS, there or not."""

import os

import preferences
from product import PROGRAMS
from waiting import until


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


TESTS = (
    rules_of_automatic_attachment_are_made_in_the_window_of_the_system,
    panel_restart_brings_the_icon_back,
    without_a_panel_the_menu_opens_by_command,
    life_goes_on_without_notifications,
    end_of_the_session_bus_ends_the_programs,
    without_a_display_the_program_says_so,
)
