"""What a person does and sees at the display: windows, the pointer, pictures.

Positions are asked for each time they are used; none is kept or guessed.
"""

import collections
import re
import subprocess

from waiting import until

Box = collections.namedtuple("Box", "x y width height")
Window = collections.namedtuple("Window", "id name program box")

# `xwininfo -root -tree`: id, name, (class), size and place in the parent, place on the screen.
LINE = re.compile(
    r'^\s+(0x[0-9a-f]+) (?:"(.*)"|\(has no name\)): \((?:"(.*)" ".*")?\)\s+(\d+)x(\d+)\S*\s+\+(-?\d+)\+(-?\d+)$'
)


class Screen:
    """The display of a desktop."""

    def __init__(self, desktop):
        self.env = desktop.env

    def _run(self, *command):
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=20, check=False).stdout

    # ---- windows --------------------------------------------------------------------------------------------------

    def windows(self, program):
        """The visible windows of a program (by its window class), with their true place on the screen."""
        ids = self._run("xdotool", "search", "--onlyvisible", "--class", f"^{program}$").split()
        shown = {int(word) for word in ids}
        found = []
        for line in self._run("xwininfo", "-root", "-tree").splitlines():
            match = LINE.match(line)
            if match and int(match[1], 16) in shown:
                width, height, x, y = (int(text) for text in match.groups()[3:])
                found.append(Window(match[1], match[2] or "", match[3] or "", Box(x, y, width, height)))
        return found

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
        place = dict(re.findall(r"(X|Y)=(-?\d+)", self._run("xdotool", "getmouselocation", "--shell")))
        return int(place["X"]), int(place["Y"])

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

    def brightness(self, box):
        """How bright a box is on the whole, from 0 to 1."""
        crop = f"{box.width}x{box.height}+{box.x}+{box.y}"
        return float(self._run("import", "-window", "root", "-crop", crop, "-format", "%[fx:mean]", "info:") or 0)


def middle(box):
    """The point in the middle of a box."""
    return box.x + box.width // 2, box.y + box.height // 2
