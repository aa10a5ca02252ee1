//! The shape of a story file. `docs/stories.md` is its manual; the two change together.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Step, Until, WITHIN};
use crate::control::Words;

/// Longest wait, in milliseconds: an hour. A longer one is a slip of the pen.
const WAIT_MAX: u64 = 3_600_000;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Script {
    /// One sentence for people.
    #[serde(rename = "description")]
    pub(super) _description: Option<String>,
    pub(super) world: Option<String>,
    pub(super) step: Vec<Spanned<Entry>>,
}

/// `[[step]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    say: Option<String>,
    #[serde(rename = "do")]
    deed: Option<Lines>,
    times: Option<u32>,
    /// Milliseconds.
    wait: Option<u64>,
    until: Option<String>,
    says: Option<String>,
    /// Milliseconds.
    within: Option<u64>,
}

/// One line, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Several(Vec<String>),
}

impl Entry {
    /// The step that is meant, or what is wrong with it.
    pub(super) fn into_step(self, line: usize) -> Result<Step, &'static str> {
        let lines = match self.deed {
            None => Vec::new(),
            Some(Lines::One(line)) => vec![line],
            Some(Lines::Several(lines)) => lines,
        };
        if self.times.is_some() && lines.is_empty() {
            return Err("what shall be done so many times?");
        }
        if lines.iter().chain(&self.until).any(|line| Words::new(line).is_err()) {
            return Err("a quote is not closed");
        }
        if [self.wait, self.within].into_iter().flatten().any(|wait| wait > WAIT_MAX) {
            return Err("no wait is longer than an hour");
        }
        let until = match (self.until, self.says) {
            (Some(line), Some(says)) => {
                Some(Until { line, says, within: self.within.map_or(WITHIN, Duration::from_millis) })
            }
            (None, None) if self.within.is_none() => None,
            _ => return Err("until and says belong together, and within goes with them"),
        };
        if self.say.is_none() && lines.is_empty() && self.wait.is_none() && until.is_none() {
            return Err("nothing happens in this step");
        }
        let wait = Duration::from_millis(self.wait.unwrap_or(0));
        Ok(Step { line, say: self.say, lines, times: self.times.unwrap_or(1), wait, until })
    }
}
