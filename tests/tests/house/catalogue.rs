//! Catalogues of texts as gettext's tools write them (PO files). Reads what our own hold: no contexts, no old entries.

use std::collections::BTreeSet;

/// One text with its translations.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The English text.
    pub(crate) id: String,
    /// The English text for several; empty for a text without plural.
    pub(crate) plural: String,
    /// Its translations: one, or one for each plural form. Empty text where none was given.
    pub(crate) forms: Vec<String>,
    /// Whether a tool guessed the translation and nobody has looked at it.
    pub(crate) is_fuzzy: bool,
}

/// The entries of a PO file in order; the first one is its header, with an empty id.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let (mut place, mut is_fuzzy) = (Place::Id, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#,") {
            is_fuzzy = line.contains("fuzzy");
        }
        let Some((word, quoted)) = line.split_once('"').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let word = word.trim();
        if word == "msgid" {
            found.push(Entry { is_fuzzy: std::mem::take(&mut is_fuzzy), ..Entry::default() });
            place = Place::Id;
        } else if word == "msgid_plural" {
            place = Place::Plural;
        } else if word.starts_with("msgstr") {
            place = Place::Form;
        }
        let Some(entry) = found.last_mut() else {
            continue;
        };
        if word.starts_with("msgstr") {
            entry.forms.push(String::new());
        }
        let target = match place {
            Place::Id => &mut entry.id,
            Place::Plural => &mut entry.plural,
            Place::Form => entry.forms.last_mut().unwrap(),
        };
        target.push_str(&plain(quoted.strip_suffix('"').unwrap_or(quoted)));
    }
    found
}

/// What the next quoted text is a piece of.
#[derive(Clone, Copy)]
enum Place {
    Id,
    Plural,
    Form,
}

/// A quoted text without its backslashes.
fn plain(quoted: &str) -> String {
    let mut letters = quoted.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.extend(match letter {
            '\\' => match letters.next() {
                Some('n') => Some('\n'),
                other => other,
            },
            other => Some(other),
        });
    }
    text
}

/// The names of the fields in a text: `port` of "Disk {port}".
pub(crate) fn fields(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// How many plural forms the header of a file promises.
pub(crate) fn plural_forms(entries: &[Entry]) -> Option<usize> {
    let header = entries.first()?.forms.first()?;
    header.split_once("nplurals=")?.1.split(';').next()?.trim().parse().ok()
}

#[test]
fn a_file_is_read_as_its_tools_write_it() {
    let text = concat!(
        "msgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n",
        "#. Translators: a note with \"quotes\"\n#, fuzzy\nmsgid \"a \\\"b\\\" {c}\"\nmsgstr \"\"\n\"one \"\n\"two\"\n\n",
        "msgid \"{n} d\"\nmsgid_plural \"{n} ds\"\nmsgstr[0] \"x\"\nmsgstr[1] \"\"\n",
    );
    let found = entries(text);
    assert_eq!(plural_forms(&found), Some(2));
    let one =
        Entry { id: "a \"b\" {c}".into(), forms: vec!["one two".into()], is_fuzzy: true, ..Entry::default() };
    assert_eq!(found[1], one);
    let forms = vec!["x".into(), String::new()];
    assert_eq!(found[2], Entry { id: "{n} d".into(), plural: "{n} ds".into(), forms, is_fuzzy: false });
    assert_eq!(found.len(), 3);
    assert_eq!(fields("{b} in {a} {"), BTreeSet::from(["a", "b"]));
}
