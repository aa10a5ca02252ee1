//! What may stand where the cursor is: a pure function of the words before it, after [`crate::grammar`].

use crate::grammar::{self, Arity, COMMANDS, Command, Flag, Meaning, Operand, Reach, TOP, Verb};
use crate::usage::Program;

/// What is wanted at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The class, if it is known by then.
    pub class: Option<String>,
    /// The command, if it is known by then.
    pub verb: Option<Verb>,
    /// The operands before the cursor.
    pub operands: Vec<String>,
    /// The kind of word.
    pub kind: Kind,
    /// What is typed already of it.
    pub typed: String,
    /// What stands before it in the same word, such as `--wait=`.
    pub lead: String,
}

/// A kind of word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of these options.
    Flag,
    /// A device class, or a command that needs none.
    Class,
    /// A command.
    Command,
    /// What an operand or value names.
    Meaning(Meaning),
    /// Nothing more.
    Nothing,
}

/// Reads the words behind the program's name; the last one is where the cursor is.
#[must_use]
pub fn wanted(program: &Program, words: &[String]) -> Wanted {
    let (typed, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut line = Line { class: program.class.clone(), ..Line::default() };
    for word in before {
        line.take(word);
    }
    let (kind, lead) = line.kind(typed);
    let typed = typed.get(lead.len()..).unwrap_or_default().to_owned();
    let verb = line.command.map(|command| command.verb);
    Wanted { class: line.class, verb, operands: line.operands, kind, typed, lead }
}

/// The options that may stand there, with what they do.
pub fn flags(verb: Option<Verb>) -> impl Iterator<Item = &'static Flag> {
    let command = COMMANDS.iter().find(|command| Some(command.verb) == verb);
    let top = if command.is_some() { &[][..] } else { TOP };
    let own = command.map_or(&[][..], |command| command.flags);
    grammar::COMMON.iter().chain(top).chain(own).filter(|flag| !flag.about.is_empty())
}

/// The words read so far.
#[derive(Default)]
struct Line {
    class: Option<String>,
    command: Option<&'static Command>,
    operands: Vec<String>,
    flags: Vec<grammar::Key>,
    /// The value that has to come next.
    value: Option<Operand>,
    only_operands: bool,
}

impl Line {
    fn take(&mut self, word: &str) {
        if self.value.take().is_some() {
            return;
        }
        if !self.only_operands && word == "--" {
            self.only_operands = true;
        } else if !self.only_operands && word.starts_with('-') && word.len() > 1 {
            self.take_flag(word);
        } else if self.class.is_none() && self.command.is_none() {
            match grammar::command(word).filter(|command| command.reach == Reach::AllClasses) {
                Some(command) => self.command = Some(command),
                None => self.class = Some(word.to_owned()),
            }
        } else if self.command.is_none() {
            self.command = grammar::command(word);
        } else {
            self.operands.push(word.to_owned());
        }
    }

    fn take_flag(&mut self, word: &str) {
        let Some(flag) = self.flag(word) else { return };
        self.flags.push(flag.key);
        if !word.contains('=') {
            self.value = flag.value.filter(|value| value.arity == Arity::One);
        }
    }

    /// The option that a word names, by its name or its letter.
    fn flag(&self, word: &str) -> Option<&'static Flag> {
        let name = word.strip_prefix("--").map(|name| name.split('=').next().unwrap_or_default());
        flags(self.command.map(|command| command.verb)).find(|flag| match name {
            Some(name) => flag.names.contains(&name),
            None => flag.letter.is_some_and(|letter| word.strip_prefix('-') == Some(&letter.to_string())),
        })
    }

    /// What the word at the cursor is, and what of it is settled.
    fn kind(&self, typed: &str) -> (Kind, String) {
        if let Some(value) = self.value {
            return (Kind::Meaning(value.meaning), String::new());
        }
        if !self.only_operands && typed.starts_with('-') {
            let value = self.flag(typed).and_then(|flag| flag.value);
            return match (typed.split_once('='), value) {
                (Some((name, _)), Some(value)) => (Kind::Meaning(value.meaning), format!("{name}=")),
                (Some(_), None) => (Kind::Nothing, String::new()),
                _ => (Kind::Flag, String::new()),
            };
        }
        let kind = match (&self.class, self.command) {
            (None, None) => Kind::Class,
            (Some(_), None) => Kind::Command,
            (_, Some(command)) => self.operand(command).map_or(Kind::Nothing, Kind::Meaning),
        };
        (kind, String::new())
    }

    fn operand(&self, command: &'static Command) -> Option<Meaning> {
        let operands = command.operands_beside(|key| self.flags.contains(&key));
        let last = operands.last().filter(|last| last.arity == Arity::Many);
        operands.get(self.operands.len()).or(last).map(|operand| operand.meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(program: &str, line: &str) -> Wanted {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        wanted(&Program::of_path(program), &words)
    }

    #[test]
    fn each_place_wants_its_kind_of_word() {
        use Meaning::{Device, File, Option, Qube, Template};
        for (program, line, kind) in [
            ("qvm-device", "", Kind::Class),
            ("qvm-device", "us", Kind::Class),
            ("qvm-device", "usb ", Kind::Command),
            ("qvm-usb", "att", Kind::Command),
            ("qvm-usb", "attach ", Kind::Meaning(Qube)),
            ("qvm-usb", "attach work ", Kind::Meaning(Device)),
            ("qvm-usb", "a work sys-usb:2-1 ", Kind::Nothing),
            ("qvm-usb", "attach --ro -o ", Kind::Meaning(Option)),
            ("qvm-usb", "attach -o a=b work sys", Kind::Meaning(Device)),
            ("qvm-usb", "attach --dispvm sys", Kind::Meaning(Device)),
            ("qvm-usb", "attach --dispvm=de", Kind::Meaning(Template)),
            ("qvm-usb", "attach --per", Kind::Flag),
            ("qvm-usb", "attach -- --per", Kind::Meaning(Qube)),
            ("qvm-usb", "list work pers", Kind::Meaning(Qube)),
            ("qvm-usb", "nosuch ", Kind::Command),
            ("qvm-device", "denied ", Kind::Meaning(Meaning::DenyVerb)),
            ("qvm-device", "denied add work Cam", Kind::Meaning(Meaning::Kind)),
            ("qvm-device", "apply ", Kind::Meaning(File)),
            ("qvm-device", "--socket ", Kind::Meaning(File)),
        ] {
            assert_eq!(at(program, line).kind, kind, "{program} {line}");
        }
    }

    #[test]
    fn a_value_behind_an_equals_sign_keeps_its_lead() {
        let wanted = at("qvm-usb", "attach --dispvm=de");
        assert_eq!((wanted.lead.as_str(), wanted.typed.as_str()), ("--dispvm=", "de"));
    }

    proptest! {
        #[test]
        fn no_line_panics(words in prop::collection::vec("[-a-z=: é]{0,10}", 0..6)) {
            let _ = wanted(&Program::of_path("qvm-device"), &words);
        }
    }
}
