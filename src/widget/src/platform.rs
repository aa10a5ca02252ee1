//! The few calls that the compiler can't check: environment, locale, and three of GTK that the bindings leave out.
//!
//! Each says why it is sound. Nothing else in this crate may be `unsafe`.

use gettextrs::{LocaleCategory, bind_textdomain_codeset, bindtextdomain, setlocale, textdomain};
use gtk::glib;
use gtk::prelude::*;

/// Name of our translations.
const DOMAIN: &str = "plugboard";
/// Where translations are installed. The build names it only where it is another place than the usual one, so that
/// a package in the usual place compiles nothing anew.
const LOCALE_DIR: &str = match option_env!("PLUGBOARD_LOCALEDIR") {
    Some(folder) => folder,
    None => "/usr/share/locale",
};
/// Names another folder of translations, for a program that is run from the source tree; a package needs none.
const LOCALE_VARIABLE: &str = "PLUGBOARD_TRANSLATIONS";

/// How GTK shall draw: without GL, which costs 25 to 100 MiB and a third of a second and gains a menu nothing.
const RENDERER: (&str, &str) = ("GSK_RENDERER", "cairo");
/// GDK is told so in words of its own: others since this minor version of GTK 4, which complains of those before.
const NO_GL_SINCE: u32 = 16;
const NO_GL: (&str, &str) = ("GDK_DISABLE", "gl,vulkan");
const NO_GL_BEFORE: (&str, &str) = ("GDK_DEBUG", "gl-disable");

/// Sets what has to be set before the first thread starts; what the person set stays.
///
/// Call this first in `main`.
#[expect(unsafe_code, reason = "the environment and the locale can be set while there is one thread only")]
pub(crate) fn prepare() {
    let no_gl = if gtk::minor_version() < NO_GL_SINCE { NO_GL_BEFORE } else { NO_GL };
    for (name, value) in [RENDERER, no_gl] {
        if std::env::var_os(name).is_none() {
            // SAFETY: no other thread exists yet, so nobody reads the environment meanwhile.
            unsafe { std::env::set_var(name, value) };
        }
    }
    share_heap();
    // SAFETY: as above; `setlocale` changes what other threads would read.
    let locale = unsafe { setlocale(LocaleCategory::LcAll, "") };
    if locale.is_none() {
        tracing::warn!("the locale of the environment is not installed; texts are English");
    }
    let folder = std::env::var_os(LOCALE_VARIABLE).unwrap_or_else(|| LOCALE_DIR.into());
    let chosen = bindtextdomain(DOMAIN, folder)
        .and_then(|_| bind_textdomain_codeset(DOMAIN, "UTF-8").map(drop))
        .and_then(|()| textdomain(DOMAIN).map(drop));
    if let Err(error) = chosen {
        tracing::warn!(%error, "translations can't be used; texts are English");
    }
}

/// Tells a screen reader what `widget` is called, whatever is to be read in it. Call it after the text in it was set.
pub(crate) fn set_accessible_label(widget: &impl IsA<gtk::Widget>, label: &str) {
    forget_label_within(widget);
    set_accessible(widget, gtk::ffi::GTK_ACCESSIBLE_PROPERTY_LABEL, label);
}

/// Tells a screen reader whether what `widget` stands for is switched on.
pub(crate) fn set_accessible_checked(widget: &impl IsA<gtk::Widget>, is_checked: bool) {
    set_accessible_state(widget, gtk::ffi::GTK_ACCESSIBLE_STATE_CHECKED, i32::from(is_checked));
}

/// Tells a screen reader whether what `widget` opens is open; `None` = it opens nothing.
pub(crate) fn set_accessible_expanded(widget: &impl IsA<gtk::Widget>, is_expanded: Option<bool>) {
    let value = is_expanded.map_or(gtk::ffi::GTK_ACCESSIBLE_VALUE_UNDEFINED, i32::from);
    set_accessible_state(widget, gtk::ffi::GTK_ACCESSIBLE_STATE_EXPANDED, value);
}

/// Tells a screen reader what is to be seen beside the name of `widget`.
pub(crate) fn set_accessible_description(widget: &impl IsA<gtk::Widget>, words: &str) {
    set_accessible(widget, gtk::ffi::GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words);
}

