"""What a person prefers: names, hidden devices, a camera that takes the microphone along; and the window for all that."""

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import spoken
from menu import PROGRAM
from waiting import until

TITLE = "Plugboard settings"
# Rows of libadwaita lie deep in boxes.
DEEP = 40


def window(product):
    """The window of preferences while it is to be seen."""
    return next((window for window in product.screen.windows(PROGRAM) if window.name == TITLE), None)


def wait_for_window(product):
    return until(lambda: window(product), "the window of preferences")


def said(product):
    """Every name in the window."""
    frames = [frame for frame in spoken.children(spoken.program(PROGRAM)) if spoken.title(frame) == TITLE]
    found = [element for frame in frames for element in spoken.below(frame, depth=DEEP)]
    return [spoken.title(element) for element in found if spoken.visible(element)]


def press(product, name):
    """Presses the button of this name in the window."""

    def button():
        for element in spoken.below(spoken.program(PROGRAM), (Atspi.Role.PUSH_BUTTON,), depth=DEEP):
            if spoken.title(element) == name:
                return element
        return None

    until(button, lambda: f"a button {name!r} among {said(product)}").get_action_iface().do_action(0)


def choose_in_more(product, row, entry):
    product.menu.open()
    product.menu.hover(row)
    product.menu.choose("^More$")
    product.menu.choose(entry)


def name(product, row, text):
    """Gives the device of a row a name, in the window."""
    choose_in_more(product, row, "^Name")
    shown = wait_for_window(product)
    until(lambda: product.screen.focus() == int(shown.id, 16), "the window with the keyboard")
    product.screen.write(text)
    product.screen.key("Return")
    forget = "Forget the name of"
    until(lambda: any(words.startswith(forget) for words in said(product)), lambda: f"a name kept among {said(product)}")


def a_name_of_ones_own_is_shown_first(product):
    """Given in the window, shown in the menu before the device's own words, and forgotten again."""
    product.wait_for_tray()
    row = product.row(product.plug("stick"))
    name(product, row, "my backup stick")
    product.menu.open_by_command()
    product.menu.wait_for_row(rf"^my backup stick \(.+\), {row}")
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    forget = until(
        lambda: next((text for text in said(product) if text.startswith("Forget the name of")), None),
        lambda: f"a way to forget the name among {said(product)}",
    )
    press(product, forget)
    product.menu.open_by_command()
    product.menu.wait_for_no_row("^my backup stick")
    product.menu.wait_for_row(row)


def a_hidden_device_is_left_out_until_it_is_shown_again(product):
    """Hidden from its own sub-menu; the way back is in the window."""
    product.wait_for_tray()
    row = product.row(product.plug("stick"))
    choose_in_more(product, row, "^Hide this device$")
    product.menu.wait_for_row(row + ".*hidden now")
    product.menu.close()
    product.menu.open()
    product.menu.wait_for_no_row(row)
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    again = until(
        lambda: next((text for text in said(product) if text.startswith("Show ") and text.endswith(" again")), None),
        lambda: f"a way to show the device again among {said(product)}",
    )
    press(product, again)
    product.menu.open_by_command()
    product.menu.wait_for_row(row)


def a_camera_takes_the_microphone_along(product):
    """Marked once, as the tools of Qubes mark it; then one click moves both, there and back."""
    product.wait_for_tray()
    camera = product.plug("camera", "usb")
    row = product.row(camera)
    choose_in_more(product, row, "^Attach with microphone$")

    def marked():
        features = [qube["WithMicrophone"] for qube in product.objects("Qube")]
        return any(camera in key for keys in features for key in keys)

    until(marked, "the mark at the backend of the camera")
    product.menu.open()
    product.menu.hover(row)
    product.menu.choose("^Attach to work$")
    product.wait_for_holders("usb", camera, "work")
    product.wait_for_holders("mic", "dom0:mic", "work")
    product.menu.open()
    product.menu.wait_for_row(row + ".*attached to work")
    product.menu.wait_for_row("dom0:mic.*attached to work")
    product.menu.hover(row)
    product.menu.choose("^Detach from work with microphone$")
    product.wait_for_holders("usb", camera)
    product.wait_for_holders("mic", "dom0:mic")


def another_theme_is_followed_with_the_window_open(product):
    """libadwaita, which draws the window, keeps no theme that the desktop has left: both windows turn dark and light."""
    product.wait_for_tray()
    product.menu.open()
    product.menu.choose("^Settings", level=0)
    wait_for_window(product)
    product.menu.open_by_command()
    for theme, is_right in (("Adwaita-dark", lambda light: light < 0.4), ("Adwaita", lambda light: light > 0.6)):
        product.desktop.choose_theme(theme)
        for shown in (wait_for_window(product), product.menu.window()):
            brightness = lambda box=shown.box: product.screen.brightness(box)  # noqa: E731
            until(lambda: is_right(brightness()), lambda: f"{shown.name} as {theme}; it is {brightness():.2f} bright")


TESTS = (
    another_theme_is_followed_with_the_window_open,
    a_name_of_ones_own_is_shown_first,
    a_hidden_device_is_left_out_until_it_is_shown_again,
    a_camera_takes_the_microphone_along,
)
