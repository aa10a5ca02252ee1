//! Word by word: which of them is an option, its value, the class, the command or an operand.

use super::{Invocation, Matches, Parsed, UsageError, usage_error};
use crate::grammar::{self, Arity, COMMON, Command, Exclusive, Flag, Key, Operand, Reach, TOP};
use crate::shown::shown;
use crate::usage::{self, Program};

/// The words that are not yet read, and what was made of the others.
pub(super) struct Reader<'a> {
    program: &'a Program,
    command: Option<&'static Command>,
    words: std::slice::Iter<'a, String>,
    matches: Matches,
    /// Options nobody knows, and operands too many; told last, as the field's tools do.
    strangers: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(program: &'a Program, arguments: &'a [String]) -> Self {
        Self {
            program,
            command: None,
            words: arguments.iter(),
            matches: Matches::default(),
            strangers: Vec::new(),
        }
    }

    /// Reads everything, and judges the whole.
    pub(super) fn parsed(mut self) -> Result<Parsed, UsageError> {
        let words = self.words.clone();
        let class = self.top(self.program.class.clone())?;
        if words.into_iter().any(|word| matches!(word.as_str(), "--list-device-classes" | "--list-classes")) {
            return Ok(Parsed::ListClasses(self.matches));
        }
        if let Some(shown) = self.asked_to_show() {
            return Ok(Parsed::Show(shown));
        }
        let command = self.command.unwrap_or(grammar::default_command());
        if class.is_none() && command.reach == Reach::OneClass {
            return Err(self.wrong("the following arguments are required: DEVICE_CLASS"));
        }
        self.check_operands(command)?;
        self.check_exclusive(command)?;
        if !self.strangers.is_empty() {
            let strangers = self.strangers.join(" ");
            let text = format!("unrecognized arguments: {}", shown(&strangers));
            return Err(usage_error(self.program, None, &text));
        }
        Ok(Parsed::Run(Invocation { class, command, matches: self.matches }))
    }

    /// Reads every word; returns the class.
    fn top(&mut self, mut class: Option<String>) -> Result<Option<String>, UsageError> {
        let mut only_operands = false;
        while let Some(word) = self.words.next() {
            if !only_operands && word == "--" {
                only_operands = true;
            } else if !only_operands && word.starts_with('-') && word.len() > 1 {
                self.option(word)?;
            } else if class.is_none() && self.command.is_none() {
                match grammar::command(word).filter(|command| command.reach == Reach::AllClasses) {
                    Some(command) => self.command = Some(command),
                    None => class = Some(word.clone()),
                }
            } else if self.command.is_none() {
                let command = grammar::command(word).ok_or_else(|| self.no_such_command(word))?;
                self.command = Some(command);
            } else {
                self.matches.operands.push(word.clone());
            }
        }
        Ok(class)
    }

    fn option(&mut self, word: &str) -> Result<(), UsageError> {
        match word.strip_prefix("--") {
            Some(long) => self.long(word, long),
            None => self.letters(word),
        }
    }

    fn long(&mut self, word: &str, long: &str) -> Result<(), UsageError> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let Some(flag) = self.flag_named(name)? else {
            self.strangers.push(word.to_owned());
            return Ok(());
        };
        if let (None, Some(value)) = (flag.value, value) {
            let text = format!("argument {}: ignored explicit argument '{}'", flag.all_names(), shown(value));
            return Err(self.wrong(&text));
        }
        self.take(flag, value)
    }

    /// `-v`, `-vq`, `-oKEY=VALUE`, `-o=VALUE`.
    fn letters(&mut self, word: &str) -> Result<(), UsageError> {
        let mut rest = word.get(1..).unwrap_or_default();
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            let Some(flag) = self.flags().find(|flag| flag.letter == Some(letter)) else {
                self.strangers.push(word.to_owned());
                return Ok(());
            };
            if flag.value.is_some() && !rest.is_empty() {
                return self.take(flag, Some(rest.strip_prefix('=').unwrap_or(rest)));
            }
            self.take(flag, None)?;
        }
        Ok(())
    }

    fn take(&mut self, flag: &Flag, value: Option<&str>) -> Result<(), UsageError> {
        let value = match (flag.value, value) {
            (Some(Operand { arity: Arity::One, .. }), None) => self.next_value(flag)?,
            // A variable that is empty in somebody's script; to wait for ever would be the worst guess.
            (Some(Operand { arity: Arity::Optional, .. }), Some("")) => {
                return Err(
                    self.wrong(&format!("argument {}: expected a value behind '='", flag.all_names()))
                );
            }
            (_, value) => value.unwrap_or_default().to_owned(),
        };
        // Before the command word `-q` has never had an effect; scripts that carry it there expect the hints.
        if flag.key != Key::Quiet || self.command.is_some() {
            self.matches.flags.push((flag.key, value));
        }
        Ok(())
    }

    fn next_value(&mut self, flag: &Flag) -> Result<String, UsageError> {
        let next = self.words.as_slice().first();
        match next.filter(|word| !word.starts_with('-') || word.len() == 1) {
            Some(word) => {
                self.words.next();
                Ok(word.clone())
            }
            None => Err(self.wrong(&format!("argument {}: expected one argument", flag.all_names()))),
        }
    }

    /// A flag by its name or the beginning of it, as long as that can mean only one.
    fn flag_named(&self, name: &str) -> Result<Option<&'static Flag>, UsageError> {
        if let Some(exact) = self.flags().find(|flag| flag.names.contains(&name)) {
            return Ok(Some(exact));
        }
        let mut found: Vec<(&str, &'static Flag)> = Vec::new();
        for flag in self.flags() {
            found.extend(
                flag.names.iter().filter(|known| known.starts_with(name)).map(|known| (*known, flag)),
            );
        }
        match found.as_slice() {
            [] => Ok(None),
            [(_, first), rest @ ..] if rest.iter().all(|(_, flag)| flag.key == first.key) => Ok(Some(*first)),
            _ => {
                let names: Vec<_> = found.iter().map(|(name, _)| format!("--{name}")).collect();
                Err(self.wrong(&format!(
                    "ambiguous option: --{} could match {}",
                    shown(name),
                    names.join(", ")
                )))
            }
        }
    }

    /// The options that may stand here. `--list-device-classes` was looked for before and may stand anywhere.
    fn flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        let own = self.command.map_or(&[][..], |command| command.flags);
        COMMON.iter().chain(TOP).chain(own)
    }

    fn asked_to_show(&self) -> Option<String> {
        let first = self.matches.flags.iter().find(|(key, _)| matches!(key, Key::Help | Key::Version))?;
        Some(match first.0 {
            Key::Version => usage::version(self.program),
            _ => usage::help(self.program, self.command),
        })
    }

    fn check_operands(&mut self, command: &'static Command) -> Result<(), UsageError> {
        let operands = command.operands_beside(|key| self.matches.has(key));
        let given = self.matches.operands.len();
        let missing: Vec<_> = operands
            .iter()
            .enumerate()
            .filter(|(place, operand)| operand.arity == Arity::One && *place >= given)
            .map(|(_, operand)| operand.name)
            .collect();
        if !missing.is_empty() {
            let text = format!("the following arguments are required: {}", missing.join(", "));
            return Err(self.wrong(&text));
        }
        let takes_many = operands.iter().any(|operand| operand.arity == Arity::Many);
        if !takes_many && given > operands.len() {
            self.strangers.extend(self.matches.operands.drain(operands.len()..));
        }
        Ok(())
    }

    /// Of two that exclude each other the later one is not allowed with the earlier; operands count as the earlier.
    fn check_exclusive(&self, command: &'static Command) -> Result<(), UsageError> {
        for group in command.exclusive {
            let mut given: Vec<(Option<usize>, String)> =
                group.iter().filter_map(|member| self.given(command, *member)).collect();
            given.sort();
            if let [(_, first), .., (_, last)] = given.as_slice() {
                return Err(self.wrong(&format!("argument {last}: not allowed with argument {first}")));
            }
        }
        Ok(())
    }

    /// Where a member of a group stands, if it does, and what it is called.
    fn given(&self, command: &Command, member: Exclusive) -> Option<(Option<usize>, String)> {
        match member {
            Exclusive::Operands => {
                let name = command.operands.first().map_or("", |operand| operand.name);
                (!self.matches.operands.is_empty()).then(|| (None, name.to_owned()))
            }
            Exclusive::Flag(key) => {
                let place = self.matches.flags.iter().position(|(known, _)| *known == key)?;
                let flag = command.flags.iter().find(|flag| flag.key == key)?;
                Some((Some(place), flag.all_names()))
            }
        }
    }

    fn no_such_command(&self, word: &str) -> UsageError {
        let names: Vec<_> = grammar::COMMANDS
            .iter()
            .flat_map(|command| command.names)
            .map(|name| format!("'{name}'"))
            .collect();
        self.wrong(&format!(
            "argument command: invalid choice: '{}' (choose from {})",
            shown(word),
            names.join(", ")
        ))
    }

    fn wrong(&self, message: &str) -> UsageError {
        usage_error(self.program, self.command, message)
    }
}
