//! The manual page, in the format of `man`.

use std::fmt::Write as _;

use super::names;
use crate::grammar::{ABOUT, Arity, COMMANDS, COMMON, Command, Flag, Operand, Reach, TOP};

/// The day of this version, as the list of releases has it, and not that of the build: two builds of one source are the
/// same.
const DAY: &str = "2026-11-21";

/// The page, for programs whose names begin so.
pub(super) fn page(prefix: &str) -> String {
    let program = format!("{prefix}device");
    let mut page = format!(
        ".\\\" Made by {} {}.\n.TH {} 1 \"{DAY}\" \"Plugboard {}\" \"Qubes OS\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n",
        escaped(&program),
        super::FLAG,
        program.to_uppercase(),
        env!("CARGO_PKG_VERSION"),
        escaped(&names(prefix).join(", ")),
        escaped(ABOUT),
    );
    let _ =
        writeln!(page, ".B {}\n.I CLASS\n[\\fIoptions\\fR] [\\fIcommand\\fR ...]\n.br", escaped(&program));
    let _ =
        writeln!(page, ".B {}\n[\\fIoptions\\fR] [\\fIcommand\\fR ...]", escaped(&format!("{prefix}usb")));
    page.push_str(".SH DESCRIPTION\n");
    paragraphs(&mut page, DESCRIPTION);
    page.push_str(".SH COMMANDS\n");
    for command in COMMANDS {
        describe(&mut page, command);
    }
    page.push_str(".SH OPTIONS\n");
    COMMON.iter().chain(TOP).for_each(|flag| option(&mut page, flag));
    page.push_str(".SH EXIT STATUS\n");
    paragraphs(&mut page, EXIT);
    page.push_str(".SH ENVIRONMENT\n");
    paragraphs(&mut page, ENVIRONMENT);
    page
}

/// What the grammar does not say; blank lines part paragraphs.
const DESCRIPTION: &str = "Lists, attaches, detaches and assigns the devices of a Qubes OS machine, straight on the \
Admin API: over the socket of qubesd in dom0, through qrexec in a management qube.

CLASS is block, mic, pci, usb or what an extension brought; under a name such as qvm-usb it is left out. Without a \
command the devices are listed. A device is written BACKEND:PORT[:DEVICE_ID]; where an assignment or a detach is \
meant, port or id may be *. VMNAME may hold shell wildcards.

Ctrl-C, SIGQUIT, SIGTERM, SIGHUP and --timeout end a run with a sentence on what is known to have happened. Nothing is undone then.";

const EXIT: &str =
    "0: done. 1: refused, failed or no answer; one sentence on the error stream says which. 2: wrong \
command line. 129, 130, 131, 143: ended by SIGHUP, by Ctrl-C, by SIGQUIT, by SIGTERM.

explain ends with 1 when the attach would not work, apply --dry-run when there is a difference.";

const ENVIRONMENT: &str = "QUBESD_SOCKET: the socket of qubesd, where it is not the system's.

NO_COLOR: no colours, even on a terminal; nor where TERM is dumb.";

fn paragraphs(page: &mut String, text: &str) {
    for (place, paragraph) in text.split("\n\n").enumerate() {
        let _ = writeln!(page, "{}{}", if place == 0 { "" } else { ".PP\n" }, escaped(paragraph));
    }
}

fn describe(page: &mut String, command: &Command) {
    let operands: Vec<_> = command.operands.iter().map(operand).collect();
    let names: Vec<_> = command.names.iter().map(|name| format!("\\fB{}\\fR", escaped(name))).collect();
    let class = if command.reach == Reach::AllClasses { " Needs no class." } else { "" };
    let _ = writeln!(
        page,
        ".SS \"{} {}\"\n{}.{class}",
        names.join(", "),
        operands.join(" "),
        escaped(command.about)
    );
    command.flags.iter().for_each(|flag| option(page, flag));
}

fn operand(operand: &Operand) -> String {
    let name = format!("\\fI{}\\fR", escaped(operand.name));
    match operand.arity {
        Arity::One => name,
        Arity::Optional => format!("[{name}]"),
        Arity::Many => format!("[{name} ...]"),
    }
}

fn option(page: &mut String, flag: &Flag) {
    if flag.about.is_empty() {
        return;
    }
    let letter = flag.letter.map(|letter| format!("\\fB\\-{letter}\\fR, ")).unwrap_or_default();
    let others = flag.names.iter().skip(1).map(|name| format!(", \\fB{}\\fR", escaped(&format!("--{name}"))));
    let others: String = others.collect();
    let _ = writeln!(
        page,
        ".TP\n{letter}\\fB{}\\fR{others}\n{}.",
        escaped(&flag.with_value()),
        escaped(flag.about)
    );
}

/// The text so that the format means nothing by it: backslashes, hyphens, and a dot or quote at the beginning.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_is_on_the_page() {
        let page = page("qvm-");
        for command in COMMANDS {
            assert!(page.contains(&format!("\\fB{}\\fR", escaped(command.main_name()))), "{command:?}");
        }
        for flag in COMMANDS.iter().flat_map(Command::all_flags).filter(|flag| !flag.about.is_empty()) {
            assert!(page.contains(&escaped(&flag.with_value())), "{flag:?}");
        }
    }

    #[test]
    fn no_line_is_taken_for_a_command_of_the_format() {
        for line in page("plugboard-").lines().filter(|line| line.starts_with(['.', '\''])) {
            let command = line.split(' ').next().unwrap();
            assert!(
                [".\\\"", ".TH", ".SH", ".SS", ".B", ".I", ".br", ".TP", ".PP"].contains(&command),
                "{line}"
            );
        }
    }
}
