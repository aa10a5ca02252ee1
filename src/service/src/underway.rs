//! The commands under way, so that the service does not end in the middle of one: between the two halves of a move the
//! device is in no qube, and nobody else would say so.

use std::time::Duration;

use device_core::error::{Error, ErrorKind};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest wait for commands when the service ends; those that are not done by then are cut off. It is longer than a move
/// of a slow USB device takes, and shorter than the time that the systemd unit gives.
pub(crate) const ENDING_MAX: Duration = Duration::from_secs(30);

/// How many there are, and whether more may begin. Clones are of the same service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Underway(watch::Sender<Commands>);

#[derive(Debug, Default)]
struct Commands {
    count: usize,
    is_ending: bool,
}

/// One command; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Begun(watch::Sender<Commands>);

impl Underway {
    /// Begins a command.
    ///
    /// # Errors
    /// `Busy` when the service is ending.
    pub(crate) fn begin(&self) -> Result<Begun, Error> {
        let may_begin = self.0.send_if_modified(|commands| {
            commands.count += usize::from(!commands.is_ending);
            !commands.is_ending
        });
        if may_begin {
            return Ok(Begun(self.0.clone()));
        }
        let text = "The service is ending and begins nothing new. Try again in a moment.";
        Err(Error::new(ErrorKind::Busy, text))
    }

    /// Lets no command begin any more, and waits for those under way, at most `limit`. Tells how many are left.
    pub(crate) async fn end(&self, limit: Duration) -> usize {
        self.0.send_modify(|commands| commands.is_ending = true);
        let mut watched = self.0.subscribe();
        // That nothing is watched any more can't be: this is one of those who would tell.
        let _ = timeout(limit, watched.wait_for(|commands| commands.count == 0)).await;
        self.0.borrow().count
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.send_modify(|commands| commands.count = commands.count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_waits_for_what_is_under_way_but_not_for_ever() {
        let underway = Underway::default();
        assert_eq!(underway.end(Duration::ZERO).await, 0);
        let underway = Underway::default();
        let (one, other) = (underway.begin().unwrap(), underway.begin().unwrap());
        drop(one);
        assert_eq!(underway.end(Duration::ZERO).await, 1);
        assert_eq!(underway.begin().unwrap_err().kind(), ErrorKind::Busy);
        let ending = tokio::spawn(async move { underway.end(ENDING_MAX).await });
        drop(other);
        assert_eq!(ending.await.unwrap(), 0);
    }
}
