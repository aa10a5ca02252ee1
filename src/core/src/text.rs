//! Text that comes from a qube: untrusted until it is [`DisplayText`].
//!
//! Made once, at the wire.
//! What is in here may be shown anywhere as plain text; it is still no markup, no path and no shell word.

use std::fmt;
use std::sync::Arc;

/// Longest text kept, in characters; what is beyond is cut and marked with `…`.
///
/// The longest honest product name in the USB id list has 118 characters.
pub const TEXT_MAX: usize = 160;

/// Bounded, printable text without control, bidirectional, zero-width or combining characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DisplayText(Arc<str>);

impl DisplayText {
    /// Makes harmless text of anything: each character that is not plainly printable becomes `_`, the rest beyond
    /// [`TEXT_MAX`] characters is cut.
    #[must_use]
    pub fn from_untrusted(untrusted: &str) -> Self {
        let mut text = String::with_capacity(untrusted.len().min(TEXT_MAX));
        for (count, c) in untrusted.chars().enumerate() {
            if count == TEXT_MAX {
                text.push('…');
                break;
            }
            text.push(if is_plainly_printable(c) { c } else { '_' });
        }
        Self(Arc::from(text))
    }

    /// The text, safe to show as plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing but blanks is in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// The sentence with a full stop, so that another one can follow; servers leave theirs open.
#[must_use]
pub fn ended(sentence: &str) -> String {
    match sentence.chars().last() {
        Some('.' | '!' | '?' | '…') => sentence.to_owned(),
        _ => format!("{sentence}."),
    }
}

/// Letters and digits of any script, printable ASCII, and the few signs that device names really hold.
///
/// An allow-list: what Unicode adds tomorrow is refused until somebody looks at it.
#[must_use]
pub fn is_plainly_printable(c: char) -> bool {
    match c {
        // Fillers count as letters in Unicode and show as nothing.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{34f}' | '\u{a0}' | '\u{ad}' => false,
        ' '..='~' | '\u{a1}'..='\u{ff}' | '–' | '—' | '‘' | '’' | '“' | '”' | '…' | '€' | '™' => {
            true
        }
        _ => c.is_alphanumeric() && !is_combining(c),
    }
}

/// Marks that stack on the letter before them. Rust calls some of them alphabetic.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

impl fmt::Display for DisplayText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DisplayText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for DisplayText {
    fn from(untrusted: &str) -> Self {
        Self::from_untrusted(untrusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bidi_zero_width_and_control_characters_do_not_survive() {
        for bad in [
            '\0',
            '\n',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{ad}',
            '\u{e0041}',
            '\u{301}',
        ] {
            assert_eq!(DisplayText::from_untrusted(&format!("a{bad}b")).as_str(), "a_b", "{bad:?}");
        }
    }

    #[test]
    fn honest_names_stay_as_they_are() {
        for name in ["Cruzer Blade", "<b>%s'\"&", "Mémoire 8 Go™", "键盘", "Клавиатура"] {
            assert_eq!(DisplayText::from_untrusted(name).as_str(), name);
        }
    }

    proptest! {
        #[test]
        fn any_text_ends_bounded_and_without_control(text in any::<String>()) {
            let made = DisplayText::from_untrusted(&text);
            prop_assert!(made.as_str().chars().count() <= TEXT_MAX + 1);
            prop_assert!(!made.as_str().chars().any(char::is_control));
        }
    }
}
