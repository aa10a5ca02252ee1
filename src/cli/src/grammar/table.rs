//! The table itself: every command, option and operand, with its line of help.

use super::{Arity, Command, Exclusive, Flag, Key, Meaning, Operand, Reach, Verb};

/// What the program is.
pub const ABOUT: &str = "Attach, detach and assign devices of Qubes OS";

/// Options that may stand before and behind the command word.
pub const COMMON: &[Flag] = &[
    Flag::new(Key::Verbose, &["verbose"], "Log each call to qubesd and each event on the error stream")
        .letter('v'),
    Flag::new(Key::Quiet, &["quiet"], "Say nothing but errors").letter('q'),
    Flag::new(Key::Help, &["help"], "Show this help and end").letter('h'),
    Flag::new(Key::Version, &["version"], "Show the version and end"),
    Flag::new(Key::ForceRoot, &["force-root"], ""),
    Flag::new(Key::Socket, &["socket"], "Socket of qubesd; else QUBESD_SOCKET, else the system's")
        .value("PATH", Meaning::File),
    Flag::new(
        Key::Timeout,
        &["timeout"],
        "Give up after that long, and tell what is known to have happened; watch says so and goes on",
    )
    .value("SECONDS", Meaning::Number),
    Flag::new(Key::Json, &["json"], "Print results as JSON, one object a line"),
];

/// Options that may stand before the command word only; `--list-device-classes` is found anywhere.
pub const TOP: &[Flag] = &[Flag::new(
    Key::ListClasses,
    &["list-device-classes", "list-classes"],
    "List the device classes and end",
)];

const VMNAME: Operand = Operand { name: "VMNAME", arity: Arity::One, meaning: Meaning::Qube };
const DEVICE: Operand = Operand { name: "BACKEND:DEVICE_ID", arity: Arity::One, meaning: Meaning::Device };
const SOME_DEVICE: Operand = Operand { arity: Arity::Optional, ..DEVICE };
const OPTION: Flag =
    Flag::new(Key::Option, &["option"], "Set an option of the attachment, such as frontend-dev=xvdi")
        .letter('o')
        .value("OPTION", Meaning::Option);
const READ_ONLY: Flag = Flag::new(Key::ReadOnly, &["ro"], "Attach read-only (the same as -o read-only=yes)");
const ONLY_PORT: Flag =
    Flag::new(Key::OnlyPort, &["port", "only-port"], "Mean whatever device is on that port");
const ONLY_DEVICE: Flag =
    Flag::new(Key::OnlyDevice, &["device", "only-device"], "Mean that device on whatever port");
const ONE_OF_PORT_AND_DEVICE: &[Exclusive] =
    &[Exclusive::Flag(Key::OnlyPort), Exclusive::Flag(Key::OnlyDevice)];

/// A command of one class without options of its own, to be completed.
const fn plain(verb: Verb, names: &'static [&'static str], about: &'static str) -> Command {
    let (flags, exclusive, operands): (&[Flag], &[&[Exclusive]], &[Operand]) = (&[], &[], &[]);
    Command { verb, names, about, reach: Reach::OneClass, flags, exclusive, operands, stand_in: None }
}

pub(super) const LIST: Command = Command {
    flags: &[
        Flag::new(Key::Assignments, &["assignments"], "List stored assignments as well").letter('s'),
        Flag::new(Key::Sbdf, &["with-sbdf", "resolve-paths"], "Show the address of PCI devices"),
        Flag::new(Key::All, &["all"], "List the devices of all qubes"),
        Flag::new(Key::Exclude, &["exclude"], "Leave this qube out of --all").value("VMNAME", Meaning::Qube),
    ],
    exclusive: &[&[Exclusive::Flag(Key::All), Exclusive::Operands]],
    operands: &[Operand { arity: Arity::Many, ..VMNAME }],
    ..plain(Verb::List, &["list", "ls", "l"], "List devices and who uses them")
};

