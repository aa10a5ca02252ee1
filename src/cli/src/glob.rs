//! Qube names with shell wildcards: `*`, `?`, `[a-c]`, `[!x]`.

/// Whether `word` holds a wildcard at all.
#[must_use]
pub fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?', '['])
}

/// Whether `name` is one that `pattern` means. Takes time in proportion to the product of the two lengths.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the part behind the last star does not fit: the star, and what it swallowed so far.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match one(pattern.get(p..).unwrap_or_default(), name.get(n).copied()) {
            Fit::Star => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Fit::Yes(length) => {
                p += length;
                n += 1;
            }
            Fit::No => match retry {
                Some((star, swallowed)) => {
                    p = star;
                    n = swallowed + 1;
                    retry = Some((star, n));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

enum Fit {
    Star,
    Yes(usize),
    No,
}

/// Whether the first element of `pattern` fits `byte`, and how long that element is.
fn one(pattern: &[u8], byte: Option<u8>) -> Fit {
    let (Some(first), Some(byte)) = (pattern.first(), byte) else {
        return Fit::No;
    };
    match first {
        b'*' => Fit::Star,
        b'?' => Fit::Yes(1),
        b'[' => match set(pattern) {
            Some((set, length)) => {
                let (negated, set) = match set.strip_prefix(b"!") {
                    Some(rest) => (true, rest),
                    None => (false, set),
                };
                if in_set(set, byte) == negated { Fit::No } else { Fit::Yes(length) }
            }
            None if byte == b'[' => Fit::Yes(1),
            None => Fit::No,
        },
        other if *other == byte => Fit::Yes(1),
        _ => Fit::No,
    }
}

/// What stands between the brackets, and the length with them. A `]` that stands first belongs to the set.
fn set(pattern: &[u8]) -> Option<(&[u8], usize)> {
    let inner = pattern.get(1..)?;
    let skip = match inner {
        [b'!', b']', ..] => 2,
        [b']' | b'!', ..] => 1,
        _ => 0,
    };
    let end = skip + inner.get(skip..)?.iter().position(|byte| *byte == b']')?;
    Some((inner.get(..end)?, end + 2))
}

fn in_set(mut set: &[u8], byte: u8) -> bool {
    loop {
        match set {
            [] => return false,
            [low, b'-', high, rest @ ..] => {
                if (*low..=*high).contains(&byte) {
                    return true;
                }
                set = rest;
            }
            [one, rest @ ..] => {
                if *one == byte {
                    return true;
                }
                set = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shells_wildcards_mean_what_they_mean_there() {
        for (pattern, name) in [
            ("*", "work"),
            ("sys-*", "sys-usb"),
            ("*-*b", "sys-usb"),
            ("w?rk", "work"),
            ("[a-w]ork", "work"),
            ("[!a-c]ork", "work"),
            ("w[]o]rk", "work"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "work"),
            ("w", "work"),
            ("sys-?", "sys-usb"),
            ("[a-c]ork", "work"),
            ("[!w]ork", "work"),
            ("[", "work"),
            ("*x", "work"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in any::<String>(), name in any::<String>()) {
            let _ = matches(&pattern, &name);
        }

        #[test]
        fn a_name_matches_itself_and_the_star(name in "[a-z][a-z0-9_.-]{0,30}") {
            prop_assert!(matches(&name, &name) && matches("*", &name));
        }
    }
}
