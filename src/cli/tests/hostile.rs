//! Anything at all as argument, anything at all as reply: exit code 0, 1 or 2, one sentence, and never a panic.
//!
//! The library is run in the test's own process: so words can hold what no other process can pass on, and thousands
//! of runs take seconds.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it does not expect ends there"
)]

mod support;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use qvm_device::grammar::{self, Arity, COMMANDS, Command, Meaning, Operand};
use support::inside::{Said, inside};
use support::parrot::Parrot;

/// Bad words for every place.
fn bad_words() -> Vec<OsString> {
    let mut words: Vec<OsString> =
        ["", "*", "..", "a:b:c:d", "a\nb", "a\0b", "é", "sys-usb:", ":", "sys-usb:*", "[", "-", "=", "a=\0"]
            .map(Into::into)
            .to_vec();
    words.push("x".repeat(65_536).into());
    words.push(format!("sys-usb:{}", "x".repeat(65_536)).into());
    words.push(OsString::from_vec(b"\xff\xfe:\x80".to_vec()));
    words
}

fn good_word(operand: &Operand) -> &'static str {
    match operand.meaning {
        Meaning::Qube | Meaning::Template => "work",
        Meaning::Device => "sys-usb:2-1",
        Meaning::Option => "a=b",
        Meaning::DenyVerb => "list",
        Meaning::Kind => "Camera",
        Meaning::File => "/nonexistent",
        Meaning::Number => "1",
    }
}

/// The command line of `command` with `bad` in the place of one operand or option value, for each of them.
fn lines_with(command: &Command, bad: &OsString) -> Vec<Vec<OsString>> {
    let good: Vec<OsString> = command.operands.iter().map(|operand| good_word(operand).into()).collect();
    let mut lines = Vec::new();
    for place in 0..good.len() {
        let mut line = good.clone();
        line[place].clone_from(bad);
        lines.push(line);
    }
    for flag in command.all_flags().filter(|flag| flag.names != ["socket"]) {
        let mut name = OsString::from(format!("--{}", flag.main_name()));
        if flag.value.is_some_and(|value| value.arity == Arity::Optional) {
            name.push("=");
            name.push(bad);
            lines.push([vec![name], good.clone()].concat());
        } else if flag.value.is_some() {
            lines.push([vec![name, bad.clone()], good.clone()].concat());
        }
    }
    for line in &mut lines {
        line.insert(0, command.main_name().into());
    }
    lines.push(vec![bad.clone()]);
    lines
}

#[test]
fn bad_words_in_every_place_end_in_one_sentence() {
    let server = Parrot::of_the_field();
    for bad in bad_words() {
        for command in COMMANDS {
            for line in lines_with(command, &bad) {
                is_orderly(&inside("qvm-usb", &line, &server.socket()), &line);
            }
        }
        is_orderly(&inside("qvm-device", &[bad.clone(), "list".into()], &server.socket()), &[bad]);
    }
}

/// One sentence at most, behind the usage where that is shown, and nothing that a terminal would obey.
#[track_caller]
fn is_orderly(said: &Said, line: &[OsString]) {
    let lines = said.stderr.lines().count();
    match said.code {
        0 => {}
        1 => assert_eq!(lines, 1, "{line:?}: {said:?}"),
        2 => assert!(said.stderr.starts_with("usage: ") && lines < 20, "{line:?}: {said:?}"),
        _ => panic!("{line:?}: {said:?}"),
    }
    let is_safe = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    assert!(said.stdout.chars().chain(said.stderr.chars()).all(is_safe), "{line:?}: {said:?}");
    let last = said.stderr.lines().last().unwrap_or_default();
    assert!(last.len() < 1000, "{line:?}: {last}");
}

/// Not `--socket`, which leads elsewhere, and not `--verbose`, which would fill the test's own log.
fn is_silent(flag: &grammar::Flag) -> bool {
    !matches!(flag.main_name(), "socket" | "verbose")
}

fn words() -> impl Strategy<Value = Vec<OsString>> {
    let known: Vec<String> = COMMANDS
        .iter()
        .flat_map(|command| command.names.iter().map(|name| (*name).to_owned()))
        .chain(COMMANDS.iter().flat_map(Command::all_flags).filter(|flag| is_silent(flag)).flat_map(|flag| {
            let letter = flag.letter.map(|letter| format!("-{letter}"));
            flag.names.iter().map(|name| format!("--{name}")).chain(letter)
        }))
        .chain(["work", "sys-usb:2-1", "sys-usb:*", "usb", "-a", "-l", "-d", "--"].map(Into::into))
        .collect();
    let word = prop_oneof![
        4 => prop::sample::select(known).prop_map(OsString::from),
        1 => "[-a-z=:*.]{0,12}".prop_map(OsString::from),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(OsString::from_vec),
    ];
    prop::collection::vec(word, 0..7)
}

/// A reply that looks more or less like one.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"2-1:a:b:c ".to_vec()),
        Just(b"sys-usb+2-1:a:b:c ".to_vec()),
        Just(b"device_id='a:b:c' port_id='2-1' ".to_vec()),
        Just(b"interfaces='u080650' attachment='work' ".to_vec()),
        Just(b"mode='auto-attach' frontend_domain='work' _a='b' ".to_vec()),
        Just(b"work class=AppVM state=Running".to_vec()),
        Just(b"work class=AppVM state=Running uuid=0".to_vec()),
        Just(b"2-1 mode=w size=10 description=a stick (A)".to_vec()),
        Just(b"sys-usb+2-1 read-only=no persistent=yes".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\0".to_vec()),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    let head = prop_oneof![
        6 => Just(b"0\0".to_vec()),
        1 => Just(b"2\0QubesException\0\0".to_vec()),
        1 => Just(b"1\0".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    (head, prop::collection::vec(piece, 0..8)).prop_map(|(head, pieces)| [head, pieces.concat()].concat())
}

fn is_endless(line: &[OsString]) -> bool {
    line.iter().any(|word| {
        let word = word.to_string_lossy();
        word.starts_with("--w") || grammar::command(&word).is_some_and(|c| c.verb == grammar::Verb::Watch)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_command_line_panics(line in words(), name in prop::sample::select(vec!["qvm-usb", "qvm-device", "qvm-block"])) {
        prop_assume!(!is_endless(&line));
        thread_local!(static SERVER: Parrot = Parrot::of_the_field());
        let said = SERVER.with(|server| inside(name, &line, &server.socket()));
        prop_assert!(said.code <= 2, "{said:?}");
    }

    #[test]
    fn no_reply_panics(
        replies in prop::collection::vec(reply(), 1..5),
        line in prop::sample::select(vec![
            "list", "list -s", "attach work sys-usb:2-1", "detach work", "detach work sys-usb:2-1",
            "assign work sys-usb:2-1", "unassign work", "info sys-usb:2-1", "--list-device-classes",
        ]),
    ) {
        thread_local!(static SERVER: Parrot = Parrot::of_the_field());
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let said = SERVER.with(|server| {
            server.repeats(replies.clone());
            inside("qvm-usb", &words, &server.socket())
        });
        is_orderly(&said, &words);
    }
}
