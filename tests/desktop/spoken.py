"""What a screen reader is told: the accessibility tree of the programs on the desktop.

Elements vanish while they are looked at; whatever has gone counts as not there.
"""

import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

from screen import Box  # noqa: E402

warnings.filterwarnings("ignore", category=DeprecationWarning)

MENU_ITEMS = (Atspi.Role.MENU_ITEM, Atspi.Role.CHECK_MENU_ITEM, Atspi.Role.RADIO_MENU_ITEM)


def listen():
    """Joins the accessibility bus; once per process, after the desktop has started."""
    Atspi.init()
    Atspi.set_timeout(3000, 10000)


def program(name):
    """The application of this name, freshly asked for, or None."""
    desktop = Atspi.get_desktop(0)
    for application in children(desktop):
        if title(application) == name:
            application.clear_cache()
            return application
    return None


def children(element):
    try:
        count = element.get_child_count()
    except GLib.Error:
        return
    for place in range(count):
        try:
            child = element.get_child_at_index(place)
        except GLib.Error:
            continue
        if child is not None:
            yield child


def below(element, roles=None, depth=20):
    """Every element under this one, outermost first; only those of the given roles where roles are named."""
    for child in children(element):
        if roles is None or role(child) in roles:
            yield child
        if depth:
            yield from below(child, roles, depth - 1)


def role(element):
    try:
        return element.get_role()
    except GLib.Error:
        return None


def title(element):
    try:
        return element.get_name() or ""
    except GLib.Error:
        return ""


def description(element):
    """What is said beside the name."""
    try:
        return element.get_description() or ""
    except GLib.Error:
        return ""


def has_state(element, state):
    try:
        return element.get_state_set().contains(state)
    except GLib.Error:
        return False


def visible(element):
    return has_state(element, Atspi.StateType.VISIBLE)


def sensitive(element):
    return has_state(element, Atspi.StateType.SENSITIVE)


def box(element, on_screen=True):
    """Where the element is: on the screen (right for GTK 3), or within its window (all that GTK 4 tells)."""
    kind = Atspi.CoordType.SCREEN if on_screen else Atspi.CoordType.WINDOW
    try:
        extents = element.get_component_iface().get_extents(kind)
    except (GLib.Error, AttributeError):
        return None
    return Box(extents.x, extents.y, extents.width, extents.height)


def texts(element):
    """The texts that can be read below an element, in order."""
    return [title(label) for label in below(element, (Atspi.Role.LABEL,)) if title(label)]


def outline(element, depth=0):
    """The tree as lines of text, for the report of a failure."""
    if element is None:
        return "(not there)"
    lines = []
    for child in children(element):
        kind = child.get_role_name()
        lines.append(f"{'  ' * depth}{kind} {title(child)!r} {'' if visible(child) else 'hidden'}")
        if depth < 12:
            deeper = outline(child, depth + 1)
            lines += [deeper] if deeper else []
    return "\n".join(lines)
