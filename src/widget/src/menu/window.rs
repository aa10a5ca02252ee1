//! The window of the menu: banners, search, sections, footer, and the sub-menu beside it.
//!
//! It draws what [`super::model`] says and remembers only what is open, typed and selected.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use device_core::name::DeviceRef;
use gtk::glib;
use gtk::prelude::*;
use tokio::sync::{mpsc, watch};

use super::entry::{ItemAction, Page};
use super::focus::{self, Cause};
use super::fold::Folding;
use super::frame::Frame;
use super::guard::{Guard, Hand};
use super::hover::Hover;
use super::list::GroupList;
use super::model::{View, open_menu};
use super::order::settle_menu;
use super::outside::Outside;
use super::row::{OnTouch, RowWidget};
use super::rows::{Group, Row, RowKey, SectionKind};
use super::submenu::Submenu;
use super::{listen, style};
use crate::door::Opening;
use crate::icons::Icons;
use crate::platform;
use crate::scene::{Scene, Wish};

/// Height of all that is no list: banners, search, footer, and a little air.
const CHROME: i32 = 110;

/// The menu; a clone is the same menu.
#[derive(Clone)]
pub(crate) struct MenuWindow(Rc<Parts>);

/// What it is made of. Only the files of this folder see it.
pub(super) struct Parts {
    pub(super) frame: Frame,
    pub(super) list: RefCell<GroupList<SectionKind, RowWidget>>,
    pub(super) submenu: Submenu,
    pub(super) hover: Hover,
    pub(super) outside: Outside,
    on_touch: OnTouch,
    pub(super) guard: Guard,
    /// Enter is held down: however often it is repeated, it chooses once.
    pub(super) is_choosing: Cell<bool>,
    scenes: watch::Receiver<Arc<Scene>>,
    wishes: mpsc::UnboundedSender<Wish>,
    pub(super) shown: RefCell<Vec<Group<SectionKind, Row>>>,
    /// The scene that was drawn last.
    drawn: RefCell<Weak<Scene>>,
    next_change: RefCell<Option<glib::SourceId>>,
    next_frame: RefCell<Option<gtk::TickCallbackId>>,
}

impl MenuWindow {
    pub(crate) fn new(
        scenes: watch::Receiver<Arc<Scene>>,
        wishes: mpsc::UnboundedSender<Wish>,
        icons: &Icons,
    ) -> Self {
        let parts = Rc::new_cyclic(|weak: &std::rc::Weak<Parts>| {
            let frame = Frame::new();
            style::load(&frame.display(), icons.theme_path() as Option<&Path>);
            let list = GroupList::new();
            frame.set_list(list.widget());
            let (touched, chosen) = (weak.clone(), weak.clone());
            let submenu = Submenu::new(frame.root(), move |action| {
                if let Some(parts) = chosen.upgrade() {
                    parts.chose(action);
                }
            });
            Parts {
                frame,
                list: RefCell::new(list),
                submenu,
                hover: Hover::default(),
                outside: Outside::new(),
                on_touch: Rc::new(move |touch, row| {
                    if let Some(parts) = touched.upgrade() {
                        parts.touched(touch, row);
                    }
                }),
                guard: Guard::default(),
                is_choosing: Cell::default(),
                scenes,
                wishes,
                shown: RefCell::default(),
                drawn: RefCell::default(),
                next_change: RefCell::default(),
                next_frame: RefCell::default(),
            }
        });
        listen::listen(&parts);
        Self(parts)
    }

    /// Opens the menu; a click on the icon while it is open closes it.
    pub(crate) fn open(&self, opening: &Opening) {
        self.0.open(opening);
    }

    /// Closes the menu.
    pub(crate) fn close(&self) {
        if self.0.frame.is_open() {
            self.0.close();
        }
    }

    /// The scene has changed.
    pub(crate) fn refresh(&self) {
        if self.0.frame.is_open() {
            self.0.refresh_with_frame();
        }
    }
}

impl Parts {
    pub(super) fn scene(&self) -> Arc<Scene> {
        self.scenes.borrow().clone()
    }

