"""Languages in which the widget can be started: those of `po`, and one that no person speaks.

The invented one has an accented letter for each plain one, marks at both ends, and is a third longer than English.
So a text that never went through gettext shows plain letters, and a text that is cut lost its end.
A system needs no locale of a language: each gets the C library's own plain one, under the name of the language.
"""

import gettext
import os
import pathlib
import re
import shutil
import subprocess

from session import ROOT
from waiting import Missed

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED = "ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏžȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎŽ"
LETTERS = str.maketrans(PLAIN, ACCENTED)
# What a translation must leave as it is: a field, and a backslash with its letter.
KEPT = re.compile(r"(\{\w+\}|\\.)")
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'


class NoWord(gettext.NullTranslations):
    """Asked for what a catalogue does not have."""

    def gettext(self, message):
        raise Missed(f"there is no word for {message!r}")


class Language:
    """A catalogue and a locale in the folder of a desktop; `environment` makes a program speak it."""

    def __init__(self, desktop, name, catalogue=None):
        self.folder = desktop.folder / f"language-{name}"
        place = self.folder / "catalogues" / name / "LC_MESSAGES"
        place.mkdir(parents=True)
        if catalogue is None:
            catalogue = (ROOT / f"po/{name}.po").read_text()
        (self.folder / "words.po").write_text(catalogue)
        command = ["msgfmt", f"--output-file={place}/plugboard.mo", f"{self.folder}/words.po"]
        subprocess.run(command, check=True, timeout=60)
        with open(place / "plugboard.mo", "rb") as words:
            self.words = gettext.GNUTranslations(words)
        self.words.add_fallback(NoWord())
        locale = f"{name}_{name.upper()}.UTF-8"
        shutil.copytree(_plain_locale(), self.folder / "locales" / locale)
        self.environment = {
            "LANGUAGE": name,
            "LC_ALL": locale,
            "LOCPATH": str(self.folder / "locales"),
            "PLUGBOARD_TRANSLATIONS": str(self.folder / "catalogues"),
        }

    def translated(self, text):
        """The text in this language; a missing translation is a fault."""
        return self.words.gettext(text)

    def filled(self, text, **fields):
        """The text in this language, with values in its fields."""
        said = self.translated(text)
        for name, value in fields.items():
            said = said.replace("{" + name + "}", value)
        return said


def invented(desktop):
    """The language that no person speaks, made from what translators get."""
    return Language(desktop, "xx", _pseudo_catalogue())


def mirrored(desktop):
    """The invented language again, under a name whose script runs from right to left."""
    return Language(desktop, "he", _pseudo_catalogue())


def pseudo(text):
    """`{device} is available` → `⟦{device} īş ȧṽȧīŀȧƀŀḗ~~~~⟧`."""
    parts = KEPT.split(text)
    shown = "".join(part if place % 2 else part.translate(LETTERS) for place, part in enumerate(parts))
    letters = sum(len(part) for part in parts[::2])
    return f"⟦{shown}{'~' * (letters // 3)}⟧"


def _pseudo_catalogue():
    """The template, each text of which is its own translation in accented letters."""
    build = (ROOT / "po/meson.build").read_text()
    words = [word for word in build.split("'") if word.startswith("--")]
    template = subprocess.run(
        ["xgettext", "--from-code=UTF-8", "--files-from=po/POTFILES.in", "--no-wrap", "--output=-", *words],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    # The first entry is the template's own header.
    _header, _, rest = template.partition("\n\n")
    lines, one, several = [HEADER], "", ""
    for line in rest.splitlines():
        word, _, quoted = line.partition(' "')
        quoted = quoted.removesuffix('"')
        if word == "msgid":
            one = several = quoted
        elif word == "msgid_plural":
            several = quoted
        elif word in ("msgstr", "msgstr[0]"):
            line = f'{word} "{pseudo(one)}"'
        elif word == "msgstr[1]":
            line = f'{word} "{pseudo(several)}"'
        if not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _plain_locale():
    """The folder of the C library's locale with UTF-8."""
    for name in ("C.utf8", "C.UTF-8"):
        folder = pathlib.Path("/usr/lib/locale", name)
        if os.path.isdir(folder):
            return folder
    raise Missed("the C library has no folder of its locale C.UTF-8")
