//! The Devices menu.
//!
//! [`model`], [`rows`], [`device_row`], [`section`], [`fold`], [`targets`], [`entry`], [`pages`], [`parts`], [`risk`] and [`order`]
//! are pure:
//! a [`crate::scene::Scene`] and what is open go in, rows and texts come out. So are [`place`], [`aim`], [`guard`] and [`keys`], the rules of the hand.
//! The other files are GTK and draw what those say; no sentence and no rule is made there:
//!
//! ```text
//! app ── window ─┬─ frame (banners, search, footer)   listen, keyboard, hover: what the person does
//!                ├─ list of row                       focus: what takes the keyboard from an entry that goes
//!                │                                    outside ── x11: where it stands, what closes it
//!                └─ submenu ── list of item           style, dot: how it looks
//! ```

pub(crate) mod app;
pub(crate) mod device_row;
pub(crate) mod dot;
pub(crate) mod entry;
pub(crate) mod focus;
pub(crate) mod fold;
pub(crate) mod model;
pub(crate) mod order;
pub(crate) mod risk;
pub(crate) mod rows;
pub(crate) mod style;
pub(crate) mod targets;

mod aim;
mod chips;
mod frame;
mod guard;
mod hover;
mod item;
mod keyboard;
mod keys;
mod list;
mod listen;
mod outside;
mod pages;
mod parts;
mod path;
mod picture;
mod place;
mod row;
mod section;
mod still;
mod submenu;
mod touch;
mod window;
mod x11;
