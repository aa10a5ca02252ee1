//! Numbers of seconds on the command line.

use std::time::Duration;

use crate::shown::shown;

/// Longest time taken: a day.
const LONGEST: f64 = 86_400.0;

/// The value of `--NAME` as a time; the error is the sentence.
pub fn seconds(name: &str, word: &str) -> Result<Duration, String> {
    let seconds = word.parse().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("argument --{name}: invalid number of seconds: '{}'", shown(word)))
}
