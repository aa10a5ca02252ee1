//! Groups of rows as widgets: headings, separators and one view for each row of the model.
//!
//! The model keeps rows in their places while a menu is open ([`super::order`]), so a view is found by its place.
//! Views are kept and used again: nothing is built anew under the pointer, and a menu opens quickly the second time.

use gtk::prelude::*;

use super::rows::Group;

/// The widget of one row.
pub(super) trait RowView {
    /// What it shows.
    type Row;
    /// Shows this row from now on. Tells whether it means something else than before, or is of another height.
    fn show(&self, row: &Self::Row) -> bool;
    /// The widget itself.
    fn widget(&self) -> &gtk::Widget;
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
}

impl<K: Copy + Ord, V: RowView> GroupList<K, V> {
    pub(super) fn new() -> Self {
        let root = gtk::Box::new(gtk::Orientation::Vertical, 0);
        root.add_css_class("groups");
        Self { root, groups: Vec::new() }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.root
    }

    /// Shows these groups; `build` makes a view where there are too few. Tells whether anything moved or changed its
    /// meaning.
    pub(super) fn show(&mut self, groups: &[Group<K, V::Row>], build: impl Fn() -> V) -> bool {
        let mut changed = false;
        for group in groups {
            let place = self.place(group.kind);
            if let Some(view) = self.groups.get_mut(place) {
                changed |= view.show(group, &build);
            }
        }
        for view in &mut self.groups {
            if !groups.iter().any(|group| group.kind == view.kind) {
                changed |= view.clear();
            }
        }
        let mut is_first = true;
        for view in self.groups.iter().filter(|view| view.used > 0) {
            view.separator.set_visible(!is_first);
            is_first = false;
        }
        changed
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

    fn show(&mut self, group: &Group<K, V::Row>, build: impl Fn() -> V) -> bool {
        let mut changed = self.used != group.rows.len();
        while self.rows.len() < group.rows.len() {
            let view = build();
            self.body.append(view.widget());
            self.rows.push(view);
        }
        for (view, row) in self.rows.iter().zip(&group.rows) {
            changed |= view.show(row);
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
        self.body.set_visible(false);
        self.hide_from(0);
        changed
    }

    fn hide_from(&mut self, used: usize) {
        for view in self.rows.iter().skip(used).take(self.used.saturating_sub(used)) {
            view.widget().set_visible(false);
        }
        self.used = used;
    }
}
