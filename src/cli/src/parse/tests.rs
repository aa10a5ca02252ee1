//! The habits of the command line that scripts depend on, each as a law.

use super::*;
use crate::grammar::Verb;

fn program(name: &str) -> Program {
    Program::of_path(name)
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(Into::into).collect()
}

fn read(name: &str, line: &str) -> Result<Invocation, String> {
    match parse(&program(name), &words(line)) {
        Ok(Parsed::Run(invocation)) => Ok(invocation),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(format!("{}: {}", error.speaker, error.message)),
    }
}

#[test]
fn a_links_name_is_the_class() {
    for (name, line, class) in [
        ("qvm-usb", "list", "usb"),
        ("/usr/bin/qvm-webcam", "list", "webcam"),
        ("plugboard-pci", "list", "pci"),
        ("qvm-device", "block list", "block"),
        ("something", "mic", "mic"),
    ] {
        assert_eq!(read(name, line).unwrap().class.as_deref(), Some(class), "{name} {line}");
    }
}

#[test]
fn no_command_is_list() {
    assert_eq!(read("qvm-usb", "").unwrap().command.verb, Verb::List);
}

#[test]
fn options_and_operands_mix_in_any_order() {
    for line in [
        "attach work sys-usb:sda --ro -o a=b",
        "at --ro -oa=b work sys-usb:sda",
        "a work --option=a=b --ro -- sys-usb:sda",
        "attach -o=a=b work --ro sys-usb:sda",
        "attach --opt a=b work sys-usb:sda --r",
    ] {
        let read = read("qvm-block", line).unwrap();
        assert!(read.matches.has(Key::ReadOnly), "{line}");
        assert_eq!(read.matches.values(Key::Option).collect::<Vec<_>>(), ["a=b"], "{line}");
        assert_eq!(read.matches.operands(), ["work", "sys-usb:sda"], "{line}");
    }
}

#[test]
fn wrong_lines_get_the_known_sentences() {
    for (name, line, sentence) in [
        ("qvm-device", "", "qvm-device: the following arguments are required: DEVICE_CLASS"),
        ("qvm-usb", "attach work", "qvm-usb attach: the following arguments are required: BACKEND:DEVICE_ID"),
        (
            "qvm-device",
            "usb attach",
            "qvm-device DEVICE_CLASS attach: the following arguments are required: VMNAME, BACKEND:DEVICE_ID",
        ),
        ("qvm-usb", "list --nosuch", "qvm-usb: unrecognized arguments: --nosuch"),
        ("qvm-usb", "detach a b:c d", "qvm-usb: unrecognized arguments: d"),
        ("qvm-usb", "list --all work", "qvm-usb list: argument --all: not allowed with argument VMNAME"),
        ("qvm-usb", "attach a b:c -o", "qvm-usb attach: argument --option/-o: expected one argument"),
        ("qvm-usb", "attach a b:c --wait=", "qvm-usb attach: argument --wait: expected a value behind '='"),
        ("qvm-usb", "attach b:c --dispvm=", "qvm-usb attach: argument --dispvm: expected a value behind '='"),
        ("qvm-device", "apply", "qvm-device apply: the following arguments are required: FILE"),
        ("qvm-device", "denied list", "qvm-device denied: the following arguments are required: VMNAME"),
        ("qvm-usb", "attach a b:c --ro=1", "qvm-usb attach: argument --ro: ignored explicit argument '1'"),
        (
            "qvm-usb",
            "assign --required --ask a b:c",
            "qvm-usb assign: argument --ask/--ask-to-attach: not allowed with argument --required/-r",
        ),
        (
            "qvm-usb",
            "unassign a b:c --only-device --port",
            "qvm-usb unassign: argument --port/--only-port: not allowed with argument --device/--only-device",
        ),
        ("qvm-usb", "list --ver", "qvm-usb list: ambiguous option: --ver could match --verbose, --version"),
    ] {
        assert_eq!(read(name, line).unwrap_err(), sentence, "{line}");
    }
}

#[test]
fn quiet_counts_behind_the_command_word_only() {
    assert!(!read("qvm-usb", "-q list").unwrap().matches.has(Key::Quiet));
    assert!(read("qvm-usb", "list -qv").unwrap().matches.has(Key::Quiet));
}

#[test]
fn the_classes_are_listed_wherever_it_is_asked_for() {
    for line in ["--list-device-classes", "usb list --list-classes", "usb --list-device-classes"] {
        let parsed = parse(&program("qvm-device"), &words(line));
        assert!(matches!(parsed, Ok(Parsed::ListClasses(_))), "{line}");
    }
}

#[test]
fn what_is_repeated_is_made_safe() {
    let line = vec!["usb".to_owned(), "x\u{1b}[2J".to_owned()];
    let error = parse(&program("qvm-device"), &line).unwrap_err();
    assert!(error.message.contains("'x_[2J'"), "{}", error.message);
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in proptest::collection::vec("[-a-z=:* \0é]{0,12}", 0..6)) {
        let _ = parse(&program("qvm-device"), &line);
    }
}
