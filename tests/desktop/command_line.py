"""The command lines of the four programs: what they say to wrong words, and with which exit code."""

import subprocess

from product import PROGRAMS

WRONG = (
    ("plugboard", "--nonsense"),
    ("plugboard", "nonsense"),
    ("plugboardd", "--nonsense"),
    ("plugboardd", "nonsense"),
    ("plugboardd", "--socket"),
    ("qubesd-sim",),
    ("qubesd-sim", "--nonsense"),
    ("qubesd-sim", "ctl"),
    ("qvm-device",),
    ("qvm-device", "usb", "list", "--nonsense"),
    ("qvm-device", "usb", "attach", "work"),
)


def wrong_words_get_the_usage_and_exit_code_2(product):
    """Whatever program: usage on standard error, nothing on standard output, exit 2."""
    for words in WRONG:
        done = _run(product, *words)
        said = f"{' '.join(words)}: exit {done.returncode}, {done.stdout!r}, {done.stderr!r}"
        assert done.returncode == 2, said
        assert "usage:" in done.stderr.lower(), said
        assert not done.stdout, said


def what_is_not_there_gets_one_sentence(product):
    """An unknown device: one sentence, exit 1. An unknown qube: the tool of Qubes OS calls that a wrong command line."""
    product.control("plug", "stick")
    for words, named in (
        (("usb", "attach", "work", "sys-usb:9-9"), "9-9"),
        (("usb", "detach", "work", "sys-usb:9-9"), "9-9"),
        (("block", "attach", "work", "sys-usb:sdz"), "sdz"),
        (("block", "detach", "work", "sys-usb:sda"), "sda"),
    ):
        done = _run(product, "qvm-device", *words)
        sentence = done.stderr.strip()
        said = f"qvm-device {' '.join(words)}: exit {done.returncode}, {done.stdout!r}, {done.stderr!r}"
        assert done.returncode == 1, said
        assert sentence and "\n" not in sentence and named in sentence, said
    for words in (("usb", "list", "nobody"), ("usb", "attach", "nobody", "sys-usb:2-1")):
        done = _run(product, "qvm-device", *words)
        said = f"qvm-device {' '.join(words)}: exit {done.returncode}, {done.stderr!r}"
        assert done.returncode == 2 and done.stderr.splitlines()[-1].endswith("no such domain: 'nobody'"), said


def socket_that_nobody_serves_gets_one_sentence(product):
    """No qubesd: `qvm-device` says so and ends with 1."""
    product.desktop.end("qubesd-sim")
    done = _run(product, "qvm-device", "usb", "list")
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, (done.returncode, done.stderr)


def _run(product, program, *words):
    return subprocess.run(
        [str(PROGRAMS / program), *words],
        env=dict(product.desktop.env, QUBESD_SOCKET=str(product.socket)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


TESTS = (
    wrong_words_get_the_usage_and_exit_code_2,
    what_is_not_there_gets_one_sentence,
    socket_that_nobody_serves_gets_one_sentence,
)
