#!/usr/bin/env python3
"""Writes the seeds of each fuzz target: what a real server and a real command line said, in the form its target reads.

    seeds.py FOLDER    afterwards FOLDER/TARGET holds one file for each seed, and nothing else

The recordings of tests/wire are the source; what was never recorded (older servers, older forms) stands in here.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import sys

WIRE = pathlib.Path(__file__).resolve().parent.parent / "wire"

# What stands between the parts of a seed that is several things, as in src/lib.rs.
BETWEEN_PARTS = b"\x1e"
# Replies, or requests, of one seed.
PARTS = 12

# As in src/mirror.rs: the kinds of its first byte, and its qubes and classes.
KINDS = {"List": 0, "deviceclass": 1, "Available": 2, "Attached": 3, "Assigned": 4}
QUBES = ["sys-usb", "work", "vault", "dom0"]
CLASSES = ["usb", "block", "mic", "pci"]

OLDER_LISTS = [
    b"0\0sda device_node=/dev/sda mode=w size=8036285952 description=DataTraveler_2.0 (LABEL)\n",
    b"0\x0000_1a.0 bus=00 device=1a function=0 description=USB controller: Intel Corporation X\n",
    b"0\0sys-usb+sda read-only=no frontend-dev=xvdi persistent=no\nsys-usb+sdb persistent=yes\n",
    b"usb:sys-usb:2-1:0781:5567::u080650 usb:sys-usb:2-2:0781:5567::u0e0100",
]

OLDER_LINES = """
qvm-usb -l
qvm-usb -a conferences sys-usb:2-5
qvm-usb -d sys-usb:2-5
qvm-block -a -f xvdj --ro --no-auto-detach work sys-usb:sda
qvm-block -oread-only=yes --json -a work sys-usb:sda
qvm-block -d sys-usb:sda work
qvm-block -d work -f xvdi
qvm-pci -l work
qvm-pci -a projects 00_1f.3 -o permissive=false --timeout=9
qvm-pci -d work 0000:00:1a.0
""".strip().splitlines()

OWN_LINES = """
plugboard-device usb attach --dispvm=default-dvm sys-usb:2-1
plugboard-usb attach --wait=5 --persistent work sys-usb:2-1
qvm-device denied add vault u03 Camera USB_Storage
qvm-device export w* [!a]?rk --json
qvm-usb explain work sys-usb:2-1 -o read-only=yes
qvm-usb move work sys-usb:*:0781:5567::u080650
qvm-device watch usb
qvm-device --complete usb attach --dispvm=de
qvm-usb --complete attach work sys
qvm-device --generate man plugboard-
qvm-device --generate zsh
qvm-block detach --shutdown work
qvm-usb --help
""".strip().splitlines()

STORED = """version = 1
classes = ["usb"]

[[qube]]
name = "work"
denied = ["u03****"]

[[qube.assignment]]
class = "usb"
backend = "sys-usb"
port = "2-1"
device = "0781:5567::u080650"
mode = "ask-to-attach"

[qube.assignment.options]
read-only = "yes"
"""


def lines(name):
    with open(WIRE / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def recorded_calls():
    """Every recorded run of calls: those between two changes of the hardware, and those of one command."""
    runs, run = [], []
    for line in lines("calls.jsonl"):
        if "method" in line:
            run.append(line)
        elif run:
            runs.append(run)
            run = []
    runs.append(run)
    return runs + [line["calls"] for line in lines("tools.jsonl")]


def raw(text):
    return base64.b64decode(text or "")


def pieces(parts):
    """These parts as seeds, some together and each alone."""
    together = [parts[at : at + PARTS] for at in range(0, len(parts), PARTS)]
    return [BETWEEN_PARTS.join(some) for some in together + [[part] for part in parts]]


def of_reply():
    texts = [call.get(key) for run in recorded_calls() for call in run for key in ("reply", "payload")]
    frames = [raw(frame) for line in lines("events.jsonl") for frame in line.get("frames", [])]
    streams = [b"".join(frames[at : at + PARTS]) for at in range(0, len(frames), PARTS)]
    return [raw(text) for text in texts] + frames + streams + OLDER_LISTS


def of_mirror():
    seeds = []
    for run in recorded_calls():
        seeds += pieces([part for call in run if (part := told(call))])
    return seeds


def told(call):
    """The reply of a call as the mirror is told of it; `None` for those that it does not read."""
    words = call["method"].split(".")
    kind = KINDS.get("deviceclass" if "deviceclass" in words else words[-1])
    reply = raw(call["reply"])
    if kind is None or not reply.startswith(b"0\0"):
        return None
    qube = QUBES.index(call["dest"]) if call["dest"] in QUBES else 1
    device_class = CLASSES.index(words[3]) if "device" in words and words[3] in CLASSES else 0
    return bytes([kind | qube << 3 | device_class << 5]) + reply[2:]


def of_request():
    seeds = []
    for run in recorded_calls():
        seeds += [b"\x00" + seed for seed in pieces([in_words(call) for call in run])]
        seeds += [b"\x03" + seed for seed in pieces([in_nuls(call) for call in run])]
    return seeds


def in_words(call):
    header = f"{call['method']}+{call['arg']} dom0 name {call['dest']}\0"
    return header.encode() + raw(call["payload"])


def in_nuls(call):
    header = f"dom0\0{call['method']}\0{call['dest']}\0{call['arg']}\0"
    return header.encode() + raw(call["payload"])


def of_arguments():
    typed = [[line["tool"], *line["argv"]] for line in lines("tools.jsonl")]
    # The class in the name of the program is read by another reader than the class as a word.
    named = [[f"qvm-{argv[1]}", *argv[2:]] for argv in typed if len(argv) > 2 and argv[1] in CLASSES]
    typed += named + [line.split(" ") for line in OLDER_LINES + OWN_LINES]
    typed += [["qvm-device", "apply", STORED, "--dry-run"], ["qvm-device", "apply", STORED]]
    return ["\0".join(argv).encode() for argv in typed]


def write(folder, seeds):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for seed in seeds:
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py FOLDER")
    folder = pathlib.Path(sys.argv[1])
    targets = {"reply": of_reply, "mirror": of_mirror, "request": of_request, "arguments": of_arguments}
    for target, seeds in targets.items():
        write(folder / target, seeds())


if __name__ == "__main__":
    main()
