//! The sub-menu of one device, beside its row: one popover that is filled anew for each device.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use device_core::name::DeviceRef;
use gtk::gdk;
use gtk::glib;
use gtk::graphene;
use gtk::prelude::*;

use super::aim::Edge;
use super::entry::{GroupKind, ItemAction, Items, Page, SubView};
use super::focus::{self, Cause};
use super::guard::{Guard, Hand};
use super::item::{ItemWidget, OnChoice};
use super::list::{GroupList, RowView};
use super::order::settle_submenu;
use super::row::RowWidget;
use super::rows::{Row, RowKey};
use super::targets::{has_reason, submenu};
use crate::platform::set_accessible_label;
use crate::scene::Scene;

/// Pixels between the sub-menu and the menu.
const GAP: i32 = 3;
/// Pixels by which it begins above its row, so that its first entry stands at the row's height.
const RISE: i32 = 6;

/// Entries drawn at first, a screen full; the others are drawn as soon as the person scrolls towards them.
const SCREENFUL: usize = 40;

/// The device whose sub-menu is open.
struct Open {
    device: DeviceRef,
    row: RowWidget,
    /// What a screen reader calls it: as the row.
    spoken: String,
    view: SubView,
    shown: Vec<Items>,
    /// How many entries of a group are drawn.
    drawn: usize,
}

impl Open {
    /// What stands beside a row is that row's, also once the row is that of another part of its stick.
    fn follow(&mut self) {
        let Some(Row { key: RowKey::Device(port), id: Some(id), .. }) = self.row.row() else {
            return;
        };
        if port != self.device.port {
            self.device = DeviceRef { port, id };
            let filter = std::mem::take(&mut self.view.filter);
            self.view = SubView { filter, ..SubView::opening(self.view.now) };
            self.shown.clear();
        }
    }
}

pub(super) struct Submenu {
    popover: gtk::Popover,
    scroller: gtk::ScrolledWindow,
    search: gtk::SearchEntry,
    list: RefCell<GroupList<GroupKind, ItemWidget>>,
    on_choice: OnChoice,
    guard: Rc<Guard>,
    pointer: gtk::EventControllerMotion,
    open: RefCell<Option<Open>>,
}

impl Submenu {
    /// An empty sub-menu that hangs at `parent`; choices go to `on_choice`.
    pub(super) fn new(parent: &impl IsA<gtk::Widget>, on_choice: impl Fn(&ItemAction) + 'static) -> Self {
        let popover = gtk::Popover::builder()
            .autohide(false)
            .has_arrow(false)
            // That of a popover takes no name in newer GTK.
            .accessible_role(gtk::AccessibleRole::Menu)
            .valign(gtk::Align::Start)
            .css_classes(["plugboard"])
            .build();
        popover.set_parent(parent);
        let (guard, pointer) = (Rc::new(Guard::default()), gtk::EventControllerMotion::new());
        let (asked, inside) = (guard.clone(), pointer.clone());
        let on_choice: OnChoice = Rc::new(move |action| {
            let now = Instant::now();
            let is_seen = asked.allows(Hand::Pointer, now) || !inside.contains_pointer();
            if is_seen && asked.allows(Hand::Keys, now) {
                on_choice(action);
            }
        });
        let menu = Self {
            popover,
            scroller: super::frame::scroller(),
            search: gtk::SearchEntry::builder().visible(false).css_classes(["search"]).build(),
            list: RefCell::new(GroupList::new()),
            on_choice,
            guard,
            pointer,
            open: RefCell::default(),
        };
        menu.assemble();
        menu
    }

    fn assemble(&self) {
        let whole = gtk::Box::new(gtk::Orientation::Vertical, 0);
        self.scroller.set_child(Some(self.list.borrow().widget()));
        whole.append(&self.search);
        whole.append(&self.scroller);
        whole.add_controller(self.pointer.clone());
        self.popover.set_child(Some(&whole));
        super::row::set_class(&self.popover, "composited", WidgetExt::display(&self.popover).is_composited());
    }

    pub(super) fn popover(&self) -> &gtk::Popover {
        &self.popover
    }

    pub(super) fn search(&self) -> &gtk::SearchEntry {
        &self.search
    }

    /// The device whose sub-menu is open.
    pub(super) fn device(&self) -> Option<DeviceRef> {
        self.open.borrow().as_ref().map(|open| open.device.clone())
    }

    /// The row whose sub-menu is open.
    pub(super) fn row(&self) -> Option<RowWidget> {
        self.open.borrow().as_ref().map(|open| open.row.clone())
    }

