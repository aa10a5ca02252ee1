//! The thread of the session bus: link and notifications, on one small runtime. The tray has a thread beside it.
//!
//! It ends when the bus is gone, and with it the program: without a bus a tray icon has nobody to show it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use zbus::Connection;

use crate::asking::{self, Agent, Asked};
use crate::door::MenuDoor;
use crate::icons::Icons;
use crate::instance::{Turn, take_turn};
use crate::link::{self, Checker, Faces, Hands};
use crate::recent::Recent;
use crate::scene::{Scene, Wish};
use crate::tray::{self, Outside};
use crate::{arguments::Start, notify, strings};

/// Exit code when there is no session bus, or it has gone.
const NO_BUS: u8 = 3;
/// Notifications that may wait for their daemon; more is more than anybody reads.
const NOTICES: usize = 64;
/// A thread that read a file for us ends after that long, rather than wake up an idle machine later.
const HELPER_STAYS: Duration = Duration::from_millis(100);

/// What the session needs to run.
pub(crate) struct Session {
    pub(crate) start: Start,
    pub(crate) door: MenuDoor,
    pub(crate) icons: Icons,
    pub(crate) scene: watch::Sender<Arc<Scene>>,
    /// The agent, its socket, and what it asks.
    pub(crate) questions: (Agent, PathBuf, watch::Receiver<Arc<Asked>>),
    pub(crate) wishes: (mpsc::UnboundedSender<Wish>, mpsc::UnboundedReceiver<Wish>),
}

/// Starts the thread. Its end comes through the door.
pub(crate) fn start(session: Session) -> std::io::Result<()> {
    let runtime = runtime()?;
    let run = move || {
        let door = session.door.clone();
        door.end(runtime.block_on(run(session)));
    };
    std::thread::Builder::new().name("session".into()).spawn(run)?;
    Ok(())
}

/// Runs to the end; gives the exit code.
async fn run(session: Session) -> u8 {
    let begun = async {
        let connection = Connection::session().await?;
        let turn = take_turn(&connection, session.door.clone()).await?;
        zbus::Result::Ok((connection, turn))
    };
    match begun.await {
        Ok((_, Turn::Later)) => 0,
        Ok((connection, Turn::First)) => {
            serve(connection, session).await;
            eprintln!("{}", strings::bus_lost());
            NO_BUS
        }
        Err(error) => {
            eprintln!("{}", strings::bus_missing(&error.to_string()));
            NO_BUS
        }
    }
}

async fn serve(connection: Connection, session: Session) {
    let Session { start, door, icons, scene, wishes: (wishes, wanted), questions } = session;
    let (agent, agent_socket, asked) = questions;
    let (notices, to_show) = mpsc::channel(NOTICES);
    let (pressed, buttons) = mpsc::channel(NOTICES);
    let outside = Outside { wishes, door: door.clone(), icons: icons.clone(), asked };
    if let Err(error) = show_tray(scene.subscribe(), outside) {
        tracing::warn!(%error, "there is no tray; `plugboard --menu` opens the menu");
    }
    let carrying =
        notify::send::carry(connection.clone(), move |name| icons.reference(name), to_show, pressed);
    tokio::spawn(async move {
        if let Err(error) = carrying.await {
            tracing::warn!(%error, "notifications have ended");
        }
    });
    let ears = asking::Ears {
        scenes: scene.subscribe(),
        checker: Checker::new(connection.clone()),
        door: door.clone(),
        notices: notices.clone(),
    };
    tokio::spawn(async move { asking::run(agent, &agent_socket, ears).await });
    if start == Start::Menu {
        door.open(None, None);
    }
    let recent = Recent::path().map(|path| Recent::load(&path)).unwrap_or_default();
    let faces = Faces { scene, menu: door, notices };
    link::run(connection, faces, Hands { wishes: wanted, buttons }, recent).await;
}

/// Starts the thread of the tray. A host fetches the menu as a whole, which with many devices and qubes takes tens of
/// milliseconds; nobody else waits for that.
fn show_tray(scenes: watch::Receiver<Arc<Scene>>, outside: Outside) -> std::io::Result<()> {
    let runtime = runtime()?;
    let run = move || runtime.block_on(tray::show(scenes, outside, is_wayland()));
    std::thread::Builder::new().name("tray".into()).spawn(run)?;
    Ok(())
}

/// A small runtime on the thread that drives it.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().thread_keep_alive(HELPER_STAYS).build()
}

/// Under Wayland a program can't place a window beside the icon; the host can place its own menu there.
fn is_wayland() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::env::var_os("XDG_SESSION_TYPE").is_some_and(|kind| kind == "wayland")
        || (set("WAYLAND_DISPLAY") && !set("DISPLAY"))
}
