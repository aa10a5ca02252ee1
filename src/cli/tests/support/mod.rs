//! A whole run of the program as one value: what is typed, against which server, and what came of it.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "every test program uses its own part of this, and a broken test set-up ends the test"
)]

pub(crate) mod inside;
pub(crate) mod machine;
pub(crate) mod parrot;
pub(crate) mod recording;
pub(crate) mod replay;
pub(crate) mod running;
pub(crate) mod script;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use running::Running;

/// A command line that was not yet run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    name: String,
    arguments: Vec<OsString>,
    socket: PathBuf,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The exit code; `None` = ended by a signal.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

impl Run {
    /// The program under this name, with these arguments, split at blanks.
    pub(crate) fn of(name: &str, arguments: &str) -> Self {
        Self {
            name: name.into(),
            arguments: arguments.split_whitespace().map(Into::into).collect(),
            socket: "/nonexistent/qubesd.sock".into(),
        }
    }

    /// One more argument, with whatever is in it.
    pub(crate) fn and(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// Against the server behind this socket.
    pub(crate) fn on(mut self, socket: &Path) -> Self {
        self.socket = socket.into();
        self
    }

    /// Runs it to its end.
    pub(crate) fn go(&self) -> Outcome {
        let output = self.command().output().expect("the program was built");
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs it to its end, its results going into this file instead.
    pub(crate) fn writing_to(&self, file: &str) -> Outcome {
        let file = std::fs::File::options().write(true).open(file).expect("a file");
        let output = self.command().stdout(file).output().expect("the program was built");
        Outcome {
            code: output.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Starts it, to look on.
    pub(crate) fn start(&self) -> Running {
        let child = self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running::of(child.expect("the program was built"))
    }

    /// Starts it as somebody does who logs out then; under the name of the program itself.
    pub(crate) fn start_with_nohup(&self) -> Running {
        let run = self.command();
        let mut command = Command::new("nohup");
        command.arg(run.get_program()).args(run.get_args()).stdin(Stdio::null());
        let given = run.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let child = command.envs(given).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running::of(child.expect("nohup is there"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qvm-device"));
        command
            .arg0(&self.name)
            .args(&self.arguments)
            .env_clear()
            .env("QUBESD_SOCKET", &self.socket)
            .stdin(Stdio::null());
        command
    }
}

impl Outcome {
    /// The last line of the error stream: the sentence behind the usage.
    pub(crate) fn sentence(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    /// Checks that it ended well and printed exactly this.
    #[track_caller]
    pub(crate) fn printed(&self, text: &str) {
        let expected = Self { code: Some(0), stdout: text.into(), stderr: String::new() };
        assert_eq!(*self, expected);
    }

    /// Checks that it failed with this code and ended with this sentence, having printed no result.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, sentence: &str) {
        assert_eq!(
            (self.code, self.stdout.as_str(), self.sentence()),
            (Some(code), "", sentence),
            "{}",
            self.stderr
        );
    }
}
