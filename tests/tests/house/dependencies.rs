//! Dependencies: which crates may reach a program, under which licences, each once and each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::sources;

/// Licences that go with GPL-2.0-or-later for linked code.
const LICENCES: [&str; 10] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unlicense",
    "Unicode-3.0",
    "Zlib",
    "GPL-2.0-or-later",
];

/// Crates that may be linked in two versions, each with its reason.
const TWICE: [(&str, &str); 0] = [];

/// What each member may depend on among the members: the arrows of the plan, tests of the member included.
const ARROWS: [(&str, &[&str]); 6] = [
    ("device-core", &[]),
    ("device-bus", &["device-core"]),
    ("plugboard-service", &["device-core", "device-bus", "qubesd-sim"]),
    ("plugboard", &["device-core", "device-bus", "qubesd-sim"]),
    ("qvm-device", &["device-core", "qubesd-sim"]),
    ("qubesd-sim", &["device-core"]),
];

/// What no member may depend on although it exists, because of the walls.
const NEVER: [(&str, &[&str]); 6] = [
    ("device-core", &["zbus", "gtk4", "ksni", "clap", "gettext-rs"]),
    ("device-bus", &["gtk4", "ksni", "clap", "gettext-rs"]),
    ("plugboard-service", &["gtk4", "ksni", "gettext-rs"]),
    ("plugboard", &["notify-rust"]),
    ("qvm-device", &["zbus", "gtk4", "ksni", "gettext-rs"]),
    ("qubesd-sim", &["zbus", "gtk4", "ksni", "gettext-rs"]),
];

/// One crate of the resolved graph.
struct Crate {
    name: String,
    version: String,
    licence: String,
    is_macro: bool,
    member: bool,
    /// Ids of what is linked into it.
    links: Vec<String>,
    /// Names of everything its manifest names, for tests and building too.
    named: BTreeSet<String>,
}

