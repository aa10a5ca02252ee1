//! Programs that the bench starts, each ended by its process id and by nothing else.
//!
//! All but the measured ones are started through `setpriv --pdeathsig`, so that none outlives a bench that was killed;
//! the measured ones end by themselves once their bus is gone.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// How long a program may take to end after it was asked to.
const END: Duration = Duration::from_secs(3);
/// How often something is looked at that sends no signal of its own.
const GLANCE: Duration = Duration::from_millis(2);

/// The path of one of our programs, as `./dev bench` has built it.
pub(crate) fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release").join(name)
}

/// The path of a daemon of the desktop; they stand in folders that differ by system.
pub(crate) fn library(name: &str) -> Outcome<PathBuf> {
    let mut folders: Vec<PathBuf> = ["/usr/libexec", "/usr/lib", "/usr/lib64"].map(PathBuf::from).into();
    folders.extend(std::fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path()));
    folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{name} is not installed").into())
}

/// Waits without a signal to wait for: only where the clock itself is what counts.
pub(crate) fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

/// Looks again and again until there is something, at most for `time`.
pub(crate) fn until<T>(what: &str, time: Duration, mut look: impl FnMut() -> Option<T>) -> Outcome<T> {
    let end = Instant::now() + time;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() >= end {
            return Err(format!("waited {} s in vain for {what}", time.as_secs()).into());
        }
        pause(GLANCE);
    }
}

/// A command that takes nothing from the caller's surroundings but `environment`.
pub(crate) fn command(program: impl AsRef<OsStr>, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment.iter().map(|(key, value)| (key, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// As [`command`], for a program that must not outlive the bench.
pub(crate) fn kept(program: impl AsRef<OsStr>, environment: &[(String, String)]) -> Command {
    let mut command = command("setpriv", environment);
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// A program that runs; it is ended when this value goes.
pub(crate) struct Running {
    child: Child,
    /// When it was asked to start: right before its process was made.
    pub(crate) started: Instant,
}

impl Running {
    /// Starts a program; what it says to standard error goes to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Outcome<Self> {
        command.stderr(File::options().create(true).append(true).open(log)?);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        Ok(Self { child, started })
    }

    /// Starts a program that says one line when it is ready; the line is given back.
    pub(crate) fn start_and_hear(mut command: Command, log: &Path) -> Outcome<(Self, String)> {
        command.stdout(Stdio::piped());
        let mut running = Self::start(command, log)?;
        let output: ChildStdout = running.child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            return Err(format!("a program ended before it was ready; {}", last_words(log)).into());
        }
        Ok((running, line.trim_end().to_owned()))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Outcome<()> {
        self.child.wait()?;
        Ok(())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        // `kill` of the shell: the standard library can only end a process the hard way, and Xvfb leaves its lock then.
        let _ = Command::new("sh").args(["-c", "kill \"$0\""]).arg(self.pid().to_string()).status();
        if until("its end", END, || self.child.try_wait().ok().flatten()).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a program said last.
pub(crate) fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" / ")
}
