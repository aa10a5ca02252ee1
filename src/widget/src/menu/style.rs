//! The looks of the menu: one style sheet, and the desktop's choice of light or dark.

use std::cell::Cell;
use std::path::Path;
use std::sync::Once;

use gtk::gdk;
use gtk::pango;

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
    follow_dark_themes();
}

/// A desktop of GTK 3 asks for dark by the name of its theme. Where GTK 4 does not have that theme it would fall back
/// to its own light one.
fn follow_dark_themes() {
    let Some(settings) = gtk::Settings::default() else {
        return;
    };
    let ours = Cell::new(false);
    let follow = move |settings: &gtk::Settings| {
        let theme = settings.gtk_theme_name().map(|name| name.to_lowercase()).unwrap_or_default();
        let wants_dark = theme.ends_with("dark") || theme.contains("-dark-") || theme.contains("-dark:");
        if wants_dark && !settings.is_gtk_application_prefer_dark_theme() {
            ours.set(true);
            settings.set_gtk_application_prefer_dark_theme(true);
        } else if !wants_dark && ours.take() {
            // Back to what the person's own settings say. Each change reads the whole theme again, so only where due.
            settings.reset_property("gtk-application-prefer-dark-theme");
        }
    };
    follow(&settings);
    settings.connect_gtk_theme_name_notify(follow);
}

/// What makes a text bold, also for those who read its attributes instead of its look.
pub(super) fn bold() -> pango::AttrList {
    let list = pango::AttrList::new();
    list.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
    list
}
