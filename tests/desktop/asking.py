"""Ask-to-attach: qubesd asks, the window comes up, and only a clear yes to what was to be seen attaches."""

import pathlib
import subprocess

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

import preferences
import spoken
from menu import PROGRAM
from product import PROGRAMS
from screen import Box, middle
from session import SHOTS, SIZE
from waiting import settled, until

TITLE = "Attach a device?"
BUTTONS = (Atspi.Role.PUSH_BUTTON,)
# Input sooner than a second after a change does not count, by design.
STILL = 1.3
OTHER = (r"desc=1234:abcd Other Other\x20Thing ", "interfaces=030101:")


class Asking:
    """The window of questions as a person uses it, and the machine that asks."""

    def __init__(self, product):
        self.product = product
        self.screen = product.screen
        self.agent = pathlib.Path(product.desktop.env["XDG_RUNTIME_DIR"], "device-agent.GUI")
        self.asked = []
        # As the language of the widget has it.
        self.title = TITLE

    def start(self, language=None):
        """All programs, with the agent's socket in the run-time folder."""
        product = self.product
        self.title = language.translated(TITLE) if language else TITLE
        product.start_simulator("--agent", self.agent)
        product.start_service()
        product.start_widget("--agent-socket", self.agent, language=language)
        product.wait_for_tray()
        until(self.agent.is_socket, "the socket of the agent")
        return self

    def rule(self, qube, argument="sys-usb+2-1+_", mode="ask-to-attach"):
        self.product.control("call", f"admin.vm.device.usb.Assign+{argument}", qube, f"mode='{mode}'")

    def control(self, *words):
        """A word to the simulator that leads to a question: its reply waits for the answer."""
        command = [str(PROGRAMS / "qubesd-sim"), "ctl", "--socket", str(self.product.socket), *words]
        self.asked.append(self.product.desktop.start(f"asked-{len(self.asked)}", *command))

    def answered(self):
        """Waits until qubesd has all its answers."""
        for number in range(len(self.asked)):
            self.product.desktop.ended_by_itself(f"asked-{number}")
        self.asked.clear()

    def window(self):
        return next((window for window in self.screen.windows(PROGRAM) if window.name == self.title), None)

    def wait_for_window(self):
        return until(self.window, "the window of questions")

    def wait_for_no_window(self):
        until(lambda: not self.window(), lambda: f"no window of questions; it says {self.texts()}")

    def _frame(self):
        application = spoken.program(PROGRAM)
        frames = spoken.children(application) if application else ()
        return next((frame for frame in frames if spoken.title(frame) == self.title), None)

    def texts(self):
        frame = self._frame()
        return [text for text in spoken.texts(frame) if text] if frame else []

    def wait_for_text(self, words):
        until(lambda: any(words in text for text in self.texts()), lambda: f"{words!r} among {self.texts()}")

    def buttons(self):
        """The buttons that can be pressed, by what a screen reader says, with their place on the screen."""
        frame, window = self._frame(), self.window()
        if frame is None or window is None:
            return {}
        whole = spoken.box(frame, on_screen=False)
        found = {}
        for button in spoken.below(frame, BUTTONS):
            place = spoken.box(button, on_screen=False)
            if place and spoken.visible(button) and spoken.sensitive(button):
                # The window manager's frame is not in the tree: what GTK drew beside the content is.
                x, y = window.box.x + place.x - whole.x, window.box.y + place.y - whole.y
                found[spoken.title(button)] = Box(x, y, place.width, place.height)
        return found

    def focused(self):
        """What has the keyboard's focus, as a screen reader says it, or None."""
        frame = self._frame()
        for element in spoken.below(frame) if frame else ():
            if spoken.has_state(element, Atspi.StateType.FOCUSED):
                return spoken.title(element)
        return None

    def go_to(self, beginning):
        """Presses Tab until the button has the focus."""
        for _ in range(len(self.buttons()) + 2):
            before = self.focused()
            if (before or "").startswith(beginning):
                return
            self.screen.key("Tab")
            until(lambda: self.focused() != before, lambda: f"another focus than {before!r}")  # noqa: B023
        raise AssertionError(f"Tab never came to {beginning!r}; the focus is on {self.focused()!r}")

    def take_keyboard(self):
        """A click on the icon brings the question to the front, with the keyboard."""
        self.product.tray.press(1)
        until(lambda: self.screen.focus() == int(self.wait_for_window().id, 16), "the question in front")
        self.wait()

    def button(self, beginning):
        buttons = self.buttons()
        return next((box for name, box in buttons.items() if name.startswith(beginning)), None)

    def click_at_once(self, beginning):
        """A click of somebody who was clicking there anyway."""
        self.screen.click(*middle(until(lambda: self.button(beginning), lambda: f"{beginning!r} in {self.buttons()}")))

    def wait(self):
        """Waits as a person who reads."""
        return settled(lambda: (self.buttons(), self.texts()), "the window standing still", quiet=STILL)

    def choose(self, beginning):
        """Reads, then clicks."""
        found = lambda: self.button(beginning)  # noqa: E731
        self.screen.click(*middle(settled(found, lambda: f"{beginning!r} in {self.buttons()}", quiet=STILL)))


