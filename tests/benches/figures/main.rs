//! `./dev bench`: what the programs cost, measured from outside while they run as on a desktop.
//!
//! ```text
//!   simulator ── relay ── plugboardd ── bus ── plugboard ── display
//!       │          │                     │                     │
//!     server    calls, and            signals, panel and    windows mapped,
//!   (the floor)  their pace           notifications         keys pressed        all stamped by the bench
//! ```
//!
//! Each figure is a file that starts what it needs (`desktop.rs`), measures, and gives back rows (`page.rs`). Nothing
//! in here fails a build: a figure that is missed is written down as missed.
//!
//! With names of figures as words only these are measured. The page goes to standard output, progress to standard error.

mod bus;
mod calls;
mod command_line;
mod desktop;
mod disks;
mod display;
mod drawing;
mod event;
mod faces;
mod idle;
mod menu;
mod open;
mod page;
mod process;
mod programs;
mod relay;
mod series;
mod server;
mod service;
mod share;
mod start;
mod user;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use page::{Section, Verdict};

/// What a step gives back, or why the figure could not be taken.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// A figure: the word for it, its heading, and how it is taken.
type Figure = (&'static str, &'static str, fn() -> Outcome<Section>);

const FIGURES: [Figure; 7] = [
    ("start", start::TITLE, start::measure),
    ("calls", calls::TITLE, calls::measure),
    ("menu", menu::TITLE, menu::measure),
    ("open", open::TITLE, open::measure),
    ("event", event::TITLE, event::measure),
    ("idle", idle::TITLE, idle::measure),
    ("cli", command_line::TITLE, command_line::measure),
];

fn main() -> ExitCode {
    // `cargo bench` adds this word of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let unknown = words.iter().find(|word| FIGURES.iter().all(|(name, ..)| name != word));
    if let Some(word) = unknown {
        let names = FIGURES.map(|(name, ..)| name).join(", ");
        eprintln!("There is no figure named {word}; there are {names}.");
        return ExitCode::from(2);
    }
    match page::head() {
        Ok(head) => print!("{head}"),
        Err(error) => eprintln!("The machine can't be described: {error}"),
    }
    let mut missed = Vec::new();
    for (name, title, measure) in FIGURES {
        if !words.is_empty() && words.iter().all(|word| word != name) {
            continue;
        }
        let started = Instant::now();
        eprintln!("measuring: {title}");
        let section = measure().unwrap_or_else(|error| Section::failed(title, &error.to_string()));
        println!("\n{}", section.text(&page::load()).trim_end());
        let not_met = section.rows.iter().filter(|row| row.verdict == Verdict::NotMet);
        missed.extend(not_met.map(|row| format!("{}: {}, aim {}", row.figure, row.measured, row.aim)));
        eprintln!("  took {:.0} s", started.elapsed().as_secs_f64());
    }
    eprintln!("{} figures are not met", missed.len());
    for figure in missed {
        eprintln!("  {figure}");
    }
    ExitCode::SUCCESS
}
