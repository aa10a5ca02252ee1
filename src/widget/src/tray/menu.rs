//! The same menu for hosts that draw it themselves (right click, GNOME): sections, sub-menus, signs. Pure.
//!
//! Hosts know one line per entry, no bold and no colours. Labels are plain text in which `_` marks an access key, so it
//! is doubled. What is open, and what is ticked for the next attachment, is not known here: a choice that the GTK menu
//! makes in two steps is a sub-menu.

use std::hash::{Hash, Hasher};
use std::time::Instant;

use device_core::device::Device;
use device_core::name::DeviceRef;
use ksni::MenuItem;
use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};

use super::Tray;
use crate::menu::entry::{GroupKind, Item, ItemAction, ItemKey, Items, Mark, Page, SubView};
use crate::menu::fold::Folding;
use crate::menu::model::Menu;
use crate::menu::rows::{Group, Look, Row, RowAction, RowKey, SectionKind, Status, section_of};
use crate::menu::targets::submenu_in;
use crate::naming;
use crate::scene::{Scene, Wish};
use crate::strings;

/// Qubes in one sub-menu; the rest is in our own menu, which scrolls and can be searched.
const QUBES_MAX: usize = 24;
/// So many are offered even where there are very many devices; the likely ones come first.
const QUBES_MIN: usize = 6;
/// Qubes in all sub-menus together. A host fetches the whole menu whenever it changes, and keeps a widget for each
/// entry.
const QUBES_IN_ALL: usize = 400;
/// Longest sentence in the line of a row, in characters; the sub-menu of a device has all of it.
const STATUS_MAX: usize = 80;
/// Rows in one section; the rest is in our own menu.
const ROWS_MAX: usize = 30;

/// All entries.
pub(super) fn items<const MENU: bool>(scene: &Scene) -> Vec<MenuItem<Tray<MENU>>> {
    let now = Instant::now();
    let Menu { banners, sections, empty, .. } = super::whole_menu(scene, now);
    // What stands in a row has a sub-menu of its own.
    let menus = scene.machine.devices.keys().filter(|port| section_of(&port.class).is_some()).count();
    let qubes = (QUBES_IN_ALL / menus.max(1)).clamp(QUBES_MIN, QUBES_MAX);
    let drawing = Drawing { scene, folding: Folding::of(&scene.machine), now, qubes };
    let mut items: Vec<_> = banners.into_iter().map(|banner| inert(&banner.text)).collect();
    items.extend(empty.as_deref().map(inert));
    for section in &sections {
        separate(&mut items);
        drawing.section(section, &mut items);
    }
    separate(&mut items);
    items.push(open(&strings::open_menu(), None));
    items.push(choice(&strings::settings(), "", Wish::Settings(None)));
    let about = strings::about_text(env!("CARGO_PKG_VERSION"), &scene.source.to_string());
    items.push(opening(&strings::about(), "", vec![inert(&about)]));
    items
}

/// Adds what the entries say, in order.
pub(super) fn hash<const MENU: bool>(items: &[MenuItem<Tray<MENU>>], hasher: &mut impl Hasher) {
    for item in items {
        match item {
            MenuItem::Standard(item) => (0_u8, &item.label, item.enabled).hash(hasher),
            MenuItem::Checkmark(item) => (1_u8, &item.label, item.checked).hash(hasher),
            MenuItem::SubMenu(menu) => {
                (2_u8, &menu.label, menu.submenu.len()).hash(hasher);
                hash(&menu.submenu, hasher);
            }
            MenuItem::Separator | MenuItem::RadioGroup(_) => 3_u8.hash(hasher),
        }
    }
}

type Entries<const MENU: bool> = Vec<MenuItem<Tray<MENU>>>;

/// One drawing of the menu.
struct Drawing<'a> {
    scene: &'a Scene,
    folding: Folding<'a>,
    now: Instant,
    /// Qubes in one sub-menu.
    qubes: usize,
}

