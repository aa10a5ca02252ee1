//! Habits that hold in every file: its opening, its length, no open ends, and one place for each list.

use std::fs;

use super::sources::{self, Source};

/// A file is one thing; beyond this it is several.
const LONGEST: usize = 400;

/// Words that name something left open. Put together here, so that this file does not name them itself.
const OPEN_ENDS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ign", "ore"),
];

const SLEEP: &str = concat!("sl", "eep(");

/// Beginnings of paths that exist on somebody's machine only.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Marks by which a name is known as that of a system package, whatever else a text may speak of.
const PACKAGE_MARKS: [&str; 5] = ["gir1.2-", "fonts-", "python3-", "librsvg2-", "build-essential"];

fn opens_with_its_purpose(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > "//! ".len())
}

/// The lines of tests: all of a file in a `tests` folder or of a script, and what follows `#[cfg(test)]` elsewhere.
fn test_lines(source: &Source) -> &str {
    if source.path.starts_with("tests/")
        || source.path.contains("/tests/")
        || source.path.ends_with("tests.rs")
    {
        return &source.text;
    }
    source.text.find("#[cfg(test)]").map_or("", |at| &source.text[at..])
}

/// Files that hold texts for people, as the sources show it.
fn translatable(source: &Source) -> bool {
    let is_rust = sources::is_rust(&source.path) && source.path.starts_with("src/");
    let calls = |name: &str| source.text.contains(&format!("{name}(\""));
    (is_rust && ["gettext", "ngettext", "pgettext"].into_iter().any(calls))
        || source.path.ends_with(".desktop.in")
        || source.path.ends_with(".metainfo.xml.in")
}

fn listed(potfiles: &str) -> Vec<&str> {
    potfiles.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Names in the text that are packages of the list and could be nothing else.
fn packages_named<'a>(text: &str, packages: &[&'a str]) -> Vec<&'a str> {
    let is_sure = |name: &str| {
        PACKAGE_MARKS.iter().any(|mark| name.starts_with(mark))
            || (name.starts_with("lib") && name.ends_with("-dev"))
    };
    packages.iter().copied().filter(|name| is_sure(name) && text.contains(name)).collect()
}

/// `path: what` for each file that the rule finds fault with.
fn faults(files: &[Source], rule: impl Fn(&Source) -> Option<String>) -> Vec<String> {
    files.iter().filter_map(|file| Some(format!("{}: {}", file.path, rule(file)?))).collect()
}

#[track_caller]
fn none(found: &[String]) {
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_rust_file_opens_with_its_purpose() {
    none(&faults(&sources::rust(), |file| {
        (!opens_with_its_purpose(&file.text)).then(|| "opens without //!".to_owned())
    }));
}

#[test]
fn no_file_is_longer_than_one_thing() {
    none(&faults(&sources::all(), |file| {
        let is_code =
            sources::is_rust(&file.path) || sources::has_extension(&file.path, "py") || file.path == "dev";
        let lines = file.text.lines().count();
        (is_code && lines > LONGEST).then(|| format!("{lines} lines"))
    }));
}

#[test]
fn nothing_is_left_open() {
    let files: Vec<Source> = sources::all().into_iter().filter(|file| file.path != "LICENSE").collect();
    none(&faults(&files, |file| {
        OPEN_ENDS.iter().find(|word| file.text.contains(**word)).map(|word| (*word).to_owned())
    }));
}

#[test]
fn no_test_sleeps() {
    none(&faults(&sources::all(), |file| test_lines(file).contains(SLEEP).then(|| "sleeps".to_owned())));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    none(&faults(&sources::all(), |file| {
        MACHINE_PATHS.iter().find(|path| file.text.contains(**path)).map(|path| (*path).to_owned())
    }));
}

#[test]
fn translators_are_shown_every_text() {
    let potfiles = fs::read_to_string(sources::root().join("po/POTFILES.in")).unwrap();
    let listed = listed(&potfiles);
    none(&faults(&sources::all(), |file| {
        (translatable(file) && !listed.contains(&file.path.as_str()))
            .then(|| "not in po/POTFILES.in".to_owned())
    }));
    for path in listed {
        assert!(sources::root().join(path).exists(), "po/POTFILES.in lists {path}, which is not there");
    }
}

#[test]
fn system_packages_are_listed_once() {
    let place = "data/packages/debian.txt";
    let list = fs::read_to_string(sources::root().join(place)).unwrap();
    let packages = listed(&list);
    none(&faults(&sources::all(), |file| {
        let named = packages_named(&file.text, &packages);
        (file.path != place && !file.path.starts_with("tests/tests/house/") && !named.is_empty())
            .then(|| format!("names {named:?}"))
    }));
}

#[test]
fn every_rule_catches_a_bad_sample() {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    assert!(!opens_with_its_purpose("use std::fmt;"));
    assert!(!opens_with_its_purpose("//! \n"));
    assert!(opens_with_its_purpose("//! What lives here.\n"));
    assert!(test_lines(&file("src/core/src/a.rs", "fn a() {}\n#[cfg(test)]\nlate()")).contains("late"));
    assert!(!test_lines(&file("src/core/src/a.rs", "early()\n#[cfg(test)]\n")).contains("early"));
    assert!(test_lines(&file("tests/tests/a.rs", "early()")).contains("early"));
    assert!(translatable(&file("src/widget/src/a.rs", "let a = gettext(\"Disks\");")));
    assert!(!translatable(&file("src/widget/src/a.rs", "let a = strings::disks();")));
    assert_eq!(packages_named("apt install libgtk-4-dev git", &["libgtk-4-dev", "git"]), ["libgtk-4-dev"]);
    assert_eq!(listed("# a\n\nb\n"), ["b"]);
    assert_eq!(faults(&[file("a", "b")], |it| Some(it.text.clone())), ["a: b"]);
}
