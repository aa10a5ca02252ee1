//! How a time came about: how much of it the program itself worked, and how much it waited for a processor that others
//! had. On a machine that is busy with other things the first tells more than the time as a whole.

use std::fmt;
use std::time::Duration;

use crate::series::{Series, time};
use crate::{Outcome, process};

/// One time and its parts.
pub(crate) struct Share {
    wall: Duration,
    ran: Duration,
    waited: Duration,
}

impl Share {
    /// What a fresh process did since its start, which took `wall` so far.
    pub(crate) fn of(pid: u32, wall: Duration) -> Outcome<Self> {
        Self::since(pid, wall, (Duration::ZERO, Duration::ZERO))
    }

    /// The same without a time in which nothing was to be done.
    pub(crate) fn without(self, idle: Duration) -> Self {
        Self { wall: self.wall.saturating_sub(idle), ..self }
    }

    /// What a process did since it was at `before`, as [`process::processor`] told.
    pub(crate) fn since(pid: u32, wall: Duration, before: (Duration, Duration)) -> Outcome<Self> {
        let (ran, waited) = process::processor(pid)?;
        Ok(Self { wall, ran: ran.saturating_sub(before.0), waited: waited.saturating_sub(before.1) })
    }
}

/// Many such times.
pub(crate) struct Timed {
    /// From the outside.
    pub(crate) wall: Series,
    ran: Series,
    waited: Series,
}

impl Timed {
    /// A series of at least one.
    pub(crate) fn new(shares: &[Share]) -> Outcome<Self> {
        let part = |part: fn(&Share) -> Duration| Series::new(shares.iter().map(part).collect());
        Ok(Self {
            wall: part(|share| share.wall)?,
            ran: part(|share| share.ran)?,
            waited: part(|share| share.waited)?,
        })
    }

    /// Measures again and again.
    pub(crate) fn measure(runs: usize, mut once: impl FnMut() -> Outcome<Share>) -> Outcome<Self> {
        Self::new(&(0..runs).map(|_| once()).collect::<Outcome<Vec<_>>>()?)
    }
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ran, waited) = (time(self.ran.median()), time(self.waited.median()));
        write!(f, "{}; the widget ran {ran} and waited {waited} for a processor", self.wall)
    }
}