    fn open(self: &Rc<Self>, opening: &Opening) {
        let at = opening.at.map(|told| self.outside.clicked(self.frame.window(), told));
        if self.frame.is_open() {
            match (&opening.device, at) {
                (None, Some(_)) => return self.close(),
                _ => self.frame.window().present(),
            }
        } else if !self.outside.is_rest_of_closing(at) {
            self.show(at);
        }
        if let Some(device) = &opening.device {
            self.open_at(device);
        }
    }

    fn show(self: &Rc<Self>, at: Option<(i32, i32)>) {
        let window = self.frame.window();
        // Where nobody can put a menu beside anything it is a window like others: to be moved, and closed by hand.
        window.set_decorated(!Outside::can_place(window));
        self.frame.reset();
        self.shown.borrow_mut().clear();
        self.is_choosing.set(false);
        let room = self.outside.choose_spot(window, at);
        self.frame.scroller().set_max_content_height((room - CHROME).max(CHROME));
        self.refresh(Cause::Person);
        WidgetExt::realize(window);
        Outside::introduce(window);
        let (_, size) = window.preferred_size();
        self.outside.put(window, (size.width(), size.height()));
        self.hover.begin();
        self.expect_rest();
        self.submenu.set_side(if self.outside.has_room_left(window) {
            gtk::PositionType::Left
        } else {
            gtk::PositionType::Right
        });
        window.set_focus_visible(false);
        window.present();
        // GTK gives the focus to the footer, or leaves it where it was; the first arrow shall lead to the first row.
        gtk::prelude::GtkWindowExt::set_focus(window, gtk::Widget::NONE);
        self.outside.put(window, (size.width(), size.height()));
        self.guard.changed(Hand::Pointer, Instant::now());
        let weak = Rc::downgrade(self);
        self.outside.watch(window, self.submenu.popover(), move || {
            if let Some(parts) = weak.upgrade() {
                parts.close();
            }
        });
    }

    pub(super) fn close(&self) {
        self.hover.cancel();
        self.outside.forget();
        self.close_submenu();
        if let Some(timer) = self.next_change.take() {
            timer.remove();
        }
        if let Some(frame) = self.next_frame.take() {
            frame.remove();
        }
        self.frame.window().set_visible(false);
        platform::give_memory_back();
    }

    /// Draws what is true when the next frame is made. However many changes come before it, they cost as much as one.
    fn refresh_with_frame(self: &Rc<Self>) {
        let mut waiting = self.next_frame.borrow_mut();
        if waiting.is_some() {
            return;
        }
        let weak = Rc::downgrade(self);
        *waiting = Some(self.frame.window().add_tick_callback(move |_, _| {
            if let Some(parts) = weak.upgrade() {
                parts.next_frame.take();
                // A change may be told of after the frame that shows it.
                if !std::ptr::eq(parts.drawn.borrow().as_ptr(), Arc::as_ptr(&parts.scene())) {
                    parts.refresh(Cause::Machine);
                }
            }
            glib::ControlFlow::Break
        }));
    }

    /// Draws what is true now, in the places of what is shown.
    pub(super) fn refresh(self: &Rc<Self>, cause: Cause) {
        let (scene, now) = (self.scene(), Instant::now());
        self.drawn.replace(Arc::downgrade(&scene));
        let filter = self.frame.search().text().to_string();
        let fresh = open_menu(&scene, &View { filter, now }, &self.shown.borrow());
        let menu = settle_menu(&self.shown.borrow(), fresh, &scene.machine);
        let has_moved = self.frame.show_banners(&menu.banners);
        self.frame.show_source(&scene);
        let build = |_: &Row| RowWidget::new(&self.on_touch);
        let change = self.list.borrow_mut().show(&menu.sections, cause, build);
        if self.hover.forget_unusable() {
            self.expect_rest();
        }
        // Afterwards: it hides the whole list, which by then has let the focus go.
        self.frame.show_empty(menu.empty.as_deref());
        if change.is_any || has_moved {
            // Wherever the pointer is: a list that grows comes under it.
            self.guard.changed(Hand::Pointer, now);
        }
        if change.is_at_focus {
            self.guard.changed(Hand::Keys, now);
        }
        self.shown.replace(menu.sections);
        self.refresh_submenu(&scene);
        self.refresh_at(menu.changes_at, now);
    }

