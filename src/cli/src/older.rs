//! The forms of R3: options in place of commands (`qvm-usb -a work sys-usb:2-5`), read into today's commands.
//!
//! Chosen by what was typed: a mode such as `-l`, `-a` or `-d`, and no command of today. Where its output or effect was
//! another one, a command of its own stands for it; a hint names today's form.
//!
//! # Source
//! Admin API facts 6.5.

use crate::grammar::{self, Command, Key, Verb, table};
use crate::parse::{Invocation, Matches, UsageError, usage_error};
use crate::pci_address::in_full;
use crate::usage::Program;

/// A line in an older form, as what it means today.
#[derive(Debug)]
pub struct Older {
    /// What to do.
    pub invocation: Invocation,
    /// Today's form.
    pub hint: Hint,
}

/// Today's form of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Hint {
    /// The whole line.
    Whole(String),
    /// The line up to its device, which has to be looked up by its address.
    UpToDevice(String),
}

/// Reads the line if it is in an older form.
///
/// # Errors
/// What is wrong with a line that is.
#[must_use]
pub fn read(program: &Program, words: &[String]) -> Option<Result<Older, UsageError>> {
    let class = program.class.clone()?;
    let line = Line::of(words)?;
    Some(line.older(&program.name, &class).map_err(|sentence| usage_error(program, None, &sentence)))
}

/// What a line of that time says.
#[derive(Default)]
struct Line {
    modes: Vec<char>,
    flags: Vec<(Key, String)>,
    moves: bool,
    operands: Vec<String>,
}

impl Line {
    /// `None` = the line is not in an older form, or could as well be one of today.
    fn of(words: &[String]) -> Option<Self> {
        let mut line = Self { moves: true, ..Self::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if let Some((key, value)) = with_value(word, || words.next().cloned()) {
                line.flags.push((key, value?));
                continue;
            }
            match word.as_str() {
                "-l" | "--list" => line.modes.push('l'),
                "-a" | "--attach" => line.modes.push('a'),
                "-d" | "--detach" => line.modes.push('d'),
                "-A" | "--attach-file" => line.modes.push('A'),
                "-C" | "--add-class" => line.modes.push('C'),
                "--ro" => line.flags.push((Key::ReadOnly, String::new())),
                "--no-auto-detach" => line.moves = false,
                "-q" | "--quiet" => line.flags.push((Key::Quiet, String::new())),
                "-v" | "--verbose" => line.flags.push((Key::Verbose, String::new())),
                "--force-root" => {}
                "--json" => line.flags.push((Key::Json, String::new())),
                word if word.starts_with('-') => return None,
                word if line.operands.is_empty() && grammar::command(word).is_some() => return None,
                word => line.operands.push(word.to_owned()),
            }
        }
        (!line.modes.is_empty()).then_some(line)
    }

