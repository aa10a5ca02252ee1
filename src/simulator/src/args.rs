//! The command line: serve a world, say one line to a simulator that serves, or play a story on it.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use crate::control;
use crate::story::SocketStage;
use crate::{Protocol, Simulator, Stage, Story};

/// Runs the program and gives its exit code: 0 done, 1 failed, 2 wrong command line.
#[must_use]
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            // Nothing more can be done when even that can't be written.
            let _ = error.print();
            if error.use_stderr() && !error.to_string().contains("Usage:") {
                eprintln!("\n{}", command().render_usage());
            }
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let socket = |matches: &ArgMatches| matches.get_one::<PathBuf>("socket").cloned().unwrap_or_default();
    let result = match matches.subcommand() {
        Some(("ctl", matches)) => say(&socket(matches), matches),
        Some(("story", matches)) => story(&socket(matches), matches),
        Some(("stories", _)) => print(crate::story_names()),
        Some(("worlds", _)) => print(crate::world_names()),
        _ => serve(&socket(&matches), &matches),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("qubesd-sim: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("qubesd-sim")
        .about("A small qubesd over a simulated machine")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_negates_reqs(true)
        .args_conflicts_with_subcommands(true)
        .args(serving())
        .subcommand(
            Command::new("ctl")
                .about("Say one line of the control language to a running simulator")
                .arg(socket("The socket it serves"))
                .arg(Arg::new("words").value_name("WORD").num_args(1..).required(true)),
        )
        .subcommand(
            Command::new("story")
                .about("Play a story on a running simulator")
                .arg(socket("The socket it serves"))
                .arg(
                    valued("speed", "FACTOR", "Waits are so many times shorter")
                        .value_parser(value_parser!(u32).range(1..=1000))
                        .default_value("1"),
                )
                .arg(Arg::new("story").value_name("NAME|FILE").required(true)),
        )
        .subcommand(Command::new("stories").about("List the built-in stories"))
        .subcommand(Command::new("worlds").about("List the built-in worlds"))
}

/// What can be said to a simulator that shall serve.
fn serving() -> [Arg; 6] {
    [
        socket("Serve here, and the control language at PATH.ctl"),
        valued("world", "NAME|FILE", "A built-in world, or a file (.toml, .json)").default_value("laptop"),
        valued("protocol", "VERSION", "The version of the server to stand for")
            .value_parser(["4.0", "4.2", "4.3", "4.4"])
            .default_value("4.4"),
        Arg::new("quirks")
            .long("quirks")
            .action(ArgAction::SetTrue)
            .help("Play the real server's data-losing defects, too"),
        valued("agent", "SOCKET", "Where the device-agent.GUI listens that asks a person")
            .value_parser(value_parser!(PathBuf)),
        valued("state", "FOLDER", "Keep qubes, features and assignments here from one run to the next")
            .value_parser(value_parser!(PathBuf)),
    ]
}

fn socket(help: &'static str) -> Arg {
    valued("socket", "PATH", help).value_parser(value_parser!(PathBuf)).required(true)
}

fn valued(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn print<'a>(mut lines: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut out = std::io::stdout();
    lines.try_for_each(|line| writeln!(out, "{line}")).map_err(|error| error.to_string())
}

fn serve(socket: &Path, matches: &ArgMatches) -> Result<(), String> {
    let level = std::env::var("QUBESD_SIM_LOG").ok().and_then(|level| level.parse().ok());
    let _ = tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let mut simulator = Simulator::load(&text("world")).map_err(|error| error.to_string())?;
    if let Some(protocol) = Protocol::new(&text("protocol")) {
        simulator = simulator.with_protocol(protocol);
    }
    if matches.get_flag("quirks") {
        simulator = simulator.with_quirks();
    }
    if let Some(agent) = matches.get_one::<PathBuf>("agent") {
        simulator = simulator.with_agent(agent);
    }
    if let Some(folder) = matches.get_one::<PathBuf>("state") {
        simulator = simulator.with_state(folder).map_err(|error| error.to_string())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(until_ended(simulator, socket)).map_err(|error| error.to_string())
}

async fn until_ended(simulator: Simulator, socket: &Path) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = simulator.bind(socket)?;
    // Whoever started us may have closed its end; the socket is there all the same.
    let _ = writeln!(std::io::stdout(), "ready");
    server
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
}

/// Sends one line and prints what comes back.
fn say(socket: &Path, matches: &ArgMatches) -> Result<(), String> {
    let words: Vec<String> =
        matches.get_many::<String>("words").unwrap_or_default().map(|word| quoted(word)).collect();
    let path = control::socket_of(socket);
    let text = SocketStage { socket: path, speed: 1 }.control(&words.join(" "))?;
    if text.is_empty() { Ok(()) } else { print([text.as_str()].into_iter()) }
}

/// Plays a story on a running simulator.
fn story(socket: &Path, matches: &ArgMatches) -> Result<(), String> {
    let name = matches.get_one::<String>("story").cloned().unwrap_or_default();
    let story = Story::load(&name).map_err(|error| error.to_string())?;
    let speed = matches.get_one::<u32>("speed").copied().unwrap_or(1);
    let mut stage = SocketStage { socket: control::socket_of(socket), speed };
    story.play(&mut stage).map_err(|error| error.to_string())
}

/// A word that came as one argument stays one word: it stands in double quotes, its own double quotes in single ones.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '\'', '"']) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('"', "\"'\"'\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Words;

    #[test]
    fn an_argument_stays_one_word_whatever_it_holds() {
        for word in ["plug", "", "a b", "it's", "\"", "'\"'", "desc=a \"b\" it's", "\t"] {
            let mut words = Words::new(&quoted(word)).unwrap();
            assert_eq!(words.next("").as_deref(), Ok(word));
            assert!(words.is_at_end(), "{word}");
        }
    }
}
