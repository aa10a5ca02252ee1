"""Each kind of notification in the life of a stick, in one place on the screen; and many devices told as few."""

from waiting import until

# More than are told one by one.
MANY = ("stick2", "camera", "mouse", "printer", "headset")


def each_state_of_a_stick_is_told_in_one_place(product):
    """Available, attached, detached, removed safely: each replaces the one before, and a flood is summed up."""
    product.wait_for_tray()
    stick = product.plug("stick")
    product.notices.wait_for("is available", stick)
    product.give("block", stick, "work")
    attached = product.notices.wait_for("is attached to work")
    assert list(attached.buttons.values()) == ["Detach"], f"its buttons are {attached.buttons}"
    product.qvm_device("block", "detach", "work", stick)
    product.notices.wait_for("is detached from work", "It can be pulled out now.")
    product.control("unplug", "stick")
    removed = product.notices.wait_for("was removed safely")
    numbers = {notice.number for notice in product.notices.all()}
    assert len(numbers) == 1, f"stacked on the screen instead of replaced: {product.notices.all()}"
    until(lambda: removed.summary in product.notices.shown(), lambda: f"it on the screen: {product.notices.shown()}")
    told = len(product.notices.all())
    for gadget in MANY:
        product.control("plug", gadget)
    summary = product.notices.wait_for("New devices at sys-usb", since=told, seconds=15)
    single = [notice for notice in product.notices.all()[told:] if notice.summary.endswith("is available")]
    count = int(summary.body.split()[0])
    # What came before the summary was told has a window of its own.
    assert len(single) + count in (len(MANY), len(MANY) + 1), f"{count} beside {single}"
    assert len({notice.number for notice in single}) <= 3, f"more than three at once: {single}"


TESTS = (each_state_of_a_stick_is_told_in_one_place,)
