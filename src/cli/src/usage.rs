//! The program's own words: usage, help, version. All computed from [`crate::grammar`].

use std::fmt::Write as _;

use crate::grammar::{ABOUT, Arity, COMMANDS, COMMON, Command, Flag, Operand, Reach, TOP};
use crate::shown::shown;

/// Widest usage line, as the field's tools wrap theirs.
const LINE_MAX: usize = 79;

/// What the names of the programs begin with: those of the field's tool, and ours where both are installed.
const PREFIXES: [&str; 2] = ["qvm-", "plugboard-"];

/// Under which name the program was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its file name, as error sentences show it.
    pub name: String,
    /// The class that the name stands for; `None` = it is the first word of the command line.
    pub class: Option<String>,
}

impl Program {
    /// The program of this path: `qvm-X` and `plugboard-X` mean class X, anything else is `qvm-device`.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("qvm-device");
        let class = PREFIXES
            .into_iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .filter(|class| !matches!(*class, "" | "device"))
            .map(ToOwned::to_owned);
        Self { name: shown(name).to_string(), class }
    }

    /// The program beside this one that stands for `class`, or for all classes if that is `device`.
    #[must_use]
    pub fn beside(&self, class: &str) -> String {
        let prefix = PREFIXES.into_iter().find(|prefix| self.name.starts_with(prefix)).unwrap_or(PREFIXES[0]);
        format!("{prefix}{class}")
    }
}

/// Who speaks in an error sentence: the program, or the command within it.
#[must_use]
pub fn speaker(program: &Program, command: Option<&Command>) -> String {
    match (command, &program.class) {
        (None, _) => program.name.clone(),
        (Some(command), class) if class.is_some() || command.reach == Reach::AllClasses => {
            format!("{} {}", program.name, command.main_name())
        }
        (Some(command), _) => format!("{} DEVICE_CLASS {}", program.name, command.main_name()),
    }
}

/// `usage: …`, ending in a newline.
#[must_use]
pub fn usage(program: &Program, command: Option<&Command>) -> String {
    let mut words = Vec::new();
    if let Some(command) = command {
        words.extend(command.all_flags().filter_map(flag_usage));
        words.extend(command.operands.iter().map(operand_usage));
    } else {
        words.extend(COMMON.iter().chain(TOP).filter_map(flag_usage));
        if program.class.is_none() {
            words.push("DEVICE_CLASS".to_owned());
        }
        let names: Vec<_> = COMMANDS.iter().map(Command::main_name).collect();
        words.push(format!("{{{}}}", names.join(",")));
        words.push("...".to_owned());
    }
    wrap(&format!("usage: {}", speaker(program, command)), &words)
}

/// What `--help` prints.
#[must_use]
pub fn help(program: &Program, command: Option<&Command>) -> String {
    let mut text = usage(program, command);
    let Some(command) = command else {
        let _ = writeln!(text, "\n{ABOUT}\n\ncommands:");
        for command in COMMANDS {
            let _ = writeln!(text, "  {:<22}{}", command.names.join(", "), command.about);
        }
        text.push_str(&options(&mut COMMON.iter().chain(TOP)));
        for command in COMMANDS {
            let _ = writeln!(text, "\nCommand '{}':", command.main_name());
            for line in usage(program, Some(command)).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
        return text;
    };
    let _ = writeln!(text, "\n{}", command.about);
    text.push_str(&options(&mut command.all_flags()));
    text
}

/// What `--version` prints.
#[must_use]
pub fn version(program: &Program) -> String {
    format!("{} {}\n", program.name, env!("CARGO_PKG_VERSION"))
}

fn options(flags: &mut dyn Iterator<Item = &'static Flag>) -> String {
    let mut text = "\noptions:\n".to_owned();
    for flag in flags.filter(|flag| !flag.about.is_empty()) {
        let letter = flag.letter.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        let head = format!("{letter}{}", flag.with_value());
        let _ = match head.len() {
            ..22 => writeln!(text, "  {head:<22}{}", flag.about),
            _ => writeln!(text, "  {head}\n{:24}{}", "", flag.about),
        };
    }
    text
}

fn flag_usage(flag: &Flag) -> Option<String> {
    (!flag.about.is_empty()).then(|| format!("[{}]", flag.with_value()))
}

fn operand_usage(operand: &Operand) -> String {
    let name = operand.name;
    match operand.arity {
        Arity::One => name.to_owned(),
        Arity::Optional => format!("[{name}]"),
        Arity::Many => format!("[{name} ...]"),
    }
}

fn wrap(head: &str, words: &[String]) -> String {
    let (mut text, mut column) = (head.to_owned(), head.len());
    for word in words {
        if column + 1 + word.len() > LINE_MAX && column > head.len() {
            let _ = write!(text, "\n{:width$}", "", width = head.len());
            column = head.len();
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + word.len();
    }
    text.push('\n');
    text
}
