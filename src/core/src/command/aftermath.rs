//! What became of a device, or of the disposable made for it, once a command had failed half-way.
//!
//! The sentence of such an error ends with it, and it can be taken off again: so a face can say it in its own language.

use std::fmt;

use crate::name::QubeName;

const BACK_IN: [&str; 2] = ["It is back in ", "."];
const DISPOSABLE_REMOVED: [&str; 2] = ["The new disposable ", " was removed again."];

/// How it stands after the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aftermath {
    /// The device is where it was before.
    BackIn(QubeName),
    /// What was made for the device is no more.
    DisposableRemoved(QubeName),
}

impl Aftermath {
    /// The last such sentence of `sentence`, and what stands before it.
    #[must_use]
    pub fn split(sentence: &str) -> Option<(&str, Self)> {
        about(sentence, BACK_IN).map(|(first, holder)| (first, Self::BackIn(holder))).or_else(|| {
            about(sentence, DISPOSABLE_REMOVED).map(|(first, it)| (first, Self::DisposableRemoved(it)))
        })
    }
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([opens, ends], qube) = match self {
            Self::BackIn(qube) => (BACK_IN, qube),
            Self::DisposableRemoved(qube) => (DISPOSABLE_REMOVED, qube),
        };
        write!(f, "{opens}{qube}{ends}")
    }
}

fn about<'a>(sentence: &'a str, [opens, ends]: [&str; 2]) -> Option<(&'a str, QubeName)> {
    let (first, qube) = sentence.strip_suffix(ends)?.rsplit_once(opens)?;
    Some((first.strip_suffix(' ')?, QubeName::new(qube).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_sentence_comes_off_as_it_went_on() {
        let qube = QubeName::new("work.2").unwrap();
        for aftermath in [Aftermath::BackIn(qube.clone()), Aftermath::DisposableRemoved(qube.clone())] {
            let told = format!("It is back in doubt. {aftermath}");
            assert_eq!(Aftermath::split(&told), Some(("It is back in doubt.", aftermath)));
        }
    }

    #[test]
    fn nothing_else_comes_off() {
        for told in
            ["", "It is back in work.", "No. It is back in two words.", "No. It is back in .", "No. Yes."]
        {
            assert_eq!(Aftermath::split(told), None, "{told:?}");
        }
    }
}
