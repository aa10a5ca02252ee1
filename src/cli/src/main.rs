//! The `qvm-device` program, also under the names `qvm-block`, `qvm-usb`, `qvm-pci` and `qvm-mic`.
//! Starts [`qvm_device`]; everything that can be tested lives in the library.

use std::io::IsTerminal;

fn main() -> std::process::ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let is_terminal = out.is_terminal();
    let word = |name| std::env::var_os(name).unwrap_or_default();
    let has_colour = is_terminal && qvm_device::paint::is_welcome(&word("NO_COLOR"), &word("TERM"));
    let is_err_terminal = err.is_terminal();
    let console =
        qvm_device::Console { out: &mut out, err: &mut err, is_terminal, is_err_terminal, has_colour };
    qvm_device::run(std::env::args_os(), console)
}
