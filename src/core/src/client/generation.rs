//! Which generation of the Admin API the other side is of, and in which framing: found out from what it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::wire::request::Framing;

/// The two ways in which device calls are made.
///
/// # Source
/// Admin API facts 2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// R4.0 to R4.2: a device is a port, and what is stored is an attachment that persists.
    Older,
    /// R4.3 and newer: devices have ids, and assignments are stored on their own.
    Current,
}

/// What was found out so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Known>);

/// A code of each; 0 = nothing told it yet.
#[derive(Debug, Default)]
struct Known {
    generation: AtomicU8,
    framing: AtomicU8,
}

const OLDER: u8 = 1;
const CURRENT: u8 = 2;
const WORDS: u8 = 1;
const OLDEST: u8 = 2;

impl Memory {
    /// The generation, once it is known.
    pub(super) fn generation(&self) -> Option<Generation> {
        match self.0.generation.load(Ordering::Relaxed) {
            OLDER => Some(Generation::Older),
            CURRENT => Some(Generation::Current),
            _ => None,
        }
    }

    /// The framing, once it is known.
    pub(super) fn framing(&self) -> Option<Framing> {
        match self.0.framing.load(Ordering::Relaxed) {
            WORDS => Some(Framing::Words),
            OLDEST => Some(Framing::Oldest),
            _ => None,
        }
    }

    /// A list of devices, or a call that one generation alone carries out, told it.
    pub(super) fn learn(&self, generation: Generation) {
        self.0.generation.store(code(generation), Ordering::Relaxed);
    }

    /// A list of qubes hints at it; what lists of devices told counts more.
    pub(super) fn presume(&self, generation: Generation) {
        let known = &self.0.generation;
        let _ = known.compare_exchange(0, code(generation), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A request in this framing was answered. The oldest is that of R4.0 alone.
    pub(super) fn learn_framing(&self, framing: Framing) {
        let code = match framing {
            Framing::Words => WORDS,
            Framing::Oldest => OLDEST,
        };
        self.0.framing.store(code, Ordering::Relaxed);
        if framing == Framing::Oldest {
            self.learn(Generation::Older);
        }
    }

    /// A new connection: another server may be there.
    pub(super) fn forget(&self) {
        self.0.generation.store(0, Ordering::Relaxed);
        self.0.framing.store(0, Ordering::Relaxed);
    }
}

fn code(generation: Generation) -> u8 {
    match generation {
        Generation::Older => OLDER,
        Generation::Current => CURRENT,
    }
}

impl Generation {
    pub(super) fn of(is_older: bool) -> Self {
        if is_older { Self::Older } else { Self::Current }
    }
}
