//! Fuzz target: what a server sends, to its parsers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugboard_fuzz::reply::run(data));
