#!/usr/bin/python3
"""The gate of the whole desktop: each test has a display, a bus, a panel and our programs of its own.

The tests stand by theme, one file for each: see `THEMES`.
Every test runs in a process of its own, so that none can hang or disturb another; as many at a time as there are
processors, for most of a test is waiting. With names as arguments only these tests run; with `--built` all those that
start no compiler. The last line is `N passed, N failed`.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time
import traceback

import asking
import choosing
import command_line
import door
import everyday
import hands
import hostile
import keys
import languages
import mishap
import places
import preferences
import sight
import surroundings
import telling
import touch
from product import Product
from session import SHOTS, Desktop, deadline

LONGEST = 300
THEMES = (
    everyday,
    sight,
    choosing,
    hands,
    keys,
    touch,
    telling,
    hostile,
    places,
    mishap,
    surroundings,
    preferences,
    asking,
    command_line,
    door,
    languages,
)
TESTS = [test for theme in THEMES for test in theme.TESTS]


def run_here(test):
    """One test, in this process; True where it passed."""
    deadline(LONGEST)
    with Desktop(**getattr(test, "desktop", {})) as desktop:
        product = Product(desktop)
        try:
            if getattr(test, "starts_programs", True):
                product.start()
            test(product)
            complaints = desktop.complaints("plugboard")
            assert not complaints, f"GTK complains: {complaints}"
            return True
        except Exception:
            traceback.print_exc()
            product.screen.picture(SHOTS / f"failed-{test.__name__}.png")
            print(product.report(), file=sys.stderr)
            return False


def run_apart(test):
    """One test, in a process of its own; its words are shown where it failed."""
    started = time.monotonic()
    # Into a file: a program that outlives its test could hold a pipe open for ever.
    with tempfile.TemporaryFile("w+", errors="replace") as words:
        done = subprocess.run(
            [sys.executable, __file__, "--here", test.__name__],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            check=False,
        )
        words.seek(0)
        said = words.read()
    passed = done.returncode == 0
    line = f"test {test.__name__} ... {'ok' if passed else 'FAILED'} ({time.monotonic() - started:.1f} s)\n"
    # In one piece: others write at the same time.
    sys.stdout.write(line if passed else line + said + "\n")
    sys.stdout.flush()
    return passed


def main():
    words = sys.argv[1:]
    by_name = {test.__name__: test for test in TESTS}
    if words[:1] == ["--here"]:
        return 0 if run_here(by_name[words[1]]) else 1
    if words == ["--built"]:
        words = [test.__name__ for test in TESTS if test not in door.TESTS]
    unknown = [word for word in words if word not in by_name]
    if unknown:
        print(f"no such test: {', '.join(unknown)}; there are {', '.join(by_name)}", file=sys.stderr)
        return 2
    wanted = [test for test in TESTS if not words or test.__name__ in words]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as runners:
        results = list(runners.map(run_apart, wanted))
    print(f"desktop: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
