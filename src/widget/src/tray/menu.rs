//! The same menu for hosts that draw it themselves (right click, GNOME): sections, sub-menus, signs. Pure.
//!
//! Hosts know one line per entry, no bold and no colours. Labels are plain text in which `_` marks an access key, so it
//! is doubled. What is open, and what is ticked for the next attachment, is not known here: a choice that the GTK menu
//! makes in two steps is a sub-menu.

use std::time::Instant;

use device_core::device::Device;
use device_core::name::DeviceRef;
use ksni::MenuItem;
use ksni::menu::{StandardItem, SubMenu};

use super::Tray;
use crate::menu::model::{Group, Look, Menu, Row, RowAction, RowKey, SectionKind, View, menu};
use crate::menu::targets::{Item, ItemAction, ItemKey, Items, Mark, Page, SubView, submenu};
use crate::naming;
use crate::scene::{Scene, Wish};
use crate::strings;

/// Qubes in one sub-menu; the rest is in our own menu, which scrolls and can be searched.
const QUBES_MAX: usize = 24;
/// Rows in one section; the rest is in our own menu.
const ROWS_MAX: usize = 30;

/// All entries.
pub(super) fn items<const MENU: bool>(scene: &Scene) -> Vec<MenuItem<Tray<MENU>>> {
    let now = Instant::now();
    let Menu { banners, sections, empty, .. } = menu(scene, &View { filter: String::new(), now });
    let mut items: Vec<_> = banners.into_iter().map(|banner| inert(&banner.text)).collect();
    items.extend(empty.as_deref().map(inert));
    for section in sections {
        separate(&mut items);
        items.extend(self::section(scene, section, now));
    }
    separate(&mut items);
    items.push(open(&strings::open_menu(), None));
    let about = strings::about_text(env!("CARGO_PKG_VERSION"), &scene.source.to_string());
    items.push(opening(&strings::about(), "", vec![inert(&about)]));
    items
}

fn section<const MENU: bool>(
    scene: &Scene,
    section: Group<SectionKind, Row>,
    now: Instant,
) -> Vec<MenuItem<Tray<MENU>>> {
    let mut items: Vec<_> = section.heading.as_deref().map(inert).into_iter().collect();
    let left_out = section.rows.len() > ROWS_MAX;
    items.extend(section.rows.iter().take(ROWS_MAX).map(|row| self::row(scene, row, now)));
    if left_out {
        items.push(open(&strings::open_menu(), None));
    }
    items
}

fn row<const MENU: bool>(scene: &Scene, row: &Row, now: Instant) -> MenuItem<Tray<MENU>> {
    let icon = if row.look == Look::Attached { "object-select-symbolic" } else { row.icon };
    let device = match &row.key {
        RowKey::Device(port) => scene.machine.devices.get(port),
        RowKey::StoppedUsbQube(_) | RowKey::Unreadable(..) => None,
    };
    match (&row.action, device) {
        (RowAction::Open, Some(device)) => {
            opening(&label(row), icon, entries(scene, device, &SubView::opening(now)))
        }
        (RowAction::Do(wish), _) => choice(&label(row), icon, wish.clone()),
        _ => inert(&label(row)),
    }
}

/// `Cruzer Blade · sys-usb:sda → work`.
fn label(row: &Row) -> String {
    let indent = if row.is_part { "    " } else { "" };
    let name = match row.detail.as_str() {
        "" => row.name.clone(),
        detail => format!("{} · {detail}", row.name),
    };
    let text = match row.holders.as_slice() {
        [] => name,
        holders => strings::device_in(&name, &naming::list(holders.iter().map(|chip| &chip.name))),
    };
    format!("{indent}{text}")
}

/// The sub-menu of a device.
fn entries<const MENU: bool>(scene: &Scene, device: &Device, view: &SubView) -> Vec<MenuItem<Tray<MENU>>> {
    let mut items = Vec::new();
    for group in submenu(scene, device, view) {
        separate(&mut items);
        items.extend(self::group(scene, device, view, group));
    }
    items
}

fn group<const MENU: bool>(
    scene: &Scene,
    device: &Device,
    view: &SubView,
    group: Items,
) -> Vec<MenuItem<Tray<MENU>>> {
    let mut items: Vec<_> = group.heading.as_deref().map(inert).into_iter().collect();
    let rows: Vec<&Item> = group.rows.iter().filter(|item| item.key != ItemKey::Back).collect();
    items.extend(rows.iter().take(QUBES_MAX).filter_map(|item| entry(scene, device, view, item)));
    if rows.len() > QUBES_MAX {
        items.push(open(&strings::choose_another(), Some(device.info.to_ref())));
    }
    items
}

fn entry<const MENU: bool>(
    scene: &Scene,
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
        Some(ItemAction::Wish(wish)) => choice(&text, icon, wish.clone()),
        Some(ItemAction::Turn(page)) => {
            let view = SubView { page: page.clone(), ..view.clone() };
            opening(&text, icon, entries(scene, device, &view))
        }
        // The qubes again, this time read-only; the sub-menu of a sub-menu has no such entry of its own.
        Some(ItemAction::ReadOnly(read_only)) if view.page == Page::Targets && !view.read_only => {
            let view = SubView { read_only: *read_only, ..view.clone() };
            opening(&text, icon, entries(scene, device, &view))
        }
        Some(ItemAction::ReadOnly(_)) => return None,
    })
}

fn inert<const MENU: bool>(text: &str) -> MenuItem<Tray<MENU>> {
    StandardItem { label: plain(text), enabled: false, ..StandardItem::default() }.into()
}

fn choice<const MENU: bool>(text: &str, icon: &str, wish: Wish) -> MenuItem<Tray<MENU>> {
    let activate = Box::new(move |tray: &mut Tray<MENU>| tray.choose(&wish));
    StandardItem { label: plain(text), icon_name: icon.to_owned(), activate, ..StandardItem::default() }
        .into()
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
