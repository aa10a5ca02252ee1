//! Many measurements of one thing: median, lowest and highest. One alone tells little on a machine that others use.

use std::fmt;
use std::time::Duration;

use crate::Outcome;

/// Times of one thing, in order of length.
#[derive(Debug, Clone)]
pub(crate) struct Series(Vec<Duration>);

impl Series {
    /// A series of at least one time.
    pub(crate) fn new(mut times: Vec<Duration>) -> Outcome<Self> {
        if times.is_empty() {
            return Err("nothing was timed".into());
        }
        times.sort_unstable();
        Ok(Self(times))
    }

    /// Measures again and again.
    pub(crate) fn measure(runs: usize, mut once: impl FnMut() -> Outcome<Duration>) -> Outcome<Self> {
        Self::new((0..runs).map(|_| once()).collect::<Outcome<_>>()?)
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    /// The longest one.
    pub(crate) fn longest(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        write!(f, "**{}** ({} – {})", time(self.median()), time(first), time(last))
    }
}

/// A time as a person reads it, in milliseconds; seconds from one second on.
pub(crate) fn time(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.1} ms"),
        ..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

/// KiB as a person reads them.
pub(crate) fn mebibytes(kibibytes: u64) -> String {
    let tenths = (kibibytes * 10 + 512) / 1024;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
