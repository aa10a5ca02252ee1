//! The `qvm-device` command line: devices straight on the Admin API, without bus, tray or display.
//!
//! ```text
//! arguments ── parse (after grammar) ──▶ one of commands ── session ──▶ Admin API
//!                                             │
//!                                 rows ── table ──▶ console          failure ──▶ error stream, exit code
//! ```
//!
//! Output, exit codes and error sentences are those that scripts know from the tool of the field; `ARCHITECTURE.md`
//! tells where ours goes its own way.
//! This crate keeps no mirror: it reads what it needs, once, and ends.

pub mod commands;
pub mod device_word;
pub mod failure;
pub mod glob;
pub mod grammar;
pub mod hwdata;
pub mod parse;
pub mod rows;
pub mod session;
pub mod shown;
pub mod table;
pub mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use device_core::client::AdminClient;
use device_core::name::DeviceClass;
use device_core::transport::Transport;

use failure::Failure;
use grammar::Key;
use parse::{Invocation, Matches, Parsed};
pub use session::Console;
use session::Session;
use usage::Program;

/// Does what the arguments say, the first of which is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: Console<'_>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let program = Program::of_path(&arguments.next().unwrap_or_default().to_string_lossy());
    let Console { out, err, is_terminal } = console;
    let outcome = read_and_run(&program, arguments, Console { out: &mut *out, err: &mut *err, is_terminal });
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
    let arguments = texts(program, arguments)?;
    match parse::parse(program, &arguments)? {
        Parsed::Show(text) => Ok(console.out.write_all(text.as_bytes())?),
        Parsed::ListClasses(matches) => {
            on_runtime(&matches, async { commands::classes::run(&client(&matches), console).await })
        }
        Parsed::Run(invocation) => {
            on_runtime(&invocation.matches, run_command(program, &invocation, console))
        }
    }
}

async fn run_command(
    program: &Program,
    invocation: &Invocation,
    console: Console<'_>,
) -> Result<(), Failure> {
    let class = DeviceClass::new(&invocation.class)
        .map_err(|_| Failure::Refused(commands::list::no_such_class(&invocation.class)))?;
    let matches = &invocation.matches;
    let mut session = Session::new(client(matches), class, program.clone(), matches.has(Key::Quiet), console);
    commands::run(&mut session, invocation.command.verb, matches).await
}

fn client(matches: &Matches) -> AdminClient {
    let socket = matches.values(Key::Socket).last().map(PathBuf::from);
    AdminClient::new(Transport::from_environment(socket))
}

/// One thread, one run.
fn on_runtime(matches: &Matches, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    start_log(matches.count(Key::Verbose));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("The system gives no event queue: {error}.")))?;
    runtime.block_on(work)
}

/// Logs go to the error stream, and only when asked for: an ordinary run sets up nothing.
fn start_log(verbosity: usize) {
    let level = match verbosity {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).finish();
    // A second run in one process keeps the first log.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn texts(program: &Program, arguments: impl Iterator<Item = OsString>) -> Result<Vec<String>, Failure> {
    arguments
        .map(|argument| {
            argument.into_string().map_err(|bad| {
                let text = format!("argument is no text: '{}'", shown::shown(&bad.to_string_lossy()));
                parse::usage_error(program, None, &text).into()
            })
        })
        .collect()
}
