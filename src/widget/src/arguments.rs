//! The command line: what the program is started for.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::asking;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Show the icon; where it is shown already, open the menu.
    Icon,
    /// Show the icon and open the menu.
    Menu,
    /// Hand a question from standard input to the widget that runs.
    Ask,
    /// Say which version this is.
    Version,
    /// Say how to start it.
    Help,
}

/// The whole command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) start: Start,
    /// Where questions of ask-to-attach come in.
    pub(crate) agent_socket: PathBuf,
}

/// How to start it.
pub(crate) const USAGE: &str = "\
usage: plugboard [--menu] [--agent-socket PATH]
       plugboard --ask [--agent-socket PATH]
  Shows the devices of this machine in the tray. Started a second time it opens the menu.
  --menu     open the menu at once, for a keyboard shortcut or a desktop without a tray
  --ask      hand a question of ask-to-attach from standard input to the widget that runs, and print the answer
  --agent-socket PATH
             where these questions come in (/var/run/qubes/device-agent.GUI)
  --version  print the version
  --help     print this
";

/// Reads the words after the program's name; an error is the word that means nothing.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Words, String> {
    let mut read = Words { start: Start::Icon, agent_socket: asking::SOCKET.into() };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--menu") => read.start = Start::Menu,
            Some("--ask") => read.start = Start::Ask,
            Some("--agent-socket") => {
                let path = words.next().filter(|path| !path.is_empty());
                read.agent_socket = path.ok_or("--agent-socket without a path")?.into();
            }
            Some("--version") => return Ok(Words { start: Start::Version, ..read }),
            Some("--help" | "-h") => return Ok(Words { start: Start::Help, ..read }),
            _ => return Err(word.to_string_lossy().into_owned()),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_or_named() {
        let read = |words: &[&str]| super::read(words.iter().map(OsString::from));
        let start = |words: &[&str]| read(words).map(|words| words.start);
        assert_eq!(start(&[]), Ok(Start::Icon));
        assert_eq!(start(&["--menu"]), Ok(Start::Menu));
        assert_eq!(start(&["--menu", "--version"]), Ok(Start::Version));
        assert_eq!(start(&["--menu", "now"]), Err("now".into()));
    }

    #[test]
    fn the_agent_has_its_place_unless_another_is_named() {
        let read = |words: &[&str]| super::read(words.iter().map(OsString::from));
        let at = |start, path: &str| Ok(Words { start, agent_socket: path.into() });
        assert_eq!(read(&["--ask"]), at(Start::Ask, "/var/run/qubes/device-agent.GUI"));
        assert!(USAGE.contains(asking::SOCKET));
        assert_eq!(read(&["--agent-socket", "/run/x"]), at(Start::Icon, "/run/x"));
        assert!(read(&["--agent-socket"]).is_err());
        assert!(read(&["--agent-socket", ""]).is_err());
    }
}