const ATTACH: Command = Command {
    flags: &[
        OPTION,
        READ_ONLY,
        Flag::new(
            Key::Persistent,
            &["persistent"],
            "Assign it as required as well, so that it is there after a restart",
        )
        .letter('p'),
        Flag::new(Key::Wait, &["wait"], "Wait until the device is there and the qube runs")
            .perhaps_value("SECONDS", Meaning::Number),
        Flag::new(
            Key::Disposable,
            &["dispvm"],
            "Attach to a new disposable, in place of VMNAME, and name it",
        )
        .perhaps_value("TEMPLATE", Meaning::Template),
    ],
    exclusive: &[&[Exclusive::Flag(Key::Persistent), Exclusive::Flag(Key::Disposable)]],
    operands: &[VMNAME, DEVICE],
    stand_in: Some(Key::Disposable),
    ..plain(Verb::Attach, &["attach", "at", "a"], "Attach a device to a qube")
};

const DETACH: Command = Command {
    flags: &[Flag::new(Key::Shutdown, &["shutdown"], "Then shut the qube down")],
    operands: &[VMNAME, SOME_DEVICE],
    ..plain(Verb::Detach, &["detach", "d", "dt"], "Detach one device, or all of the class, from a qube")
};

const ASSIGN: Command = Command {
    flags: &[
        OPTION,
        READ_ONLY,
        Flag::new(Key::Required, &["required"], "The qube does not start without it").letter('r'),
        Flag::new(Key::Ask, &["ask", "ask-to-attach"], "Ask before each attaching"),
        ONLY_PORT,
        ONLY_DEVICE,
    ],
    exclusive: &[&[Exclusive::Flag(Key::Required), Exclusive::Flag(Key::Ask)], ONE_OF_PORT_AND_DEVICE],
    operands: &[VMNAME, DEVICE],
    ..plain(Verb::Assign, &["assign", "s"], "Attach a device whenever it and the qube are there")
};

const UNASSIGN: Command = Command {
    flags: &[ONLY_PORT, ONLY_DEVICE],
    exclusive: &[ONE_OF_PORT_AND_DEVICE],
    operands: &[VMNAME, SOME_DEVICE],
    ..plain(Verb::Unassign, &["unassign", "u"], "Drop one assignment, or all of the class, of a qube")
};

const INFO: Command = Command {
    operands: &[SOME_DEVICE],
    ..plain(Verb::Info, &["info", "i"], "Tell what a device says of itself")
};

const MOVE: Command = Command {
    flags: &[OPTION, READ_ONLY],
    operands: &[VMNAME, DEVICE],
    ..plain(
        Verb::Move,
        &["move"],
        "Take a device from where it is and attach it to a qube; put it back on failure",
    )
};

const EXPLAIN: Command = Command {
    flags: &[OPTION, READ_ONLY],
    operands: &[VMNAME, DEVICE],
    ..plain(Verb::Explain, &["explain"], "Tell whether an attach would work, and what is in the way")
};

const WATCH: Command = Command {
    reach: Reach::AllClasses,
    ..plain(Verb::Watch, &["watch"], "Print what changes, as it happens, until interrupted")
};

const DENIED: Command = Command {
    reach: Reach::AllClasses,
    operands: &[
        Operand { name: "ACTION", arity: Arity::One, meaning: Meaning::DenyVerb },
        VMNAME,
        Operand { name: "KIND", arity: Arity::Many, meaning: Meaning::Kind },
    ],
    ..plain(Verb::Denied, &["denied"], "List, add or remove kinds of devices that a qube must not be given")
};

const EXPORT: Command = Command {
    reach: Reach::AllClasses,
    operands: &[Operand { arity: Arity::Many, ..VMNAME }],
    ..plain(Verb::Export, &["export"], "Print stored assignments and deny lists as TOML")
};

const APPLY: Command = Command {
    reach: Reach::AllClasses,
    flags: &[Flag::new(Key::DryRun, &["dry-run"], "Only print the difference; exit 1 if there is one")],
    operands: &[Operand { name: "FILE", arity: Arity::One, meaning: Meaning::File }],
    ..plain(Verb::Apply, &["apply"], "Make assignments and deny lists as a file of export says")
};

/// What `-l` did in R3; no word names it.
pub const OLD_LIST: Command = plain(Verb::OldList, &[], "");

/// What `-d` with one operand did in R3; no word names it.
pub const OLD_DETACH: Command = plain(Verb::OldDetach, &[], "");

/// Every command.
pub const COMMANDS: &[Command] =
    &[LIST, ATTACH, DETACH, ASSIGN, UNASSIGN, INFO, MOVE, EXPLAIN, WATCH, DENIED, EXPORT, APPLY];
