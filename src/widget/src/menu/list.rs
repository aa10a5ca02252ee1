//! Groups of rows as widgets: headings, separators and one view for each row of the model.
//!
//! The model keeps rows in their places while a menu is open ([`super::order`]), so a view is found by its place.
//! Views are kept and used again: nothing is built anew under the pointer, and a menu opens quickly the second time.

use gtk::prelude::*;

use super::focus::{self, Cause};
use super::rows::Group;

/// The widget of one row.
pub(super) trait RowView {
    /// What it shows.
    type Row;
    /// Shows this row from now on. Tells whether it means something else than before, or is of another height.
    fn show(&self, row: &Self::Row) -> bool;
    /// The widget itself.
    fn widget(&self) -> &gtk::Widget;
    /// Whether it can show this row at all.
    fn suits(&self, _row: &Self::Row) -> bool {
        true
    }
}

/// One group: a separator above, a heading, the rows.
struct GroupView<K, V> {
    kind: K,
    body: gtk::Box,
    separator: gtk::Separator,
    heading: gtk::Label,
    rows: Vec<V>,
    used: usize,
}

/// All groups.
pub(super) struct GroupList<K, V> {
    root: gtk::Box,
    groups: Vec<GroupView<K, V>>,
    /// What had the focus when it went or came to be about something else.
    lost: Option<gtk::Widget>,
}

/// What showing did to what stood there before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    /// Anything moved or changed its meaning.
    pub(super) is_any: bool,
    /// What had the focus went, or changed its meaning, and not by the person's doing.
    pub(super) is_at_focus: bool,
}

impl<K: Copy + Ord, V: RowView> GroupList<K, V> {
    pub(super) fn new() -> Self {
        let root = gtk::Box::new(gtk::Orientation::Vertical, 0);
        root.add_css_class("groups");
        Self { root, groups: Vec::new(), lost: None }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows these groups; `build` makes a view for a row where there are too few, or one does not suit.
    pub(super) fn show(
        &mut self,
        groups: &[Group<K, V::Row>],
        cause: Cause,
        build: impl Fn(&V::Row) -> V,
    ) -> Change {
        let focused = self.focused().cloned();
        let mut change = Change::default();
        for group in groups {
            let place = self.place(group.kind);
            if let Some(view) = self.groups.get_mut(place) {
                change.is_any |= view.show(group, &build, |view| {
                    change.is_at_focus |= focused.as_ref() == Some(view.widget());
                });
            }
        }
        for view in &mut self.groups {
            if !groups.iter().any(|group| group.kind == view.kind) {
                change.is_any |= view.clear();
            }
        }
        if cause == Cause::Person {
            change.is_at_focus = false;
            self.lost = None;
        } else if focused.as_ref().is_some_and(|focused| !focused.is_focus()) {
            change.is_at_focus = true;
            self.lost = focused;
        }
        let mut is_first = true;
        for view in self.groups.iter().filter(|view| view.used > 0) {
            view.separator.set_visible(!is_first);
            is_first = false;
        }
        change
    }

    /// The entry that has the focus.
    pub(super) fn focused(&self) -> Option<&gtk::Widget> {
        self.views().map(V::widget).find(|widget| widget.is_focus())
    }

    /// The first entry that can be used.
    pub(super) fn first_usable(&self) -> Option<gtk::Widget> {
        self.views().map(V::widget).find(|widget| widget.is_sensitive()).cloned()
    }

    /// The group that has the focus.
    pub(super) fn focused_kind(&self) -> Option<K> {
        self.groups.iter().find(|group| focus::is_in(&group.body)).map(|group| group.kind)
    }

    /// The first entry that can be used, of this group if it has one.
    pub(super) fn first_usable_near(&self, kind: K) -> Option<gtk::Widget> {
        let group = self.groups.iter().filter(|group| group.kind == kind);
        let mut widgets = group.flat_map(|group| group.rows.iter().take(group.used)).map(V::widget);
        widgets.find(|widget| widget.is_sensitive()).cloned().or_else(|| self.first_usable())
    }

    /// The entry that lost the focus without the person's doing: their next step goes on from there.
    pub(super) fn lost(&self) -> Option<&gtk::Widget> {
        self.lost.as_ref()
    }

    /// From here on the next step of the person goes on from this entry; `None` = it begins anew.
    pub(super) fn set_lost(&mut self, entry: Option<gtk::Widget>) {
        self.lost = entry;
    }

    /// The views in use, from top to bottom.
    pub(super) fn views(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.groups.iter().flat_map(|group| group.rows.iter().take(group.used))
    }

    /// The place of a group, which is made where it is missing.
    fn place(&mut self, kind: K) -> usize {
        match self.groups.binary_search_by(|view| view.kind.cmp(&kind)) {
            Ok(place) => place,
            Err(place) => {
                let view = GroupView::new(kind);
                let before = place.checked_sub(1).and_then(|place| self.groups.get(place));
                self.root.insert_child_after(&view.body, before.map(|view| &view.body));
                self.groups.insert(place, view);
                place
            }
        }
    }
}

impl<K, V: RowView> GroupView<K, V> {
    fn new(kind: K) -> Self {
        let body = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let separator = gtk::Separator::new(gtk::Orientation::Horizontal);
        let heading = gtk::Label::builder().xalign(0.0).css_classes(["heading"]).build();
        body.append(&separator);
        body.append(&heading);
        Self { kind, body, separator, heading, rows: Vec::new(), used: 0 }
    }

    /// Tells of each view that means something else than before, and whether anything at all is different.
    fn show(
        &mut self,
        group: &Group<K, V::Row>,
        build: impl Fn(&V::Row) -> V,
        mut changed_at: impl FnMut(&V),
    ) -> bool {
        let mut changed = self.used != group.rows.len();
        for (view, row) in self.rows.iter_mut().zip(&group.rows).filter(|(view, row)| !view.suits(row)) {
            let fresh = build(row);
            self.body.insert_child_after(fresh.widget(), Some(view.widget()));
            focus::let_go(view.widget());
            self.body.remove(view.widget());
            *view = fresh;
        }
        for row in group.rows.iter().skip(self.rows.len()) {
            let view = build(row);
            self.body.append(view.widget());
            self.rows.push(view);
        }
        for (view, row) in self.rows.iter().zip(&group.rows) {
            if view.show(row) {
                changed = true;
                changed_at(view);
            }
            view.widget().set_visible(true);
        }
        self.heading.set_visible(group.heading.is_some());
        self.heading.set_text(group.heading.as_deref().unwrap_or_default());
        self.body.set_visible(true);
        self.hide_from(group.rows.len());
        changed
    }

    fn clear(&mut self) -> bool {
        let changed = self.used > 0;
        self.hide_from(0);
        self.body.set_visible(false);
        changed
    }

    fn hide_from(&mut self, used: usize) {
        for view in self.rows.iter().skip(used).take(self.used.saturating_sub(used)) {
            focus::let_go(view.widget());
            view.widget().set_visible(false);
        }
        self.used = used;
    }
}
