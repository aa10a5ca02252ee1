//! The fixed parts of the window: banners above, search, the place for the list, a quiet line, footer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk::gdk;
use gtk::prelude::*;

use super::model::{Banner, BannerKind};
use super::row::set_class;
use crate::platform::set_accessible_label;
use crate::scene::Scene;
use crate::strings;

/// Width that the menu has at least, so that short names do not make it narrow.
const WIDTH: i32 = 330;
/// Characters of a line above or below the rows before it goes on in the next one.
const LINE: i32 = 44;

pub(super) struct Frame {
    window: gtk::Window,
    root: gtk::Box,
    banners: gtk::Box,
    shown_banners: RefCell<Vec<Banner>>,
    search: gtk::SearchEntry,
    scroller: gtk::ScrolledWindow,
    empty: gtk::Label,
    about: gtk::Label,
    settings: gtk::Button,
    more_about: gtk::Button,
    tells_about: Rc<Cell<bool>>,
}

impl Frame {
    pub(super) fn new() -> Self {
        let window = gtk::Window::builder()
            .title(strings::devices())
            .icon_name(crate::APP_ID)
            .decorated(false)
            .resizable(false)
            .hide_on_close(true)
            .css_classes(["plugboard"])
            .build();
        let frame = Self {
            window,
            root: gtk::Box::builder().orientation(gtk::Orientation::Vertical).width_request(WIDTH).build(),
            banners: gtk::Box::new(gtk::Orientation::Vertical, 0),
            shown_banners: RefCell::default(),
            search: gtk::SearchEntry::builder().visible(false).css_classes(["search"]).build(),
            scroller: scroller(),
            empty: line("empty"),
            about: line("note"),
            settings: footer_button(&strings::settings()),
            more_about: footer_button(&strings::about()),
            tells_about: Rc::default(),
        };
        frame.assemble();
        frame
    }

    fn assemble(&self) {
        self.root.append(&self.banners);
        self.root.append(&self.search);
        self.root.append(&self.scroller);
        self.root.append(&self.empty);
        self.root.append(&self.footer());
        self.window.set_child(Some(&self.root));
        set_class(&self.window, "composited", self.display().is_composited());
    }

    fn footer(&self) -> gtk::Box {
        let footer = gtk::Box::builder().css_classes(["footer"]).build();
        self.about.set_hexpand(true);
        self.about.set_margin_start(8);
        self.about.set_visible(false);
        let spring = gtk::Box::builder().hexpand(true).build();
        footer.append(&self.settings);
        footer.append(&self.about);
        footer.append(&spring);
        footer.append(&self.more_about);
        let (text, tells) = (self.about.clone(), self.tells_about.clone());
        self.more_about.connect_clicked(move |_| {
            tells.set(!tells.get());
            text.set_visible(tells.get());
        });
        footer
    }

    /// Calls `chosen` when the person wants the window of preferences.
    pub(super) fn on_settings(&self, chosen: impl Fn() + 'static) {
        self.settings.connect_clicked(move |_| chosen());
    }

    /// The entries of the footer, in the order in which keys reach them.
    pub(super) fn footer_entries(&self) -> [&gtk::Button; 2] {
        [&self.settings, &self.more_about]
    }

    pub(super) fn window(&self) -> &gtk::Window {
        &self.window
    }

    pub(super) fn root(&self) -> &gtk::Box {
        &self.root
    }

    pub(super) fn search(&self) -> &gtk::SearchEntry {
        &self.search
    }

    pub(super) fn scroller(&self) -> &gtk::ScrolledWindow {
        &self.scroller
    }

    pub(super) fn display(&self) -> gdk::Display {
        RootExt::display(&self.window)
    }

    pub(super) fn is_open(&self) -> bool {
        self.window.is_visible()
    }

    pub(super) fn set_list(&self, list: &gtk::Box) {
        self.scroller.set_child(Some(list));
    }

    /// As it is right after opening.
    pub(super) fn reset(&self) {
        self.search.set_text("");
        self.search.set_visible(false);
        self.scroller.vadjustment().set_value(0.0);
        self.tells_about.set(false);
        self.about.set_visible(false);
    }

    pub(super) fn show_banners(&self, banners: &[Banner]) {
        if *self.shown_banners.borrow() == banners {
            return;
        }
        self.shown_banners.replace(banners.to_vec());
        while let Some(old) = self.banners.first_child() {
            self.banners.remove(&old);
        }
        for Banner { kind, text } in banners {
            let label = line("banner");
            label.set_text(text);
            label.add_css_class(match kind {
                BannerKind::Lost => "lost",
                BannerKind::Resyncing => "resyncing",
                BannerKind::Simulator => "simulator",
            });
            self.banners.append(&label);
        }
    }

    pub(super) fn show_empty(&self, text: Option<&str>) {
        self.scroller.set_visible(text.is_none());
        self.empty.set_visible(text.is_some());
        self.empty.set_text(text.unwrap_or_default());
    }

    pub(super) fn show_source(&self, scene: &Scene) {
        self.about.set_text(&strings::about_text(env!("CARGO_PKG_VERSION"), &scene.source.to_string()));
    }
}

fn footer_button(text: &str) -> gtk::Button {
    let label = gtk::Label::builder().label(text).css_classes(["note"]).build();
    let button = gtk::Button::builder()
        .accessible_role(gtk::AccessibleRole::MenuItem)
        .has_frame(false)
        .css_classes(["entry"])
        .child(&label)
        .build();
    set_accessible_label(&button, text);
    button
}

fn line(class: &str) -> gtk::Label {
    gtk::Label::builder()
        .xalign(0.0)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .width_chars(super::row::NARROWEST)
        .max_width_chars(LINE)
        .css_classes([class])
        .build()
}

/// A place that is as high as its content, up to what the screen allows; then it scrolls.
pub(super) fn scroller() -> gtk::ScrolledWindow {
    gtk::ScrolledWindow::builder()
        .hscrollbar_policy(gtk::PolicyType::Never)
        .propagate_natural_height(true)
        .propagate_natural_width(true)
        .build()
}
