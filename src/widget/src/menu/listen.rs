//! What happens to the window and in it, told to [`Parts`]: focus, size, pointer, scrolling, typed words.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Instant;

use gtk::glib;
use gtk::prelude::*;

use super::guard::Hand;
use super::outside::Outside;
use super::window::Parts;
use super::{focus, keyboard};
use crate::scene::Wish;

/// Connects everything; nothing of it keeps the menu alive.
pub(super) fn listen(parts: &Rc<Parts>) {
    keyboard::listen(parts);
    to_window(parts);
    to_pointer(parts);
    to_typing(parts);
    to_footer(parts);
    parts.route_typing();
}

fn to_window(parts: &Rc<Parts>) {
    let window = parts.frame.window();
    let told = Rc::downgrade(parts);
    window.connect_is_active_notify(move |window| {
        if !window.is_active() && Outside::can_place(window) {
            with(&told, |parts| parts.close());
        }
    });
    let told = Rc::downgrade(parts);
    window.connect_close_request(move |_| {
        with(&told, |parts| parts.close());
        glib::Propagation::Stop
    });
    let told = Rc::downgrade(parts);
    window.connect_realize(move |window| {
        let (Some(surface), told) = (window.surface(), told.clone()) else {
            return;
        };
        // A menu that has grown may have to stand elsewhere to stay on the screen.
        surface.connect_layout(move |_, width, height| with(&told, |parts| parts.keep((width, height))));
    });
}

fn to_footer(parts: &Rc<Parts>) {
    let told = Rc::downgrade(parts);
    parts.frame.on_settings(move || with_settled(&told, |parts| parts.wish(Wish::Settings(None))));
    let told = Rc::downgrade(parts);
    parts.frame.on_about(move || with_settled(&told, |parts| parts.frame.turn_about()));
}

fn to_pointer(parts: &Rc<Parts>) {
    let motion = gtk::EventControllerMotion::new();
    // Before the rows are told.
    motion.set_propagation_phase(gtk::PropagationPhase::Capture);
    let moved = parts.hover.clone();
    // Its leaving is not asked for: with a sub-menu open GTK tells of it while the pointer is still on the way.
    motion.connect_motion(move |_, x, y| moved.moved((x, y)));
    parts.frame.window().add_controller(motion);
    let (told, from) = (Rc::downgrade(parts), Cell::new(0.0));
    parts.frame.scroller().vadjustment().connect_value_changed(move |place| {
        let from = from.replace(place.value());
        with(&told, |parts| parts.scrolled(from, place));
    });
    let told = Rc::downgrade(parts);
    parts.submenu.on_scroll(move || with(&told, |parts| parts.submenu.draw_more(&parts.scene())));
}

fn to_typing(parts: &Rc<Parts>) {
    let told = Rc::downgrade(parts);
    parts.frame.search().connect_changed(move |search| {
        show_search(search);
        with(&told, Parts::filter_rows);
    });
    let told = Rc::downgrade(parts);
    parts.submenu.search().connect_changed(move |search| {
        show_search(search);
        let words = search.text().to_string();
        with(&told, |parts| parts.filter_qubes(words));
    });
}

/// It is there as long as there is something in it.
fn show_search(search: &gtk::SearchEntry) {
    let has_words = !search.text().is_empty();
    if !has_words {
        focus::let_go(search);
    }
    search.set_visible(has_words);
}

fn with(parts: &Weak<Parts>, told: impl FnOnce(&Rc<Parts>)) {
    if let Some(parts) = parts.upgrade() {
        told(&parts);
    }
}

/// Only where the person has seen what they chose.
fn with_settled(parts: &Weak<Parts>, told: impl FnOnce(&Rc<Parts>)) {
    if let Some(parts) = parts.upgrade().filter(|parts| parts.is_settled()) {
        told(&parts);
    }
}

impl Parts {
    /// The window has this size now.
    pub(super) fn keep(&self, size: (i32, i32)) {
        self.outside.keep(self.frame.window(), size);
    }

    /// Where the sub-menu begins, while one is open.
    pub(super) fn submenu_edge(&self) -> Option<super::aim::Edge> {
        self.submenu.edge(f64::from(self.frame.window().width()))
    }

    /// The rows were scrolled: what is open beside a row stays there, and goes with it. Nobody rests on what moves.
    fn scrolled(&self, from: f64, place: &gtk::Adjustment) {
        self.hover.cancel();
        let is_there = self.submenu.follow(self.list.borrow().widget(), from, place);
        if !is_there {
            self.close_submenu();
        }
    }

    /// Whether the person has seen what they chose.
    pub(super) fn is_settled(&self) -> bool {
        let now = Instant::now();
        self.guard.allows(Hand::Keys, now) && (self.guard.allows(Hand::Pointer, now) || !self.has_pointer())
    }

    /// Whether the pointer is on anything that can be chosen.
    fn has_pointer(&self) -> bool {
        let list = self.list.borrow();
        [list.widget(), self.frame.footer()]
            .iter()
            .any(|part| part.state_flags().contains(gtk::StateFlags::PRELIGHT))
    }

    /// Letters filter what is open: the qubes of the sub-menu, else the devices.
    pub(super) fn route_typing(&self) {
        let (rows, qubes) = (self.frame.search(), self.submenu.search());
        let window: &gtk::Widget = self.frame.window().upcast_ref();
        let is_open = self.submenu.device().is_some();
        let popover: &gtk::Widget = self.submenu.popover().upcast_ref();
        let has_focus = focus::is_in(popover);
        rows.set_key_capture_widget((!is_open).then_some(window));
        // Keys in a popover do not pass through the window that it hangs at.
        qubes.set_key_capture_widget(is_open.then_some(if has_focus { popover } else { window }));
    }
}
