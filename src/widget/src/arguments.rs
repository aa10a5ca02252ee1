//! The command line: what the program is started for.

use std::ffi::OsString;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Show the icon; where it is shown already, open the menu.
    Icon,
    /// Show the icon and open the menu.
    Menu,
    /// Say which version this is.
    Version,
    /// Say how to start it.
    Help,
}

/// How to start it.
pub(crate) const USAGE: &str = "\
usage: plugboard [--menu]
  Shows the devices of this machine in the tray. Started a second time it opens the menu.
  --menu     open the menu at once, for a keyboard shortcut or a desktop without a tray
  --version  print the version
  --help     print this
";

/// Reads the words after the program's name; an error is the word that means nothing.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Start, String> {
    let mut start = Start::Icon;
    for word in words {
        start = match word.to_str() {
            Some("--menu") => Start::Menu,
            Some("--version") => return Ok(Start::Version),
            Some("--help" | "-h") => return Ok(Start::Help),
            _ => return Err(word.to_string_lossy().into_owned()),
        };
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_or_named() {
        let read = |words: &[&str]| super::read(words.iter().map(OsString::from));
        assert_eq!(read(&[]), Ok(Start::Icon));
        assert_eq!(read(&["--menu"]), Ok(Start::Menu));
        assert_eq!(read(&["--menu", "--version"]), Ok(Start::Version));
        assert_eq!(read(&["--menu", "now"]), Err("now".into()));
    }
}
