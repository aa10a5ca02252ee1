//! The menu as a value: banners, sections, rows. A pure function of the scene; it remembers nothing.
//!
//! The GTK menu, the D-Bus menu and the tooltip are views of it.

use std::collections::BTreeSet;
use std::time::Instant;

use device_core::machine::Link;

use super::rows::{Group, Row, RowKey, SectionKind};
use super::section;
use crate::reason::trouble;
use crate::scene::Scene;
use crate::strings;

/// What the person typed, and when it is.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Words that rows must hold; empty = all rows.
    pub(crate) filter: String,
    /// The moment the picture is for.
    pub(crate) now: Instant,
}

/// The whole menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Menu {
    /// Lines above everything, most urgent first.
    pub(crate) banners: Vec<Banner>,
    /// The sections that have rows.
    pub(crate) sections: Vec<Group<SectionKind, Row>>,
    /// Said in place of the sections when there are none.
    pub(crate) empty: Option<String>,
    /// When the menu looks different although nothing happened: a badge ages, waiting may be given up.
    pub(crate) changes_at: Option<Instant>,
}

/// One line above the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Banner {
    /// What it is about.
    pub(crate) kind: BannerKind,
    /// The line.
    pub(crate) text: String,
}

/// How loud a banner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BannerKind {
    /// What is shown may be untrue.
    Lost,
    /// What is shown is being read again.
    Resyncing,
    /// None of this is a real machine.
    Simulator,
}

/// The menu for this scene.
pub(crate) fn menu(scene: &Scene, view: &View) -> Menu {
    open_menu(scene, view, &[])
}

/// The menu that is open and shows these rows under this filter: they stay in it, whatever they have come to say since.
pub(crate) fn open_menu(scene: &Scene, view: &View, shown: &[Group<SectionKind, Row>]) -> Menu {
    let kept: BTreeSet<&RowKey> =
        shown.iter().flat_map(|section| &section.rows).map(|row| &row.key).collect();
    let mut sections = section::sections(scene, view.now);
    let has_rows = !sections.is_empty();
    for section in &mut sections {
        section.rows.retain(|row| row.matches(&view.filter) || kept.contains(&row.key));
    }
    sections.retain(|section| !section.rows.is_empty());
    let empty = match (has_rows, sections.is_empty()) {
        (false, _) if !scene.is_live() => None,
        (false, _) if section::has_hidden(scene) => Some(strings::all_hidden()),
        (false, _) => Some(strings::no_devices()),
        (true, true) => Some(strings::nothing_found(&view.filter)),
        _ => None,
    };
    Menu { banners: banners(scene), sections, empty, changes_at: changes_at(scene, view.now) }
}

fn banners(scene: &Scene) -> Vec<Banner> {
    let link = match &scene.machine.link {
        Link::Live => None,
        Link::Resyncing => Some((BannerKind::Resyncing, strings::resyncing())),
        Link::Lost(why) => Some((BannerKind::Lost, strings::connection_lost(&trouble(why)))),
    };
    let simulator = scene.simulated_world().map(|world| (BannerKind::Simulator, strings::simulator(world)));
    link.into_iter().chain(simulator).map(|(kind, text)| Banner { kind, text }).collect()
}

/// The first moment after `now` at which the menu looks different by itself.
pub(crate) fn changes_at(scene: &Scene, now: Instant) -> Option<Instant> {
    let badges = scene.plugged_in.keys().filter_map(|port| scene.new_until(port, now));
    let waits = scene.pending.iter().map(|pending| pending.since + crate::scene::GIVE_UP_AFTER);
    badges.chain(waits).filter(|moment| *moment > now).min()
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "worlds_tests.rs"]
mod worlds_tests;
