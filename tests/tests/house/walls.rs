//! Who may import whom: the table of ARCHITECTURE.md, held against what the sources really name.

use super::sources::{self, Source};

/// One room, and the paths that must never appear in its code, tests beside the code included.
struct Room {
    folder: &'static str,
    never: &'static [&'static str],
}

const ROOMS: [Room; 6] = [
    Room {
        folder: "src/core",
        never: &["zbus", "gtk", "gtk4", "ksni", "clap", "gettextrs", "plugboard_tests"],
    },
    Room { folder: "src/bus", never: &["gtk", "gtk4", "ksni", "clap", "gettextrs", "plugboard_tests"] },
    Room { folder: "src/service", never: &["gtk", "gtk4", "ksni", "gettextrs", "plugboard_tests"] },
    Room {
        folder: "src/widget",
        never: &[
            "plugboard_service",
            "device_core::wire",
            "device_core::client",
            "device_core::transport",
            "plugboard_tests",
        ],
    },
    Room { folder: "src/cli", never: &["zbus", "gtk", "gtk4", "ksni", "gettextrs", "plugboard_tests"] },
    Room {
        folder: "src/simulator",
        never: &["zbus", "gtk", "gtk4", "ksni", "gettextrs", "device_core::client", "plugboard_tests"],
    },
];

/// What only one file, or the files of one folder, may name: (in which room, what, where it may stand, why).
const ONLY_IN: [(&str, &str, &str, &str); 3] = [
    ("src/core/", "UnixStream::connect", "src/core/src/transport", "one file opens sockets"),
    ("src/core/", "process::Command", "src/core/src/transport", "one file starts qrexec-client-vm"),
    ("src/widget/", "zbus::Proxy", "src/widget/src/link", "the widget has one door to the bus"),
];

/// Faces are values: these files decide without GTK, so that they are tested without a display.
const WITHOUT_GTK: [&str; 2] = ["src/widget/src/menu/model", "src/widget/src/notify"];

/// The paths of `never` that a Rust text names, by import or in full.
fn trespasses(text: &str, never: &[&str]) -> Vec<String> {
    let code = sources::code(text);
    let named: Vec<String> = imports(&code).into_iter().chain(full_paths(&code)).collect();
    let is_under = |path: &str, wall: &str| path == wall || path.starts_with(&format!("{wall}::"));
    never
        .iter()
        .filter(|wall| named.iter().any(|path| is_under(path, wall)))
        .map(|wall| (*wall).to_owned())
        .collect()
}

/// Every path that a `use` brings in, with the braces of groups opened.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((before, tree)) = statement.rsplit_once("use ")
            && (before.is_empty() || before.ends_with([' ', '}', '{', ']', ')']))
        {
            open_tree("", tree, &mut found);
        }
    }
    found
}

fn open_tree(prefix: &str, tree: &str, found: &mut Vec<String>) {
    for part in split_at_top(tree) {
        let part = part.trim().split(" as ").next().unwrap_or_default().trim();
        if let Some((head, group)) = part.split_once('{') {
            let inner = group.rsplit_once('}').map_or(group, |(inner, _)| inner);
            open_tree(&format!("{prefix}{}", head.trim()), inner, found);
        } else {
            let path = format!("{prefix}{part}");
            found.push(path.trim_end_matches("::self").trim_start_matches("::").to_owned());
        }
    }
}

/// Splits at the commas that stand outside braces.
fn split_at_top(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Every path of at least two parts that stands in the code.
fn full_paths(code: &str) -> Vec<String> {
    code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
        .filter(|word| word.contains("::"))
        .map(|word| word.trim_matches(':').to_owned())
        .collect()
}

/// Whether `source` names `what` although it stands neither in `place` nor outside of `room`.
fn stands_elsewhere(source: &Source, room: &str, what: &str, place: &str) -> bool {
    source.path.starts_with(room)
        && !source.path.starts_with(place)
        && sources::code(&source.text).contains(what)
}

#[test]
fn no_room_imports_what_its_wall_forbids() {
    let mut faults = Vec::new();
    for source in sources::rust() {
        for room in ROOMS.iter().filter(|room| source.path.starts_with(&format!("{}/", room.folder))) {
            let named = trespasses(&source.text, room.never);
            faults.extend(named.iter().map(|path| format!("{} names {path}", source.path)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_has_one_door_is_named_there_only() {
    let mut faults = Vec::new();
    for source in sources::rust() {
        for (room, what, place, why) in ONLY_IN {
            if stands_elsewhere(&source, room, what, place) {
                faults.push(format!("{} names {what}, but {why}: {place}", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn decisions_of_faces_know_no_gtk() {
    let mut faults = Vec::new();
    for source in sources::rust() {
        if WITHOUT_GTK.iter().any(|place| source.path.starts_with(place)) {
            faults.extend(
                trespasses(&source.text, &["gtk", "gdk4_x11", "x11rb"])
                    .iter()
                    .map(|path| format!("{} names {path}", source.path)),
            );
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn unsafe_code_stands_in_one_file_of_the_widget() {
    let holders: Vec<String> = sources::rust()
        .into_iter()
        .filter(|source| full_words(&sources::code(&source.text)).any(|word| word == "unsafe"))
        .map(|source| source.path)
        .collect();
    assert!(holders.len() <= 1, "unsafe stands in {holders:?}");
    assert!(holders.iter().all(|path| path.starts_with("src/widget/")), "unsafe stands in {holders:?}");
}

fn full_words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
}

#[test]
fn a_trespass_is_caught_in_every_spelling() {
    for sample in [
        "use zbus::Connection;",
        "pub(crate) use zbus;",
        "use {std::fmt, zbus::{fdo, names}};",
        "fn f() { let c = zbus::Connection::session(); }",
        "#[zbus::proxy(interface = \"a\")] trait T {}",
        "mod tests { use zbus as z; }",
        "use ::zbus::fdo;",
    ] {
        assert_eq!(trespasses(sample, &["zbus", "gtk"]), ["zbus"], "{sample}");
    }
    let grouped = "use device_core::{\n    client::{self, Client},\n    name::QubeName,\n};";
    assert_eq!(trespasses(grouped, &["device_core::client", "device_core::wire"]), ["device_core::client"]);
}

#[test]
fn what_only_sounds_like_a_trespass_is_none() {
    for sample in [
        "// use zbus::Connection;",
        "use crate::zbus_like;",
        "let text = \"zbus::Connection\";",
        "mod zbus_names;",
    ] {
        assert!(trespasses(sample, &["zbus"]).is_empty(), "{sample}");
    }
}

#[test]
fn a_second_door_is_caught() {
    let text = "let stream = UnixStream::connect(path).await?;".to_owned();
    let stray = Source { path: "src/core/src/client.rs".to_owned(), text };
    assert!(stands_elsewhere(&stray, "src/core/", "UnixStream::connect", "src/core/src/transport"));
    assert!(!stands_elsewhere(&stray, "src/core/", "UnixStream::connect", "src/core/src/client"));
}