    fn older(self, program: &str, class: &str) -> Result<Older, String> {
        let operands: Vec<&str> = self.operands.iter().map(String::as_str).collect();
        let made = |command, operands: &[&str], today: &str| {
            let words: Vec<_> = std::iter::once(program.to_owned())
                .chain(today.split(' ').map(ToOwned::to_owned))
                .chain(self.given().filter(|word| word == "--json"))
                .collect();
            Ok(self.made(class, command, operands, Hint::Whole(words.join(" "))))
        };
        let today = |command, operands: &[&str]| self.today(program, class, command, operands);
        match (self.modes.as_slice(), class, operands.as_slice()) {
            (['l' | 'd'], ..) if self.flags.iter().any(is_other_option) => {
                Err("-o belongs to -a: only what is attached takes options.".into())
            }
            (['l'], "pci", [qube]) => made(self.list_form(), &[qube], &format!("list --assignments {qube}")),
            (['l'], _, []) => made(self.list_form(), &[], "list"),
            (['l'], _, _) => Err("Only one VM can be listed, and of PCI devices only.".into()),
            (['a'], "pci", [_, _]) => today("assign", &operands),
            (['a'], "block", [_, _]) if self.moves => today("move", &operands),
            (['a'], _, [_, _]) => today("attach", &operands),
            (['a'], ..) => Err("You must provide vm name and device!".into()),
            (['d'], "pci", [_, _]) => today("unassign", &operands),
            (['d'], _, [device, qube]) if device.contains(':') => today("detach", &[qube, device]),
            (['d'], _, [device]) if device.contains(':') => {
                made(&table::OLD_DETACH, &[device], &format!("detach VMNAME {device}"))
            }
            (['d'], _, [qube]) if self.flags.iter().any(|(key, _)| *key == Key::Option) => {
                made(&table::OLD_DETACH, &[qube], &format!("detach {qube} DEVICE"))
            }
            (['d'], _, [_] | [_, _]) => today("detach", &operands),
            (['d'], ..) => Err("You must provide vm name or device!".into()),
            (['A'], ..) => Err(format!(
                "Attaching a file takes two steps today: make a loop device of it in its qube (losetup), then \
                 {program} attach VMNAME BACKEND:loopN"
            )),
            (['C'], ..) => {
                Err(format!("PCI devices are assigned one by one today: {program} assign --required"))
            }
            _ => Err("Only one of -l -a -d is allowed!".into()),
        }
    }

    /// What `-l` stands for: JSON has one form only, today's.
    fn list_form(&self) -> &'static Command {
        let is_json = self.flags.iter().any(|(key, _)| *key == Key::Json);
        if is_json { grammar::default_command() } else { &table::OLD_LIST }
    }

    /// The options as today's form has them.
    fn given(&self) -> impl Iterator<Item = String> {
        self.flags.iter().filter_map(|(key, value)| match key {
            Key::Option => Some(format!("-o {value}")),
            Key::ReadOnly => Some("--ro".to_owned()),
            Key::Timeout => Some(format!("--timeout {value}")),
            Key::Json => Some("--json".to_owned()),
            _ => None,
        })
    }

    /// A command of today does it.
    fn today(&self, program: &str, class: &str, command: &str, operands: &[&str]) -> Result<Older, String> {
        let Some(command) = grammar::command(command) else { return Err(format!("no {command}")) };
        let is_looked_up = class == "pci" && operands.last().is_some_and(|word| in_full(word).is_some());
        let shown = if is_looked_up { operands.get(..1).unwrap_or_default() } else { operands };
        let required = (command.verb == Verb::Assign).then(|| "--required".to_owned());
        let words: Vec<_> = [program.to_owned(), command.main_name().to_owned()]
            .into_iter()
            .chain(required)
            .chain(self.given())
            .chain(shown.iter().map(|operand| (*operand).to_owned()))
            .collect();
        let hint = if is_looked_up { Hint::UpToDevice } else { Hint::Whole };
        Ok(self.made(class, command, operands, hint(words.join(" "))))
    }

    fn made(&self, class: &str, command: &'static Command, operands: &[&str], hint: Hint) -> Older {
        let mut flags = self.flags.clone();
        match command.verb {
            Verb::Assign => flags.push((Key::Required, String::new())),
            Verb::List if class == "pci" => flags.push((Key::Assignments, String::new())),
            _ => {}
        }
        let operands = operands.iter().map(|operand| (*operand).to_owned()).collect();
        let matches = Matches::new(flags, operands);
        Older { invocation: Invocation { class: Some(class.to_owned()), command, matches }, hint }
    }
}

/// An option that takes a value, which stands behind it, behind `=`, or right behind the letter; `Some(None)` = the value
/// is missing.
fn with_value(word: &str, next: impl FnOnce() -> Option<String>) -> Option<(Key, Option<String>)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ => match word.strip_prefix("-o") {
            Some(value) if !value.is_empty() => ("-o", Some(value.strip_prefix('=').unwrap_or(value))),
            _ => (word, None),
        },
    };
    let key = match name {
        "-f" | "--frontend" | "-o" | "--option" => Key::Option,
        "--socket" => Key::Socket,
        "--timeout" => Key::Timeout,
        _ => return None,
    };
    let value = value.map(ToOwned::to_owned).or_else(next);
    let node =
        |value| if matches!(name, "-f" | "--frontend") { format!("frontend-dev={value}") } else { value };
    Some((key, value.map(node)))
}

