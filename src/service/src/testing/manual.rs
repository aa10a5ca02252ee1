//! Compares a page of the manual with what a running object says of itself.

use std::collections::BTreeMap;

/// Asserts that both texts describe the same `interface`: the same methods, arguments, properties and annotations.
/// The order of members does not count; the order of arguments does.
pub(crate) fn assert_manual(interface: &str, page: &str, introspected: &str) {
    let (page, introspected) = (members(interface, page), members(interface, introspected));
    assert!(!page.is_empty());
    assert_eq!(page, introspected);
}

/// Each member of the interface (its opening tag) with the tags inside it.
fn members(interface: &str, xml: &str) -> BTreeMap<String, Vec<String>> {
    let opening = tag(&format!("interface name=\"{interface}\""));
    let tags = tags(xml);
    let inside = tags.iter().skip_while(|tag| **tag != opening).skip(1);
    let mut members = BTreeMap::new();
    let mut member = None;
    for tag in inside.take_while(|tag| *tag != "/interface") {
        if tag.starts_with("method ") || tag.starts_with("property ") || tag.starts_with("signal ") {
            member = Some(tag.clone());
            members.insert(tag.clone(), Vec::new());
        } else if let Some(member) = member.as_ref().filter(|_| !tag.starts_with('/')) {
            members.get_mut(member).unwrap().push(tag.clone());
        }
    }
    members
}

/// The tags of a text without comments, each with its attributes sorted.
fn tags(xml: &str) -> Vec<String> {
    let mut without_comments = String::new();
    for piece in xml.split("<!--") {
        without_comments.push_str(piece.split_once("-->").map_or(piece, |(_, rest)| rest));
    }
    without_comments
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(text, _)| tag(text))
        .collect()
}

fn tag(text: &str) -> String {
    let text = text.trim_end_matches('/');
    let (name, attributes) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let words: Vec<_> = attributes.split('"').map(str::trim).collect();
    let mut attributes: Vec<_> = words.chunks_exact(2).map(|pair| pair.join("\"")).collect();
    attributes.sort();
    [&[name.to_owned()][..], &attributes].concat().join(" ")
}

#[test]
fn a_difference_is_found() {
    let page =
        r#"<!-- x --><interface name="a"><method name="M"><arg name="x" type="s"/></method></interface>"#;
    assert_manual(
        "a",
        page,
        r#"<interface name="a"> <method name="M"> <arg type="s" name="x" /></method></interface>"#,
    );
    let other = page.replace("type=\"s\"", "type=\"o\"");
    assert_ne!(members("a", page), members("a", &other));
}
