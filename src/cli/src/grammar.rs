//! What may stand on the command line: commands, options and operands, as data.
//!
//! Reading the arguments, the usage text, the manual page and the completions all come from [`table`]; nothing else
//! knows an option's name.

pub mod table;

pub use table::{ABOUT, COMMANDS, COMMON, TOP};

/// What an option stands for, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table says what each one does")]
pub enum Key {
    Verbose,
    Quiet,
    Help,
    Version,
    ForceRoot,
    ListClasses,
    Socket,
    Json,
    Timeout,
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
    Wait,
    Disposable,
    Shutdown,
    DryRun,
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
    /// Its value; `None` = it takes none. One that may be left out is only taken behind `=`.
    pub value: Option<Operand>,
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

    const fn value(mut self, name: &'static str, meaning: Meaning) -> Self {
        self.value = Some(Operand { name, arity: Arity::One, meaning });
        self
    }

    const fn perhaps_value(mut self, name: &'static str, meaning: Meaning) -> Self {
        self.value = Some(Operand { name, arity: Arity::Optional, meaning });
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

    /// The main name with its value: `--wait[=SECONDS]`.
    #[must_use]
    pub fn with_value(&self) -> String {
        let name = self.main_name();
        match self.value {
            None => format!("--{name}"),
            Some(Operand { name: value, arity: Arity::Optional, .. }) => format!("--{name}[={value}]"),
            Some(Operand { name: value, .. }) => format!("--{name} {value}"),
        }
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

/// What an operand names; completions offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A qube.
    Qube,
    /// A qube that disposables can be based on.
    Template,
    /// A device or port.
    Device,
    /// `KEY=VALUE` of an attachment.
    Option,
    /// What to do with a deny list.
    DenyVerb,
    /// A category of devices, or an interface code.
    Kind,
    /// A file.
    File,
    /// A number.
    Number,
}

/// One operand, or the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[expect(missing_docs, reason = "the table says what each one does")]
pub enum Verb {
    List,
    Attach,
    Detach,
    Assign,
    Unassign,
    Info,
    Move,
    Explain,
    Watch,
    Denied,
    Export,
    Apply,
    OldList,
    OldDetach,
}

/// Whether a command speaks of one device class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Of exactly one; it has to be named.
    OneClass,
    /// Of all, unless one is named.
    AllClasses,
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
    /// Whether it needs a class.
    pub reach: Reach,
    /// Its own options, besides [`COMMON`].
    pub flags: &'static [Flag],
    /// Groups of options and operands that exclude each other.
    pub exclusive: &'static [&'static [Exclusive]],
    /// Its operands, in order.
    pub operands: &'static [Operand],
    /// An option that stands for the first operand.
    pub stand_in: Option<Key>,
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

    /// The operands that remain when `given` says which options stand there.
    #[must_use]
    pub fn operands_beside(&self, given: impl Fn(Key) -> bool) -> &'static [Operand] {
        match self.stand_in {
            Some(key) if given(key) => self.operands.get(1..).unwrap_or_default(),
            _ => self.operands,
        }
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
    &table::LIST
}
