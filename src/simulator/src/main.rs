//! Starts [`qubesd_sim`]; everything that can be tested lives in the library.

fn main() -> std::process::ExitCode {
    qubesd_sim::args::run(std::env::args_os())
}
