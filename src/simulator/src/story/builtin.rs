//! The stories that are part of the program. Their texts live in `data/stories/`.

/// Name and text of each built-in story.
pub(super) const STORIES: &[(&str, &str)] = &[
    ("first-stick", include_str!("../../../../data/stories/first-stick.toml")),
    ("pulled-out", include_str!("../../../../data/stories/pulled-out.toml")),
    ("switched", include_str!("../../../../data/stories/switched.toml")),
    ("closed-lid", include_str!("../../../../data/stories/closed-lid.toml")),
    ("flash-a-board", include_str!("../../../../data/stories/flash-a-board.toml")),
    ("loose-cable", include_str!("../../../../data/stories/loose-cable.toml")),
    ("bad-day", include_str!("../../../../data/stories/bad-day.toml")),
    ("lost-events", include_str!("../../../../data/stories/lost-events.toml")),
];