/// Whether it is another option than the node, which `-d` knows a disk by.
fn is_other_option((key, value): &(Key, String)) -> bool {
    *key == Key::Option && !value.starts_with("frontend-dev=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(program: &str, line: &str) -> Option<String> {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        let older = read(&Program::of_path(program), &words)?;
        Some(match older {
            Err(error) => error.message,
            Ok(Older { hint: Hint::Whole(line), .. }) => line,
            Ok(Older { hint: Hint::UpToDevice(line), .. }) => format!("{line} …"),
        })
    }

    #[test]
    fn each_older_form_has_its_form_of_today() {
        for (program, line, today) in [
            ("qvm-usb", "-l", "qvm-usb list"),
            ("qvm-usb", "-a conferences sys-usb:2-5", "qvm-usb attach conferences sys-usb:2-5"),
            ("qvm-block", "-a personal dom0:sdb", "qvm-block move personal dom0:sdb"),
            (
                "qvm-block",
                "-a -f xvdj --ro --no-auto-detach work sys-usb:sda",
                "qvm-block attach -o frontend-dev=xvdj --ro work sys-usb:sda",
            ),
            ("qvm-block", "-d sys-usb:sda work", "qvm-block detach work sys-usb:sda"),
            ("qvm-block", "work -d sys-usb:sda", "qvm-block detach work sys-usb:sda"),
            ("qvm-usb", "-d sys-usb:2-5", "qvm-usb detach VMNAME sys-usb:2-5"),
            ("qvm-usb", "-d work", "qvm-usb detach work"),
            ("qvm-pci", "-l work", "qvm-pci list --assignments work"),
            ("qvm-pci", "-a work 00:1a.0", "qvm-pci assign --required work …"),
            ("qvm-pci", "-a work dom0:00_1a.0", "qvm-pci assign --required work dom0:00_1a.0"),
            ("qvm-pci", "-d work 00:1a.0", "qvm-pci unassign work …"),
            (
                "qvm-pci",
                "-a projects 00_1f.3 -o permissive=false --timeout=9",
                "qvm-pci assign --required -o permissive=false --timeout 9 projects …",
            ),
            (
                "qvm-block",
                "-oread-only=yes --json -a work sys-usb:sda",
                "qvm-block move -o read-only=yes --json work sys-usb:sda",
            ),
            ("qvm-usb", "-l --json", "qvm-usb list --json"),
            ("qvm-usb", "-l -o a=b", "-o belongs to -a: only what is attached takes options."),
            ("plugboard-usb", "-l", "plugboard-usb list"),
            ("plugboard-usb", "-d sys-usb:2-5", "plugboard-usb detach VMNAME sys-usb:2-5"),
            ("qvm-usb", "-a -d work sys-usb:2-5", "Only one of -l -a -d is allowed!"),
            ("qvm-usb", "-a work", "You must provide vm name and device!"),
        ] {
            assert_eq!(hint(program, line).as_deref(), Some(today), "{program} {line}");
        }
    }

    #[test]
    fn lines_of_today_are_left_alone() {
        for (program, line) in [
            ("qvm-usb", ""),
            ("qvm-usb", "list -s"),
            ("qvm-usb", "a -a"),
            ("qvm-usb", "attach work sys-usb:2-1 -o a=b"),
            ("qvm-usb", "--nosuch -l"),
            ("qvm-usb", "--timeout 5 --json list -a"),
            ("qvm-usb", "-l -o"),
            ("qvm-device", "-l"),
        ] {
            assert_eq!(hint(program, line), None, "{program} {line}");
        }
    }
}
