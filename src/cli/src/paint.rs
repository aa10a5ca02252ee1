//! Colours on a terminal: the dot of a qube's label before its name, and a bold header.
//!
//! Only where a person looks, and not with `NO_COLOR` or a terminal that knows none; otherwise everything here leaves text as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use device_core::name::QubeName;

use crate::errand::Errand;

/// What ends every colour.
const PLAIN: &str = "\u{1b}[0m";

/// Whether a terminal shall have colours, by what `NO_COLOR` and `TERM` say; empty = not set.
#[must_use]
pub fn is_welcome(no_colour: &OsStr, term: &OsStr) -> bool {
    no_colour.is_empty() && term != "dumb"
}

/// The colours of some qubes.
#[derive(Debug, Default)]
pub struct Palette {
    is_on: bool,
    colours: BTreeMap<QubeName, u32>,
}

impl Palette {
    /// Reads the labels of these qubes, where colours are welcome. One that can't be read gets no dot.
    pub async fn of(errand: &Errand<'_>, qubes: BTreeSet<&QubeName>) -> Self {
        if !errand.console.has_colour {
            return Self::default();
        }
        let mut colours = BTreeMap::new();
        for qube in qubes {
            if let Ok(Some(label)) = errand.client.label_of(qube).await {
                colours.insert(qube.clone(), label.colour);
            }
        }
        Self { is_on: true, colours }
    }

    /// The name, with its dot.
    #[must_use]
    pub fn name(&self, qube: &QubeName) -> String {
        match self.colours.get(qube) {
            // Black would not be seen on most terminals.
            Some(0) => format!("\u{1b}[90m●{PLAIN} {qube}"),
            Some(colour) => {
                let [_, red, green, blue] = colour.to_be_bytes();
                format!("\u{1b}[38;2;{red};{green};{blue}m●{PLAIN} {qube}")
            }
            None => qube.to_string(),
        }
    }

    /// A title of a column.
    #[must_use]
    pub fn title(&self, text: &str) -> String {
        if self.is_on { format!("\u{1b}[1m{text}{PLAIN}") } else { text.to_owned() }
    }
}

/// The text without its colours: what takes room on the terminal.
#[must_use]
pub fn without_colour(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_know_them_and_people_who_want_them() {
        for (no_colour, term, expected) in
            [("", "xterm-256color", true), ("", "", true), ("1", "xterm", false), ("", "dumb", false)]
        {
            assert_eq!(is_welcome(no_colour.as_ref(), term.as_ref()), expected, "{no_colour} {term}");
        }
    }

    #[test]
    fn colours_take_no_room() {
        let qube = QubeName::new("work").unwrap();
        let palette = Palette { is_on: true, colours: [(qube.clone(), 0x0034_65a4)].into() };
        assert_eq!(palette.name(&qube), "\u{1b}[38;2;52;101;164m●\u{1b}[0m work");
        assert_eq!(without_colour(&palette.name(&qube)), "● work");
        assert_eq!(without_colour(&palette.title("USED BY")), "USED BY");
        assert_eq!(Palette::default().name(&qube), "work");
    }
}
