//! One connection of events: bytes that wait to be written, and the writing.
//!
//! The hub pushes while it holds the machine's lock; [`Outbox::flush`] then writes at once what the kernel takes, so
//! that the events of a call are on their way before its reply is. The rest is written by [`Outbox::run`] when the
//! client reads.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::Notify;

/// Bytes kept for a client that does not read. One that falls further behind loses its connection: about 10,000
/// events, far more than any burst of a real machine.
pub(crate) const PENDING_MAX: usize = 1 << 20;
/// How often a silent connection is looked after, in case its client has gone.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// The writing half of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    stream: UnixStream,
    pending: Mutex<Pending>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// How many more are taken.
    left: usize,
    is_ended: bool,
}

impl Outbox {
    /// An outbox for a connection that has been seen to be writable. It ends after so many bytes, amid a frame if need be.
    pub(crate) fn new(stream: UnixStream, bytes: usize) -> Self {
        let pending = Pending { left: bytes, ..Pending::default() };
        Self { stream, pending: Mutex::new(pending), wake: Notify::new() }
    }

    /// Adds a frame. Beyond the limit the connection is given up.
    pub(crate) fn push(&self, frame: &[u8]) {
        let mut pending = self.lock();
        let piece = frame.get(..pending.left).unwrap_or(frame);
        pending.bytes.extend_from_slice(piece);
        pending.left -= piece.len();
        if pending.bytes.len() > PENDING_MAX {
            drop(pending);
            self.end();
        }
    }

    /// Writes what can be written without waiting.
    pub(crate) fn flush(&self) {
        let mut pending = self.lock();
        while !pending.bytes.is_empty() && !pending.is_ended {
            match self.stream.try_write(&pending.bytes) {
                Ok(count) => drop(pending.bytes.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wake.notify_one();
                    return;
                }
                Err(_) => pending.is_ended = true,
            }
        }
        pending.is_ended |= pending.left == 0;
        if pending.is_ended {
            self.wake.notify_one();
        }
    }

    /// Ends the connection. What is not written by now never will be.
    pub(crate) fn end(&self) {
        let mut pending = self.lock();
        pending.is_ended = true;
        pending.bytes = Vec::new();
        self.wake.notify_one();
    }

    /// Whether it has ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.lock().is_ended
    }

    /// Writes the rest whenever the client reads, until the connection ends or the client has gone.
    pub(crate) async fn run(&self) {
        while !self.is_ended() {
            if self.has_pending() {
                if self.stream.writable().await.is_err() {
                    break;
                }
                self.flush();
            } else if tokio::time::timeout(LOOK_AFTER, self.wake.notified()).await.is_err()
                && !is_there(&self.stream)
            {
                break;
            }
        }
        self.end();
    }

    fn has_pending(&self) -> bool {
        !self.lock().bytes.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the other end is still open: writing nothing fails as soon as it is closed, and not before.
pub(crate) fn is_there(stream: &UnixStream) -> bool {
    match stream.try_write(&[]) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;

    async fn outbox() -> (Arc<Outbox>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.writable().await.unwrap();
        (Arc::new(Outbox::new(ours, usize::MAX)), theirs)
    }

    #[tokio::test]
    async fn what_is_flushed_is_there_to_read_at_once() {
        let (outbox, theirs) = outbox().await;
        outbox.push(b"hello");
        outbox.flush();
        theirs.readable().await.unwrap();
        let mut bytes = [0; 16];
        assert_eq!(theirs.try_read(&mut bytes).unwrap(), 5);
    }

    #[tokio::test]
    async fn a_client_that_reads_late_gets_everything() {
        let (outbox, mut theirs) = outbox().await;
        let frame = [b'x'; 1000];
        for _ in 0..900 {
            outbox.push(&frame);
            outbox.flush();
        }
        let task = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move { outbox.run().await }
        });
        let mut bytes = vec![0; 900_000];
        theirs.read_exact(&mut bytes).await.unwrap();
        assert!(bytes.iter().all(|byte| *byte == b'x'));
        outbox.end();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_given_up_at_the_limit() {
        let (outbox, _theirs) = outbox().await;
        let frame = [b'x'; 1000];
        let mut pushed = 0;
        while !outbox.is_ended() {
            outbox.push(&frame);
            outbox.flush();
            pushed += frame.len();
            assert!(pushed < 4 * PENDING_MAX);
        }
        assert!(pushed > PENDING_MAX);
    }

    #[tokio::test]
    async fn a_connection_can_end_amid_a_frame() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.writable().await.unwrap();
        let outbox = Outbox::new(ours, 7);
        for _ in 0..3 {
            outbox.push(b"hello");
            outbox.flush();
        }
        outbox.run().await;
        drop(outbox);
        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"hellohe");
    }

    #[tokio::test]
    async fn a_client_that_has_gone_is_noticed() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.writable().await.unwrap();
        let mut theirs = theirs;
        tokio::io::AsyncWriteExt::shutdown(&mut theirs).await.unwrap();
        assert!(is_there(&ours), "a half-close is how every client begins");
        drop(theirs);
        assert!(!is_there(&ours));
    }
}
