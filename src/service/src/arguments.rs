//! The command line of `plugboardd`.
//!
//! A wrong one ends in usage on standard error and exit code 2, before anything is opened.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, value_parser};

/// Exit code of a wrong command line.
const WRONG_COMMAND_LINE: u8 = 2;

/// What the person asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The socket of the Admin API; `None` = what the environment and the machine offer.
    pub(crate) socket: Option<PathBuf>,
    /// The world to simulate.
    #[cfg(feature = "simulate")]
    pub(crate) world: Option<String>,
    /// How much more to log than usual: 0, 1 or 2.
    pub(crate) verbosity: u8,
}

impl Arguments {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// What to print and how to end: a mistake, or that help or version was asked for.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(words)?;
        Ok(Self {
            socket: matches.get_one("socket").cloned(),
            #[cfg(feature = "simulate")]
            world: matches.get_one("simulate").cloned(),
            verbosity: matches.get_count("verbose"),
        })
    }
}

/// Prints help or version, or what is wrong with the command line and how it goes; the exit code.
pub(crate) fn answer(wanted: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the stream is closed.
    let _ = wanted.print();
    if !wanted.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if !wanted.to_string().contains("Usage:") {
        eprintln!("\n{}", command().render_usage());
    }
    ExitCode::from(WRONG_COMMAND_LINE)
}

fn command() -> Command {
    let command = Command::new("plugboardd")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Mirrors the devices of this machine on D-Bus and carries out commands.")
        .arg(
            Arg::new("socket").long("socket").value_name("PATH").value_parser(value_parser!(PathBuf)).help(
                "Socket of the Admin API [default: $QUBESD_SOCKET, else /run/qubesd.sock, else qrexec]",
            ),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::Count)
                .help("Log steps; twice: calls and events too"),
        );
    with_simulation(command)
}

#[cfg(feature = "simulate")]
fn with_simulation(command: Command) -> Command {
    command.arg(
        Arg::new("simulate")
            .long("simulate")
            .value_name("WORLD")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("laptop")
            .conflicts_with("socket")
            .help("Simulate a machine in place of the real one; a world of data/worlds, or a file [laptop]"),
    )
}

#[cfg(not(feature = "simulate"))]
fn with_simulation(command: Command) -> Command {
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::parse(["plugboardd"].iter().chain(words).map(OsString::from))
    }

    #[test]
    fn nothing_has_to_be_said() {
        let arguments = parse(&[]).unwrap();
        assert_eq!((arguments.socket, arguments.verbosity), (None, 0));
    }

    #[test]
    fn a_wrong_command_line_ends_with_2_and_help_with_0() {
        for wrong in [&["--nonsense"][..], &["word"], &["--socket"], &["--socket", "a", "--socket", "b"]] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
        for right in ["--help", "--version"] {
            assert_eq!(parse(&[right]).unwrap_err().exit_code(), 0);
        }
    }

    #[cfg(feature = "simulate")]
    #[test]
    fn a_world_is_simulated_only_when_asked_for() {
        assert_eq!(parse(&["--simulate"]).unwrap().world.as_deref(), Some("laptop"));
        assert_eq!(parse(&["--simulate=crowd"]).unwrap().world.as_deref(), Some("crowd"));
        assert_eq!(parse(&["--simulate", "--socket", "a"]).unwrap_err().exit_code(), 2);
    }

    #[cfg(not(feature = "simulate"))]
    #[test]
    fn a_package_cannot_simulate() {
        assert_eq!(parse(&["--simulate"]).unwrap_err().exit_code(), 2);
    }
}
