//! One day for one version: what the metainfo lists as released is what the manual pages and the changelog say.

use std::fs;

use super::sources;

/// The day of a version in the list of releases.
fn released<'a>(metainfo: &'a str, version: &str) -> Option<&'a str> {
    let (_, behind) = metainfo.split_once(&format!("<release version=\"{version}\" date=\""))?;
    Some(behind.split_once('"')?.0)
}

/// The day of a version in the changelog; `None` = it is not closed yet.
fn closed<'a>(changelog: &'a str, version: &str) -> Option<&'a str> {
    changelog.lines().find_map(|line| line.strip_prefix(&format!("## [{version}] - ")))
}

/// The day at the head of a manual page.
fn day_of_page(page: &str) -> Option<&str> {
    page.lines().find_map(|line| line.strip_prefix(".TH "))?.split('"').nth(1)
}

/// The day in the page that the command line writes itself.
fn day_of_written_page(source: &str) -> Option<&str> {
    source.lines().find_map(|line| line.strip_prefix("const DAY: &str = \""))?.strip_suffix("\";")
}

#[test]
fn every_manual_page_is_of_the_day_of_its_version() {
    let text = |path: &str| fs::read_to_string(sources::root().join(path)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let metainfo = text("data/org.plugboard.Devices.metainfo.xml.in");
    let day = released(&metainfo, version);
    assert!(day.is_some(), "the metainfo lists no release {version}");
    for page in
        sources::all().iter().filter(|file| file.path.starts_with("data/man/") && file.path.ends_with(".1"))
    {
        assert_eq!(day_of_page(&page.text), day, "{}", page.path);
    }
    assert_eq!(day_of_written_page(&text("src/cli/src/generate/man.rs")), day);
    let changelog = text("CHANGELOG.md");
    let closed = closed(&changelog, version);
    assert!(
        closed.is_none() || closed == day,
        "the changelog closes {version} on {closed:?}, not on {day:?}"
    );
}

#[test]
fn each_day_is_found_where_it_stands() {
    assert_eq!(released("<release version=\"0.1.0\" date=\"2026-01-02\" type", "0.1.0"), Some("2026-01-02"));
    assert_eq!(released("<release version=\"0.1.0\" date=\"2026-01-02\" type", "0.2.0"), None);
    assert_eq!(closed("## [Unreleased]\n\n## [0.1.0] - 2026-01-02\n", "0.1.0"), Some("2026-01-02"));
    assert_eq!(closed("## [Unreleased]\n", "0.1.0"), None);
    assert_eq!(day_of_page(".\\\" Made\n.TH A 1 \"2026-01-02\" \"B\"\n"), Some("2026-01-02"));
    assert_eq!(day_of_page(".TH A 1 \"\" \"B\"\n"), Some(""));
    assert_eq!(day_of_written_page("const DAY: &str = \"2026-01-02\";\n"), Some("2026-01-02"));
}
