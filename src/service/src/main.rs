//! Starts [`plugboard_service`]; everything that can be tested lives in the library.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
