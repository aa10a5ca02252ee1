#!/usr/bin/python3
"""Plays the story of Plugboard with a real pointer, prints what each step saw, and takes a picture of each.

A stick is plugged in, attached to `work` from the menu, ejected and pulled out.
Then a camera comes, and the microphone goes into two qubes.
Exit 0 only if every step was seen to happen, on the screen and at the far end of the socket.
"""

import re
import sys
import time
import traceback

from product import Product
from session import SHOTS, Desktop, deadline
from waiting import until

BACKEND = "sys-usb"


class Story:
    """The steps in order; each returns the sentence that says what it saw."""

    def __init__(self, product, shots=SHOTS):
        self.product = product
        self.menu = product.menu
        self.shots = shots
        self.number = 0

    def play(self):
        for old in self.shots.glob("[0-9][0-9]-*.png"):
            old.unlink()
        for step in (
            self.icon_appears,
            self.stick_is_plugged_in,
            self.icon_is_clicked,
            self.stick_is_hovered,
            self.work_is_clicked,
            self.work_is_ejected,
            self.stick_is_pulled_out,
            self.camera_comes,
            self.microphone_goes_to_work,
            self.microphone_goes_to_personal_too,
        ):
            self.take(step)

    def take(self, step):
        self.number += 1
        started = time.monotonic()
        saw = step()
        name = step.__name__.replace("_", "-")
        self.product.screen.picture(self.shots / f"{self.number:02}-{name}.png")
        print(f"{self.number:2} {name.replace('-', ' ')} ({time.monotonic() - started:.1f} s): {saw}", flush=True)

    # ---- the steps ------------------------------------------------------------------------------------------------

    def icon_appears(self):
        name = self.product.wait_for_tray()
        return f"an icon in the panel named {self.product.tray.item(name, 'IconName')}"

    def stick_is_plugged_in(self):
        before = self.product.listed("block")
        self.product.control("plug", "stick")
        notice = self.product.notices.wait_for("is available")
        until(lambda: notice.summary in self.product.notices.shown(), "the notification on the screen")
        new = [port for port in self.product.listed("block") if port not in before]
        self.stick = min(new, key=len)
        self.stick_name = notice.summary.removesuffix(" is available").partition(" (")[0]
        return f'notification "{notice.summary}", {notice.body!r}, buttons {list(notice.buttons.values())}'

    def icon_is_clicked(self):
        clicks = self.menu.open()
        row = self.menu.wait_for_row(self.stick_row()).name
        return f"the menu after {clicks} click(s), with {len(self.menu.rows())} rows; the stick is {row!r}"

    def stick_is_hovered(self):
        targets = self.menu.hover(self.stick_row())
        assert any(re.search(r"\bwork\b", target) for target in targets), f"work is not among {targets}"
        for never in ("dom0", BACKEND):
            assert not any(re.search(rf"\b{never}\b", target) for target in targets), f"{never} is among {targets}"
        return f"a sub-menu with {targets}"

    def work_is_clicked(self):
        self.menu.choose("^Attach to work$")
        self.product.wait_for_holders("block", self.stick, "work")
        self.menu.open()
        row = self.menu.wait_for_row(self.stick_row("attached to work")).name
        until(lambda: self.menu.is_bold(self.stick_row()), "the name of the stick drawn bold")
        return f"{row!r} in bold; qubesd says {self.stick} is held by work"

    def work_is_ejected(self):
        self.menu.open()
        targets = self.menu.hover(self.stick_row())
        self.menu.choose("^Detach from work$")
        self.product.wait_for_holders("block", self.stick)
        self.menu.open()
        self.menu.wait_for_no_row(self.stick_row("attached to work"))
        until(lambda: not self.menu.is_bold(self.stick_row()), "the name of the stick no longer bold")
        return f"{targets[0]!r} first in the sub-menu; after the click nobody holds {self.stick}"

    def stick_is_pulled_out(self):
        self.menu.close()
        self.product.control("unplug", "stick")
        until(lambda: self.stick not in self.product.listed("block"), f"{self.stick} gone at the far end")
        self.menu.open()
        self.menu.wait_for_no_row(self.stick_row())
        return f"no row with {self.stick} any more among {len(self.menu.rows())} rows"

    def camera_comes(self):
        self.menu.close()
        sent = len(self.product.notices.all())
        before = self.product.listed("usb")
        self.product.control("plug", "camera")
        notice = self.product.notices.wait_for("is available", since=sent)
        until(lambda: notice.summary in self.product.notices.shown(), "the notification on the screen")
        (camera,) = [port for port in self.product.listed("usb") if port not in before]
        self.menu.open()
        row = self.menu.wait_for_row(re.escape(camera) + r"\b").name
        return f'notification "{notice.summary}"; the row {row!r}'

    def microphone_goes_to_work(self):
        return self.give_microphone("^Attach to work$", "work")

    def microphone_goes_to_personal_too(self):
        return self.give_microphone("^Add personal$", "personal", "work")

    def give_microphone(self, target, *holders):
        self.menu.open()
        self.menu.hover("dom0:mic")
        self.menu.choose(target)
        self.product.wait_for_holders("mic", "dom0:mic", *holders)
        self.menu.open()
        for qube in holders:
            row = self.menu.wait_for_row(rf"dom0:mic.*attached to.*\b{qube}\b").name
        return f"{row!r}; qubesd says the microphone is held by {', '.join(holders)}"

    def stick_row(self, and_then=""):
        """The pattern of the row of the whole disk, which no partition of it matches."""
        return re.escape(self.stick) + r"(?!\w)" + (f".*{and_then}" if and_then else "")


def main():
    deadline(240)
    with Desktop() as desktop:
        product = Product(desktop).start()
        story = Story(product)
        try:
            story.play()
        except Exception:
            traceback.print_exc()
            print(product.report(), file=sys.stderr)
            product.screen.picture(SHOTS / f"{story.number:02}-missed.png")
            print(f"The story broke off at step {story.number}; pictures are in target/shots.", file=sys.stderr)
            return 1
    print(f"All {story.number} steps were seen; pictures are in target/shots.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
