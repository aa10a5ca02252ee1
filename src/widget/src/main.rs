//! Starts [`plugboard`]; everything that can be tested lives in the library.

fn main() -> std::process::ExitCode {
    plugboard::run(std::env::args_os().skip(1))
}
