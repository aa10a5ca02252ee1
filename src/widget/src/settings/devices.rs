//! The devices that the person has named or hidden: to rename, to forget, to show again.
//!
//! A device that is not plugged in is listed as well: that is the only way back to it.

use adw::prelude::*;
use device_core::name::DeviceRef;

use super::Wishes;
use crate::naming;
use crate::platform::set_accessible_label;
use crate::preferences::Preference;
use crate::scene::{Scene, Wish};
use crate::strings;

/// The row of a device that has a name or gets one.
struct NameRow {
    device: DeviceRef,
    row: adw::EntryRow,
    /// There is something to forget only once there is a name.
    forget: gtk::Button,
}

/// Both lists.
pub(super) struct Devices {
    names: adw::PreferencesGroup,
    hidden: adw::PreferencesGroup,
    named_rows: Vec<NameRow>,
    hidden_rows: Vec<(DeviceRef, adw::ActionRow)>,
    /// The device that has no name yet and is about to get one.
    asked: Option<DeviceRef>,
    wishes: Wishes,
}

impl Devices {
    pub(super) fn new(wishes: &Wishes) -> Self {
        let group = |title: &str, more: &str| {
            adw::PreferencesGroup::builder().title(title).description(more).visible(false).build()
        };
        Self {
            names: group(&strings::named_devices(), &strings::named_devices_more()),
            hidden: group(&strings::hidden_devices(), &strings::hidden_devices_more()),
            named_rows: Vec::new(),
            hidden_rows: Vec::new(),
            asked: None,
            wishes: wishes.clone(),
        }
    }

    pub(super) fn groups(&self) -> [&adw::PreferencesGroup; 2] {
        [&self.names, &self.hidden]
    }

    /// Lists this device as one that can be given a name.
    pub(super) fn ask_name(&mut self, device: DeviceRef) {
        self.asked = Some(device);
    }

    /// Puts the cursor into the name of this device.
    pub(super) fn focus(&self, device: &DeviceRef) {
        if let Some(named) = self.named_rows.iter().find(|named| named.device == *device) {
            named.row.grab_focus();
        }
    }

    pub(super) fn show(&mut self, scene: &Scene) {
        self.show_names(scene);
        self.show_hidden(scene);
    }

    /// Rows are built anew only where there are others than before: the person may be writing in one.
    fn show_names(&mut self, scene: &Scene) {
        let names = scene.preferences.names();
        let asked = self.asked.iter().filter(|device| !names.contains_key(device));
        let wanted: Vec<&DeviceRef> = names.keys().chain(asked).collect();
        if !self.named_rows.iter().map(|known| &known.device).eq(wanted.iter().copied()) {
            for old in self.named_rows.drain(..) {
                self.names.remove(&old.row);
            }
            for device in wanted {
                let made = NameRow::new(scene, device, &self.wishes);
                made.row.set_text(names.get(device).map_or("", |name| name.as_str()));
                self.names.add(&made.row);
                self.named_rows.push(made);
            }
        }
        for known in &self.named_rows {
            known.forget.set_visible(names.contains_key(&known.device));
        }
        self.names.set_visible(!self.named_rows.is_empty());
    }

    fn show_hidden(&mut self, scene: &Scene) {
        let hidden = scene.preferences.hidden();
        if !self.hidden_rows.iter().map(|(device, _)| device).eq(hidden.keys()) {
            for (_, row) in self.hidden_rows.drain(..) {
                self.hidden.remove(&row);
            }
            for (device, words) in hidden {
                let row = hidden_row(device, words.as_str(), &self.wishes);
                self.hidden.add(&row);
                self.hidden_rows.push((device.clone(), row));
            }
        }
        self.hidden.set_visible(!self.hidden_rows.is_empty());
    }
}

/// `sys-usb:sda, Cruzer Blade`; the place alone for a device that is not there. The place stands first: of a long line the
/// end is cut, and no device may talk its place away.
fn words_of(scene: &Scene, device: &DeviceRef) -> String {
    let place = device.port.to_string();
    match scene.device(device) {
        Some(known) => format!("{place}, {}", naming::device_name(&known.info)),
        None => place,
    }
}

impl NameRow {
    fn new(scene: &Scene, device: &DeviceRef, wishes: &Wishes) -> Self {
        let words = words_of(scene, device);
        let row = adw::EntryRow::builder().use_markup(false).title(&words).show_apply_button(true).build();
        row.set_tooltip_text(Some(&words));
        let (told, named) = (wishes.clone(), device.clone());
        row.connect_apply(move |row| {
            let _ = told.send(Wish::Prefer(Preference::Name(named.clone(), row.text().to_string())));
        });
        let forget = button(&strings::forget_name(), &strings::say_forget_name(&words));
        let (told, named, shown) = (wishes.clone(), device.clone(), row.downgrade());
        forget.connect_clicked(move |_| {
            if let Some(row) = shown.upgrade() {
                row.set_text("");
            }
            let _ = told.send(Wish::Prefer(Preference::Name(named.clone(), String::new())));
        });
        row.add_suffix(&forget);
        Self { device: device.clone(), row, forget }
    }
}

fn hidden_row(device: &DeviceRef, words: &str, wishes: &Wishes) -> adw::ActionRow {
    let place = device.port.to_string();
    let row =
        adw::ActionRow::builder().use_markup(false).title(words).subtitle(&place).title_lines(1).build();
    row.set_tooltip_text(Some(words));
    let again = button(&strings::show_again(), &strings::say_show_again(words));
    let (told, hidden) = (wishes.clone(), device.clone());
    again.connect_clicked(move |_| {
        let _ = told.send(Wish::Prefer(Preference::Unhide(hidden.clone())));
    });
    row.add_suffix(&again);
    row
}

fn button(text: &str, spoken: &str) -> gtk::Button {
    let button = gtk::Button::builder().label(text).valign(gtk::Align::Center).css_classes(["flat"]).build();
    set_accessible_label(&button, spoken);
    button
}
