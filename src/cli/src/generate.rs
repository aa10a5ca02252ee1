//! What is made of the grammar when the program is packaged: completions for shells, and the manual page.
//!
//! `PROGRAM --generate bash|zsh|fish|man [PREFIX]` prints one of them; `PREFIX` is what the installed names begin with.

mod man;
mod shells;

use crate::failure::Failure;

/// The word that asks for it.
pub const FLAG: &str = "--generate";
/// The classes that have a name of their own among the installed programs.
pub(crate) const CLASSES: [&str; 4] = ["block", "mic", "pci", "usb"];

/// The text that the words behind [`FLAG`] ask for.
///
/// # Errors
/// When they ask for nothing we have.
pub fn text(words: &[String]) -> Result<String, Failure> {
    let prefix = words.get(1).map_or("qvm-", String::as_str);
    match words.first().map(String::as_str) {
        Some("bash") => Ok(shells::bash(prefix)),
        Some("zsh") => Ok(shells::zsh(prefix)),
        Some("fish") => Ok(shells::fish(prefix)),
        Some("man") => Ok(man::page(prefix)),
        _ => Err(Failure::Argument(format!("{FLAG} makes bash, zsh, fish or man"))),
    }
}

/// The installed names that begin so.
pub(crate) fn names(prefix: &str) -> Vec<String> {
    std::iter::once("device").chain(CLASSES).map(|name| format!("{prefix}{name}")).collect()
}
