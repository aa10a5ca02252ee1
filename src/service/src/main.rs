//! Starts [`plugboard_service`]; everything that can be tested lives in the library.

fn main() -> std::process::ExitCode {
    plugboard_service::program::run(std::env::args_os())
}
