"""The states of the album on other machines, for other eyes and in other languages; see `states`."""

from language import Language, mirrored
from state import state
from states import REFUSAL
from waiting import until


def _row_of_failure(album, choose):
    """A stick that is attached and a camera that could not be; the pattern of the stick's row."""
    product, menu = album.product, album.menu
    stick, camera = product.plug("stick"), product.plug("camera", "usb")
    product.control("fail-next", "usb.Attach", *REFUSAL)
    product.give("block", stick, "work")
    menu.open()
    menu.hover(product.row(camera))
    menu.choose(choose)
    menu.open()
    menu.wait_for_row(product.row(camera) + ".*No free slot")
    return product.row(stick) + ".*work"


def _busy(name):
    """The sub-menu of a stick that is attached, with a failure in another row."""

    def bring_about(album):
        album.menu.hover(_row_of_failure(album, r"\bwork\b"))
        album.take(name)

    return bring_about


def _opened(name):
    """The menu of a world."""

    def bring_about(album):
        album.menu.open()
        album.take(name)

    return bring_about


@state(world="hostile")
def hostile(album):
    """Texts that hurt: the menu, and the sub-menu of the first of them."""
    menu = album.menu
    menu.open()
    album.take("hostile")
    menu.press("Down", "Right")
    until(menu.targets, "a sub-menu")
    album.take("hostile-submenu")


@state(scale=2)
def double_size(album):
    """Every point of the screen four times as big; by keyboard, because positions are told in another measure."""
    product, menu = album.product, album.menu
    stick = product.plug("stick")
    menu.open()
    menu.wait_for_row(product.row(stick))
    menu.press("Down", "Right")
    until(lambda: any("Attach to work" in name for name in menu.rows() + menu.targets()), "a sub-menu")
    album.take("double-size")


state("empty", world="empty")(_opened("empty"))
state("crowd", world="crowd")(_opened("crowd"))
state("dark", theme="Adwaita-dark")(_busy("dark"))
state("high-contrast", theme="HighContrast")(_busy("high-contrast"))
state("high-contrast-dark", theme="HighContrastInverse")(_busy("high-contrast-dark"))
state("german", language=lambda desktop: Language(desktop, "de"))(_busy("german"))
state("polish", language=lambda desktop: Language(desktop, "pl"))(_busy("polish"))
state("right-to-left", language=mirrored)(_busy("right-to-left"))
