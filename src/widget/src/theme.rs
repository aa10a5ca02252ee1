//! Light or dark, as the desktop has it: before libadwaita is there, and with it.
//!
//! A desktop of GTK 3 asks for dark by the name of its theme. Where GTK 4 does not have that theme it would fall back to
//! its own light one, and libadwaita reads no names of themes at all.

use std::cell::Cell;
use std::sync::Once;

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;

/// The setting of the desktop that names its theme.
const THEME_NAME: &str = "gtk-theme-name";

/// Follows the desktop's theme from here on; once, whoever comes first.
pub(crate) fn follow(display: &gdk::Display) {
    static FOLLOWED: Once = Once::new();
    FOLLOWED.call_once(|| {
        let settings = gtk::Settings::for_display(display);
        let ours = Cell::new(false);
        let prefers_dark = settings.is_gtk_application_prefer_dark_theme();
        let choose = move |settings: &gtk::Settings| {
            if !adw::is_initialized() {
                prefer(settings, &ours);
            }
        };
        choose(&settings);
        settings.connect_gtk_theme_name_notify(choose);
        display.connect_setting_changed(move |_, name| {
            if name == THEME_NAME && adw::is_initialized() {
                choose_scheme(prefers_dark || is_dark(desktop_theme(&settings).as_deref()));
            }
        });
    });
}

/// Initialises libadwaita, which keeps the desktop's choice of dark.
///
/// # Errors
/// Where libadwaita can't be used.
pub(crate) fn begin_adwaita(display: &gdk::Display) -> Result<(), glib::BoolError> {
    follow(display);
    let settings = gtk::Settings::for_display(display);
    let is_dark = settings.is_gtk_application_prefer_dark_theme();
    if is_dark {
        // It wants to be asked itself, and warns where GTK was.
        settings.reset_property("gtk-application-prefer-dark-theme");
    }
    adw::init()?;
    choose_scheme(is_dark);
    Ok(())
}

/// What libadwaita shows; where the theme does not ask for dark it asks the desktop itself.
fn choose_scheme(is_dark: bool) {
    let scheme = if is_dark { adw::ColorScheme::ForceDark } else { adw::ColorScheme::Default };
    adw::StyleManager::default().set_color_scheme(scheme);
}

/// `ours` tells whether dark was our doing, and not what the person's own settings say.
fn prefer(settings: &gtk::Settings, ours: &Cell<bool>) {
    let wants_dark = is_dark(settings.gtk_theme_name().as_deref());
    if wants_dark && !settings.is_gtk_application_prefer_dark_theme() {
        ours.set(true);
        settings.set_gtk_application_prefer_dark_theme(true);
    } else if !wants_dark && ours.take() {
        // Each change reads the whole theme again, so only where due.
        settings.reset_property("gtk-application-prefer-dark-theme");
    }
}

/// The theme that the desktop names, under the name that libadwaita has put in its place.
fn desktop_theme(settings: &gtk::Settings) -> Option<glib::GString> {
    let shown = settings.gtk_theme_name();
    settings.reset_property(THEME_NAME);
    let named = settings.gtk_theme_name();
    settings.set_gtk_theme_name(shown.as_deref());
    named
}

/// Whether the name of a theme says that it is dark.
fn is_dark(theme: Option<&str>) -> bool {
    let name = theme.unwrap_or_default().to_lowercase();
    name.ends_with("dark") || name.contains("-dark-") || name.contains("-dark:") || name.ends_with("inverse")
}

#[cfg(test)]
mod tests {
    use super::is_dark;

    #[test]
    fn dark_themes_are_known_by_their_names() {
        for name in [
            "Adwaita-dark",
            "Greybird-dark",
            "Arc-Dark",
            "Yaru-dark-hdpi",
            "Adwaita:dark",
            "HighContrastInverse",
        ] {
            assert!(is_dark(Some(name)), "{name}");
        }
        for name in ["Adwaita", "Darkroom", "Arc-Darker", "HighContrast", ""] {
            assert!(!is_dark(Some(name)), "{name}");
        }
        assert!(!is_dark(None));
    }
}
