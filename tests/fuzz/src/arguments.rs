//! Foreign bytes as a command line, from the words to the first call that finds no server.
//!
//! The bytes are cut at NUL, as the system passes arguments; the first word is the name of the program.
//! No word leads anywhere: the server is a socket that nobody serves, and the file of `apply` is the word itself.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use device_core::client::AdminClient;
use device_core::name::QubeName;
use device_core::transport::Transport;
use qvm_device::document::{self, Stored};
use qvm_device::errand::{Console, Errand, Manner};
use qvm_device::failure::Failure;
use qvm_device::grammar::{Arity, Key, Meaning, Reach, Verb};
use qvm_device::ledger::Ledger;
use qvm_device::line::{self, Line};
use qvm_device::older::Hint;
use qvm_device::parse::{Invocation, Matches};
use qvm_device::usage::Program;
use qvm_device::{commands, complete, device_word, glob, kind, offer, pci_address, seconds};
use tokio::runtime::{Builder, Runtime};

use crate::law;

/// Most words of one line.
const WORDS_MAX: usize = 32;
/// Longest last line of an error, in bytes: one sentence, with a few words of the line in it.
const SENTENCE_MAX: usize = 1000;
/// Longest text that is printed without a server, in bytes: the manual page.
const PRINTED_MAX: usize = 64 << 10;
/// How often it may repeat the names that it is to give the programs.
const REPEATED_MAX: usize = 64;

/// Reads the line, and carries out what needs no server.
///
/// # Panics
/// Where a law does not hold: that is a find.
pub fn run(data: &[u8]) {
    let mut words =
        data.split(|byte| *byte == 0).take(WORDS_MAX).map(|word| OsString::from_vec(word.to_vec()));
    let program = Program::of_path(&words.next().unwrap_or_default().to_string_lossy());
    law::is_printable(&program.name);
    match line::read(&program, words) {
        Err(failure) => is_orderly(&failure, &program),
        Ok(Line::Print(text)) => {
            assert!(!text.is_empty() && text.len() <= PRINTED_MAX + REPEATED_MAX * data.len());
        }
        Ok(Line::Complete(words)) => completes(&program, &words),
        Ok(Line::ListClasses(_)) => {}
        Ok(Line::Run { invocation, hint }) => {
            means(&invocation);
            if !leads_out(&invocation) {
                carry_out(&program, invocation, hint);
            }
        }
    }
}

/// Whether the command reads a file, or goes on until something comes that never comes here.
fn leads_out(invocation: &Invocation) -> bool {
    matches!(invocation.command.verb, Verb::Apply | Verb::Watch) || invocation.matches.has(Key::Wait)
}

/// What the words mean, as far as they tell it by themselves.
fn means(invocation: &Invocation) {
    let Invocation { class, command, matches } = invocation;
    let operands = command.operands_beside(|key| matches.has(key));
    for (place, operand) in operands.iter().enumerate() {
        assert!(
            operand.arity != Arity::One || matches.operand(place).is_some(),
            "{} is missing",
            operand.name
        );
    }
    let last = operands.last().filter(|operand| operand.arity == Arity::Many);
    for (place, word) in matches.operands().iter().enumerate() {
        if let Some(operand) = operands.get(place).or(last) {
            is_word(operand.meaning, word);
        }
    }
    for flag in command.all_flags() {
        let meaning = flag.value.map(|value| value.meaning);
        matches
            .values(flag.key)
            .for_each(|word| meaning.into_iter().for_each(|meaning| is_word(meaning, word)));
    }
    assert!(class.is_some() || command.reach == Reach::AllClasses);
}

/// Reads a word as what it stands for; what refuses it does so in one sentence.
fn is_word(meaning: Meaning, word: &str) {
    let sentence = match meaning {
        Meaning::Qube | Meaning::Template => {
            let _ = (glob::is_pattern(word), glob::matches(word, "sys-usb"));
            QubeName::new(word).err().map(|error| error.to_string())
        }
        Meaning::Device => {
            if let Some(address) = pci_address::in_full(word) {
                assert_eq!(pci_address::in_full(&address), Some(address));
            }
            device_word::DeviceWord::new(word)
                .map_err(Some)
                .map_or_else(|sentence| sentence, |device| Some(device.shown()))
        }
        Meaning::Kind => kind::codes(word).err(),
        Meaning::File => {
            document::read(word).map_err(Some).map_or_else(|sentence| sentence, |stored| stays(&stored))
        }
        Meaning::Number => seconds::seconds("timeout", word).err(),
        Meaning::Option | Meaning::DenyVerb => None,
    };
    if let Some(sentence) = sentence {
        law::is_printable(&sentence);
        assert!(sentence.len() <= SENTENCE_MAX, "{sentence}");
    }
}

/// A file that can be read is written so that it is read the same.
fn stays(stored: &Stored) -> Option<String> {
    let written = document::write(stored, "qvm-device").expect("what was read can be written");
    assert_eq!(document::read(&written).as_ref(), Ok(stored), "{written}");
    document::against_the_rules(stored)
}

fn completes(program: &Program, words: &[String]) {
    let wanted = complete::wanted(program, words);
    let typed = words.last().map_or("", String::as_str);
    assert_eq!(format!("{}{}", wanted.lead, wanted.typed), typed);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut errand = errand(program, &Matches::default(), &mut out, &mut err);
    let lines = block_on(offer::lines(&mut errand, &wanted));
    assert!(lines.len() <= PRINTED_MAX, "{lines}");
}

/// Carries the command out where no server is.
fn carry_out(program: &Program, invocation: Invocation, hint: Option<Hint>) {
    let Invocation { class, command, matches } = invocation;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut errand = errand(program, &matches, &mut out, &mut err);
    if let Some(hint) = hint {
        errand.hint_at_line(hint);
    }
    let outcome = block_on(commands::run(errand, class.as_deref(), command.verb, &matches, None));
    if let Err(failure) = outcome {
        is_orderly(&failure, program);
    }
    assert!(out.is_empty(), "nothing is known that could be printed");
    let hints = String::from_utf8(err).expect("text");
    assert!(hints.lines().count() <= 2, "{hints}");
    hints.lines().for_each(law::is_printable);
}

fn errand<'a>(
    program: &Program,
    matches: &Matches,
    out: &'a mut Vec<u8>,
    err: &'a mut Vec<u8>,
) -> Errand<'a> {
    let nowhere = Transport::socket("/nonexistent/qubesd.sock");
    let console = Console { out, err, is_terminal: false, is_err_terminal: false, has_colour: false };
    Errand::new(Ledger::new(AdminClient::new(nowhere)), program.clone(), Manner::of(matches), console)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    thread_local!(static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a queue"));
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Exit code 1 with one sentence, or 2 with the usage before it; and nothing that a terminal would obey.
fn is_orderly(failure: &Failure, program: &Program) {
    let text = failure.text(&program.name);
    let lines = text.lines().count();
    match failure.code() {
        1 => assert_eq!(lines, 1, "{text}"),
        2 => assert!(text.starts_with("usage: ") && lines < 20, "{text}"),
        code => panic!("exit code {code}: {text}"),
    }
    text.lines().for_each(law::is_printable);
    let sentence = text.lines().last().unwrap_or_default();
    assert!(sentence.len() <= SENTENCE_MAX, "{sentence}");
}
