//! Connections to the agent: a request in, an answer out, closed.
//!
//! A task for each, which ends by itself: with the answer, with who asked, or when the request does not come to an end.

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::QuestionId;
use super::request::{self, Question, REQUEST_MAX, Reply};

/// Connections at a time; a further one is answered with no at once.
pub(super) const CONNECTIONS_MAX: usize = 64;
/// A request is written in one go by who means it; one that takes longer is answered with no.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Pause after the system gave no connection, so that a shortage of it is no endless loop.
const PAUSE: Duration = Duration::from_secs(1);

/// What happens at the connections.
#[derive(Debug)]
pub(super) enum Input {
    /// Somebody asks, and waits for the answer.
    Asked(QuestionId, Question, oneshot::Sender<Reply>),
    /// They do not wait any more.
    Left(QuestionId),
}

/// Serves until the listener's task is dropped.
pub(super) async fn serve(listener: UnixListener, inputs: mpsc::Sender<Input>) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut number = 0;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a question could not come in");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            tracing::warn!("more than {CONNECTIONS_MAX} questions at a time: answered with no");
            // Whoever does not read it gets a closed connection, which means the same.
            let _ = stream.try_write(Reply::Deny.to_text().as_bytes());
            continue;
        };
        number += 1;
        let (id, inputs) = (QuestionId(number), inputs.clone());
        tokio::spawn(async move {
            attend(stream, id, &inputs).await;
            drop(seat);
        });
    }
}

async fn attend(mut stream: UnixStream, id: QuestionId, inputs: &mpsc::Sender<Input>) {
    let read = tokio::time::timeout(READ_WITHIN, read(&mut stream)).await;
    let question = match read {
        Ok(Ok(bytes)) => request::read(&bytes).map_err(|fault| fault.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it had no end after {} s", READ_WITHIN.as_secs())),
    };
    let reply = match question {
        Ok(question) => ask(&stream, id, question, inputs).await,
        Err(fault) => {
            tracing::warn!(fault, "a question is answered with no");
            Some(Reply::Deny)
        }
    };
    if let Some(reply) = reply {
        // Who has gone by now needs no answer.
        let _ = send(stream, &reply);
    }
}

/// Sends the answer without waiting: it is shorter than any buffer, and nothing was sent before. The runtime no longer
/// knows whether one can write, because [`closed`] has told it that one can't.
fn send(stream: UnixStream, reply: &Reply) -> std::io::Result<()> {
    stream.into_std()?.write_all(reply.to_text().as_bytes())
}

/// All until the other side says that this is all; one byte more than is taken tells that it is too long.
async fn read(stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(REQUEST_MAX as u64 + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// The answer; `None` when nobody waits for it any more.
async fn ask(
    stream: &UnixStream,
    id: QuestionId,
    question: Question,
    inputs: &mpsc::Sender<Input>,
) -> Option<Reply> {
    let (answer, answered) = oneshot::channel();
    inputs.send(Input::Asked(id, question, answer)).await.ok()?;
    tokio::select! {
        reply = answered => Some(reply.unwrap_or(Reply::Deny)),
        () = closed(stream) => {
            let _ = inputs.send(Input::Left(id)).await;
            None
        }
    }
}

/// Waits until the other side has closed both ways. That it has nothing more to say is how each request ends, so
/// reading tells nothing: writing nothing does, which fails once nobody could read it.
async fn closed(stream: &UnixStream) {
    let is_closed = || match stream.try_write(&[]) {
        Ok(_) => Err(ErrorKind::WouldBlock.into()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
        Err(_) => Ok(()),
    };
    // Any end means that nobody waits.
    let _: std::io::Result<()> = stream.async_io(Interest::WRITABLE, is_closed).await;
}
