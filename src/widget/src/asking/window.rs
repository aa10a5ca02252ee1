//! The window of the questions: comes up without taking the keyboard, and lets nothing count for a second.
//!
//! It draws what [`super::model`] says. Nothing in it allows by default: Enter presses what has the focus, which is
//! "Don't attach" at first, and Escape says the same. To a yes the focus is brought by the person, or Enter is none.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use gdk4_x11::X11Surface;
use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;
use tokio::sync::watch;

use super::card::{CardWidget, OnSaid};
use super::keys::{self, Press};
use super::model::{self, View};
use super::patience::Patience;
use super::steps::{Spot, Steps};
use super::{Counter, Said, room};
use crate::icons::Icons;
use crate::menu::{focus, style};
use crate::platform::{self, set_accessible_label};
use crate::scene::Scene;

/// Width of the window, in units of GTK.
const WIDTH: i32 = 400;
/// Height of a screen that does not tell its own.
const ANY_SCREEN: i32 = 600;

/// The window; a clone is the same one.
#[derive(Clone)]
pub(crate) struct AskingWindow(Rc<Parts>);

struct Parts {
    window: gtk::Window,
    scroller: gtk::ScrolledWindow,
    list: gtk::Box,
    decline_all: gtk::Button,
    cards: RefCell<Vec<Rc<CardWidget>>>,
    shown: RefCell<View>,
    patience: Patience,
    steps: Steps,
    timer: RefCell<Option<glib::SourceId>>,
    on_said: OnSaid,
    counter: Counter,
    scenes: watch::Receiver<Arc<Scene>>,
    /// Set while the window is shown: then closing it is an answer.
    is_open: Cell<bool>,
    /// The height that the window came up with, once it did.
    came_up_with: Cell<Option<i32>>,
}

impl AskingWindow {
    /// Makes it; it shows up with the first question.
    pub(crate) fn new(counter: Counter, scenes: watch::Receiver<Arc<Scene>>, icons: &Icons) -> Self {
        let parts = Rc::new_cyclic(|weak: &std::rc::Weak<Parts>| {
            let weak = weak.clone();
            Parts::new(counter, scenes, move |said| {
                if let Some(parts) = weak.upgrade() {
                    parts.say(said);
                }
            })
        });
        style::load(&RootExt::display(&parts.window), icons.theme_path() as Option<&Path>);
        parts.listen();
        Self(parts)
    }

    /// What is asked, or what is known of it, has changed.
    pub(crate) fn refresh(&self) {
        self.0.refresh();
    }

    /// Brings it to the front: the person asked for it.
    pub(crate) fn present(&self) {
        self.0.refresh();
        if self.0.is_open.get() {
            self.0.come_to_front();
        }
    }
}

impl Parts {
    fn new(counter: Counter, scenes: watch::Receiver<Arc<Scene>>, on_said: impl Fn(Said) + 'static) -> Self {
        let list = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let scroller = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .propagate_natural_height(true)
            // A bar that only shows under the pointer would not tell that there are more questions.
            .overlay_scrolling(false)
            .child(&list)
            .build();
        let decline_all = gtk::Button::builder().css_classes(["all"]).build();
        let whole = gtk::Box::builder().orientation(gtk::Orientation::Vertical).width_request(WIDTH).build();
        let line = gtk::Separator::builder().css_classes(["edge"]).build();
        decline_all.bind_property("visible", &line, "visible").sync_create().build();
        whole.append(&scroller);
        whole.append(&line);
        whole.append(&decline_all);
        let window = gtk::Window::builder()
            .icon_name(crate::APP_ID)
            .resizable(false)
            .hide_on_close(true)
            .css_classes(["plugboard", "asking"])
            .child(&whole)
            .build();
        Self {
            window,
            scroller,
            list,
            decline_all,
            cards: RefCell::default(),
            shown: RefCell::default(),
            patience: Patience::default(),
            steps: Steps::default(),
            timer: RefCell::default(),
            on_said: Rc::new(on_said),
            counter,
            scenes,
            is_open: Cell::default(),
            came_up_with: Cell::default(),
        }
    }

