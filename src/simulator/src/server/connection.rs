//! One connection of a client: a call and its reply, or a stream of events. Asked-for faults are played here.

use std::io;
use std::path::Path;
use std::sync::Arc;

use device_core::name::QubeName;
use device_core::wire::request::{REQUEST_MAX, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::fault::Failure;
use crate::later::{Waits, settle};
use crate::outbox::{Outbox, is_there};
use crate::refusal::{Refusal, templated, to_bytes};
use crate::simulator::Shared;

/// How often a call that hangs is looked after, in case its client has gone.
const HANG_LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Serves one client to its end.
pub(super) async fn serve(
    mut stream: UnixStream,
    shared: &Shared,
    agent: Option<&Arc<Path>>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough to see that it was passed.
    let limit = u64::try_from(REQUEST_MAX).unwrap_or(u64::MAX) + 1;
    (&mut stream).take(limit).read_to_end(&mut bytes).await?;
    let Ok(request) = Request::parse_in(&bytes, shared.protocol().framing()) else {
        // A malformed request ends the connection without a word.
        return Ok(());
    };
    let (delay, failure) = {
        let mut state = shared.lock();
        (state.pace.delay(&request.method), state.faults.on_call(&request.method))
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match &failure {
        None | Some(Failure::Lost | Failure::Cut(_)) => {}
        Some(Failure::Empty) => return Ok(()),
        Some(Failure::Hang) => return hang(stream).await,
        Some(Failure::Template(class, message, arguments)) => {
            return reply(stream, &templated(class, message, arguments)).await;
        }
        Some(Failure::Exception(class, message)) => {
            let answer = Err(Refusal::exception(class, message.clone()));
            return reply(stream, &to_bytes(answer, shared.protocol())).await;
        }
    }
    if request.method == "admin.Events" {
        let bytes = match failure {
            Some(Failure::Lost) => 0,
            Some(Failure::Cut(count)) => count,
            _ => usize::MAX,
        };
        return events(stream, shared, &request, bytes).await;
    }
    let (answer, left) = shared.change(|state| (state.call(&request), state.left.take()));
    let settled = settle(shared, agent, left, Waits::ForItsOwn).await;
    let mut bytes = to_bytes(answer.and_then(|data| settled.map(|()| data)), shared.protocol());
    match failure {
        Some(Failure::Lost) => bytes.clear(),
        Some(Failure::Cut(count)) => bytes.truncate(count),
        _ => {}
    }
    reply(stream, &bytes).await
}

async fn reply(mut stream: UnixStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await
}

/// Says nothing until the client has gone.
async fn hang(stream: UnixStream) -> io::Result<()> {
    while is_there(&stream) {
        tokio::time::sleep(HANG_LOOK).await;
    }
    Ok(())
}

/// A stream of events, which ends by itself after so many bytes.
async fn events(stream: UnixStream, shared: &Shared, request: &Request, bytes: usize) -> io::Result<()> {
    match listener(shared, request) {
        Ok(qube) => {
            // The first events are written without waiting, so the connection must be known to be writable.
            stream.writable().await?;
            let outbox = Arc::new(Outbox::new(stream, bytes));
            shared.change(|state| state.hub.listen(qube, Arc::clone(&outbox)));
            outbox.run().await;
            Ok(())
        }
        Err(refusal) => reply(stream, &to_bytes(Err(refusal), shared.protocol())).await,
    }
}

/// Whose events are asked for; `None` = everybody's.
fn listener(shared: &Shared, request: &Request) -> Result<Option<QubeName>, Refusal> {
    let state = shared.lock();
    state.find(&request.source)?;
    let qube = state.find(&request.destination)?;
    if !request.argument.is_empty() {
        return Err(Refusal::protocol("unexpected argument"));
    }
    if !request.payload.is_empty() {
        return Err(Refusal::protocol("unexpected payload"));
    }
    Ok(Some(qube).filter(|qube| !qube.is_dom0()))
}
