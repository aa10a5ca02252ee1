//! The forms of R3: options in place of commands (`qvm-usb -a work sys-usb:2-5`), read into today's commands.
//!
//! Chosen by what was typed: a mode such as `-l`, `-a` or `-d`, and no command of today. Where its output or effect was
//! another one, a command of its own stands for it; a hint names today's form.
//!
//! # Source
//! Admin API facts 6.5.

use crate::grammar::{self, Command, Key, Verb, table};
use crate::parse::{Invocation, Matches, UsageError, usage_error};
use crate::usage::Program;

/// A line in an older form, as what it means today.
#[derive(Debug)]
pub struct Older {
    /// What to do.
    pub invocation: Invocation,
    /// Today's form.
    pub hint: String,
}

/// Reads the line if it is in an older form.
///
/// # Errors
/// What is wrong with a line that is.
#[must_use]
pub fn read(program: &Program, words: &[String]) -> Option<Result<Older, UsageError>> {
    let class = program.class.clone()?;
    let line = Line::of(words)?;
    Some(line.older(&class).map_err(|sentence| usage_error(program, None, &sentence)))
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
            match word.as_str() {
                "-l" | "--list" => line.modes.push('l'),
                "-a" | "--attach" => line.modes.push('a'),
                "-d" | "--detach" => line.modes.push('d'),
                "-A" | "--attach-file" => line.modes.push('A'),
                "-C" | "--add-class" => line.modes.push('C'),
                "-f" | "--frontend" => {
                    line.flags.push((Key::Option, format!("frontend-dev={}", words.next()?)));
                }
                "--ro" => line.flags.push((Key::ReadOnly, String::new())),
                "--no-auto-detach" => line.moves = false,
                "-q" | "--quiet" => line.flags.push((Key::Quiet, String::new())),
                "-v" | "--verbose" => line.flags.push((Key::Verbose, String::new())),
                "--force-root" => {}
                "--socket" => line.flags.push((Key::Socket, words.next()?.clone())),
                word if word.starts_with('-') => return None,
                word if line.operands.is_empty() && grammar::command(word).is_some() => return None,
                word => line.operands.push(word.to_owned()),
            }
        }
        (!line.modes.is_empty()).then_some(line)
    }

    fn older(self, class: &str) -> Result<Older, String> {
        let operands: Vec<&str> = self.operands.iter().map(String::as_str).collect();
        match (self.modes.as_slice(), class, operands.as_slice()) {
            (['l'], "pci", [qube]) => {
                let hint = format!("qvm-pci list --assignments {qube}");
                Ok(self.made(class, &table::OLD_LIST, &[qube], hint))
            }
            (['l'], _, []) => Ok(self.made(class, &table::OLD_LIST, &[], format!("qvm-{class} list"))),
            (['l'], _, _) => Err("Only one VM can be listed, and of PCI devices only.".into()),
            (['a'], "pci", [qube, device]) => self.today(class, "assign", &[qube, device], &["--required"]),
            (['a'], "block", [qube, device]) if self.moves => self.today(class, "move", &[qube, device], &[]),
            (['a'], _, [qube, device]) => self.today(class, "attach", &[qube, device], &[]),
            (['a'], ..) => Err("You must provide vm name and device!".into()),
            (['d'], "pci", [qube, device]) => self.today(class, "unassign", &[qube, device], &[]),
            (['d'], _, [device, qube]) if device.contains(':') => {
                self.today(class, "detach", &[qube, device], &[])
            }
            (['d'], _, [qube, device]) => self.today(class, "detach", &[qube, device], &[]),
            (['d'], _, [device]) if device.contains(':') => {
                let hint = format!("qvm-{class} detach VMNAME {device}");
                Ok(self.made(class, &table::OLD_DETACH, &[device], hint))
            }
            (['d'], _, [qube]) if self.flags.iter().any(|(key, _)| *key == Key::Option) => {
                let hint = format!("qvm-{class} detach {qube} DEVICE");
                Ok(self.made(class, &table::OLD_DETACH, &[qube], hint))
            }
            (['d'], _, [qube]) => self.today(class, "detach", &[qube], &[]),
            (['d'], ..) => Err("You must provide vm name or device!".into()),
            (['A'], ..) => {
                Err("Attaching a file takes two steps today: make a loop device of it in its qube \
                                (losetup), then qvm-block attach VMNAME BACKEND:loopN"
                    .into())
            }
            (['C'], ..) => Err("PCI devices are assigned one by one today: qvm-pci assign --required".into()),
            _ => Err("Only one of -l -a -d is allowed!".into()),
        }
    }

    /// A command of today does it.
    fn today(
        &self,
        class: &str,
        command: &str,
        operands: &[&str],
        options: &[&str],
    ) -> Result<Older, String> {
        let Some(command) = grammar::command(command) else { return Err(format!("no {command}")) };
        let given = self.flags.iter().filter_map(|(key, value)| match key {
            Key::Option => Some(format!("-o {value}")),
            Key::ReadOnly => Some("--ro".to_owned()),
            _ => None,
        });
        let options = options.iter().map(|option| (*option).to_owned()).chain(given);
        let words: Vec<_> = [format!("qvm-{class}"), command.main_name().to_owned()]
            .into_iter()
            .chain(options)
            .chain(operands.iter().map(|operand| (*operand).to_owned()))
            .collect();
        Ok(self.made(class, command, operands, words.join(" ")))
    }

    fn made(&self, class: &str, command: &'static Command, operands: &[&str], hint: String) -> Older {
        let mut flags = self.flags.clone();
        if command.verb == Verb::Assign {
            flags.push((Key::Required, String::new()));
        }
        let operands = operands.iter().map(|operand| (*operand).to_owned()).collect();
        let matches = Matches::new(flags, operands);
        Older { invocation: Invocation { class: Some(class.to_owned()), command, matches }, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(program: &str, line: &str) -> Option<String> {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        let older = read(&Program::of_path(program), &words)?;
        Some(older.map_or_else(|error| error.message, |older| older.hint))
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
            ("qvm-pci", "-a work 00:1a.0", "qvm-pci assign --required work 00:1a.0"),
            ("qvm-pci", "-d work 00:1a.0", "qvm-pci unassign work 00:1a.0"),
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
            ("qvm-device", "-l"),
        ] {
            assert_eq!(hint(program, line), None, "{program} {line}");
        }
    }
}
