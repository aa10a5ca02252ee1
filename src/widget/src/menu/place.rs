//! Where the menu goes on the screen. Pure.

/// A rectangle in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// Distance to the pointer and to the edges.
const GAP: i32 = 4;

impl Area {
    fn right(self) -> i32 {
        self.x + self.width
    }

    fn bottom(self) -> i32 {
        self.y + self.height
    }

    /// What both cover; `None` when that is nothing.
    fn common(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (width, height) = (self.right().min(other.right()) - x, self.bottom().min(other.bottom()) - y);
        (width > 0 && height > 0).then_some(Self { x, y, width, height })
    }

    /// Whether the point lies in it.
    pub(super) fn contains(self, (x, y): (i32, i32)) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }
}

/// The part of `monitor` that panels leave free. Just after login nobody may have told yet where they are.
pub(super) fn usable(monitor: Area, work: Option<Area>) -> Area {
    work.and_then(|work| monitor.common(work))
        .filter(|free| free.width > 200 && free.height > 200)
        .unwrap_or(monitor)
}

/// The upper left corner for a menu of this size that was asked for at a point: beside the panel when the point is on
/// one, at whichever edge that is, else below or above the point; never outside of `free`.
pub(super) fn place(at: (i32, i32), size: (i32, i32), free: Area) -> (i32, i32) {
    let ((x, y), (width, height)) = (at, size);
    let left = if x < free.x || x >= free.right() {
        // A panel at the side: right beside it.
        if x < free.x { free.x } else { free.right() - width }
    } else {
        x - width / 2
    };
    let top = if y < free.y {
        free.y
    } else if y >= free.bottom() {
        free.bottom() - height
    } else if x < free.x || x >= free.right() {
        y - height / 2
    } else if y + GAP + height <= free.bottom() {
        y + GAP
    } else {
        y - GAP - height
    };
    (within(left, width, free.x, free.right()), within(top, height, free.y, free.bottom()))
}

/// A point that a host of the tray told, in pixels: on a screen of a greater scale some count in units of their toolkit.
/// The pointer, which is still on the icon, tells which.
pub(super) fn in_pixels(told: (i32, i32), pointer: (i32, i32), scale: i32) -> (i32, i32) {
    let scaled = (told.0.saturating_mul(scale), told.1.saturating_mul(scale));
    let distance = |(x, y): (i32, i32)| x.abs_diff(pointer.0).saturating_add(y.abs_diff(pointer.1));
    if distance(scaled) < distance(told) { scaled } else { told }
}

/// Keeps an edge inside, with a gap where there is room for one; the beginning counts when nothing fits.
fn within(start: i32, length: i32, from: i32, to: i32) -> i32 {
    let gap = if length + 2 * GAP <= to - from { GAP } else { 0 };
    start.min(to - length - gap).max(from + gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCREEN: Area = Area { x: 0, y: 0, width: 1280, height: 800 };

    #[test]
    fn it_opens_beside_the_panel_at_every_edge() {
        let size = (360, 500);
        let top = Area { y: 30, height: 770, ..SCREEN };
        assert_eq!(place((1200, 15), size, top), (1280 - 360 - GAP, 34));
        let bottom = Area { height: 770, ..SCREEN };
        assert_eq!(place((640, 790), size, bottom), (460, 770 - 500 - GAP));
        let left = Area { x: 40, width: 1240, ..SCREEN };
        assert_eq!(place((20, 700), size, left), (44, 800 - 500 - GAP));
        let right = Area { width: 1240, ..SCREEN };
        assert_eq!(place((1260, 400), size, right), (1240 - 360 - GAP, 150));
    }

    #[test]
    fn at_a_point_it_opens_below_or_above() {
        assert_eq!(place((640, 100), (300, 400), SCREEN), (490, 104));
        assert_eq!(place((640, 700), (300, 400), SCREEN), (490, 296));
    }

    #[test]
    fn a_host_that_counts_in_units_of_its_toolkit_is_understood() {
        assert_eq!(in_pixels((557, 15), (1114, 30), 2), (1114, 30));
        assert_eq!(in_pixels((1114, 30), (1116, 31), 2), (1114, 30));
        assert_eq!(in_pixels((557, 15), (557, 15), 1), (557, 15));
        assert_eq!(in_pixels((i32::MAX, i32::MIN), (0, 0), 2), (i32::MAX, i32::MIN));
    }

    #[test]
    fn a_work_area_of_nothing_is_passed_over() {
        assert_eq!(usable(SCREEN, Some(Area { width: 0, height: 0, ..SCREEN })), SCREEN);
        assert_eq!(usable(SCREEN, None), SCREEN);
        let second = Area { x: 1280, y: 0, width: 1024, height: 768 };
        let both = Area { x: 0, y: 30, width: 2304, height: 770 };
        assert_eq!(usable(second, Some(both)), Area { y: 30, height: 738, ..second });
    }

    proptest! {
        #[test]
        fn it_is_never_off_the_screen(
            at in (-50..1400_i32, -50..900_i32),
            size in (1..1280_i32, 1..800_i32),
            inset in (0..100_i32, 0..100_i32, 0..100_i32, 0..100_i32),
        ) {
            let (left, top, right, bottom) = inset;
            let free = Area { x: left, y: top, width: 1280 - left - right, height: 800 - top - bottom };
            prop_assume!(size.0 <= free.width && size.1 <= free.height);
            let (x, y) = place(at, size, free);
            prop_assert!(x >= free.x && x + size.0 <= free.right());
            prop_assert!(y >= free.y && y + size.1 <= free.bottom());
        }
    }
}
