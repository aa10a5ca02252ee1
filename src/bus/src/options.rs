//! Options of attachments and of commands, as they travel and back.
//!
//! In properties they are words under words, as the server tells them.
//! In commands they are typed (`read-only` is a bool), and a closed table says which there are.

use std::collections::{BTreeMap, HashMap};

use device_core::assignment::Options;
use device_core::error::{Error, ErrorKind};
use device_core::mark::Mark;
use zbus::zvariant::{OwnedValue, Value};

use crate::property::{ShapeError, Words, sentence};

/// Longest key or value of an option, in bytes; a longer one is refused. The longest honest one is a webcam format.
const WORD_MAX: usize = 256;

/// Options of a command, as they arrive.
pub type CommandOptions = HashMap<String, OwnedValue>;

/// How an option travels.
enum Kind {
    /// A bool that the server reads as the words `yes` and `no`.
    YesNo,
    /// A bool that the server takes for true as soon as it is there, so false must leave it out.
    Flag,
    /// A word.
    Word,
}

/// The options that Attach, Move and Assign know.
///
/// # Source
/// Admin API facts 5 (each class's options).
const KNOWN: [(&str, Kind); 6] = [
    ("read-only", Kind::YesNo),
    ("frontend-dev", Kind::Word),
    ("devtype", Kind::Word),
    ("no-strict-reset", Kind::Flag),
    ("permissive", Kind::Flag),
    ("format", Kind::Word),
];

/// The options of a command that attaches, as the server wants them.
///
/// # Errors
/// `Refused` for an option that is not known, of another type, or no printable text.
pub fn from_command(given: CommandOptions) -> Result<Options, Error> {
    let mut options = Options::new();
    let mut given: Vec<_> = given.into_iter().collect();
    given.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (key, value) in given {
        let (key, kind) = KNOWN
            .iter()
            .find(|(known, _)| *known == key)
            .ok_or_else(|| refused(&format!("There is no option {key}.")))?;
        let wrong_type = |_| refused(&format!("The option {key} is given with another type."));
        match kind {
            Kind::YesNo => {
                let yes = bool::try_from(value).map_err(wrong_type)?;
                options.set(*key, if yes { "yes" } else { "no" });
            }
            Kind::Flag => {
                if bool::try_from(value).map_err(wrong_type)? {
                    options.set(*key, "True");
                }
            }
            Kind::Word => {
                let word = String::try_from(value).map_err(wrong_type)?;
                if !is_word(&word) {
                    return Err(refused(&format!("The option {key} is empty, too long or not printable.")));
                }
                options.set(*key, word);
            }
        }
    }
    Ok(options)
}

/// Checks that a command that knows no options was given none.
///
/// # Errors
/// `Refused` names the first one.
pub fn none(given: &CommandOptions) -> Result<(), Error> {
    match given.keys().min() {
        None => Ok(()),
        Some(key) => Err(refused(&format!("There is no option {key}."))),
    }
}

/// The options of a command that attaches, as a client sends them.
#[must_use]
pub fn to_command(options: &Options) -> HashMap<&str, Value<'_>> {
    options
        .iter()
        .map(|(key, word)| {
            let value = match KNOWN.iter().find(|(known, _)| *known == key) {
                Some((_, Kind::YesNo)) => Value::from(options.is_read_only()),
                Some((_, Kind::Flag)) => Value::from(true),
                Some((_, Kind::Word)) | None => Value::from(word),
            };
            (key, value)
        })
        .collect()
}

/// The options of an attachment, as a property tells them.
pub(crate) fn to_words(options: &Options) -> Words {
    options.iter().map(|(key, word)| (key.to_owned(), word.to_owned())).collect()
}

/// The options that a property tells, sorted: the order of the server does not travel.
pub(crate) fn from_words(words: &Words, property: &'static str) -> Result<Options, ShapeError> {
    let sorted: BTreeMap<_, _> = words.iter().collect();
    sorted
        .into_iter()
        .map(|(name, word)| {
            if word.bytes().all(is_printable) {
                Ok((key(name, property)?, word.clone()))
            } else {
                Err(ShapeError::value(property, &"an option is not printable"))
            }
        })
        .collect()
}

/// A key of options or of further facts.
pub(crate) fn key(name: &str, property: &'static str) -> Result<String, ShapeError> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(name.to_owned())
    } else {
        Err(ShapeError::value(property, &"a key is not printable"))
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.len() <= WORD_MAX && word.bytes().all(is_printable)
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn refused(text: &str) -> Error {
    Error::new(ErrorKind::Refused, sentence(text))
}

/// The word of a mark.
#[must_use]
pub fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::HideChildren => "hide-children",
        Mark::WithMicrophone => "with-microphone",
    }
}

/// The mark of a word, if it is one.
#[must_use]
pub fn mark(word: &str) -> Option<Mark> {
    Mark::ALL.into_iter().find(|mark| mark_word(*mark) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, Value<'static>)]) -> CommandOptions {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.try_to_owned().unwrap())).collect()
    }

    #[test]
    fn known_options_become_the_servers_words_and_back() {
        let options = from_command(given(&[
            ("read-only", true.into()),
            ("frontend-dev", "xvdi".into()),
            ("permissive", false.into()),
            ("no-strict-reset", true.into()),
        ]))
        .unwrap();
        let words: Vec<_> = options.iter().collect();
        assert_eq!(words, [("frontend-dev", "xvdi"), ("no-strict-reset", "True"), ("read-only", "yes")]);
        let back = to_command(&options)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.try_into().unwrap()))
            .collect();
        assert_eq!(from_command(back), Ok(options));
    }

    #[test]
    fn an_unknown_option_and_a_wrong_type_are_refused() {
        for bad in [
            ("persistent", Value::from(true)),
            ("read-only", "yes".into()),
            ("frontend-dev", 7_u32.into()),
            ("frontend-dev", "".into()),
            ("frontend-dev", "xvdi\n".into()),
            ("devtype", "x".repeat(WORD_MAX + 1).into()),
        ] {
            let error = from_command(given(std::slice::from_ref(&bad))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{bad:?}");
        }
        assert!(none(&given(&[("read-only", true.into())])).is_err());
        assert!(none(&given(&[])).is_ok());
    }
}
