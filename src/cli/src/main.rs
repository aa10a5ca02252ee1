//! The `qvm-device` program, also under the names `qvm-block`, `qvm-usb`, `qvm-pci` and `qvm-mic`.
//! Starts [`qvm_device`]; everything that can be tested lives in the library.

use std::io::IsTerminal;

fn main() -> std::process::ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let is_terminal = out.is_terminal();
    let console = qvm_device::Console { out: &mut out, err: &mut err, is_terminal };
    qvm_device::run(std::env::args_os(), console)
}
