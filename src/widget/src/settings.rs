//! The window of preferences: one screen, few rows.
//!
//! It shows [`Preferences`](crate::preferences::Preferences) as the scene has them, and wishes for changes like every
//! other face. libadwaita is initialised when the window opens for the first time: it costs time and memory, and most
//! sessions never ask for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use adw::prelude::*;
use device_core::name::DeviceRef;
use tokio::sync::{mpsc, watch};

use crate::platform;
use crate::scene::{Scene, Wish};
use crate::strings;
use crate::theme;

mod choices;
mod devices;

use choices::Choices;
use devices::Devices;

/// Who is told what the person wants.
type Wishes = mpsc::UnboundedSender<Wish>;

/// The window, which is made when it is asked for.
pub(crate) struct SettingsWindow {
    scenes: watch::Receiver<Arc<Scene>>,
    wishes: Wishes,
    is_ready: Cell<bool>,
    open: Rc<RefCell<Option<Parts>>>,
}

struct Parts {
    window: adw::PreferencesWindow,
    choices: Choices,
    devices: Devices,
}

impl SettingsWindow {
    pub(crate) fn new(scenes: watch::Receiver<Arc<Scene>>, wishes: Wishes) -> Self {
        Self { scenes, wishes, is_ready: Cell::new(false), open: Rc::default() }
    }

    /// Opens the window; with a device, at the place where that is given a name.
    pub(crate) fn open(&self, device: Option<&DeviceRef>) {
        if !self.prepare() {
            return;
        }
        let scene = self.scenes.borrow().clone();
        let mut open = self.open.borrow_mut();
        let parts = open.get_or_insert_with(|| self.build());
        if let Some(device) = device {
            parts.devices.ask_name(device.clone());
        }
        parts.show(&scene);
        parts.window.present();
        if let Some(device) = device {
            parts.devices.focus(device);
        }
    }

    /// The scene has changed.
    pub(crate) fn refresh(&self) {
        if let Some(parts) = self.open.borrow_mut().as_mut() {
            parts.show(&self.scenes.borrow().clone());
        }
    }

    /// Initialises libadwaita.
    fn prepare(&self) -> bool {
        if self.is_ready.get() {
            return true;
        }
        let Some(display) = gtk::gdk::Display::default() else {
            return false;
        };
        if let Err(error) = theme::begin_adwaita(&display) {
            tracing::warn!(%error, "the window of preferences can't be opened");
            return false;
        }
        self.is_ready.set(true);
        true
    }

    fn build(&self) -> Parts {
        let choices = Choices::new(&self.wishes);
        let devices = Devices::new(&self.wishes);
        let page = adw::PreferencesPage::new();
        for group in choices.groups().into_iter().chain(devices.groups()) {
            page.add(group);
        }
        let window = adw::PreferencesWindow::builder()
            .title(strings::preferences())
            .icon_name(crate::APP_ID)
            .search_enabled(false)
            // libadwaita would have it modal: above our other windows, none of which could then be used.
            .modal(false)
            .default_width(520)
            .default_height(640)
            .build();
        window.add(&page);
        let open = Rc::downgrade(&self.open);
        window.connect_close_request(move |_| {
            // Afterwards, because the window is still at work here.
            let open = open.clone();
            gtk::glib::idle_add_local_once(move || {
                if let Some(parts) = open.upgrade().and_then(|open| open.take()) {
                    parts.window.destroy();
                }
                platform::give_memory_back();
            });
            gtk::glib::Propagation::Proceed
        });
        Parts { window, choices, devices }
    }
}

impl Parts {
    fn show(&mut self, scene: &Scene) {
        self.choices.show(&scene.preferences);
        self.devices.show(scene);
    }
}
