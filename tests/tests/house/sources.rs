//! The files of the project, and Rust text without what is not code.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no hand-written text: build results, git's own, and recorded bytes of the real server.
const APART: [&str; 7] = [".git", "target", "build", "wire", "icons", "pictures", "__pycache__"];

/// One text file of the project.
pub(crate) struct Source {
    /// Path from the project's root, with `/`.
    pub(crate) path: String,
    /// Its whole text.
    pub(crate) text: String,
}

/// The project's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every hand-written text file, in order of path.
pub(crate) fn all() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file.
pub(crate) fn rust() -> Vec<Source> {
    all().into_iter().filter(|source| is_rust(&source.path)).collect()
}

/// Whether a path names a Rust file.
pub(crate) fn is_rust(path: &str) -> bool {
    has_extension(path, "rs")
}

/// Whether a path ends in this extension.
pub(crate) fn has_extension(path: &str, wanted: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == wanted)
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if APART.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}

/// Rust text with comments, and the insides of string literals, replaced by blanks; lines stay where they are.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string_length(rest)
        } else if rest.starts_with("r\"") || rest.starts_with("r#\"") {
            raw_string_length(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

/// The length of the string literal that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string_length(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

#[test]
fn comments_and_strings_are_not_code() {
    let text = "a // zbus\nb \"gtk \\\" gtk\" c /* ksni */ r#\"clap \" clap\"# '\"' d";
    let code = code(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn the_house_is_found() {
    let found = all();
    for path in ["Cargo.toml", "dev", "src/core/src/lib.rs", "tests/tests/house/sources.rs"] {
        assert!(found.iter().any(|source| source.path == path), "{path} was not found");
    }
    assert!(!found.iter().any(|source| source.path.starts_with("target/")));
}