    fn listen(self: &Rc<Self>) {
        // Whatever is pressed too early is taken away before any button sees it: not even its release counts then.
        let presses = gtk::GestureClick::builder().button(0).build();
        presses.set_propagation_phase(gtk::PropagationPhase::Capture);
        let weak = Rc::downgrade(self);
        presses.connect_pressed(move |presses, _, x, y| {
            let Some(parts) = weak.upgrade() else { return };
            if parts.is_too_early() {
                presses.set_state(gtk::EventSequenceState::Claimed);
            } else {
                parts.steps.went(parts.spot(parts.window.pick(x, y, gtk::PickFlags::DEFAULT)));
            }
        });
        self.window.add_controller(presses);
        let keys = gtk::EventControllerKey::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Capture);
        let weak = Rc::downgrade(self);
        keys.connect_key_pressed(move |_, key, _, held| match weak.upgrade() {
            Some(parts) => parts.pressed(key, held),
            None => glib::Propagation::Proceed,
        });
        self.window.add_controller(keys);
        let weak = Rc::downgrade(self);
        self.window.connect_close_request(move |_| {
            if let Some(parts) = weak.upgrade().filter(|parts| parts.patience.may_close(Instant::now())) {
                parts.counter.say(Said::DeclineAll);
            }
            // It goes when there is nothing to show any more.
            glib::Propagation::Stop
        });
        let weak = Rc::downgrade(self);
        self.decline_all.connect_clicked(move |_| {
            if let Some(parts) = weak.upgrade() {
                parts.say(Said::DeclineAll);
            }
        });
    }

    fn is_too_early(&self) -> bool {
        self.patience.left(Instant::now()).is_some()
    }

    fn pressed(&self, key: gdk::Key, held: gdk::ModifierType) -> glib::Propagation {
        if self.is_too_early() {
            return glib::Propagation::Stop;
        }
        match keys::meaning(key, held) {
            Press::Go(direction) => self.go(direction),
            Press::Choose if self.is_astray() => {}
            Press::WayOut => self.go_out(),
            Press::Choose | Press::Other => return glib::Propagation::Proceed,
        }
        glib::Propagation::Stop
    }

    /// The person goes on to what is next in this direction. By our own hand and not by GTK's, so that it is known that
    /// it was them.
    fn go(&self, direction: gtk::DirectionType) {
        self.window.set_focus_visible(true);
        self.window.child_focus(direction);
        self.steps.went(self.spot(GtkWindowExt::focus(&self.window)));
    }

    /// Whether a qube has the focus to which the person did not go.
    fn is_astray(&self) -> bool {
        self.spot(GtkWindowExt::focus(&self.window)).is_some_and(|spot| !self.steps.lead_to(spot))
    }

    /// The qube that this widget stands for.
    fn spot(&self, widget: Option<gtk::Widget>) -> Option<Spot> {
        let widget = widget?;
        self.cards.borrow().iter().find_map(|card| card.spot(&widget))
    }

    /// No to the one that has the focus, else to the first.
    fn go_out(&self) {
        let cards = self.cards.borrow().clone();
        let focused = cards.iter().find(|card| focus::is_in(card.widget()));
        if let Some(card) = focused.or(cards.first()) {
            card.go_out();
        }
    }

    /// Every answer but the closing of the window passes here, from whatever hand: those of a screen reader as well.
    fn say(&self, said: Said) {
        if !self.is_too_early() {
            self.counter.say(said);
        }
    }

    fn refresh(self: &Rc<Self>) {
        let (asked, scene) = (self.counter.asked.borrow().clone(), self.scenes.borrow().clone());
        if asked.is_empty() {
            return self.close();
        }
        let view = model::view(&asked, &scene);
        if *self.shown.borrow() == view {
            return;
        }
        self.make_room();
        self.show_cards(&view);
        self.window.set_title(Some(&view.title));
        self.decline_all.set_visible(view.decline_all.is_some());
        if let Some(text) = &view.decline_all {
            self.decline_all.set_label(text);
            set_accessible_label(&self.decline_all, text);
        }
        self.shown.replace(view);
        self.settle();
        if !self.is_open.replace(true) {
            self.patience.came_up(Instant::now());
            self.come_up();
        }
    }

    /// Keeps the window on the screen, on the lowest one where there are several: it may be on any.
    fn make_room(&self) {
        if self.is_open.get() && self.came_up_with.get().is_none() {
            self.came_up_with.set(Some(self.window.height()).filter(|height| *height > 0));
        }
        let monitors = RootExt::display(&self.window).monitors();
        let heights = monitors.iter::<gdk::Monitor>().flatten().map(|monitor| monitor.geometry().height());
        let screen = heights.filter(|height| *height > 0).min().unwrap_or(ANY_SCREEN);
        self.scroller.set_max_content_height(room::list_height(screen, self.came_up_with.get()));
    }

    /// Keeps the card of each question, so that the focus stays where it is.
    fn show_cards(self: &Rc<Self>, view: &View) {
        let mut cards = self.cards.borrow_mut();
        let mut lost_focus = false;
        cards.retain(|widget| {
            let stays = view.cards.iter().any(|card| Some(card.id) == widget.id());
            if !stays {
                lost_focus |= focus::is_in(widget.widget());
                self.remove(widget);
            }
            stays
        });
        for card in &view.cards {
            let known = cards.iter().find(|widget| widget.id() == Some(card.id)).cloned();
            let widget = known.unwrap_or_else(|| {
                let widget = CardWidget::new(&self.on_said);
                self.list.append(widget.widget());
                cards.push(widget.clone());
                widget
            });
            if widget.show(card) {
                self.steps.changed(card.id);
            }
        }
        if let Some(first) = cards.first().filter(|_| lost_focus) {
            GtkWindowExt::set_focus(&self.window, Some(first.way_out()));
        }
    }

    /// Takes a card away. Of a focus that goes with its widget GTK remembers that it has to find another place for it,
    /// and finds the first button of the next card, which attaches: so the focus goes first.
    fn remove(&self, card: &CardWidget) {
        if focus::is_in(card.widget()) {
            GtkWindowExt::set_focus(&self.window, gtk::Widget::NONE);
        }
        self.list.remove(card.widget());
    }

    /// From now on nothing counts for a second, and it is to be seen.
    fn settle(self: &Rc<Self>) {
        let now = Instant::now();
        self.patience.changed(now);
        self.window.add_css_class("settling");
        if let Some(timer) = self.timer.take() {
            timer.remove();
        }
        let Some(left) = self.patience.left(now) else { return };
        let weak = Rc::downgrade(self);
        let timer = glib::timeout_add_local_once(left, move || {
            if let Some(parts) = weak.upgrade() {
                parts.timer.take();
                parts.window.remove_css_class("settling");
            }
        });
        self.timer.replace(Some(timer));
    }

    /// Shows the window without taking the keyboard from where the person is typing.
    fn come_up(&self) {
        self.scroller.vadjustment().set_value(0.0);
        self.window.set_focus_visible(false);
        WidgetExt::realize(&self.window);
        if let Some(surface) = self.window.surface().and_downcast::<X11Surface>() {
            // "Nobody asked for this window": so says the specification of window managers, 1.5, of the value 0.
            surface.set_user_time(0);
            surface.set_urgency_hint(true);
        }
        self.window.set_visible(true);
        // A hidden window takes no focus for good.
        if let Some(first) = self.cards.borrow().first() {
            GtkWindowExt::set_focus(&self.window, Some(first.way_out()));
        }
    }

    /// The click was on the icon or on a notification, of which GTK knows nothing: the window manager is told that it was
    /// just now, or it would think that the person is busy elsewhere.
    fn come_to_front(&self) {
        if let Some(surface) = self.window.surface().and_downcast::<X11Surface>() {
            let now = gdk4_x11::x11_get_server_time(&surface);
            surface.set_user_time(now);
            self.window.present_with_time(now);
        } else {
            self.window.present();
        }
    }

    fn close(&self) {
        if !self.is_open.replace(false) {
            return;
        }
        if let Some(timer) = self.timer.take() {
            timer.remove();
        }
        self.shown.take();
        self.steps.went(None);
        self.came_up_with.take();
        for card in self.cards.take() {
            self.remove(&card);
        }
        self.window.set_visible(false);
        platform::give_memory_back();
    }
}