    /// Which page is open.
    pub(super) fn page(&self) -> Option<Page> {
        self.open.borrow().as_ref().map(|open| open.view.page.clone())
    }

    /// Whether a part of the row is open.
    pub(super) fn shows_part(&self) -> bool {
        self.open.borrow().as_ref().is_some_and(|open| open.view.part.is_some())
    }

    /// Opens for a device beside its row; closes what was open.
    pub(super) fn open(&self, scene: &Scene, device: DeviceRef, row: &RowWidget, room: i32) {
        if self.device().as_ref() == Some(&device) {
            return;
        }
        if let Some(before) = self.open.borrow_mut().take() {
            before.row.set_open(false);
            // What stands under a pointer on its way belongs to another device now, and so does what has the focus.
            self.guard.changed(Hand::Pointer, Instant::now());
            focus::let_go(self.list.borrow().widget());
        }
        let view = SubView::opening(Instant::now());
        *self.open.borrow_mut() = Some(Open {
            device,
            row: row.clone(),
            spoken: String::new(),
            view,
            shown: Vec::new(),
            drawn: SCREENFUL,
        });
        self.search.set_text("");
        self.search.set_visible(false);
        self.scroller.set_max_content_height(room);
        self.scroller.vadjustment().set_value(0.0);
        self.show(scene, Cause::Person);
        if self.open.borrow().is_some() {
            row.set_open(true);
            self.point_at(row);
            self.popover.popup();
        }
    }

    /// Beside the menu, not over it: the row's height, the whole menu's width.
    fn point_at(&self, row: &RowWidget) {
        let Some(parent) = self.popover.parent() else {
            return;
        };
        let bounds = row.button().compute_bounds(&parent).unwrap_or_else(graphene::Rect::zero);
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a window fit in any integer")]
        let (top, height) = (bounds.y() as i32 - RISE, bounds.height() as i32);
        self.popover.set_pointing_to(Some(&gdk::Rectangle::new(-GAP, top, parent.width() + 2 * GAP, height)));
    }

    /// Stays beside its row now that `rows` are scrolled from `from` to where `place` is. False where the row has gone
    /// out of sight meanwhile.
    pub(super) fn follow(&self, rows: &gtk::Box, from: f64, place: &gtk::Adjustment) -> bool {
        let row = self.open.borrow().as_ref().map(|open| open.row.clone());
        let Some(bounds) = row.and_then(|row| row.button().compute_bounds(rows)) else {
            return true;
        };
        let (top, height) = (f64::from(bounds.y()), f64::from(bounds.height()));
        let is_in_sight = |at: f64| top + height > at && top < at + place.page_size();
        if is_in_sight(from) && !is_in_sight(place.value()) {
            return false;
        }
        let (is_pointing, at) = self.popover.pointing_to();
        if is_pointing {
            // The row is moved with the next frame.
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a window fit in any integer")]
            let way = (from.round() - place.value().round()) as i32;
            let to = gdk::Rectangle::new(at.x(), at.y() + way, at.width(), at.height());
            self.popover.set_pointing_to(Some(&to));
        }
        true
    }

    /// On which side of the menu it opens.
    pub(super) fn set_side(&self, side: gtk::PositionType) {
        self.popover.set_position(side);
    }

    /// Shows what is true now. Closes when there is nothing to show any more, or another device is on the port.
    pub(super) fn refresh(&self, scene: &Scene) {
        self.show(scene, Cause::Machine);
    }

    fn show(&self, scene: &Scene, cause: Cause) {
        let shown = {
            let mut open = self.open.borrow_mut();
            let Some(open) = open.as_mut() else {
                return;
            };
            open.view.now = Instant::now();
            open.follow();
            if let Some(row) = open.row.row().filter(|row| row.spoken != open.spoken) {
                set_accessible_label(&self.popover, &row.spoken);
                open.spoken = row.spoken;
            }
            let device = scene.device(&open.device);
            if device.is_some_and(|device| !has_reason(scene, device, &open.view)) {
                open.view.page = Page::Targets;
            }
            let fresh = device.map(|device| submenu(scene, device, &open.view));
            open.shown = settle_submenu(&open.shown, fresh.unwrap_or_default(), &scene.machine);
            let is_there = device.is_some() && scene.is_live();
            is_there.then(|| cut(&open.shown, open.drawn)).filter(|shown| !shown.is_empty())
        };
        let Some(shown) = shown else {
            return self.close();
        };
        let change =
            self.list.borrow_mut().show(&shown, cause, |item| ItemWidget::new(item, &self.on_choice));
        // What grows by itself comes under a pointer beside it; what a person opens does not wait for their hand.
        if change.is_any && (cause == Cause::Machine || self.pointer.contains_pointer()) {
            self.guard.changed(Hand::Pointer, Instant::now());
        }
        if change.is_at_focus {
            self.guard.changed(Hand::Keys, Instant::now());
        }
    }