def question_is_asked_and_the_choice_is_attached(product):
    """The window names place and rule; a click too early does nothing; a clear choice attaches."""
    asking = Asking(product).start()
    asking.rule("work")
    asking.rule("personal")
    editor = _typing(product)
    asking.control("plug", "stick")
    window = asking.wait_for_window()
    assert product.screen.focus() == editor, "the window took the keyboard away"
    asking.wait_for_text("any device on sys-usb:2-1")
    asking.click_at_once("Attach sys-usb:2-1 to work")
    texts = asking.wait()[1]
    assert asking.window(), "a click within the first second counted"
    assert texts[0] == "sys-usb:2-1" and "Cruzer Blade" in texts[-2], f"place first, own words last: {texts}"
    status = product.tray.item(product.wait_for_tray(), "Status")
    assert status == "NeedsAttention", f"the tray is calm: {status!r}"
    notice = product.notices.wait_for("Attach sys-usb:2-1?")
    assert "Cruzer" not in notice.body, f"a word of the device in the notification: {notice.body!r}"
    product.screen.picture(SHOTS / "asking.png", _around(window.box))
    asking.choose("Attach sys-usb:2-1 to work")
    asking.answered()
    product.wait_for_holders("usb", "sys-usb:2-1", "work")
    asking.wait_for_no_window()


def escape_attaches_nothing(product):
    """Enter at once does nothing; Escape is a no, and so is Enter as long as nothing else was chosen."""
    asking = Asking(product).start()
    asking.rule("work")
    for key in ("Escape", "Return"):
        asking.control("plug", "stick")
        asking.wait_for_window()
        product.tray.press(1)
        until(lambda: product.screen.focus() == int(asking.wait_for_window().id, 16), "the question in front")
        product.screen.key("Return")
        asking.wait()
        assert asking.window(), "a key within the first second counted"
        product.screen.key(key)
        asking.answered()
        asking.wait_for_no_window()
        assert product.holders("usb", "sys-usb:2-1") == [], product.holders("usb", "sys-usb:2-1")
        product.control("unplug", "stick")
        product.wait_for_no_device("2-1")


def enter_is_a_yes_only_where_the_person_went(product):
    """By keys to a qube; then the card changes, or that very qube stops: Enter is nothing until they went to a qube anew."""
    asking = Asking(product).start()
    for qube in ("work", "personal", "untrusted"):
        asking.rule(qube)
    asking.control("plug", "stick")
    asking.wait_for_window()
    asking.take_keyboard()
    for qube, stops, then in (("work", "personal", "work"), ("work", "work", "untrusted")):
        asking.go_to(f"Attach sys-usb:2-1 to {qube}")
        product.control("stop", stops)
        until(lambda: not asking.button(f"Attach sys-usb:2-1 to {stops}"), lambda: f"{stops} as stopped")  # noqa: B023
        asking.wait()
        product.screen.key("Return")
        asking.wait()
        assert asking.button("Don’t attach sys-usb:2-1"), f"Enter was an answer: {product.holders('usb', 'sys-usb:2-1')}"
        assert not (asking.focused() or "").startswith("Attach "), f"the focus is on {asking.focused()!r}"
        asking.go_to(f"Attach sys-usb:2-1 to {then}")
    product.screen.key("Return")
    asking.answered()
    product.wait_for_holders("usb", "sys-usb:2-1", "untrusted")
    asking.wait_for_no_window()


