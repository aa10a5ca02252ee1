"""What a person does and sees at the display: windows, the pointer, pictures.

Positions are asked for each time they are used; none is kept or guessed.
"""

import collections
import re
import subprocess

from Xlib import X, display, error

from waiting import until

Box = collections.namedtuple("Box", "x y width height")
# `kind`: what a passing window is, `tooltip` or `popup_menu`; empty for one that says nothing.
Window = collections.namedtuple("Window", "id name box kind")
KIND = "_NET_WM_WINDOW_TYPE"


class Screen:
    """The display of a desktop."""

    def __init__(self, desktop):
        self.env = desktop.env
        self.display = display.Display(desktop.env["DISPLAY"])
        self.root = self.display.screen().root

    def _run(self, *command):
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=20, check=False).stdout

    # ---- windows --------------------------------------------------------------------------------------------------

    def windows(self, program):
        """The visible windows of a program (by the name or class of its windows), with their true place on the screen; uppermost first."""
        return [found for window in self._shown_in(self.root) if (found := self._described(window, program))]

    def _shown_in(self, parent):
        """The visible windows within one; whatever goes while it is looked at counts as not there."""
        try:
            children = parent.query_tree().children
        except error.XError:
            return
        for child in reversed(children):
            try:
                is_shown = child.get_attributes().map_state == X.IsViewable
            except error.XError:
                continue
            if is_shown:
                yield child
                yield from self._shown_in(child)

    def _described(self, window, program):
        try:
            wm_class = window.get_wm_class()
            if not wm_class or program not in wm_class:
                return None
            size, place = window.get_geometry(), self.root.translate_coords(window, 0, 0)
            name = window.get_full_text_property(self.display.get_atom("_NET_WM_NAME")) or window.get_wm_name()
            kind = self._kind(window)
        except error.XError:
            return None
        return Window(hex(window.id), name or "", Box(place.x, place.y, size.width, size.height), kind)

    def _kind(self, window):
        found = window.get_full_property(self.display.get_atom(KIND), X.AnyPropertyType)
        return self.display.get_atom_name(found.value[0]).removeprefix(f"{KIND}_").lower() if found else ""

    def stack(self):
        """The windows that the window manager knows, by number, lowest first."""
        words = self._run("xprop", "-root", "_NET_CLIENT_LIST_STACKING")
        return [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", words)]

    def set_monitor(self, name, box, output="none"):
        """Declares a part of the screen to be a monitor; that of the only output takes the place of the whole."""
        millimetres = [round(side * 25.4 / 96) for side in (box.width, box.height)]
        place = f"{box.width}/{millimetres[0]}x{box.height}/{millimetres[1]}+{box.x}+{box.y}"
        self._run("xrandr", "--setmonitor", name, place, output)

    # ---- pointer --------------------------------------------------------------------------------------------------

    def pointer(self):
        place = self.root.query_pointer()
        return place.root_x, place.root_y

    def move(self, x, y, strides=12):
        """Moves the pointer along a line, as a hand does, so that everything on the way is entered and left."""
        from_x, from_y = self.pointer()
        words = ["xdotool"]
        for stride in range(1, strides + 1):
            share = stride / strides
            words += ["mousemove", str(round(from_x + (x - from_x) * share)), str(round(from_y + (y - from_y) * share))]
        self._run(*words)
        until(lambda: self.pointer() == (x, y), f"the pointer at {x},{y}")

    def glide(self, x, y, seconds):
        """Moves the pointer along a line so slowly that the program sees each step."""
        from_x, from_y = self.pointer()
        strides = max(abs(x - from_x), abs(y - from_y)) // 4
        words = ["xdotool"]
        for stride in range(1, strides + 1):
            share = stride / strides
            words += ["mousemove", str(round(from_x + (x - from_x) * share)), str(round(from_y + (y - from_y) * share))]
            words += ["sleep", f"{seconds / strides:.4f}"]
        self._run(*words)
        until(lambda: self.pointer() == (x, y), f"the pointer at {x},{y}")

    def click(self, x, y, button=1):
        self.move(x, y)
        self._run("xdotool", "click", str(button))

    def click_here(self):
        """A click where the pointer is, at once."""
        self._run("xdotool", "click", "1")

    def click_in_passing(self, x, y, to_x, to_y):
        """A click on the way to somewhere else: the pointer does not rest for a moment."""
        self._run("xdotool", "mousemove", str(x), str(y), "click", "1", "mousemove", str(to_x), str(to_y))
        until(lambda: self.pointer() == (to_x, to_y), f"the pointer at {to_x},{to_y}")

    def click_beyond(self, x, y, to_x, to_y):
        """A click elsewhere by a pointer that was just seen at another place."""
        self.move(x, y)
        self._run("xdotool", "mousemove", str(to_x), str(to_y), "click", "1")

    def focus(self):
        """The window that gets what is typed, by number."""
        return int(self._run("xdotool", "getwindowfocus").strip() or 0)

    def focus_name(self):
        """The name of that window."""
        return self._run("xdotool", "getwindowfocus", "getwindowname").strip()

    def key(self, *names):
        self._run("xdotool", "key", *names)

    def down(self, name):
        """Presses a key and holds it, so that it repeats."""
        self._run("xdotool", "keydown", name)

    def up(self, name):
        self._run("xdotool", "keyup", name)

    def write(self, text):
        self._run("xdotool", "type", text)

    def paint_background(self, colour):
        """Gives the empty screen a colour, so that windows stand out in a picture."""
        self._run("display", "-window", "root", "-size", "8x8", f"xc:{colour}")

    # ---- pictures -------------------------------------------------------------------------------------------------

    def picture(self, path, box=None):
        """The whole screen, or a box of it, with as many colours as a small file needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        words = ["import", "-window", "root"]
        if box:
            words += ["-crop", f"{box.width}x{box.height}+{box.x}+{box.y}", "+repage"]
        # Without dither, which makes specks of plain surfaces and dots of thin lines.
        few = ["+dither", "-colors", "255"]
        self._run(*words, "-define", "png:exclude-chunk=date,time", "-strip", *few, f"png8:{path}")
        if not path.exists():
            raise AssertionError(f"no picture could be taken for {path.name}")

    def colours(self, box):
        """How many colours are to be seen in a box; an empty place has one."""
        crop = f"{box.width}x{box.height}+{box.x}+{box.y}"
        return int(self._run("import", "-window", "root", "-crop", crop, "-format", "%k", "info:") or 0)

    def pixels(self, box, colour):
        """How many pixels of a box have this colour (0xrrggbb)."""
        seen = self.root.get_image(*box, X.ZPixmap, 0xFFFFFFFF).data
        # Four bytes for each, blue first.
        wanted = colour.to_bytes(3, "little")
        return sum(seen[place : place + 3] == wanted for place in range(0, len(seen), 4))

    def brightness(self, box):
        """How bright a box is on the whole, from 0 to 1."""
        crop = f"{box.width}x{box.height}+{box.x}+{box.y}"
        return float(self._run("import", "-window", "root", "-crop", crop, "-format", "%[fx:mean]", "info:") or 0)


def middle(box):
    """The point in the middle of a box."""
    return box.x + box.width // 2, box.y + box.height // 2
