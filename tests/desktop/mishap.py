"""What goes wrong: the server dies or refuses, a stick is pulled out in use. Nothing is lost, and each is told."""

import signal
import time

from waiting import until

# After its return the server is mirrored whole within this time.
WHOLE_AGAIN = 1.0


def lost_connection_is_shown_and_mended(product):
    """qubesd goes and comes back: the tray asks for attention, a banner says why, then all is whole again."""
    name = product.wait_for_tray()
    product.menu.open()
    rows = product.menu.rows()
    product.desktop.end("qubesd-sim")
    _loss_is_shown(product, name)
    product.start_simulator()
    _all_is_whole_again(product, name, rows)


def server_that_dies_during_an_attach_ends_it_with_a_sentence(product):
    """The command never gets its answer: row and notification say so, and the device can be used again."""
    name = product.wait_for_tray()
    product.menu.open()
    rows = product.menu.rows()
    stick = product.plug("stick")
    product.notices.wait_for("is available")
    product.control("fail-next", "block.Attach", "hang")
    menu, row = product.menu, product.row(stick)
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(row + ".*attaching to work")
    product.desktop.end("qubesd-sim", signal.SIGKILL)
    failed = menu.wait_for_row(row + ".*Not attached to work").name
    assert "attaching" not in failed, f"the row is still waiting: {failed!r}"
    notice = product.notices.wait_for("could not be attached to work")
    assert notice.body.endswith("."), f"the notification gives no sentence as reason: {notice.body!r}"
    _loss_is_shown(product, name)
    product.start_simulator()
    # The new machine has no stick in it.
    _all_is_whole_again(product, name, rows)
    stick = product.plug("stick")
    menu.open()
    menu.hover(product.row(stick))
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")


def failed_move_is_rolled_back_and_told(product):
    """The second half of a move fails: the first qube has it again, and the row says both."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.give("block", stick, "work")
    product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot in untrusted.")
    menu, row = product.menu, product.row(stick)
    menu.open()
    menu.wait_for_row(row + ".*attached to work")
    menu.hover(row)
    menu.choose("^Move to untrusted$")
    menu.open()
    menu.wait_for_row(row + r".*Not moved to untrusted\. No free slot in untrusted\. It is back in work\.")
    product.wait_for_holders("block", stick, "work")
    product.notices.wait_for("could not be moved to untrusted", "It is back in work.")


def failure_stays_in_the_row_until_dismissed(product):
    """Neither closing the menu nor another device takes the sentence away; the person does."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.control("fail-next", "block.Attach", "exception", "QubesException", "No free slot in work.")
    menu, row = product.menu, product.row(stick)
    failed = row + r".*Not attached to work\. No free slot in work\."
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    menu.open()
    menu.wait_for_row(failed)
    product.notices.wait_for("could not be attached to work", "No free slot in work.")
    menu.close()
    camera = product.plug("camera", "usb")
    menu.open()
    menu.wait_for_row(product.row(camera))
    menu.wait_for_row(failed)
    menu.hover(row)
    menu.choose("^Hide this message$")
    menu.wait_for_no_row(failed)
    menu.open()
    menu.hover(row)
    menu.choose("^Attach to work$")
    product.wait_for_holders("block", stick, "work")


def stick_pulled_out_in_use_is_told_and_forgotten(product):
    """Pulled out while attached: a notification names who lost it; no row claims that it can still be used."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.give("block", stick, "work")
    menu, row = product.menu, product.row(stick)
    menu.open()
    menu.wait_for_row(row + ".*attached to work")
    menu.close()
    product.control("unplug", "stick")
    notice = product.notices.wait_for("was removed while attached to work")
    until(lambda: notice.summary in product.notices.shown(), "the notification on the screen")
    menu.open()
    until(
        lambda: all("removed" in found for found in menu.rows_like(row)),
        lambda: f"{stick} shown as removed or not at all; rows are {menu.rows()}",
    )


def _loss_is_shown(product, name):
    until(lambda: product.link() == "lost", lambda: f"the link lost; it is {product.link()!r}")
    status = lambda: product.tray.item(name, "Status")  # noqa: E731
    until(lambda: status() == "NeedsAttention", lambda: f"the tray asking for attention; it is {status()!r}")
    product.menu.open()
    words = lambda: product.menu.words()  # noqa: E731
    until(lambda: "connection lost" in words(), lambda: f"'connection lost' in the menu; it says {words()!r}")


def _all_is_whole_again(product, name, rows):
    """Right after `ready`: the service within a second, then every face."""
    began = time.monotonic()
    until(lambda: product.link() == "live", lambda: f"the link live again; it is {product.link()!r}")
    took = time.monotonic() - began
    assert took <= WHOLE_AGAIN, f"the mirror was whole again only after {took:.2f} s"
    status = lambda: product.tray.item(name, "Status")  # noqa: E731
    until(lambda: status() != "NeedsAttention", "the tray calm again")
    until(lambda: "connection lost" not in product.menu.words(), "the banner gone")
    # What is gone keeps its place until the menu closes.
    product.menu.close()
    product.menu.open()
    menu_rows = product.menu.rows
    until(lambda: sorted(menu_rows()) == sorted(rows), lambda: f"{rows} again; now {menu_rows()}")


TESTS = (
    lost_connection_is_shown_and_mended,
    server_that_dies_during_an_attach_ends_it_with_a_sentence,
    failed_move_is_rolled_back_and_told,
    failure_stays_in_the_row_until_dismissed,
    stick_pulled_out_in_use_is_told_and_forgotten,
)
