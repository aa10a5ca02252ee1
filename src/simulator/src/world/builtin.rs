//! The worlds and gadgets that are part of the program. Their texts live in `data/worlds/`.

/// Name and text of each built-in world.
pub(super) const WORLDS: &[(&str, &str)] = &[
    ("laptop", include_str!("../../../../data/worlds/laptop.toml")),
    ("desktop", include_str!("../../../../data/worlds/desktop.toml")),
    ("workshop", include_str!("../../../../data/worlds/workshop.toml")),
    ("hostile", include_str!("../../../../data/worlds/hostile.toml")),
    ("empty", include_str!("../../../../data/worlds/empty.toml")),
    ("crowd", include_str!("../../../../data/worlds/crowd.toml")),
];

/// Things to plug in by name, in every world.
pub(super) const GADGETS: &str = include_str!("../../../../data/worlds/gadgets.toml");
