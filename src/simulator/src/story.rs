//! Stories: lines of the control language with waits, in a TOML file, so that the same hour can be played again.
//!
//! A story is read and checked here, and played on a [`Stage`]; what a line means is the business of `control`. The
//! manual is `docs/stories.md`.

mod builtin;
mod script;
mod stage;

use std::time::Duration;

use crate::world::line_of;
use script::Script;
pub(crate) use stage::SocketStage;
pub use stage::Stage;

/// How often an `until` looks.
const LOOK: Duration = Duration::from_millis(20);
/// How long an `until` looks when the story does not say.
const WITHIN: Duration = Duration::from_secs(10);

/// A story, ready to be played.
#[derive(Debug, Clone)]
pub struct Story {
    name: String,
    world: Option<String>,
    steps: Vec<Step>,
}

/// What happens in one step, in this order: something is said, done (so often, with a wait after each time), awaited.
#[derive(Debug, Clone)]
struct Step {
    line: usize,
    say: Option<String>,
    lines: Vec<String>,
    times: u32,
    wait: Duration,
    until: Option<Until>,
}

/// An answer that a line must give in the end.
#[derive(Debug, Clone)]
struct Until {
    line: String,
    says: String,
    within: Duration,
}

/// Why a story can't be read, or did not go as written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{story}{}: {what}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct StoryError {
    /// The file, or the name of a built-in story.
    pub story: String,
    /// The line, from 1, when the fault has one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

/// The names of the built-in stories.
pub fn names() -> impl Iterator<Item = &'static str> {
    builtin::STORIES.iter().map(|(name, _)| *name)
}

impl Story {
    /// Reads a story by its built-in name or from a file.
    ///
    /// # Errors
    /// When there is no such story, or the first fault in it with its line.
    pub fn load(name_or_file: &str) -> Result<Self, StoryError> {
        if let Some((name, text)) = builtin::STORIES.iter().find(|(name, _)| *name == name_or_file) {
            return Self::from_toml(name, text);
        }
        let fault = |what: String| StoryError { story: name_or_file.to_owned(), line: None, what };
        if !name_or_file.contains(['/', '.']) {
            let known: Vec<_> = names().collect();
            return Err(fault(format!("no such story; the built-in ones are {}", known.join(", "))));
        }
        let text = std::fs::read_to_string(name_or_file).map_err(|error| fault(error.to_string()))?;
        Self::from_toml(name_or_file, &text)
    }

    /// Reads a story from TOML text; `name` stands in messages.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, StoryError> {
        let fault = |line, what: String| StoryError { story: name.to_owned(), line, what };
        let script: Script = toml::from_str(text).map_err(|error| {
            fault(error.span().map(|span| line_of(text, span.start)), error.message().to_owned())
        })?;
        let steps = script
            .step
            .into_iter()
            .map(|entry| {
                let line = line_of(text, entry.span().start);
                entry.into_inner().into_step(line).map_err(|what| fault(Some(line), what.to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), world: script.world, steps })
    }

    /// The world it plays in, when it needs a certain one.
    #[must_use]
    pub fn world(&self) -> Option<&str> {
        self.world.as_deref()
    }

    /// How long its waits take, without what it awaits.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.steps.iter().map(|step| step.wait * step.times).sum()
    }

    /// Plays the story to its end.
    ///
    /// # Errors
    /// The first line that the machine refuses, or that never gives the awaited answer.
    pub fn play(&self, stage: &mut impl Stage) -> Result<(), StoryError> {
        if let Some(world) = &self.world {
            let status = stage.control("status").map_err(|what| self.fault(None, what))?;
            if !status.split(' ').any(|word| word.strip_prefix("world=") == Some(world)) {
                return Err(self.fault(None, format!("it plays in the world {world}, and this is another")));
            }
        }
        self.steps.iter().try_for_each(|step| self.step(step, stage))
    }

    fn step(&self, step: &Step, stage: &mut impl Stage) -> Result<(), StoryError> {
        let fault = |line: &str, what: &str| self.fault(Some(step.line), format!("{line}: {what}"));
        if let Some(text) = &step.say {
            stage.say(text);
        }
        for _ in 0..step.times {
            for line in &step.lines {
                stage.control(line).map_err(|what| fault(line, &what))?;
            }
            if !step.wait.is_zero() {
                stage.wait(step.wait);
            }
        }
        let Some(until) = &step.until else {
            return Ok(());
        };
        let mut waited = Duration::ZERO;
        loop {
            let answer = stage.control(&until.line).map_err(|what| fault(&until.line, &what))?;
            if answer.contains(&until.says) {
                return Ok(());
            }
            if waited >= until.within {
                return Err(fault(&until.line, &format!("never said '{}', at last '{answer}'", until.says)));
            }
            stage.wait(LOOK);
            waited += LOOK;
        }
    }

    fn fault(&self, line: Option<usize>, what: String) -> StoryError {
        StoryError { story: self.name.clone(), line, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_a_story_names_its_line() {
        for (text, line) in [
            ("[[step]]\ndo = 'status'\nsinging = 1\n", 3),
            ("\n[[step]]\n", 2),
            ("[[step]]\ndo = 'status'\n[[step]]\nsays = 'x'\n", 3),
            ("[[step]]\ntimes = 3\nwait = 1\n", 1),
            ("[[step]]\ndo = 'a \"b'\n", 1),
            ("[[step]]\nuntil = 'status'\n", 1),
            ("step = 1\n", 1),
        ] {
            let error = Story::from_toml("test", text).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
        }
    }

    #[test]
    fn an_unknown_name_tells_the_known_ones() {
        assert!(Story::load("nothing").unwrap_err().to_string().contains("first-stick"));
    }
}
