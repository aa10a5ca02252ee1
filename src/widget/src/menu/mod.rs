//! The Devices menu.
//!
//! [`model`], [`device_row`], [`targets`], [`risk`] and [`order`] are pure: a [`crate::scene::Scene`] and what is open
//! go in, rows and texts come out.
//! The other files are GTK and draw what those say; no sentence and no rule is made there.

pub(crate) mod app;
pub(crate) mod device_row;
pub(crate) mod model;
pub(crate) mod order;
pub(crate) mod risk;
pub(crate) mod targets;