fn graph() -> BTreeMap<String, Crate> {
    let host = output("rustc", &["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let words = ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host];
    let answer: Value = serde_json::from_str(&output(env!("CARGO"), &words)).unwrap();
    let members: Vec<&str> = list(&answer["workspace_members"]).iter().filter_map(Value::as_str).collect();
    let mut graph: BTreeMap<String, Crate> = list(&answer["packages"])
        .iter()
        .map(|package| (text(&package["id"]), described(package, &members)))
        .collect();
    for node in list(&answer["resolve"]["nodes"]) {
        let linked = list(&node["deps"]).iter().filter(|dependency| is_linked(dependency));
        graph.get_mut(&text(&node["id"])).unwrap().links =
            linked.map(|dependency| text(&dependency["pkg"])).collect();
    }
    graph
}

fn output(program: &str, words: &[&str]) -> String {
    let done = Command::new(program).args(words).current_dir(sources::root()).output().unwrap();
    assert!(done.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn described(package: &Value, members: &[&str]) -> Crate {
    let id = text(&package["id"]);
    Crate {
        name: text(&package["name"]),
        version: text(&package["version"]),
        licence: text(&package["license"]),
        is_macro: list(&package["targets"])
            .iter()
            .any(|target| list(&target["kind"]).contains(&"proc-macro".into())),
        member: members.contains(&id.as_str()),
        links: Vec::new(),
        named: list(&package["dependencies"]).iter().map(|dependency| text(&dependency["name"])).collect(),
    }
}

/// Whether a dependency is linked in: not only for tests, not only for building.
fn is_linked(dependency: &Value) -> bool {
    list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Everything that ends up in a program; what macros need while compiling is not among it.
fn linked(graph: &BTreeMap<String, Crate>) -> Vec<&Crate> {
    let mut waiting: Vec<&str> =
        graph.iter().filter(|(_, it)| it.member).map(|(id, _)| id.as_str()).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let it = &graph[id];
        if !it.is_macro && seen.insert(id) {
            waiting.extend(it.links.iter().map(String::as_str));
        }
    }
    seen.into_iter().map(|id| &graph[id]).collect()
}

/// Names that come in more than one version and are not excused.
fn doubles<'a>(crates: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version) in crates {
        versions.entry(name).or_default().insert(version);
    }
    let excused = |name: &str| TWICE.iter().any(|(known, _)| *known == name);
    versions
        .into_iter()
        .filter(|(name, found)| found.len() > 1 && !excused(name))
        .map(|(name, found)| format!("{name} in {found:?}"))
        .collect()
}

/// Whether a licence expression can be met from the list: of each AND one of its ORs.
fn may_be_linked(licence: &str) -> bool {
    let plain = licence.replace(['(', ')'], " ").replace('/', " OR ");
    let known = |name: &str| LICENCES.contains(&name.trim());
    plain.split(" AND ").all(|part| part.split(" OR ").any(known))
}

/// Names under `[workspace.dependencies]` that no comment explains; one comment carries three crates at most.
fn unexplained(manifest: &str) -> Vec<String> {
    let (mut inside, mut carried, mut found) = (false, usize::MAX, Vec::new());
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if line.starts_with('#') {
            carried = 0;
        } else if let (true, Some((name, value))) = (inside, line.split_once('=')) {
            if !value.contains("path =") {
                carried = carried.saturating_add(1);
                if carried > 3 {
                    found.push(name.trim().to_owned());
                }
            }
        } else if line.is_empty() {
            carried = usize::MAX;
        }
    }
    found
}

#[test]
fn each_linked_crate_has_one_version() {
    let graph = graph();
    let found = doubles(linked(&graph).into_iter().map(|it| (it.name.as_str(), it.version.as_str())));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_linked_crate_has_a_licence_that_goes_with_ours() {
    let graph = graph();
    let strange: Vec<String> = linked(&graph)
        .into_iter()
        .filter(|it| !may_be_linked(&it.licence))
        .map(|it| format!("{} {}: {:?}", it.name, it.version, it.licence))
        .collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

#[test]
fn members_depend_only_along_the_arrows() {
    let graph = graph();
    let members: BTreeSet<&str> = graph.values().filter(|it| it.member).map(|it| it.name.as_str()).collect();
    for (name, may) in ARROWS {
        let it = graph.values().find(|it| it.member && it.name == name).unwrap();
        let strange: Vec<_> = it
            .named
            .iter()
            .filter(|other| members.contains(other.as_str()) && !may.contains(&other.as_str()))
            .collect();
        assert!(strange.is_empty(), "{name} depends on {strange:?}");
    }
    for (name, never) in NEVER {
        let it = graph.values().find(|it| it.member && it.name == name).unwrap();
        let strange: Vec<_> = never.iter().filter(|other| it.named.contains(**other)).collect();
        assert!(strange.is_empty(), "{name} depends on {strange:?}");
    }
}

#[test]
fn each_dependency_says_why_it_is_here() {
    let manifest = fs::read_to_string(sources::root().join("Cargo.toml")).unwrap();
    assert_eq!(unexplained(&manifest), Vec::<String>::new());
}

#[test]
fn members_take_versions_from_the_root() {
    for source in
        sources::all().iter().filter(|it| it.path.ends_with("/Cargo.toml") && !it.path.contains("fuzz/"))
    {
        let own: Vec<&str> = source.text.lines().filter(|line| line.contains("version = \"")).collect();
        assert!(own.is_empty(), "{} names versions of its own: {own:?}", source.path);
    }
}

/// Names and versions of a `Cargo.lock`.
fn locked(text: &str) -> BTreeSet<(&str, &str)> {
    let packages = text.split("[[package]]").skip(1);
    packages.filter_map(|package| Some((quoted(package, "name")?, quoted(package, "version")?))).collect()
}

/// The text between the quotes behind `key = `.
fn quoted<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

/// What one lock file holds in another version than all that the other one holds of it.
fn astray<'a>(locked: &BTreeSet<(&'a str, &'a str)>, house: &BTreeSet<(&str, &str)>) -> Vec<&'a str> {
    let is_in_house = |name: &str| house.iter().any(|(known, _)| *known == name);
    locked.iter().filter(|it| !house.contains(*it) && is_in_house(it.0)).map(|(name, _)| *name).collect()
}

#[test]
fn fuzz_targets_are_built_of_the_versions_of_the_house() {
    let read = |path: &str| fs::read_to_string(sources::root().join(path)).unwrap();
    let (house, fuzz) = (read("Cargo.lock"), read("tests/fuzz/Cargo.lock"));
    assert_eq!(astray(&locked(&fuzz), &locked(&house)), Vec::<&str>::new());
    let (house, fuzz) = (read("Cargo.toml"), read("tests/fuzz/Cargo.toml"));
    for key in ["version", "edition", "rust-version"] {
        assert_eq!(quoted(&fuzz, key), quoted(&house, key), "{key}");
    }
}

#[test]
fn a_version_astray_is_caught() {
    let house = locked("version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n");
    let fuzz = locked(
        "[[package]]\nname = \"a\"\nversion = \"1.1\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0\"\n",
    );
    assert_eq!(house, BTreeSet::from([("a", "1.0")]));
    assert_eq!(astray(&fuzz, &house), ["a"]);
    assert!(astray(&house, &house).is_empty());
}

#[test]
fn a_second_version_is_caught() {
    let crates = [("zbus", "5.19.0"), ("zbus", "6.2.1"), ("tokio", "1.54.1"), ("tokio", "1.54.1")];
    assert_eq!(doubles(crates.into_iter()).len(), 1);
}

#[test]
fn a_strange_licence_is_caught() {
    for fine in ["MIT", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "AGPL-3.0 OR MIT"] {
        assert!(may_be_linked(fine), "{fine}");
    }
    for strange in ["", "AGPL-3.0-only", "MIT AND GPL-2.0-only", "SSPL-1.0"] {
        assert!(!may_be_linked(strange), "{strange}");
    }
}

#[test]
fn a_dependency_without_reason_is_caught() {
    let manifest = "[workspace.dependencies]\n# Why.\na = \"1\"\n\nb = { version = \"2\" }\nc = { path = \"c\" }\n[x]\nd = \"1\"";
    assert_eq!(unexplained(manifest), ["b"]);
}