/// Undoes that a button of newer GTK is called what is to be read in it, before all that we say.
///
/// The bindings have this for GTK 4.10 and later only; the C function is there since 4.0.
#[expect(unsafe_code, reason = "the bindings leave this function out below GTK 4.10")]
fn forget_label_within(widget: &impl IsA<gtk::Widget>) {
    // SAFETY: every widget is a GtkAccessible, and lives until the call returns; the relation is one that GTK knows.
    unsafe {
        gtk_accessible_reset_relation(
            widget.as_ref().as_ptr(),
            gtk::ffi::GTK_ACCESSIBLE_RELATION_LABELLED_BY,
        );
    }
}

/// Sets a property that is a text.
///
/// The bindings have this for GTK 4.10 and later only; the C function is there since 4.0.
#[expect(unsafe_code, reason = "the bindings leave this function out below GTK 4.10")]
fn set_accessible(widget: &impl IsA<gtk::Widget>, mut property: gtk::ffi::GtkAccessibleProperty, text: &str) {
    let value = text.to_value();
    // SAFETY: every widget is a GtkAccessible; one property and one value of the type that it wants (a string) are
    // given, both live until the call returns, and GTK copies them.
    unsafe {
        gtk_accessible_update_property_value(
            widget.as_ref().as_ptr(),
            1,
            &raw mut property,
            glib::translate::ToGlibPtr::to_glib_none(&value).0,
        );
    }
}

/// Sets a state that is yes, no, or something third: GTK takes it as a number.
///
/// The bindings have this for GTK 4.10 and later only; the C function is there since 4.0.
#[expect(unsafe_code, reason = "the bindings leave this function out below GTK 4.10")]
fn set_accessible_state(widget: &impl IsA<gtk::Widget>, mut state: gtk::ffi::GtkAccessibleState, value: i32) {
    let value = value.to_value();
    // SAFETY: every widget is a GtkAccessible; one state and one value of the type that it wants (an integer) are given,
    // both live until the call returns, and GTK copies them.
    unsafe {
        gtk_accessible_update_state_value(
            widget.as_ref().as_ptr(),
            1,
            &raw mut state,
            glib::translate::ToGlibPtr::to_glib_none(&value).0,
        );
    }
}

/// Has all threads take their memory from one heap.
///
/// The C library gives each thread a heap of its own, so that many busy threads need not wait for each other. Ours are
/// few and rarely busy, and what one has freed serves the next.
#[expect(unsafe_code, reason = "the standard library does not know this function of the C library")]
fn share_heap() {
    /// `M_ARENA_MAX` of `malloc.h`.
    #[cfg(target_env = "gnu")]
    const HEAPS: i32 = -8;
    // SAFETY: the function takes no pointer and may be called at any time; a setting that it does not know it ignores.
    #[cfg(target_env = "gnu")]
    let _ = unsafe { mallopt(HEAPS, 1) };
}

/// Gives memory that was freed back to the system.
///
/// Reading the whole tree, drawing a menu for a host, opening ours: each needs megabytes for a moment, and the C library
/// keeps them for the next time, which for a tray icon may be never.
#[expect(unsafe_code, reason = "the standard library does not know this function of the C library")]
pub(crate) fn give_memory_back() {
    // SAFETY: the function takes no pointer and may be called from any thread at any time.
    #[cfg(target_env = "gnu")]
    let _ = unsafe { malloc_trim(0) };
}

#[expect(unsafe_code, reason = "the declarations of the functions above")]
unsafe extern "C" {
    #[cfg(target_env = "gnu")]
    fn malloc_trim(keep: usize) -> i32;

    #[cfg(target_env = "gnu")]
    fn mallopt(setting: i32, value: i32) -> i32;

    fn gtk_accessible_reset_relation(
        accessible: *mut gtk::ffi::GtkWidget,
        relation: gtk::ffi::GtkAccessibleRelation,
    );

    fn gtk_accessible_update_property_value(
        accessible: *mut gtk::ffi::GtkWidget,
        count: i32,
        properties: *mut gtk::ffi::GtkAccessibleProperty,
        values: *const glib::gobject_ffi::GValue,
    );

    fn gtk_accessible_update_state_value(
        accessible: *mut gtk::ffi::GtkWidget,
        count: i32,
        states: *mut gtk::ffi::GtkAccessibleState,
        values: *const glib::gobject_ffi::GValue,
    );
}
