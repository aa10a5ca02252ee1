//! Why the service could not begin.

use std::fmt;

/// A sentence for the person who started it.
#[derive(Debug)]
pub(crate) struct Obstacle(String);

impl Obstacle {
    /// With this sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
