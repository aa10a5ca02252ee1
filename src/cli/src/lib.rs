//! The `qvm-device` command line: devices straight on the Admin API, without bus, tray or display.
//!
//! ```text
//! arguments ── line, parse (after grammar) ──▶ one of commands ── session ── errand ── ledger ──▶ Admin API
//!                                                   │
//!                                       rows ── table ──▶ console          failure ──▶ error stream, exit code
//! ```
//!
//! Output, exit codes and error sentences are those that scripts know from the tool of the field; `docs/cli.md` tells
//! where ours goes its own way.
//! This crate keeps no mirror: it reads what it needs, once, and ends.

pub mod commands;
pub mod complete;
pub mod device_word;
pub mod difference;
pub mod document;
pub mod errand;
pub mod events;
pub mod failure;
pub mod generate;
pub mod glob;
pub mod grammar;
pub mod hwdata;
pub mod interruption;
pub mod json;
pub mod kind;
pub mod ledger;
pub mod line;
pub mod offer;
pub mod older;
pub mod paint;
pub mod parse;
pub mod pci_address;
pub mod rows;
pub mod seconds;
pub mod session;
pub mod shelves;
pub mod shown;
pub mod table;
pub mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use device_core::client::AdminClient;
use device_core::transport::Transport;

pub use errand::Console;
use errand::{Errand, Manner};
use failure::Failure;
use grammar::{Key, Verb};
use ledger::Ledger;
use line::Line;
use parse::{Invocation, Matches};
use usage::Program;

/// Does what the arguments say, the first of which is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: Console<'_>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let program = Program::of_path(&arguments.next().unwrap_or_default().to_string_lossy());
    let Console { out, err, is_terminal, is_err_terminal, has_colour } = console;
    let borrowed = Console { out: &mut *out, err: &mut *err, is_terminal, is_err_terminal, has_colour };
    let outcome = read_and_run(&program, arguments, borrowed);
    match outcome.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // With the error stream gone too there is nobody left to tell.
            let _ = err.write_all(failure.text(&program.name).as_bytes());
            ExitCode::from(failure.code())
        }
    }
}

fn read_and_run(
    program: &Program,
    arguments: impl Iterator<Item = OsString>,
    console: Console<'_>,
) -> Result<(), Failure> {
    match line::read(program, arguments)? {
        Line::Print(text) => Ok(console.out.write_all(text.as_bytes())?),
        Line::Complete(words) => complete(program, &words, console),
        Line::ListClasses(matches) => {
            let ledger = ledger(&matches);
            let limit = limit(program, &matches)?;
            on_runtime(&matches, &ledger, limit, commands::classes::run(&ledger, console))
        }
        Line::Run { invocation, hint } => carry_out(program, invocation, hint, console),
    }
}

fn carry_out(
    program: &Program,
    invocation: Invocation,
    hint: Option<older::Hint>,
    console: Console<'_>,
) -> Result<(), Failure> {
    let Invocation { class, command, matches } = invocation;
    let ledger = ledger(&matches);
    let mut errand = Errand::new(ledger.clone(), program.clone(), Manner::of(&matches), console);
    if let Some(hint) = hint {
        errand.hint_at_line(hint);
    }
    let limit = limit(program, &matches)?;
    // Who watches does so until interrupted; the limit is that of the server's silence then.
    let (until, patience) = if command.verb == Verb::Watch { (None, limit) } else { (limit, None) };
    let work = commands::run(errand, class.as_deref(), command.verb, &matches, patience);
    match (command.verb, on_runtime(&matches, &ledger, until, work)) {
        // To be interrupted is how it ends.
        (Verb::Watch, Err(Failure::CutShort { .. })) => Ok(()),
        // What was done is done, whether or not the line about it found room.
        (_, Err(Failure::Unwritten(sentence))) => {
            let done = ledger.done().map(|done| format!(" {done}")).unwrap_or_default();
            Err(Failure::Unwritten(sentence + &done))
        }
        (_, outcome) => outcome,
    }
}

/// What a shell asks for: the words that fit behind these.
fn complete(program: &Program, words: &[String], console: Console<'_>) -> Result<(), Failure> {
    let matches = Matches::default();
    let ledger = ledger(&matches);
    let mut errand = Errand::new(ledger.clone(), program.clone(), Manner::Quiet, console);
    on_runtime(&matches, &ledger, None, async {
        let lines = offer::lines(&mut errand, &complete::wanted(program, words)).await;
        Ok(errand.console.out.write_all(lines.as_bytes())?)
    })
}

fn ledger(matches: &Matches) -> Ledger {
    let socket = matches.values(Key::Socket).last().map(PathBuf::from);
    Ledger::new(AdminClient::new(Transport::from_environment(socket)))
}

/// One thread, one run.
fn on_runtime(
    matches: &Matches,
    ledger: &Ledger,
    limit: Option<Duration>,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    if matches.has(Key::Verbose) {
        start_log();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("The system gives no event queue: {error}.")))?;
    runtime.block_on(interruption::bounded(ledger, limit, work))
}

fn limit(program: &Program, matches: &Matches) -> Result<Option<Duration>, Failure> {
    let Some(word) = matches.values(Key::Timeout).last() else { return Ok(None) };
    let limit = seconds::seconds("timeout", word);
    limit.map(Some).map_err(|text| parse::usage_error(program, None, &text).into())
}

/// Logs go to the error stream, and only when asked for: an ordinary run sets up nothing.
fn start_log() {
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(std::io::stderr).finish();
    // A second run in one process keeps the first log.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