    /// Keys that were in a sub-menu which closes by itself go on from its row.
    fn refresh_submenu(&self, scene: &Scene) {
        let left = self.submenu.row().filter(|_| focus::is_in(self.submenu.popover()));
        let was_open = self.submenu.device().is_some();
        self.submenu.refresh(scene);
        if was_open && self.submenu.device().is_none() {
            if let Some(row) = left {
                self.list.borrow_mut().set_lost(Some(row.button().clone().upcast()));
            }
            self.route_typing();
        }
    }

    /// One timer, and only while the menu is open and something in it ages.
    fn refresh_at(self: &Rc<Self>, moment: Option<Instant>, now: Instant) {
        if let Some(timer) = self.next_change.take() {
            timer.remove();
        }
        let Some(moment) = moment else {
            return;
        };
        let weak = Rc::downgrade(self);
        let wait = moment.saturating_duration_since(now) + Duration::from_millis(20);
        let timer = glib::timeout_add_local_once(wait, move || {
            if let Some(parts) = weak.upgrade() {
                parts.next_change.take();
                parts.refresh(Cause::Machine);
            }
        });
        self.next_change.replace(Some(timer));
    }

    pub(super) fn open_submenu(self: &Rc<Self>, row: &RowWidget) {
        self.hover.cancel();
        let device = match row.row() {
            Some(Row { key: RowKey::Device(port), id: Some(id), .. }) => DeviceRef { port, id },
            _ => return,
        };
        let room = self.frame.scroller().max_content_height();
        self.submenu.open(&self.scene(), device, row, room);
        self.route_typing();
    }

    pub(super) fn close_submenu(&self) {
        self.submenu.close();
        self.route_typing();
    }

    /// Opens the sub-menu of this very device, where it has a row or stands in one.
    fn open_at(self: &Rc<Self>, device: &DeviceRef) {
        let scene = self.scene();
        if scene.device(device).is_none() {
            return;
        }
        let folding = Folding::of(&scene.machine);
        let head = folding.row_of(&device.port);
        let key = RowKey::Device(head.clone());
        let part = (*head != device.port).then(|| device.clone());
        let row = {
            let list = self.list.borrow();
            list.views().find(|row| row.row().is_some_and(|row| row.key == key)).cloned()
        };
        let Some(row) = row else {
            return;
        };
        // Right after the window was presented its rows have no place yet.
        let parts = Rc::downgrade(self);
        glib::idle_add_local_once(move || {
            if let Some(parts) = parts.upgrade() {
                parts.expect_rest();
                parts.open_submenu(&row);
                if part.is_some() {
                    parts.open_part(part);
                }
            }
        });
    }

    fn chose(self: &Rc<Self>, action: &ItemAction) {
        match action {
            ItemAction::Wish(wish) => {
                self.wish(wish.clone());
                let row = self.submenu.row();
                self.close_submenu();
                if let Some(row) = row {
                    row.button().grab_focus();
                }
            }
            ItemAction::Turn(page) => self.turn_page(page.clone()),
            ItemAction::Part(part) => self.open_part(part.clone()),
            ItemAction::ReadOnly(read_only) => {
                let read_only = *read_only;
                self.submenu.turn(&self.scene(), |view| view.read_only = read_only);
            }
        }
    }

    pub(super) fn turn_page(&self, page: Page) {
        self.submenu.turn(&self.scene(), |view| view.page = page);
        self.focus_first_choice();
    }

    /// Shows a part of the row, or the whole again.
    pub(super) fn open_part(&self, part: Option<DeviceRef>) {
        self.submenu.turn(&self.scene(), |view| {
            view.page = Page::Targets;
            view.read_only = false;
            view.part = part;
        });
        self.focus_first_choice();
    }

    fn focus_first_choice(&self) {
        let first = self.submenu.list().borrow().first_usable();
        if let Some(first) = first.filter(|_| self.frame.window().gets_focus_visible()) {
            first.grab_focus();
        }
    }

    pub(super) fn wish(&self, wish: Wish) {
        // The link reads as long as the program lives.
        let _ = self.wishes.send(wish);
    }
}
