//! Fuzz target: a command line, to its reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugboard_fuzz::arguments::run(data));