impl Drawing<'_> {
    fn section<const MENU: bool>(&self, section: &Group<SectionKind, Row>, items: &mut Entries<MENU>) {
        items.extend(section.heading.as_deref().map(inert));
        items.extend(section.rows.iter().take(ROWS_MAX).map(|row| self.row(row)));
        if section.rows.len() > ROWS_MAX {
            items.push(open(&strings::open_menu(), None));
        }
    }

    fn row<const MENU: bool>(&self, row: &Row) -> MenuItem<Tray<MENU>> {
        let icon = if row.look == Look::Attached { "object-select-symbolic" } else { row.icon };
        let device = match &row.key {
            RowKey::Device(port) => self.scene.machine.devices.get(port),
            RowKey::StoppedUsbQube(_) | RowKey::HideFailure(_) | RowKey::Unreadable(..) => None,
        };
        match (&row.action, device) {
            (RowAction::Open, Some(device)) => opening(&label(row), icon, self.entries(device, &self.view())),
            (RowAction::Do(wish), _) => choice(&label(row), icon, Wish::clone(wish)),
            _ => inert(&label(row)),
        }
    }

    /// What is made of a sub-menu: as much as is shown, and one more that tells that there are more.
    fn view(&self) -> SubView {
        SubView { most: self.qubes + 1, ..SubView::opening(self.now) }
    }

    /// The sub-menu of a device.
    fn entries<const MENU: bool>(&self, device: &Device, view: &SubView) -> Entries<MENU> {
        let mut items = Vec::new();
        for group in submenu_in(self.scene, &self.folding, device, view) {
            // What was chosen one step before is not offered again.
            if view.read_only && matches!(group.kind, GroupKind::Parts | GroupKind::Further) {
                continue;
            }
            separate(&mut items);
            self.group(device, view, &group, &mut items);
        }
        items
    }

    fn group<const MENU: bool>(
        &self,
        device: &Device,
        view: &SubView,
        group: &Items,
        items: &mut Entries<MENU>,
    ) {
        items.extend(group.heading.as_deref().map(inert));
        let rows: Vec<&Item> = group.rows.iter().filter(|item| item.key != ItemKey::Back).collect();
        items.extend(rows.iter().take(self.qubes).filter_map(|item| self.entry(device, view, item)));
        if rows.len() > self.qubes {
            items.push(open(&strings::choose_another(), Some(device.info.to_ref())));
        }
    }

    fn entry<const MENU: bool>(
        &self,
        device: &Device,
        view: &SubView,
        item: &Item,
    ) -> Option<MenuItem<Tray<MENU>>> {
        let (text, icon) = match item.mark {
            Mark::Eject => (item.spoken.clone(), "media-eject"),
            Mark::Plus => (item.text.clone(), "list-add"),
            _ if item.note.is_empty() => (item.text.clone(), ""),
            _ => (format!("{} ({})", item.text, item.note), ""),
        };
        Some(match &item.action {
            None if matches!(item.mark, Mark::Check(_)) => return None,
            None => inert(&text),
            Some(ItemAction::Wish(wish)) => match item.mark {
                Mark::Check(is_checked) => check(&text, is_checked, wish.clone()),
                _ => choice(&text, icon, wish.clone()),
            },
            Some(ItemAction::Turn(page)) => {
                let view = SubView { page: page.clone(), ..view.clone() };
                opening(&text, icon, self.entries(device, &view))
            }
            Some(ItemAction::Part(part)) => {
                let view = SubView { part: part.clone(), ..view.clone() };
                opening(&text, icon, self.entries(device, &view))
            }
            // The qubes again, this time read-only; the sub-menu of a sub-menu has no such entry of its own.
            Some(ItemAction::ReadOnly(read_only)) if view.page == Page::Targets && !view.read_only => {
                let view = SubView { read_only: *read_only, ..view.clone() };
                opening(&text, icon, self.entries(device, &view))
            }
            Some(ItemAction::ReadOnly(_)) => return None,
        })
    }
}

/// `Cruzer Blade · NEW · sys-usb:sda → work · moving to vault…`.
fn label(row: &Row) -> String {
    let parts =
        [row.name.clone(), if row.is_new { strings::new() } else { String::new() }, row.detail.clone()];
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let text = match row.holders.as_slice() {
        [] => name,
        holders => strings::device_in(&name, &naming::list(holders.iter().map(|chip| &chip.name))),
    };
    match &row.status {
        Some(Status::Pending(status) | Status::Failed(status)) => {
            format!("{text} · {}", naming::cut(status.clone(), STATUS_MAX))
        }
        None => text,
    }
}

fn inert<const MENU: bool>(text: &str) -> MenuItem<Tray<MENU>> {
    StandardItem { label: plain(text), enabled: false, ..StandardItem::default() }.into()
}

fn choice<const MENU: bool>(text: &str, icon: &str, wish: Wish) -> MenuItem<Tray<MENU>> {
    let activate = Box::new(move |tray: &mut Tray<MENU>| tray.choose(&wish));
    StandardItem { label: plain(text), icon_name: icon.to_owned(), activate, ..StandardItem::default() }
        .into()
}

fn check<const MENU: bool>(text: &str, checked: bool, wish: Wish) -> MenuItem<Tray<MENU>> {
    let activate = Box::new(move |tray: &mut Tray<MENU>| tray.choose(&wish));
    CheckmarkItem { label: plain(text), checked, activate, ..CheckmarkItem::default() }.into()
}

fn open<const MENU: bool>(text: &str, device: Option<DeviceRef>) -> MenuItem<Tray<MENU>> {
    let activate = Box::new(move |tray: &mut Tray<MENU>| tray.outside.door.open(None, device.clone()));
    StandardItem { label: plain(text), activate, ..StandardItem::default() }.into()
}

fn opening<const MENU: bool>(
    text: &str,
    icon: &str,
    submenu: Vec<MenuItem<Tray<MENU>>>,
) -> MenuItem<Tray<MENU>> {
    SubMenu { label: plain(text), icon_name: icon.to_owned(), submenu, ..SubMenu::default() }.into()
}

fn separate<T>(items: &mut Vec<MenuItem<T>>) {
    if !items.is_empty() {
        items.push(MenuItem::Separator);
    }
}

/// A label without access keys.
fn plain(text: &str) -> String {
    text.replace('_', "__")
}

#[cfg(test)]
#[path = "menu_tests.rs"]
mod tests;
