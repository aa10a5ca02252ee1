//! Is the pointer on its way to the sub-menu? Pure.
//!
//! The straight way from a row to an entry of its sub-menu crosses other rows. While the pointer moves inside the
//! triangle between where it was and the near edge of the sub-menu, those rows do not take over.

/// A point in the window of the menu.
pub(super) type Point = (f64, f64);

/// The near edge of the sub-menu.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Movements shorter than this tell no direction.
pub(super) const STEP: f64 = 3.0;

/// Where the pointer was and is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aim {
    was: Option<Point>,
    is: Option<Point>,
    steps: u32,
}

impl Aim {
    /// The pointer has moved here.
    pub(super) fn moved(&mut self, to: Point) {
        let far_enough = self.is.is_none_or(|(x, y)| (to.0 - x).hypot(to.1 - y) >= STEP);
        if far_enough {
            self.was = self.is.replace(to);
            self.steps = self.steps.wrapping_add(1);
        }
    }

    /// Where the pointer was told to be last.
    pub(super) fn place(&self) -> Option<Point> {
        self.is
    }

    /// Counts the movements: the same number twice means that the pointer stood still meanwhile.
    pub(super) fn steps(&self) -> u32 {
        self.steps
    }

    /// Whether the last movement leads to the sub-menu.
    pub(super) fn leads_to(&self, edge: Edge) -> bool {
        let (Some(was), Some(is)) = (self.was, self.is) else {
            return false;
        };
        let nearer = (edge.x - is.0).abs() < (edge.x - was.0).abs();
        nearer && is_inside(is, was, (edge.x, edge.top), (edge.x, edge.bottom))
    }
}

/// Whether the point lies in the triangle, its border included.
fn is_inside(point: Point, a: Point, b: Point, c: Point) -> bool {
    let side =
        |from: Point, to: Point| (to.0 - from.0) * (point.1 - from.1) - (to.1 - from.1) * (point.0 - from.0);
    let sides = [side(a, b), side(b, c), side(c, a)];
    sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Edge = Edge { x: 0.0, top: 0.0, bottom: 400.0 };

    fn aim(points: &[Point]) -> Aim {
        let mut aim = Aim::default();
        for point in points {
            aim.moved(*point);
        }
        aim
    }

    #[test]
    fn the_diagonal_way_is_forgiven() {
        assert!(aim(&[(200.0, 40.0), (180.0, 60.0)]).leads_to(EDGE));
        assert!(aim(&[(200.0, 350.0), (190.0, 340.0)]).leads_to(EDGE));
    }

    #[test]
    fn straight_down_and_away_are_meant() {
        assert!(!aim(&[(200.0, 40.0), (200.0, 80.0)]).leads_to(EDGE));
        assert!(!aim(&[(200.0, 40.0), (220.0, 50.0)]).leads_to(EDGE));
        assert!(!aim(&[(20.0, 390.0), (19.0, 420.0)]).leads_to(EDGE), "past its end");
    }

    #[test]
    fn it_works_to_the_right_as_well_and_needs_two_points() {
        let right = Edge { x: 400.0, ..EDGE };
        assert!(aim(&[(200.0, 40.0), (220.0, 60.0)]).leads_to(right));
        assert!(!aim(&[(200.0, 40.0)]).leads_to(right));
        assert!(!aim(&[(200.0, 40.0), (201.0, 40.0)]).leads_to(right), "a tremble tells nothing");
    }

    #[test]
    fn a_pointer_that_stands_still_makes_no_steps() {
        assert_eq!(aim(&[(200.0, 40.0), (210.0, 40.0)]).steps(), 2);
        assert_eq!(aim(&[(200.0, 40.0), (210.0, 40.0), (211.0, 40.0), (210.0, 41.0)]).steps(), 2);
    }
}
