//! What may stand on the command line: one table of commands, options and operands.
//!
//! Reading the arguments, the usage text, the manual page and the completions all come from here; nothing else
//! knows an option's name.

/// What an option stands for, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below says what each one does")]
pub enum Key {
    Verbose,
    Quiet,
    Help,
    Version,
    ForceRoot,
    ListClasses,
    Socket,
    All,
    Exclude,
    Assignments,
    Sbdf,
    Option,
    ReadOnly,
    Persistent,
    Required,
    Ask,
    OnlyPort,
    OnlyDevice,
}

/// One option.
#[derive(Debug)]
pub struct Flag {
    /// What it stands for.
    pub key: Key,
    /// Its long names; the first one is shown.
    pub names: &'static [&'static str],
    /// Its letter.
    pub letter: Option<char>,
    /// What its value is called; `None` = it takes none.
    pub value: Option<&'static str>,
    /// One line of help; empty = the option is not shown.
    pub about: &'static str,
}

impl Flag {
    const fn new(key: Key, names: &'static [&'static str], about: &'static str) -> Self {
        Self { key, names, letter: None, value: None, about }
    }

    const fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }

    const fn value(mut self, value: &'static str) -> Self {
        self.value = Some(value);
        self
    }

    /// The name that usage shows.
    #[must_use]
    pub fn main_name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// All its names, as error sentences spell them.
    #[must_use]
    pub fn all_names(&self) -> String {
        let long = self.names.iter().map(|name| format!("--{name}"));
        let short = self.letter.iter().map(|letter| format!("-{letter}"));
        long.chain(short).collect::<Vec<_>>().join("/")
    }
}

/// How often an operand may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly once.
    One,
    /// Once or not at all.
    Optional,
    /// As often as one likes.
    Many,
}

/// What an operand names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A qube.
    Qube,
    /// A device or port.
    Device,
}

/// One operand.
#[derive(Debug)]
pub struct Operand {
    /// What usage calls it.
    pub name: &'static str,
    /// How often.
    pub arity: Arity,
    /// What it names.
    pub meaning: Meaning,
}

/// Which command was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below says what each one does")]
pub enum Verb {
    List,
    Attach,
    Detach,
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Which one.
    pub verb: Verb,
    /// Its name, then its other names.
    pub names: &'static [&'static str],
    /// One line of help.
    pub about: &'static str,
    /// Its own options, besides [`COMMON`].
    pub flags: &'static [Flag],
    /// Groups of options and operands that exclude each other.
    pub exclusive: &'static [&'static [Exclusive]],
    /// Its operands, in order.
    pub operands: &'static [Operand],
}

/// A member of a group that excludes each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusive {
    /// This option.
    Flag(Key),
    /// The operands.
    Operands,
}

impl Command {
    /// The name that usage shows.
    #[must_use]
    pub fn main_name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Every option that may stand behind the command word.
    pub fn all_flags(&self) -> impl Iterator<Item = &'static Flag> {
        COMMON.iter().chain(self.flags)
    }
}

/// Finds a command by any of its names.
#[must_use]
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.names.contains(&name))
}

/// The command that runs when none is named.
#[must_use]
pub fn default_command() -> &'static Command {
    &LIST
}

/// What the program is.
pub const ABOUT: &str = "Qubes volume and block device management";

/// Options that may stand before and behind the command word.
pub const COMMON: &[Flag] = &[
    Flag::new(Key::Verbose, &["verbose"], "Log what is done; twice for every byte").letter('v'),
    Flag::new(Key::Quiet, &["quiet"], "Say nothing but errors").letter('q'),
    Flag::new(Key::Help, &["help"], "Show this help and end").letter('h'),
    Flag::new(Key::Version, &["version"], "Show the version and end"),
    Flag::new(Key::ForceRoot, &["force-root"], ""),
    Flag::new(Key::Socket, &["socket"], "Socket of qubesd; else QUBESD_SOCKET, else the system's")
        .value("PATH"),
];

/// Options that may stand before the command word only; `--list-device-classes` is found anywhere.
pub const TOP: &[Flag] = &[Flag::new(
    Key::ListClasses,
    &["list-device-classes", "list-classes"],
    "List the device classes and end",
)];

const VMNAME: Operand = Operand { name: "VMNAME", arity: Arity::One, meaning: Meaning::Qube };
const DEVICE: Operand = Operand { name: "BACKEND:DEVICE_ID", arity: Arity::One, meaning: Meaning::Device };
const OPTION: Flag =
    Flag::new(Key::Option, &["option"], "Set an option of the attachment, such as frontend-dev=xvdi")
        .letter('o')
        .value("OPTION");
const READ_ONLY: Flag = Flag::new(Key::ReadOnly, &["ro"], "Attach read-only (the same as -o read-only=yes)");

const LIST: Command = Command {
    verb: Verb::List,
    names: &["list", "ls", "l"],
    about: "List devices and who uses them",
    flags: &[
        Flag::new(Key::Assignments, &["assignments"], "List stored assignments as well").letter('s'),
        Flag::new(Key::Sbdf, &["with-sbdf", "resolve-paths"], "Show the address of PCI devices"),
        Flag::new(Key::All, &["all"], "List the devices of all qubes"),
        Flag::new(Key::Exclude, &["exclude"], "Leave this qube out of --all").value("VMNAME"),
    ],
    exclusive: &[&[Exclusive::Flag(Key::All), Exclusive::Operands]],
    operands: &[Operand { arity: Arity::Many, ..VMNAME }],
};

/// Every command.
pub const COMMANDS: &[Command] = &[
    LIST,
    Command {
        verb: Verb::Attach,
        names: &["attach", "at", "a"],
        about: "Attach a device to a qube",
        flags: &[
            OPTION,
            READ_ONLY,
            Flag::new(
                Key::Persistent,
                &["persistent"],
                "Assign it as required as well, so that it is there after a restart",
            )
            .letter('p'),
        ],
        exclusive: &[],
        operands: &[VMNAME, DEVICE],
    },
    Command {
        verb: Verb::Detach,
        names: &["detach", "d", "dt"],
        about: "Detach one device, or all of the class, from a qube",
        flags: &[],
        exclusive: &[],
        operands: &[VMNAME, Operand { arity: Arity::Optional, ..DEVICE }],
    },
];
