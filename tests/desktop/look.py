#!/usr/bin/python3
"""Runs the programs once in the virtual desktop, on a real qubesd or on any world, and shows what they see.

Prints what `qvm-device` lists of every class, takes a picture of the open menu, and changes nothing.
"""

import argparse
import sys

from product import Product
from session import ROOT, Desktop, deadline


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--qubesd", metavar="SOCKET", help="the socket of a real qubesd")
    words.add_argument("--world", default="laptop", help="a world of the simulator")
    asked = words.parse_args()
    deadline(120)
    picture = ROOT / "target/shots/look.png"
    with Desktop() as desktop:
        product = Product(desktop, world=asked.world, socket=asked.qubesd).start()
        for device_class in ("block", "mic", "usb", "pci"):
            rows = product.listed(device_class)
            print(f"{device_class}: {len(rows)} device(s)")
            for port, rest in rows.items():
                print(f"  {port} {rest.rstrip()}")
        product.wait_for_tray()
        product.menu.open()
        for row in product.menu.rows():
            print(f"menu: {row}")
        product.screen.picture(picture)
    print(f"The picture is {picture.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
