#!/usr/bin/python3
"""The gate of the whole desktop: each test has a display, a bus, a panel and our programs of its own.

Every test runs in a process of its own, so that none can hang or disturb another.
With names as arguments only these tests run. The last line is `N passed, N failed`.
"""

import re
import subprocess
import sys
import time
import traceback

import story as the_story
from dbus_menu import DBusMenu
from product import PROGRAMS, Product
from session import ROOT, Desktop, deadline
from waiting import until

LONGEST = 300
FAILURE = ROOT / "target/shots"


def story_is_seen(product):
    """The story of `./dev run`, from the icon to the microphone in two qubes."""
    the_story.Story(product).play()


def notification_button_attaches(product):
    """The person never opens the menu: the button of the notification does it."""
    product.wait_for_tray()
    before = product.listed("block")
    product.control("plug", "stick")
    notice = product.notices.wait_for("is available")
    label = next(label for label in notice.buttons.values() if label.startswith("Attach to "))
    qube = label.removeprefix("Attach to ")
    product.notices.press(label)
    stick = min((port for port in product.listed("block") if port not in before), key=len)
    product.wait_for_holders("block", stick, qube)
    told = product.notices.wait_for("attached", qube, since=1)
    # Pressing a button takes the notice away, so the new one replaces it or stands alone.
    until(
        lambda: told.summary in product.notices.shown() and notice.summary not in product.notices.shown(),
        lambda: f"{told.summary!r} alone on the screen; to be read is {product.notices.shown()}",
    )


def right_click_shows_the_same(product):
    """The D-Bus menu, which some desktops show alone, holds the same devices and the same qubes."""
    name = product.wait_for_tray()
    product.control("plug", "stick")
    product.notices.wait_for("is available")
    product.menu.open()
    product.menu.wait_for_row(r"sd\w+")
    rows = product.menu.rows()
    entries = DBusMenu(product.desktop, name, product.tray.item(name, "Menu")).entries()
    for row in rows:
        device = row.partition(",")[0]
        assert any(device in entry.label for entry in entries), f"{device!r} is not among {[e.label for e in entries]}"
    assert any(entry.separator for entry in entries), "the D-Bus menu has no separators"
    targets = {re.search(r"\w+$", target)[0] for target in product.menu.hover(r"dom0:mic")}
    (microphone,) = [entry for entry in entries if "icrophone" in entry.label and entry.children]
    offered = {entry.label for entry in microphone.children}
    missing = {qube for qube in targets if not any(qube in label for label in offered)}
    assert not missing, f"{missing} is offered in the window only, not among {offered}"
    assert not any("dom0" in label for label in offered), f"dom0 is among {offered}"


def panel_restart_brings_the_icon_back(product):
    """A panel that crashed and came again shows our icon, and the icon works."""
    product.wait_for_tray()
    product.desktop.end("panel")
    product.desktop.start_panel()
    product.wait_for_tray()
    product.menu.open()
    assert product.menu.rows(), "the menu is empty after the panel came back"


def life_goes_on_without_notifications(product):
    """No notification daemon at all: the widget lives, and the menu tells everything."""
    product.wait_for_tray()
    product.control("plug", "stick")
    product.menu.open()
    product.menu.wait_for_row(r"sd\w+")
    assert product.desktop.running["plugboard"].poll() is None, "the widget ended without a notification daemon"


life_goes_on_without_notifications.desktop = {"notifications": False}


def lost_connection_is_shown_and_mended(product):
    """qubesd goes and comes back: the tray asks for attention, a banner says why, then all is whole again."""
    name = product.wait_for_tray()
    product.menu.open()
    rows = product.menu.rows()
    product.desktop.end("qubesd-sim")
    until(lambda: product.link() == "lost", lambda: f"the link lost; it is {product.link()!r}")
    status = lambda: product.tray.item(name, "Status")  # noqa: E731
    until(lambda: status() == "NeedsAttention", lambda: f"the tray asking for attention; it is {status()!r}")
    product.menu.open()
    words = lambda: " ".join(product.menu.texts()).lower()  # noqa: E731
    until(lambda: "connection lost" in words(), lambda: f"'connection lost' in the menu; it says {words()!r}")
    product.screen.picture(FAILURE / "connection-lost.png")
    product.start_simulator()
    until(lambda: product.link() == "live", lambda: f"the link live again; it is {product.link()!r}")
    until(lambda: status() != "NeedsAttention", "the tray calm again")
    until(lambda: "connection lost" not in words(), "the banner gone")
    product.menu.open()
    until(lambda: sorted(product.menu.rows()) == sorted(rows), lambda: f"{rows} again; now {product.menu.rows()}")


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


def second_start_opens_the_menu(product):
    """`plugboard` started again opens the menu of the one that runs, and ends."""
    product.wait_for_tray()
    product.desktop.start("second", PROGRAMS / "plugboard")
    assert product.desktop.ended_by_itself("second") == 0
    until(product.menu.window, "the menu after the second start")


TESTS = (
    story_is_seen,
    notification_button_attaches,
    right_click_shows_the_same,
    panel_restart_brings_the_icon_back,
    life_goes_on_without_notifications,
    lost_connection_is_shown_and_mended,
    end_of_the_session_bus_ends_the_programs,
    second_start_opens_the_menu,
)


def run_here(test):
    """One test, in this process; True where it passed."""
    deadline(LONGEST)
    with Desktop(**getattr(test, "desktop", {})) as desktop:
        product = Product(desktop)
        try:
            product.start()
            test(product)
            return True
        except Exception:
            traceback.print_exc()
            product.screen.picture(FAILURE / f"failed-{test.__name__}.png")
            print(product.report(), file=sys.stderr)
            return False


def run_apart(test):
    """One test, in a process of its own; its words are shown where it failed."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "--here", test.__name__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST + 60,
        check=False,
    )
    passed = done.returncode == 0
    print(f"test {test.__name__} ... {'ok' if passed else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(done.stdout, flush=True)
    return passed


def main():
    words = sys.argv[1:]
    by_name = {test.__name__: test for test in TESTS}
    if words[:1] == ["--here"]:
        return 0 if run_here(by_name[words[1]]) else 1
    unknown = [word for word in words if word not in by_name]
    if unknown:
        print(f"no such test: {', '.join(unknown)}; there are {', '.join(by_name)}", file=sys.stderr)
        return 2
    results = [run_apart(test) for test in TESTS if not words or test.__name__ in words]
    print(f"desktop: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
