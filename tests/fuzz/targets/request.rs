//! Fuzz target: requests, to the simulator.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugboard_fuzz::request::run(data));