def swapped_device_is_refused(product):
    """Another device on the port while it is asked: no, with a sentence; the question about the other one stands."""
    asking = Asking(product).start()
    asking.rule("work")
    asking.control("plug", "stick")
    asking.wait_for_window()
    asking.wait()
    asking.control("swap", "usb", "sys-usb", "2-1", *OTHER)
    # The mirror may see the port empty in between; then that is the reason, and just as true.
    asking.wait_for_text("Not attached: ")
    asking.wait_for_text("Attach this device to work?")
    asking.wait()
    product.screen.picture(SHOTS / "asking-refused.png", _around(asking.wait_for_window().box))
    asking.choose("Don’t attach sys-usb:2-1")
    asking.answered()
    asking.choose("Close")
    asking.wait_for_no_window()
    assert product.holders("usb", "sys-usb:2-1") == [], product.holders("usb", "sys-usb:2-1")


def swap_that_nobody_told_of_is_refused(product):
    """The mirror still shows the device that was asked about, and so does the window; the look before the yes does not."""
    asking = Asking(product).start()
    asking.rule("work")
    asking.control("plug", "stick")
    asking.wait_for_window()
    asking.wait()
    product.control("agent", "deny")
    product.control("lose-events", "10000")
    product.control("swap", "usb", "sys-usb", "2-1", *OTHER)
    product.control("agent", "ask")
    asking.choose("Attach sys-usb:2-1 to work")
    asking.wait_for_text("Not attached: another device is on sys-usb:2-1 now")
    asking.answered()
    assert product.holders("usb", "sys-usb:2-1") == [], product.holders("usb", "sys-usb:2-1")
    asking.choose("Close")
    asking.wait_for_no_window()


def several_questions_are_one_list(product):
    """Two devices at once: one window, one of them attached, the other one pulled out takes its question along."""
    asking = Asking(product).start()
    asking.rule("work")
    asking.rule("personal", "sys-usb+2-2+_")
    asking.control("plug", "stick")
    asking.wait_for_text("sys-usb:2-1")
    asking.control("plug", "usb", "sys-usb", "2-2", *OTHER)
    asking.wait_for_text("sys-usb:2-2")
    product.notices.wait_for("2 devices wait for you")
    asking.wait()
    product.screen.picture(SHOTS / "asking-list.png", _around(asking.wait_for_window().box))
    asking.choose("Attach sys-usb:2-2 to personal")
    until(lambda: not asking.button("Attach sys-usb:2-2"), "the answered question gone")
    product.wait_for_holders("usb", "sys-usb:2-2", "personal")
    product.control("unplug", "stick")
    asking.wait_for_text("no longer on sys-usb:2-1")
    asking.answered()
    asking.choose("Close")
    asking.wait_for_no_window()


def many_questions_stay_on_the_screen(product):
    """Three devices at once: the window ends above the edge of the screen, and what is below is scrolled to."""
    asking = Asking(product).start()
    for port in ("2-1", "2-2", "2-4"):
        for qube in ("work", "personal", "untrusted"):
            asking.rule(qube, f"sys-usb+{port}+_")
    asking.control("plug", "stick")
    asking.wait_for_text("sys-usb:2-1")
    asking.wait()
    for port in ("2-2", "2-4"):
        asking.control("plug", "usb", "sys-usb", port, *OTHER)
        asking.wait_for_text(f"sys-usb:{port}")
    asking.wait()
    box = asking.window().box
    assert box.y + box.height <= SIZE[1], f"{box} is not on the screen"
    asking.choose("Attach none of them")
    asking.answered()
    asking.wait_for_no_window()


