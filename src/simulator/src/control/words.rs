//! Cutting a line of the control language into words: at blanks, but not inside quotes.

use std::collections::VecDeque;
use std::str::FromStr;

/// The words of a line that are not yet used.
#[derive(Debug)]
pub(crate) struct Words(VecDeque<String>);

impl Words {
    /// Cuts a line. `"` and `'` keep blanks together, as in a shell; there is no escaping.
    pub(crate) fn new(line: &str) -> Result<Self, String> {
        let mut words = VecDeque::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        for c in line.chars() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (None, '"' | '\'') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (None, ' ' | '\t') => words.extend(word.take()),
                _ => word.get_or_insert_default().push(c),
            }
        }
        if quote.is_some() {
            return Err("A quote is not closed.".to_owned());
        }
        words.extend(word);
        Ok(Self(words))
    }

    /// The next word, or the complaint that `what` is missing.
    pub(crate) fn next(&mut self, what: &str) -> Result<String, String> {
        self.0.pop_front().ok_or_else(|| format!("Expected {what}."))
    }

    /// The next word as a number.
    pub(crate) fn number<N: FromStr>(&mut self, what: &str) -> Result<N, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("Expected {what}, got {word}."))
    }

    /// Whether all words are used.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left, as one text.
    pub(crate) fn rest(&mut self) -> String {
        self.0.drain(..).collect::<Vec<_>>().join(" ")
    }

    /// The words of the form `KEY=VALUE` that are left.
    pub(crate) fn pairs(&mut self) -> Result<Vec<(String, String)>, String> {
        self.0
            .drain(..)
            .map(|word| match word.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
                None => Err(format!("Expected KEY=VALUE, got {word}.")),
            })
            .collect()
    }

    /// Complains of words that nobody wanted.
    pub(crate) fn end(&self) -> Result<(), String> {
        match self.0.front() {
            None => Ok(()),
            Some(word) => Err(format!("Did not expect {word}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_together() {
        let mut words = Words::new("plug  usb 'a b'c \"\" desc=\"x 'y'\"").unwrap();
        let all: Vec<_> = std::iter::from_fn(|| words.next("").ok()).collect();
        assert_eq!(all, ["plug", "usb", "a bc", "", "desc=x 'y'"]);
        assert!(Words::new("a 'b").is_err());
    }
}
