//! Every language of `po/LINGUAS` says everything, and keeps what a sentence is filled with.
//!
//! What there is to say is asked of `xgettext`, with the words that `po/meson.build` gives it, so that this is what a
//! translator gets. A second reader, of the Rust file alone, holds `xgettext` to having seen every sentence.

use std::fs;
use std::process::Command;

use super::catalogue::{self, Entry};
use super::sources;

/// Where all sentences stand.
const SENTENCES: &str = "src/widget/src/strings.rs";

/// Languages whose plural forms are known to the house, and how many they have.
const PLURALS: [(&str, usize); 2] = [("de", 2), ("pl", 3)];

/// Marks that say what follows or how it ends; a translation keeps them at its end.
const END_MARKS: [char; 5] = ['…', '.', '?', ':', ';'];

fn read(path: &str) -> String {
    fs::read_to_string(sources::root().join(path)).unwrap()
}

fn languages() -> Vec<String> {
    let list = read("po/LINGUAS");
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The words for `xgettext`, as the build gives them.
fn words(build: &str) -> Vec<String> {
    build.split('\'').filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

/// Every text that there is to translate.
fn template() -> Vec<Entry> {
    let done = Command::new("xgettext")
        .current_dir(sources::root())
        .args(["--from-code=UTF-8", "--files-from=po/POTFILES.in", "--no-wrap", "--output=-"])
        .args(words(&read("po/meson.build")))
        .output()
        .expect("xgettext reads the texts; it stands in the list of system packages");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let found = catalogue::entries(&String::from_utf8(done.stdout).unwrap());
    found.into_iter().filter(|entry| !entry.id.is_empty()).collect()
}

/// The first literal of each call of gettext in Rust text, however its lines are broken.
fn sentences(rust: &str) -> Vec<String> {
    let rust = rust.split("#[cfg(test)]").next().unwrap_or_default();
    let calls = rust.split("gettext(").skip(1);
    let literals = calls.filter_map(|rest| rest.trim_start().strip_prefix('"'));
    literals.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// What is wrong with the translation of a text; nothing for a good one.
fn faults(wanted: &Entry, given: Option<&Entry>, plurals: usize) -> Vec<String> {
    let Some(given) = given else {
        return vec![format!("{:?} is missing", wanted.id)];
    };
    let mut found = Vec::new();
    let mut fault = |what: &str| found.push(format!("{:?} {what}", wanted.id));
    if given.is_fuzzy {
        fault("is only guessed");
    }
    if given.plural != wanted.plural {
        fault("has another plural");
    }
    let forms = if wanted.plural.is_empty() { 1 } else { plurals };
    if given.forms.len() != forms {
        fault(&format!("has {} forms in place of {forms}", given.forms.len()));
    }
    for form in &given.forms {
        if form.is_empty() {
            fault("is not translated");
            continue;
        }
        if catalogue::fields(form) != catalogue::fields(&wanted.id) {
            fault(&format!("has other fields than {form:?}"));
        }
        if form.trim() != form {
            fault("is translated with blanks around it");
        }
        let end = |text: &str| text.chars().next_back().filter(|last| END_MARKS.contains(last));
        if end(form) != end(&wanted.id) {
            fault(&format!("ends otherwise than {form:?}"));
        }
    }
    found
}

#[test]
fn every_language_says_everything() {
    let template = template();
    for language in languages() {
        let given = catalogue::entries(&read(&format!("po/{language}.po")));
        let (_, plurals) = PLURALS.iter().find(|(name, _)| *name == language).unwrap();
        assert_eq!(catalogue::plural_forms(&given), Some(*plurals), "plural forms of {language}");
        let found: Vec<String> = template
            .iter()
            .flat_map(|wanted| faults(wanted, given.iter().find(|entry| entry.id == wanted.id), *plurals))
            .collect();
        assert!(found.is_empty(), "po/{language}.po: {found:#?}");
    }
}

#[test]
fn translators_get_every_sentence() {
    let (template, sentences) = (template(), sentences(&read(SENTENCES)));
    assert!(sentences.len() > 50, "the reader of {SENTENCES} found {} sentences", sentences.len());
    for sentence in sentences {
        assert!(template.iter().any(|entry| entry.id == sentence), "xgettext does not see {sentence:?}");
    }
    for text in
        ["Devices", "Device manager", "Shows devices in the panel", "Attach devices to qubes from the panel"]
    {
        assert!(template.iter().any(|entry| entry.id == text), "{text:?} of a data file is not seen");
    }
}

#[test]
fn every_plural_says_how_many() {
    for entry in template().iter().filter(|entry| !entry.plural.is_empty()) {
        assert_eq!(catalogue::fields(&entry.id), catalogue::fields(&entry.plural), "{entry:?}");
        assert!(!catalogue::fields(&entry.id).is_empty(), "{entry:?} has a plural and no number");
    }
}

#[test]
fn every_rule_catches_a_bad_translation() {
    let wanted = Entry { id: "Attach {qube}…".into(), ..Entry::default() };
    let given = |text: &str| Entry { forms: vec![text.to_owned()], ..wanted.clone() };
    let caught = |entry: &Entry| faults(&wanted, Some(entry), 2).len();
    assert_eq!(caught(&given("{qube} verbinden…")), 0);
    assert_eq!(faults(&wanted, None, 2).len(), 1, "missing");
    assert_eq!(caught(&given("")), 1, "not translated");
    assert_eq!(caught(&given("{Qube} verbinden…")), 1, "another field");
    assert_eq!(caught(&given("Verbinden…")), 1, "no field");
    assert_eq!(caught(&given("{qube} verbinden")), 1, "another end");
    assert_eq!(caught(&given(" {qube} verbinden…")), 1, "a blank");
    assert_eq!(caught(&Entry { is_fuzzy: true, ..given("{qube}…") }), 1, "guessed");
    let several = Entry { id: "{n} a".into(), plural: "{n} as".into(), ..Entry::default() };
    let forms = vec!["{n} b".to_owned(); 2];
    assert_eq!(faults(&several, Some(&Entry { forms, ..several.clone() }), 3).len(), 1, "a form too few");
    assert_eq!(words("args: ['--keyword=a', 'b']"), ["--keyword=a"]);
    assert_eq!(
        sentences("gettext(\"a\") ngettext(\n \"b\", \"c\")\n#[cfg(test)] gettext(\"d\")"),
        ["a", "b"]
    );
}