def question_comes_in_front_of_our_own_windows(product):
    """The window of preferences is open and has the keyboard: the question lies over it, and the keyboard stays there."""
    asking = Asking(product).start()
    asking.rule("work")
    product.menu.open()
    product.menu.choose("^Settings", level=0)
    settings = int(preferences.wait_for_window(product).id, 16)
    for has_keyboard in (True, False):
        wanted = settings if has_keyboard else _typing(product)
        until(lambda: product.screen.focus() == wanted, "the keyboard where it belongs")  # noqa: B023
        asking.control("plug", "stick")
        question = int(asking.wait_for_window().id, 16)
        stack = product.screen.stack
        settled(lambda: question in stack(), lambda: f"it among {stack()}", quiet=0.4)  # noqa: B023
        assert product.screen.focus() == wanted, "the question took the keyboard away"
        assert stack().index(question) > stack().index(settings), "the question lies under our own window"
        asking.choose("Don’t attach")
        asking.answered()
        asking.wait_for_no_window()
        assert preferences.window(product), "the window of preferences went along"
        product.control("unplug", "stick")
        product.wait_for_no_device("2-1")


def question_closed_is_a_no(product):
    """The button of its notification brings the question to the front; closed there, its asker is told no."""
    asking = Asking(product).start()
    product.plug("stick")
    editor = _typing(product)
    with _asked_through_qrexec(asking) as ask:
        question = int(asking.wait_for_window().id, 16)
        product.notices.wait_for("Attach sys-usb:2-1?")
        assert product.screen.focus() == editor, "the question took the keyboard away"
        product.notices.press("Answer…")
        until(lambda: product.screen.focus() == question, "the question with the keyboard")
        stack = product.screen.stack
        until(lambda: stack().index(question) > stack().index(editor), lambda: f"{question} over {editor} in {stack()}")
        asking.wait()
        product.screen.key("alt+F4")
        asking.wait_for_no_window()
        assert ask.stdout.read() == "deny"
    assert product.holders("usb", "sys-usb:2-1") == [], product.holders("usb", "sys-usb:2-1")


def question_through_qrexec_is_handed_on(product):
    """`plugboard --ask` takes the bare JSON and prints the answer; a second agent leaves the first its place."""
    asking = Asking(product).start()
    product.plug("stick")
    with _asked_through_qrexec(asking) as ask:
        asking.wait_for_text("<b>Nice & safe</b>")
        asking.choose("Attach sys-usb:2-1 to work")
        assert ask.stdout.read() == "allow:work"
    words = _words_of_ask(asking)
    bad = subprocess.run(words, env=product.desktop.env, input="{}", capture_output=True, text=True, check=False)
    assert (bad.stdout, bad.returncode) == ("deny", 0), bad


def _words_of_ask(asking):
    return [str(PROGRAMS / "plugboard"), "--ask", "--agent-socket", str(asking.agent)]


def _asked_through_qrexec(asking):
    """A question about the stick as qrexec asks it; the answer comes on standard output."""
    json = (
        '{"source": "sys-usb", "device_name": "<b>Nice & safe</b>", "argument": "2-1", "targets": ["work"],'
        ' "default_target": "work", "icons": {}}'
    )
    env, pipe = asking.product.desktop.env, subprocess.PIPE
    ask = subprocess.Popen(_words_of_ask(asking), env=env, stdin=pipe, stdout=pipe, text=True)
    ask.stdin.write(json)
    ask.stdin.close()
    return ask


def _typing(product):
    """Another program's window that has the keyboard."""
    product.desktop.start("xev", "xev", "-event", "keyboard")
    until(lambda: product.screen.focus_name() == "Event Tester", "the keyboard in the other window")
    return product.screen.focus()


def _around(box):
    margin = 40
    return Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)


TESTS = (
    question_is_asked_and_the_choice_is_attached,
    escape_attaches_nothing,
    enter_is_a_yes_only_where_the_person_went,
    swapped_device_is_refused,
    swap_that_nobody_told_of_is_refused,
    several_questions_are_one_list,
    many_questions_stay_on_the_screen,
    question_comes_in_front_of_our_own_windows,
    question_closed_is_a_no,
    question_through_qrexec_is_handed_on,
)
for _test in TESTS:
    # With the agent's socket; see Asking.start.
    _test.starts_programs = False
