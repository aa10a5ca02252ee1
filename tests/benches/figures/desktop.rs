//! A private desktop to measure in: temporary home, session bus without activatable services, and, where a figure
//! needs it, display, settings daemon and window manager as in `tests/desktop`.
//!
//! The notification daemon, and where no real panel is wanted the panel too, are played by the bench itself
//! (`faces.rs`): it wants their time stamps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;
use crate::bus::Bus;
use crate::display::Display;
use crate::faces::{Faces, WATCHER};
use crate::programs::{Running, command, kept, last_words, library, ours};

const BUS: &str = include_str!("../../desktop/settings/bus.conf");
/// What Xfce finds in its home, as in the desktop tests: fonts, theme, a panel with a tray alone.
const CHANNELS: [(&str, &str); 2] = [
    ("xfce4-panel.xml", include_str!("../../desktop/settings/xfce4-panel.xml")),
    ("xsettings.xml", include_str!("../../desktop/settings/xsettings.xml")),
];

/// Whether there is something to see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// A virtual display with a window manager, and a panel that the bench plays.
    Virtual,
    /// A virtual display with a window manager and a real panel, which reads our menu as panels do.
    Panel,
    /// No display at all.
    None,
}

/// The desktop; everything in it ends with it.
pub(crate) struct Desktop {
    environment: Vec<(String, String)>,
    /// The virtual display; absent with [`Screen::None`].
    pub(crate) display: Option<Display>,
    /// The panel and the notification daemon that the widget meets.
    pub(crate) faces: Faces,
    /// A connection to the session bus.
    pub(crate) bus: Bus,
    // In the order in which they end: the bus first, as at the end of a session.
    parts: Vec<Running>,
    folder: TempDir,
}

impl Desktop {
    /// Starts a desktop.
    pub(crate) fn start(screen: Screen) -> Outcome<Self> {
        let folder = TempDir::with_prefix("plugboard-bench-")?;
        let mut environment = lay_out_home(folder.path())?;
        let log = folder.path().join("desktop.log");
        let mut parts = Vec::new();
        let address = start_bus(folder.path(), &environment, &log, &mut parts)?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), address.clone()));
        let bus = Bus::connect(&address)?;
        let faces = Faces::show(&address, screen)?;
        let mut display = None;
        if screen != Screen::None {
            let number = start_display(&environment, &log, &mut parts)?;
            environment.push(("DISPLAY".to_owned(), number.clone()));
            let seen = Display::connect(&number)?;
            start_session(&environment, &bus, &log, &mut parts)?;
            seen.wait_for_window_manager()?;
            if screen == Screen::Panel {
                let mut panel = kept("xfce4-panel", &environment);
                panel.arg("--disable-wm-check");
                parts.push(Running::start(panel, &log)?);
                bus.wait_for_name(WATCHER)?;
            }
            display = Some(seen);
        }
        Ok(Self { environment, display, faces, bus, parts, folder })
    }

    /// A path of its own in the temporary folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of the session bus.
    pub(crate) fn bus_address(&self) -> Outcome<&str> {
        let found = self.environment.iter().find(|(key, _)| key == "DBUS_SESSION_BUS_ADDRESS");
        found.map(|(_, address)| address.as_str()).ok_or_else(|| "there is no bus".into())
    }

    /// One of our programs, as a session would start it.
    pub(crate) fn program(&self, name: &str) -> Command {
        command(ours(name), &self.environment)
    }

    /// Starts one of our programs.
    pub(crate) fn start_program(&self, name: &str, words: &[&str]) -> Outcome<Running> {
        let mut command = self.program(name);
        command.args(words);
        Running::start(command, &self.path(&format!("{name}.log")))
    }

    /// What one of our programs said last.
    pub(crate) fn last_words(&self, name: &str) -> String {
        last_words(&self.path(&format!("{name}.log")))
    }

    /// Starts the simulator on a world, and returns once it listens at `socket`.
    pub(crate) fn start_simulator(&self, world: &str, socket: &Path) -> Outcome<Running> {
        let mut command = kept(ours("qubesd-sim"), &self.environment);
        command.arg("--socket").arg(socket).args(["--world", world]);
        let (running, line) = Running::start_and_hear(command, &self.path("qubesd-sim.log"))?;
        if line != "ready" {
            return Err(format!("the simulator said {line:?}").into());
        }
        Ok(running)
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.display = None;
        while let Some(part) = self.parts.pop() {
            drop(part);
        }
    }
}

fn lay_out_home(folder: &Path) -> Outcome<Vec<(String, String)>> {
    let (home, runtime) = (folder.join("home"), folder.join("run"));
    let channels = home.join(".config/xfce4/xfconf/xfce-perchannel-xml");
    std::fs::create_dir_all(&channels)?;
    for (name, text) in CHANNELS {
        std::fs::write(channels.join(name), text.replace("@THEME@", "Adwaita").replace("@SCALE@", "1"))?;
    }
    std::fs::create_dir(&runtime)?;
    std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    std::fs::write(folder.join("bus.conf"), BUS.replace("@FOLDER@", &folder.to_string_lossy()))?;
    let path = std::env::var("PATH")?;
    let pairs = [
        ("PATH", path.as_str()),
        ("HOME", &home.to_string_lossy()),
        ("XDG_RUNTIME_DIR", &runtime.to_string_lossy()),
        ("XDG_CURRENT_DESKTOP", "XFCE"),
        ("XDG_SESSION_TYPE", "x11"),
        ("LC_ALL", "C.UTF-8"),
        ("GTK_A11Y", "atspi"),
        ("GIO_USE_VFS", "local"),
        ("GSETTINGS_BACKEND", "memory"),
    ];
    Ok(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
}

fn start_bus(
    folder: &Path,
    environment: &[(String, String)],
    log: &Path,
    parts: &mut Vec<Running>,
) -> Outcome<String> {
    let mut command = kept("dbus-daemon", environment);
    command.arg(format!("--config-file={}", folder.join("bus.conf").display()));
    command.args(["--nofork", "--nopidfile", "--print-address=1"]);
    let (running, _) = Running::start_and_hear(command, log)?;
    parts.push(running);
    Ok(format!("unix:path={}/bus", folder.display()))
}

fn start_display(environment: &[(String, String)], log: &Path, parts: &mut Vec<Running>) -> Outcome<String> {
    let mut command = kept("Xvfb", environment);
    command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
    let (running, number) = Running::start_and_hear(command, log)?;
    parts.push(running);
    Ok(format!(":{number}"))
}

fn start_session(
    environment: &[(String, String)],
    bus: &Bus,
    log: &Path,
    parts: &mut Vec<Running>,
) -> Outcome<()> {
    let mut accessibility = kept(library("at-spi-bus-launcher")?, environment);
    accessibility.arg("--launch-immediately");
    parts.push(Running::start(accessibility, log)?);
    bus.wait_for_name("org.a11y.Bus")?;
    parts.push(Running::start(kept(library("xfce4/xfconf/xfconfd")?, environment), log)?);
    bus.wait_for_name("org.xfce.Xfconf")?;
    let mut settings = kept("xfsettingsd", environment);
    settings.arg("--no-daemon");
    parts.push(Running::start(settings, log)?);
    let mut manager = kept("xfwm4", environment);
    manager.arg("--compositor=off");
    parts.push(Running::start(manager, log)?);
    Ok(())
}

/// How long anything in the desktop may take before it counts as not coming.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