    /// Draws the next entries of a long list.
    pub(super) fn draw_more(&self, scene: &Scene) {
        let is_cut = self.open.borrow_mut().as_mut().is_some_and(|open| {
            let is_cut = open.shown.iter().any(|group| group.rows.len() > open.drawn);
            open.drawn += if is_cut { SCREENFUL } else { 0 };
            is_cut
        });
        if is_cut {
            self.show(scene, Cause::Machine);
        }
    }

    /// Calls `near_end` when the person scrolls towards the last entry that is drawn.
    pub(super) fn on_scroll(&self, near_end: impl Fn() + 'static) {
        self.scroller.vadjustment().connect_value_changed(move |place| {
            if place.value() + 2.0 * place.page_size() > place.upper() {
                near_end();
            }
        });
    }

    /// Shows another page, or the same one otherwise: what stood there does not keep its place.
    pub(super) fn turn(&self, scene: &Scene, change: impl FnOnce(&mut SubView)) {
        if let Some(open) = self.open.borrow_mut().as_mut() {
            change(&mut open.view);
            open.shown.clear();
        }
        self.show(scene, Cause::Person);
    }

    pub(super) fn close(&self) {
        let was_open = self.open.borrow_mut().take();
        if let Some(open) = &was_open {
            open.row.set_open(false);
        }
        // GTK would give it to any row.
        focus::let_go(&self.popover);
        self.search.set_text("");
        self.popover.popdown();
        if was_open.is_some() {
            self.renew_surface();
        }
    }

    /// GTK goes on to tell a hidden surface of the pointer, as if it lay over the rows of the menu, when a change was
    /// about to be drawn in it; the rows then no longer know that the pointer is on them. Of a fresh one there is nothing
    /// to tell. Later, because a click that closes the sub-menu is still being handled in it.
    fn renew_surface(&self) {
        let popover = self.popover.clone();
        glib::idle_add_local_full(glib::Priority::HIGH_IDLE, move || {
            if !popover.is_visible() && popover.is_realized() {
                send_pointer_away(&popover);
                WidgetExt::unrealize(&popover);
                // Until half a second after the pointer was in it GTK asks where it is now, for a tooltip.
                WidgetExt::realize(&popover);
            }
            glib::ControlFlow::Break
        });
    }

    /// Its entries, from top to bottom.
    pub(super) fn list(&self) -> &RefCell<GroupList<GroupKind, ItemWidget>> {
        &self.list
    }

    /// Which choices count.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Whether choosing this entry shows a further page.
    pub(super) fn opens_page(&self, choice: &gtk::Widget) -> bool {
        let list = self.list.borrow();
        let item = list.views().find(|item| item.widget() == choice);
        item.is_some_and(ItemWidget::opens_page)
    }

    /// Its near edge in the window of the menu, while it is open.
    pub(super) fn edge(&self, menu_width: f64) -> Option<Edge> {
        if !self.popover.is_visible() {
            return None;
        }
        let surface = self.popover.surface()?.downcast::<gdk::Popup>().ok()?;
        let (left, top) = (f64::from(surface.position_x()), f64::from(surface.position_y()));
        let right = left + f64::from(surface.width());
        let x = if left + right < menu_width { right } else { left };
        Some(Edge { x, top, bottom: top + f64::from(surface.height()) })
    }
}

/// GTK may still believe that the pointer is in what was hidden, and at the next layout asks for its place in the surface
/// there, which may be none or a hidden one. What turns insensitive is looked for no more; the layout finds the true place.
fn send_pointer_away(hidden: &gtk::Popover) {
    let had_pointer = hidden.state_flags().contains(gtk::StateFlags::PRELIGHT);
    hidden.set_sensitive(false);
    hidden.set_sensitive(true);
    // Not otherwise: what is laid out while the pointer rests leaves GTK a movement to tell, into the next click.
    if let Some(parent) = hidden.parent().filter(|_| had_pointer) {
        parent.queue_allocate();
    }
}

/// The beginning of each group.
fn cut(groups: &[Items], length: usize) -> Vec<Items> {
    let cut =
        |group: &Items| Items { rows: group.rows.iter().take(length).cloned().collect(), ..group.clone() };
    groups.iter().map(cut).collect()
}
