//! The arguments, read after [`crate::grammar`].
//!
//! Written by hand because scripts depend on the habits of the tool that this one replaces: long options may be cut
//! short, operands and options mix freely, and each refusal is a sentence that somebody's log already searches for.
//! Nothing here knows what the words mean.

use crate::grammar::{self, Arity, COMMON, Command, Exclusive, Flag, Key, TOP};
use crate::shown::shown;
use crate::usage::{self, Program};

/// A wrong command line: what to show, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// The usage text.
    pub usage: String,
    /// Who says it, such as `qvm-usb attach`.
    pub speaker: String,
    /// What is wrong.
    pub message: String,
}

/// A command line that makes sense.
#[derive(Debug)]
pub struct Invocation {
    /// The device class, from the program's name or the command line.
    pub class: String,
    /// The command.
    pub command: &'static Command,
    /// What was given.
    pub matches: Matches,
}

/// What the reader came to.
#[derive(Debug)]
pub enum Parsed {
    /// Carry this out.
    Run(Invocation),
    /// Show this text and end.
    Show(String),
    /// List the device classes and end.
    ListClasses(Matches),
}

/// The options and operands given.
#[derive(Debug, Default)]
pub struct Matches {
    flags: Vec<(Key, String)>,
    operands: Vec<String>,
}

impl Matches {
    /// Whether an option was given.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.count(key) > 0
    }

    /// How often an option was given.
    #[must_use]
    pub fn count(&self, key: Key) -> usize {
        self.flags.iter().filter(|(known, _)| *known == key).count()
    }

    /// The values of an option, in order.
    pub fn values(&self, key: Key) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// All operands, in order.
    #[must_use]
    pub fn operands(&self) -> &[String] {
        &self.operands
    }

    /// One operand; empty when it was left out.
    #[must_use]
    pub fn operand(&self, place: usize) -> Option<&str> {
        self.operands.get(place).map(String::as_str)
    }
}

/// Reads `arguments`, those behind the program's name.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(program: &Program, arguments: &[String]) -> Result<Parsed, UsageError> {
    let mut reader = Reader {
        program,
        command: None,
        words: arguments.iter(),
        matches: Matches::default(),
        strangers: Vec::new(),
    };
    let class = reader.top(program.class.clone())?;
    if arguments.iter().any(|word| matches!(word.as_str(), "--list-device-classes" | "--list-classes")) {
        return Ok(Parsed::ListClasses(reader.matches));
    }
    if let Some(shown) = reader.asked_to_show() {
        return Ok(Parsed::Show(shown));
    }
    let Some(class) = class else {
        return Err(reader.wrong("the following arguments are required: DEVICE_CLASS"));
    };
    reader.check_operands()?;
    reader.check_exclusive()?;
    if !reader.strangers.is_empty() {
        let strangers = reader.strangers.join(" ");
        return Err(usage_error(program, None, &format!("unrecognized arguments: {}", shown(&strangers))));
    }
    Ok(Parsed::Run(Invocation {
        class,
        command: reader.command.unwrap_or(grammar::default_command()),
        matches: reader.matches,
    }))
}

/// The error of a command line whose words could be read and mean nothing: in the program's own name.
#[must_use]
pub fn usage_error(program: &Program, command: Option<&Command>, message: &str) -> UsageError {
    UsageError {
        usage: usage::usage(program, command),
        speaker: usage::speaker(program, command),
        message: message.to_owned(),
    }
}

struct Reader<'a> {
    program: &'a Program,
    command: Option<&'static Command>,
    words: std::slice::Iter<'a, String>,
    matches: Matches,
    /// Options nobody knows, and operands too many; told last, as the field's tools do.
    strangers: Vec<String>,
}

impl Reader<'_> {
    /// Reads everything; returns the class.
    fn top(&mut self, mut class: Option<String>) -> Result<Option<String>, UsageError> {
        let mut only_operands = false;
        while let Some(word) = self.words.next() {
            if !only_operands && word == "--" {
                only_operands = true;
            } else if !only_operands && word.starts_with('-') && word.len() > 1 {
                self.option(word)?;
            } else if class.is_none() {
                class = Some(word.clone());
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
            (Some(_), None) => self.next_value(flag)?,
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

    fn check_operands(&mut self) -> Result<(), UsageError> {
        let command = self.command.unwrap_or(grammar::default_command());
        let given = self.matches.operands.len();
        let missing: Vec<_> = command
            .operands
            .iter()
            .enumerate()
            .filter(|(place, operand)| operand.arity == Arity::One && *place >= given)
            .map(|(_, operand)| operand.name)
            .collect();
        if !missing.is_empty() {
            let text = format!("the following arguments are required: {}", missing.join(", "));
            return Err(self.wrong(&text));
        }
        let takes_many = command.operands.iter().any(|operand| operand.arity == Arity::Many);
        if !takes_many && given > command.operands.len() {
            self.strangers.extend(self.matches.operands.drain(command.operands.len()..));
        }
        Ok(())
    }

    fn check_exclusive(&self) -> Result<(), UsageError> {
        let command = self.command.unwrap_or(grammar::default_command());
        let operands = command.operands.first().map_or("", |operand| operand.name);
        for group in command.exclusive {
            let mut given = group.iter().filter_map(|member| match member {
                Exclusive::Operands => (!self.matches.operands.is_empty()).then(|| operands.to_owned()),
                Exclusive::Flag(key) => self
                    .matches
                    .has(*key)
                    .then(|| command.flags.iter().find(|flag| flag.key == *key))
                    .flatten()
                    .map(Flag::all_names),
            });
            if let (Some(first), Some(second)) = (given.next(), given.next()) {
                return Err(self.wrong(&format!("argument {first}: not allowed with argument {second}")));
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests;
