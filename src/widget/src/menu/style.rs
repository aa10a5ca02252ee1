//! The looks of the menu: one style sheet and our icons.

use std::path::Path;
use std::sync::Once;

use gtk::gdk;
use gtk::pango;

use crate::theme;

/// Loads the style and the icons for the display of this program; once, whoever comes first.
pub(crate) fn load(display: &gdk::Display, icons: Option<&Path>) {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| load_once(display, icons));
}

fn load_once(display: &gdk::Display, icons: Option<&Path>) {
    let provider = gtk::CssProvider::new();
    provider.load_from_data(concat!(include_str!("style.css"), include_str!("../asking/style.css")));
    gtk::style_context_add_provider_for_display(display, &provider, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
    if let Some(folder) = icons {
        gtk::IconTheme::for_display(display).add_search_path(folder);
    }
    theme::follow(display);
}

/// What makes a text bold, also for those who read its attributes instead of its look.
pub(super) fn bold() -> pango::AttrList {
    let list = pango::AttrList::new();
    list.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
    list
}
