//! Where preferences are kept: `GSettings`, or this process where the schema is not installed.
//!
//! `GSettings` ends the program when it is asked for a schema or a key that is not there, so both are looked up before.
//! Lives on the main thread. What is kept is right; everybody else holds a copy that is told through the link.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gtk::gio;
use gtk::gio::prelude::*;
use gtk::glib::Variant;

use super::{Notices, Preference, Preferences, Sections, marks, own_name, to_stored};

/// Name of the schema, as in `data/org.plugboard.Devices.gschema.xml`.
const SCHEMA: &str = "org.plugboard.Devices";
/// Where its keys are in a store.
const PLACE: &str = "/org/plugboard/Devices/";

const SECTIONS: &str = "sections";
const CONFIRMS_RISK: &str = "confirm-risky-moves";
const NOTICES: &str = "notifications";
const SHOWS_INTERNAL: &str = "show-internal-qubes";
const NAMES: &str = "device-names";
const HIDDEN: &str = "hidden-devices";
const KEYS: [&str; 6] = [SECTIONS, CONFIRMS_RISK, NOTICES, SHOWS_INTERNAL, NAMES, HIDDEN];

const SECTION_WORDS: [(Sections, &str); 2] = [(Sections::ByClass, "class"), (Sections::ByKind, "kind")];
const NOTICE_WORDS: [(Notices, &str); 3] =
    [(Notices::All, "all"), (Notices::Important, "important"), (Notices::None, "none")];

/// The place where preferences are kept.
pub(crate) enum Keeper {
    /// The settings of the desktop.
    Settings(gio::Settings),
    /// Nothing that lasts.
    Session(RefCell<Preferences>),
}

impl Keeper {
    /// Finds the place.
    pub(crate) fn open() -> Self {
        let found = schema();
        let Some(schema) = found else {
            tracing::warn!("the schema {SCHEMA} is not installed; preferences last until the program ends");
            return Self::Session(RefCell::default());
        };
        Self::Settings(gio::Settings::new_full(&schema, lasting_backend().as_ref(), None))
    }

    /// What is kept.
    pub(crate) fn preferences(&self) -> Preferences {
        match self {
            Self::Settings(settings) => read(settings),
            Self::Session(preferences) => preferences.borrow().clone(),
        }
    }

    /// Keeps one preference.
    pub(crate) fn keep(&self, preference: Preference) {
        let before = self.preferences();
        let mut after = before.clone();
        after.prefer(preference);
        match self {
            Self::Settings(settings) => write(settings, &before, &after),
            Self::Session(preferences) => *preferences.borrow_mut() = after,
        }
    }

    /// Calls `changed` when somebody else has changed what is kept; needs a running main loop.
    pub(crate) fn on_change(&self, changed: impl Fn() + 'static) {
        if let Self::Settings(settings) = self {
            settings.connect_changed(None, move |_, _| changed());
        }
    }
}

/// The schema with all our keys; an older one that lacks some is as none.
fn schema() -> Option<gio::SettingsSchema> {
    let schema = gio::SettingsSchemaSource::default()?.lookup(SCHEMA, true)?;
    KEYS.iter().all(|key| schema.has_key(key)).then_some(schema)
}

/// A file where the desktop itself would keep settings in memory only; `None` = the desktop's own place will do.
fn lasting_backend() -> Option<gio::SettingsBackend> {
    let chosen = std::env::var_os("GSETTINGS_BACKEND").is_some();
    if chosen || gio::SettingsBackend::default().type_().name() != "GMemorySettingsBackend" {
        return None;
    }
    let file = file()?;
    std::fs::create_dir_all(file.parent()?).ok()?;
    Some(gio::functions::keyfile_settings_backend_new(file.to_str()?, PLACE, Some("preferences")))
}

/// `$XDG_CONFIG_HOME/plugboard/preferences.ini`, by default below `~/.config`.
fn file() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(base.join(Path::new("plugboard/preferences.ini")))
}

