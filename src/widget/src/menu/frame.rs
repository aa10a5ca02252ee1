//! The fixed parts of the window: banners above, search, the place for the list, a quiet line, footer.

use std::cell::RefCell;

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
    footer: gtk::Box,
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
            footer: gtk::Box::builder().css_classes(["footer"]).build(),
        };
        frame.assemble();
        frame
    }

    fn assemble(&self) {
        self.root.append(&self.banners);
        self.root.append(&self.search);
        self.root.append(&self.scroller);
        self.root.append(&self.empty);
        self.assemble_footer();
        self.root.append(&self.footer);
        self.window.set_child(Some(&self.root));
        set_class(&self.window, "composited", self.display().is_composited());
    }

    fn assemble_footer(&self) {
        self.about.set_hexpand(true);
        self.about.set_margin_start(8);
        self.about.set_visible(false);
        let spring = gtk::Box::builder().hexpand(true).build();
        self.footer.append(&self.settings);
        self.footer.append(&self.about);
        self.footer.append(&spring);
        self.footer.append(&self.more_about);
    }

    /// Calls `chosen` when the person wants the window of preferences.
    pub(super) fn on_settings(&self, chosen: impl Fn() + 'static) {
        self.settings.connect_clicked(move |_| chosen());
    }

    /// Calls `chosen` when the person wants to know what runs here, or has read it.
    pub(super) fn on_about(&self, chosen: impl Fn() + 'static) {
        self.more_about.connect_clicked(move |_| chosen());
    }

    /// Tells what runs here, or no longer.
    pub(super) fn turn_about(&self) {
        self.about.set_visible(!self.about.get_visible());
    }

    pub(super) fn footer(&self) -> &gtk::Box {
        &self.footer
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
        self.about.set_visible(false);
        self.banners.set_height_request(-1);
    }

    /// Shows these banners; tells whether they are others than before.
    ///
    /// What room they took stays theirs until the menu closes, so that no row moves when the last one goes.
    pub(super) fn show_banners(&self, banners: &[Banner]) -> bool {
        if *self.shown_banners.borrow() == banners {
            return false;
        }
        self.shown_banners.replace(banners.to_vec());
        if self.is_open() {
            self.banners.set_height_request(self.banners.height());
        }
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
        true
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
