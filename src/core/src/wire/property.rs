//! The quoted property lines that devices and assignments travel in: `key='value' key='va\'lue'`.
//!
//! # Source
//! Admin API facts 3.3. Stricter than the official reader where that one guesses, and able to read everything a
//! correct writer emits.

/// Why a line is no property line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// A key is empty or holds a character that no key may hold.
    #[error("invalid characters in a property name")]
    BadKey,
    /// A value holds something else than printable ASCII.
    #[error("invalid characters in a property value")]
    BadValue,
    /// A quote is missing.
    #[error("a property value is not quoted")]
    Unquoted,
}

/// Pairs of a line, in order; the last of equal keys counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// Reads a line.
    ///
    /// # Errors
    /// [`PropertyError`] names the first thing that is not of the grammar.
    pub fn parse(line: &str) -> Result<Self, PropertyError> {
        Self::read(line, Doubtful::Escapes)
            .or_else(|error| Self::read(line, Doubtful::Closes).map_err(|_| error))
    }

    fn read(line: &str, doubtful: Doubtful) -> Result<Self, PropertyError> {
        let mut pairs = Vec::new();
        let mut rest = line.trim_matches(' ');
        while !rest.is_empty() {
            let (key, tail) = rest.split_once("='").ok_or(PropertyError::Unquoted)?;
            if !is_key(key) {
                return Err(PropertyError::BadKey);
            }
            let end = closing_quote(tail, doubtful).ok_or(PropertyError::Unquoted)?;
            let (value, tail) = tail.split_at(end);
            if !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
                return Err(PropertyError::BadValue);
            }
            pairs.push((key.to_owned(), value.replace("\\'", "'")));
            let tail = tail.strip_prefix('\'').ok_or(PropertyError::Unquoted)?;
            if !tail.is_empty() && !tail.starts_with(' ') {
                return Err(PropertyError::Unquoted);
            }
            rest = tail.trim_start_matches(' ');
        }
        Ok(Self(pairs))
    }

    /// The value of `key`; the last one when it stands there twice.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Adds a pair at the end.
    ///
    /// # Errors
    /// When key or value hold what the grammar can't carry.
    pub fn push(&mut self, key: &str, value: &str) -> Result<(), PropertyError> {
        if !is_key(key) {
            return Err(PropertyError::BadKey);
        }
        if !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(PropertyError::BadValue);
        }
        self.0.push((key.to_owned(), value.to_owned()));
        Ok(())
    }
}

impl std::fmt::Display for Properties {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (key, value)) in self.0.iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{key}='{}'", value.replace('\'', "\\'"))?;
        }
        Ok(())
    }
}

/// How a quote is read that could be an escaped one or close a value that ends in a backslash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubtful {
    Escapes,
    Closes,
}

/// The quote that ends the value at the beginning of `text`. Only quotes are escaped on this wire, so a value can end
/// in a backslash that does not belong to its closing quote.
fn closing_quote(text: &str, doubtful: Doubtful) -> Option<usize> {
    let closes = |place: &usize| {
        let (value, rest) = text.split_at(*place);
        !value.ends_with('\\') || ends_property(rest.get(1..).unwrap_or_default(), doubtful)
    };
    text.match_indices('\'').map(|(place, _)| place).find(closes)
}

/// Whether what stands behind a quote can only stand behind the last one of a property.
fn ends_property(rest: &str, doubtful: Doubtful) -> bool {
    let next = rest.trim_start_matches(' ');
    if next.is_empty() {
        return true;
    }
    let key_end = next.find(|c| !is_key_character(c)).unwrap_or(next.len());
    let value = next.get(key_end..).and_then(|tail| tail.strip_prefix("='"));
    // The quote that opens such a value could as well close ours, which then ends in `' key=`.
    let is_doubtful = |value: &str| value.is_empty() || value.starts_with(' ');
    rest.starts_with(' ')
        && key_end > 0
        && value.is_some_and(|value| doubtful == Doubtful::Closes || !is_doubtful(value))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_key_character)
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '=' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn double_blanks_and_escaped_quotes_are_read() {
        let read = Properties::parse("a='1'  b='it\\'s x=\\'y\\''").unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "it's x='y'")]);
    }

    #[test]
    fn a_value_that_ends_in_a_backslash_swallows_nothing() {
        let read = Properties::parse("name='odd\\' attachment='work' x='it\\'s \\'  y='\\'").unwrap();
        assert_eq!(
            read.iter().collect::<Vec<_>>(),
            [("name", "odd\\"), ("attachment", "work"), ("x", "it's \\"), ("y", "\\")]
        );
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused() {
        for bad in [
            "a",
            "a=1",
            "a='1",
            "a='1'b='2'",
            "='1'",
            "a b='1'",
            "a='\n'",
            "a='é'",
            "a='1' junk",
            "a='x'y'",
            "a='1' junk'",
        ] {
            assert!(Properties::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(pairs in prop::collection::vec(("[a-z_][a-z0-9_.-]{0,8}", "[ -~]{0,20}"), 0..6)) {
            let mut properties = Properties::default();
            for (key, value) in &pairs {
                let _ = properties.push(key, value);
            }
            prop_assert_eq!(Properties::parse(&properties.to_string()).unwrap(), properties);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = Properties::parse(&text);
        }
    }
}
