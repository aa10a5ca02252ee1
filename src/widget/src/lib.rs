//! The tray icon, the Devices menu and the notifications of Plugboard.
//!
//! ```text
//!  session bus ──▶ link ──▶ Scene ──┬─▶ menu::model ──▶ order ──▶ window, rows, sub-menu   (main thread, GTK)
//!       ▲            │              ├─▶ tray                                               (tray thread)
//!       │            └─▶ notify ────┼─▶ send                                               (session thread)
//!       └── Command ◀── Wish ◀──────┘
//!  device-agent.GUI ──▶ asking ──▶ Asked ──▶ asking::window, tray, send
//! ```
//!
//! Three threads, so that none waits for another: the session thread owns the bus, the tray thread answers hosts that
//! fetch the icon and the D-Bus menu, and the main thread owns GTK, which is not even initialised before the menu is
//! opened for the first time.
//! Between them go one [`scene::Scene`] (only the newest counts), [`door::ToMenu`] and [`scene::Wish`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use arguments::{Start, USAGE, Words};
use scene::Scene;

mod arguments;
mod asking;
mod configuration;
mod door;
mod icons;
mod instance;
mod likely;
mod link;
mod menu;
mod naming;
mod notify;
mod platform;
mod preferences;
mod reason;
mod recent;
mod scene;
mod session;
mod settings;
mod strings;
#[cfg(test)]
mod testing;
mod theme;
mod together;
mod tray;

/// Name of this program to desktops: its desktop file, its windows, its accessible application.
pub const APP_ID: &str = include_str!("../../../data/app-id").trim_ascii();

/// Runs the program with the words after its name.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Words { start, agent_socket } = match arguments::read(words) {
        Ok(Words { start: Start::Help, .. }) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Words { start: Start::Version, .. }) => {
            println!("plugboard {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Words { start: Start::Ask, agent_socket }) => {
            asking::relay::run(&agent_socket);
            return ExitCode::SUCCESS;
        }
        Ok(words) => words,
        Err(word) => {
            eprint!("plugboard: {word} means nothing here\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    log();
    platform::prepare();
    ExitCode::from(show(start, agent_socket))
}

fn show(start: Start, agent_socket: PathBuf) -> u8 {
    let (door, room) = door::door();
    let icons = icons::Icons::prepare();
    let (scene, scenes) = watch::channel(Arc::new(Scene::default()));
    let wishes = mpsc::unbounded_channel();
    let wish = wishes.0.clone();
    let (agent, counter) = asking::agent();
    let questions = (agent, agent_socket, counter.asked.clone());
    let session = session::Session { start, door, icons: icons.clone(), scene, wishes, questions };
    if let Err(error) = session::start(session) {
        eprintln!("plugboard: {error}");
        return 1;
    }
    menu::app::run(&room, &menu::app::Outside { scenes, wishes: wish, counter, icons })
}

/// Logs to stderr, from `info` on; `PLUGBOARD_LOG` names another level.
fn log() {
    let level = std::env::var("PLUGBOARD_LOG").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level.unwrap_or(tracing::Level::INFO))
        .without_time()
        .init();
}
