//! Fuzz target: replies, one after the other, to the mirror.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plugboard_fuzz::mirror::run(data));