fn read(settings: &gio::Settings) -> Preferences {
    let flag = |key: &str, otherwise: bool| settings.value(key).get().unwrap_or(otherwise);
    let words = |key: &str| settings.value(key).get::<BTreeMap<String, String>>().unwrap_or_default();
    let standard = Preferences::default();
    Preferences {
        sections: meant(&SECTION_WORDS, settings, SECTIONS),
        confirms_risk: flag(CONFIRMS_RISK, standard.confirms_risk),
        notices: meant(&NOTICE_WORDS, settings, NOTICES),
        shows_internal: flag(SHOWS_INTERNAL, standard.shows_internal),
        names: marks(words(NAMES), own_name),
        hidden: marks(words(HIDDEN), |text| text.into()),
    }
}

/// Writes what differs, so that a standard which was never touched stays one.
fn write(settings: &gio::Settings, before: &Preferences, after: &Preferences) {
    let set = |key: &str, value: &Variant| {
        if let Err(error) = settings.set_value(key, value) {
            tracing::warn!(%error, key, "a preference can't be kept");
        }
    };
    if before.sections != after.sections {
        set(SECTIONS, &word(&SECTION_WORDS, after.sections).to_variant());
    }
    if before.confirms_risk != after.confirms_risk {
        set(CONFIRMS_RISK, &after.confirms_risk.to_variant());
    }
    if before.notices != after.notices {
        set(NOTICES, &word(&NOTICE_WORDS, after.notices).to_variant());
    }
    if before.shows_internal != after.shows_internal {
        set(SHOWS_INTERNAL, &after.shows_internal.to_variant());
    }
    if before.names != after.names {
        set(NAMES, &to_stored(&after.names).to_variant());
    }
    if before.hidden != after.hidden {
        set(HIDDEN, &to_stored(&after.hidden).to_variant());
    }
    gio::Settings::sync();
}

fn meant<T: Copy + Default>(words: &[(T, &str)], settings: &gio::Settings, key: &str) -> T {
    let value = settings.value(key);
    words.iter().find(|(_, word)| value.str() == Some(word)).map(|(meaning, _)| *meaning).unwrap_or_default()
}

fn word<'a, T: Copy + PartialEq>(words: &[(T, &'a str)], meaning: T) -> &'a str {
    words.iter().find(|(known, _)| *known == meaning).map_or("", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::device;

    /// Our schema as it is installed, compiled for this test.
    fn settings(backend: &gio::SettingsBackend) -> gio::Settings {
        let folder = tempfile::tempdir().unwrap();
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");
        let target = format!("--targetdir={}", folder.path().display());
        let done =
            std::process::Command::new("glib-compile-schemas").args(["--strict", &target, data]).status();
        assert!(done.unwrap().success(), "the schema can't be compiled");
        let source = gio::SettingsSchemaSource::from_directory(folder.path(), None, true).unwrap();
        let schema = source.lookup(SCHEMA, false).unwrap();
        assert!(KEYS.iter().all(|key| schema.has_key(key)), "a key is not in the schema");
        assert_eq!(schema.list_keys().len(), KEYS.len(), "the schema has a key that nobody reads");
        gio::Settings::new_full(&schema, Some(backend), None)
    }

    fn otherwise() -> [Preference; 6] {
        let stick = device("block", "sys-usb", "sda").info.to_ref();
        [
            Preference::Sections(Sections::ByKind),
            Preference::ConfirmsRisk(false),
            Preference::Notices(Notices::Important),
            Preference::ShowsInternal(true),
            Preference::Name(stick.clone(), "mine".into()),
            Preference::Hide(stick, "Cruzer Blade".into()),
        ]
    }

    #[test]
    fn what_is_kept_comes_back_and_the_standards_agree() {
        let backend = gio::functions::memory_settings_backend_new();
        let settings = settings(&backend);
        let keeper = Keeper::Settings(settings.clone());
        let mut expected = Preferences::default();
        assert_eq!(keeper.preferences(), expected, "the standards of the schema are those of the program");
        for preference in otherwise() {
            keeper.keep(preference.clone());
            expected.prefer(preference);
            assert_eq!(keeper.preferences(), expected);
        }
        settings.reset(CONFIRMS_RISK);
        assert!(keeper.preferences().confirms_risk);
    }

    #[test]
    fn without_a_schema_they_last_as_long_as_the_program() {
        let keeper = Keeper::Session(RefCell::default());
        let mut expected = Preferences::default();
        for preference in otherwise() {
            keeper.keep(preference.clone());
            expected.prefer(preference);
        }
        assert_eq!(keeper.preferences(), expected);
    }
}
