//! Valid bytes, spoiled: cut, doubled, overwritten and mixed. Most of a sample stays plausible, which is where parsers
//! break. The tests of the whole house read this file too.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

/// One way to spoil bytes.
#[derive(Debug, Clone)]
enum Spoil {
    Cut(Index),
    Overwrite(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Repeat(Index, u8),
    /// Another sample behind it.
    Append(Index),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let nasty = prop::sample::select(vec![
        b"'".to_vec(),
        b"\\'".to_vec(),
        b"='".to_vec(),
        b" x='".to_vec(),
        b"\"".to_vec(),
        b"\n".to_vec(),
        b"\0".to_vec(),
        b"+".to_vec(),
        b" ".to_vec(),
        b"_______".to_vec(),
        b"[[usb]]\n".to_vec(),
        b"null".to_vec(),
        b"-1".to_vec(),
        b"99999999999999999999".to_vec(),
        b"%s<b>&amp;".to_vec(),
        "\u{202e}\u{200b}\u{e9}".as_bytes().to_vec(),
        vec![0xff, 0xfe],
        vec![b'A'; 5000],
        vec![b'['; 2000],
    ]);
    prop_oneof![
        any::<Index>().prop_map(Spoil::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Overwrite(at, byte)),
        (any::<Index>(), nasty).prop_map(|(at, bytes)| Spoil::Insert(at, bytes)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, count)| Spoil::Remove(at, count)),
        (any::<Index>(), 1..30_u8).prop_map(|(at, times)| Spoil::Repeat(at, times)),
        any::<Index>().prop_map(Spoil::Append),
    ]
}

/// One of the samples, spoiled a few times, at most `longest` bytes of it.
pub(crate) fn spoiled(
    samples: &'static LazyLock<Vec<Vec<u8>>>,
    longest: usize,
) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), prop::collection::vec(spoil(), 0..6)).prop_map(move |(sample, spoils)| {
        let mut bytes = sample.get::<Vec<u8>>(samples).clone();
        for spoil in spoils {
            apply(&mut bytes, spoil, samples);
            bytes.truncate(longest);
        }
        bytes
    })
}

fn apply(bytes: &mut Vec<u8>, spoil: Spoil, samples: &[Vec<u8>]) {
    let length = bytes.len();
    match spoil {
        Spoil::Cut(at) => bytes.truncate(at.index(length + 1)),
        Spoil::Overwrite(at, byte) if length > 0 => bytes[at.index(length)] = byte,
        Spoil::Overwrite(..) => {}
        Spoil::Insert(at, more) => {
            let at = at.index(length + 1);
            bytes.splice(at..at, more);
        }
        Spoil::Remove(at, count) => {
            let at = at.index(length + 1);
            bytes.drain(at..(at + usize::from(count)).min(length));
        }
        Spoil::Repeat(at, times) => {
            let tail = bytes[at.index(length + 1)..].to_vec();
            (0..times).for_each(|_| bytes.extend_from_slice(&tail));
        }
        Spoil::Append(other) => bytes.extend(other.get::<Vec<u8>>(samples)),
    }
}
