//! What the fuzz targets do with the bytes that a fuzzer makes up, and what must hold of the outcome.
//!
//! ```text
//! seeds.py (recordings) ──▶ libFuzzer ──▶ targets/ ──▶ one of the rooms below ──▶ parsers of the house
//! ```
//!
//! A target is one room. Nothing in here asks a real server, reads a file that the input names, or keeps anything from
//! one input to the next: an input that fails once fails again.

pub mod arguments;
pub mod law;
pub mod mirror;
pub mod reply;
pub mod request;

/// What stands between the parts of an input that is several things: no text of the wire holds it.
const BETWEEN_PARTS: u8 = 0x1e;

/// The parts of an input.
fn parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == BETWEEN_PARTS)
}
