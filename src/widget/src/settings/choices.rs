//! What is chosen once for the whole menu: sections, questions, notifications.

use std::cell::Cell;
use std::rc::Rc;

use adw::prelude::*;

use super::Wishes;
use crate::preferences::{Notices, Preference, Preferences, Sections};
use crate::scene::Wish;
use crate::strings;

const SECTIONS: [Sections; 2] = [Sections::ByClass, Sections::ByKind];
const NOTICES: [Notices; 3] = [Notices::All, Notices::Important, Notices::None];

/// The rows.
pub(super) struct Choices {
    groups: [adw::PreferencesGroup; 2],
    sections: adw::ComboRow,
    confirms_risk: gtk::Switch,
    shows_internal: gtk::Switch,
    notices: adw::ComboRow,
    /// Set while the program itself moves a switch: then nobody wishes for anything.
    is_showing: Rc<Cell<bool>>,
}

impl Choices {
    pub(super) fn new(wishes: &Wishes) -> Self {
        let is_showing = Rc::new(Cell::new(false));
        let choices = Self {
            groups: [
                adw::PreferencesGroup::builder().title(strings::menu_heading()).build(),
                adw::PreferencesGroup::new(),
            ],
            sections: combo(&strings::sections(), &[&strings::by_class(), &strings::by_kind()]),
            confirms_risk: switch(),
            shows_internal: switch(),
            notices: combo(
                &strings::notifications(),
                &[&strings::notify_all(), &strings::notify_important(), &strings::notify_none()],
            ),
            is_showing,
        };
        choices.assemble();
        choices.listen(wishes);
        choices
    }

    pub(super) fn groups(&self) -> Vec<&adw::PreferencesGroup> {
        self.groups.iter().collect()
    }

    fn assemble(&self) {
        let [menu, notices] = &self.groups;
        menu.add(&self.sections);
        menu.add(&row(&strings::confirm_risk(), &strings::confirm_risk_more(), &self.confirms_risk));
        menu.add(&row(&strings::show_internal(), &strings::show_internal_more(), &self.shows_internal));
        notices.add(&self.notices);
    }

    fn listen(&self, wishes: &Wishes) {
        let wish = |make: fn(bool) -> Preference| {
            let (wishes, is_showing) = (wishes.clone(), self.is_showing.clone());
            move |switch: &gtk::Switch| {
                if !is_showing.get() {
                    let _ = wishes.send(Wish::Prefer(make(switch.is_active())));
                }
            }
        };
        self.confirms_risk.connect_active_notify(wish(Preference::ConfirmsRisk));
        self.shows_internal.connect_active_notify(wish(Preference::ShowsInternal));
        let choose = |make: fn(usize) -> Option<Preference>| {
            let (wishes, is_showing) = (wishes.clone(), self.is_showing.clone());
            move |row: &adw::ComboRow| {
                let chosen = usize::try_from(row.selected()).ok().and_then(make);
                if let Some(preference) = chosen.filter(|_| !is_showing.get()) {
                    let _ = wishes.send(Wish::Prefer(preference));
                }
            }
        };
        let sections = choose(|place| SECTIONS.get(place).copied().map(Preference::Sections));
        self.sections.connect_selected_notify(sections);
        let notices = choose(|place| NOTICES.get(place).copied().map(Preference::Notices));
        self.notices.connect_selected_notify(notices);
    }

    pub(super) fn show(&self, preferences: &Preferences) {
        self.is_showing.set(true);
        select(&self.sections, &SECTIONS, preferences.sections);
        select(&self.notices, &NOTICES, preferences.notices);
        self.confirms_risk.set_active(preferences.confirms_risk);
        self.shows_internal.set_active(preferences.shows_internal);
        self.is_showing.set(false);
    }
}

fn select<T: Copy + PartialEq>(row: &adw::ComboRow, all: &[T], chosen: T) {
    let place = all.iter().position(|known| *known == chosen).and_then(|place| u32::try_from(place).ok());
    if let Some(place) = place.filter(|place| *place != row.selected()) {
        row.set_selected(place);
    }
}

fn combo(title: &str, words: &[&str]) -> adw::ComboRow {
    adw::ComboRow::builder().title(title).model(&gtk::StringList::new(words)).build()
}

fn switch() -> gtk::Switch {
    gtk::Switch::builder().valign(gtk::Align::Center).build()
}

fn row(title: &str, more: &str, switch: &gtk::Switch) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(title).subtitle(more).activatable_widget(switch).build();
    row.add_suffix(switch);
    row
}
