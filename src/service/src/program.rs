//! `plugboardd` as a program: command line, logs, session bus, and how it ends.

use std::ffi::OsString;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use device_bus::names::BUS;
use device_core::client::AdminClient;
use device_core::transport::Transport;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use zbus::Connection;
use zbus::fdo::{DBusProxy, RequestNameFlags};

use crate::arguments::{self, Arguments};
use crate::logging;
use crate::obstacle::Obstacle;
use crate::service::Service;
#[cfg(feature = "simulate")]
use crate::simulate::Simulation;
use crate::underway::{ENDING_MAX, Underway};

/// It could not begin: no session bus, the name taken, no such world.
const CANNOT_BEGIN: u8 = 1;
/// The session bus went away. The systemd unit starts the service again; without a session there is nothing to serve.
const BUS_LOST: u8 = 3;
/// A thread that read a file for us ends after that long, rather than wake up an idle machine later.
const HELPER_STAYS: Duration = Duration::from_millis(100);
/// Longest wait for the last answers to go out; a bus that takes longer is as good as gone.
const ANSWERS_MAX: Duration = Duration::from_secs(2);

/// Runs the program with these words of a command line, the program's name first.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::parse(words) {
        Ok(arguments) => arguments,
        Err(wanted) => return arguments::answer(&wanted),
    };
    logging::begin(arguments.verbosity);
    match tokio::runtime::Builder::new_current_thread().enable_all().thread_keep_alive(HELPER_STAYS).build() {
        Ok(runtime) => match runtime.block_on(begin(arguments)) {
            Ok(Ended::Asked) => ExitCode::SUCCESS,
            Ok(Ended::BusLost) => {
                tracing::warn!("the session bus went away, so this ends");
                ExitCode::from(BUS_LOST)
            }
            Err(why) => cannot_begin(&why),
        },
        Err(error) => cannot_begin(&Obstacle::new(format!("The system gives no event queue: {error}."))),
    }
}

/// How a service that ran came to its end.
enum Ended {
    /// By a signal.
    Asked,
    /// The session bus is gone.
    BusLost,
}

#[cfg(feature = "simulate")]
async fn begin(arguments: Arguments) -> Result<Ended, Obstacle> {
    let Some(world) = arguments.world else {
        return serve(Transport::from_environment(arguments.socket)).await;
    };
    let simulation = Simulation::begin(&world)?;
    let ended = serve(simulation.transport()).await;
    simulation.end().await;
    ended
}

#[cfg(not(feature = "simulate"))]
async fn begin(arguments: Arguments) -> Result<Ended, Obstacle> {
    serve(Transport::from_environment(arguments.socket)).await
}

async fn serve(transport: Transport) -> Result<Ended, Obstacle> {
    // Before anybody can know that it runs: who asks it to end then finds it listening.
    let mut ending = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let started = format!("started, watching {transport}");
    let connection = session_bus().await?;
    let service = Service::serve(connection.clone(), AdminClient::new(transport))
        .await
        .map_err(|error| Obstacle::new(format!("The session bus does not take our objects: {error}.")))?;
    take_name(&connection).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "{started}");
    let mut asked = async || {
        tokio::select! {
            _ = ending.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let underway = service.underway();
    let mut running = pin!(service.run());
    tokio::select! {
        () = &mut running => return Ok(Ended::BusLost),
        () = asked() => {}
    }
    Ok(tokio::select! {
        () = running => Ended::BusLost,
        // Asked twice, it ends at once.
        () = asked() => Ended::Asked,
        () = finish(&connection, &underway) => Ended::Asked,
    })
}

/// Waits until the commands under way are done and answered.
async fn finish(connection: &Connection, underway: &Underway) {
    let left = underway.end(ENDING_MAX).await;
    if left > 0 {
        tracing::warn!("ended although commands are under way: {left}; look where the devices are");
    }
    // The answers go out in their order: once the bus has answered this, those before it are through.
    let _ = timeout(ANSWERS_MAX, async { DBusProxy::new(connection).await?.get_id().await }).await;
}

async fn session_bus() -> Result<Connection, Obstacle> {
    Connection::session()
        .await
        .map_err(|error| Obstacle::new(format!("There is no session bus to serve on: {error}.")))
}

/// Only after the objects are there: who waits for the name finds them.
async fn take_name(connection: &Connection) -> Result<(), Obstacle> {
    match connection.request_name_with_flags(BUS, RequestNameFlags::DoNotQueue.into()).await {
        Ok(_) => Ok(()),
        Err(zbus::Error::NameTaken) => {
            Err(Obstacle::new(format!("Another service has the name {BUS} on this session bus.")))
        }
        Err(error) => Err(Obstacle::new(format!("The session bus does not give the name {BUS}: {error}."))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it by value")]
fn no_signals(error: std::io::Error) -> Obstacle {
    Obstacle::new(format!("The system gives no signals: {error}."))
}

fn cannot_begin(why: &Obstacle) -> ExitCode {
    eprintln!("plugboardd: {why}");
    ExitCode::from(CANNOT_BEGIN)
}
