"""The door to the house, `./dev`, as a person uses it: in a session of their own, and where it can do nothing."""

import os
import pathlib
import shutil
import signal
import subprocess

from product import SERVICE
from session import ROOT
from waiting import until

# Long enough for cargo to find that nothing is to be built while others build.
PATIENCE = 120
# Commands that `./dev` uses before it can know what is missing.
BASICS = ("bash", "awk", "sed", "env", "dirname", "readlink", "cut", "sort", "head", "id")


def run_in_a_session_brings_all_up_and_ctrl_c_ends_all(product):
    """`./dev run` beside a panel: the icon comes, a second shell plugs a stick in, Ctrl-C leaves nothing behind."""
    desktop, env = product.desktop, _environment(product)
    run = _start(desktop, env, "run")
    product.socket = pathlib.Path(env["XDG_RUNTIME_DIR"], f"plugboard-{os.getuid()}", "qubesd.sock")
    _is_up(product)
    done = _dev(env, "plug", "stick")
    assert done.returncode == 0, done.stderr
    product.notices.wait_for("is available")
    product.menu.open()
    product.menu.wait_for_row(r"sd\w+")
    os.killpg(run.pid, signal.SIGINT)
    assert desktop.ended_by_itself("dev") == 0, desktop.last_words("dev")
    until(lambda: not desktop.owner(SERVICE), f"nobody as {SERVICE} after Ctrl-C")
    until(lambda: not product.menu.window(), "the menu gone after Ctrl-C")
    until(lambda: not product.socket.exists(), "the socket of the simulator gone after Ctrl-C")


def run_takes_the_socket_of_another_qubesd(product):
    """`./dev run --qubesd SOCKET` watches what is served there, and starts no simulator."""
    desktop, env = product.desktop, _environment(product)
    product.start_simulator()
    run = _start(desktop, env, "run", "--qubesd", str(product.socket))
    _is_up(product)
    product.plug("stick")
    product.notices.wait_for("is available")
    assert not pathlib.Path(env["XDG_RUNTIME_DIR"], f"plugboard-{os.getuid()}").exists(), "a simulator was started"
    os.killpg(run.pid, signal.SIGINT)
    assert desktop.ended_by_itself("dev") == 0, desktop.last_words("dev")
    assert desktop.running["qubesd-sim"].poll() is None, "the qubesd of somebody else was ended"


def socket_that_is_none_stops_at_once(product):
    """`./dev run --qubesd` without a qubesd: one sentence, exit 1, before anything is built."""
    done = _dev(_environment(product), "run", "--qubesd", "/nonexistent/qubesd.sock")
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, (done.returncode, done.stderr)
    assert "/nonexistent/qubesd.sock" in done.stderr, done.stderr


def wrong_words_to_dev_get_the_usage(product):
    """A word that `./dev` does not know: usage on standard error, exit 2."""
    for words in (("nonsense",), ("run", "--nonsense"), ("run", "--world")):
        done = _dev(_environment(product), *words)
        assert done.returncode == 2 and "./dev run" in done.stderr and not done.stdout, (words, done)


def without_apt_dev_prints_what_to_install(product):
    """Another system: the packages are named, and it stops with exit 1."""
    bare = product.desktop.folder / "bare"
    bare.mkdir()
    for name in BASICS:
        (bare / name).symlink_to(shutil.which(name))
    env = dict(_environment(product), PATH=str(bare))
    del env["PLUGBOARD_SKIP_SETUP"]
    packages = (ROOT / "data/packages/debian.txt").read_text().splitlines()
    first = next(line for line in packages if line and not line.startswith("#"))
    done = _dev(env, "run", "--once")
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "apt-get install" in done.stderr and first in done.stderr, done.stderr


def _environment(product):
    """That of the desktop, with cargo's things where they are."""
    home = pathlib.Path.home()
    env = dict(os.environ, **product.desktop.env, PLUGBOARD_SKIP_SETUP="1")
    env.setdefault("CARGO_HOME", str(home / ".cargo"))
    env.setdefault("RUSTUP_HOME", str(home / ".rustup"))
    return env


def _start(desktop, env, *words):
    """In a process group of its own, as a terminal starts it."""
    before, desktop.env = desktop.env, env
    try:
        return desktop.start("dev", ROOT / "dev", *words, start_new_session=True)
    finally:
        desktop.env = before


def _is_up(product):
    desktop = product.desktop
    until(
        lambda: "Plugboard runs" in desktop.last_words("dev"),
        lambda: f"./dev run saying that it runs; it says {desktop.last_words('dev')!r}",
        PATIENCE,
    )
    until(lambda: product.link() == "live", lambda: f"the link live; it is {product.link()!r}")
    until(product.tray.registered, "our icon in the panel")
    product.tray.wait_for_icon()


def _dev(env, *words):
    return subprocess.run(
        [str(ROOT / "dev"), *words],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


TESTS = (
    run_in_a_session_brings_all_up_and_ctrl_c_ends_all,
    run_takes_the_socket_of_another_qubesd,
    socket_that_is_none_stops_at_once,
    wrong_words_to_dev_get_the_usage,
    without_apt_dev_prints_what_to_install,
)
for _test in TESTS:
    # Here it is `./dev` that starts them.
    _test.starts_programs = False
