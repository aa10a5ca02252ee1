//! Our symbolic icons as steps of a pen, read out of their SVG. Pure.
//!
//! The menu draws its icons itself: a general reader of SVG costs more memory than the whole menu, and where its
//! loader is not installed there would be no icons at all. What is read is exactly what our icons are made of: paths of
//! lines and arcs of circles. A test reads every icon, so a drawing that needs more is noticed at once.

/// A point on the drawing, which is 16 units wide and high.
type Point = (f64, f64);

/// One step of the pen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Move(Point),
    Line(Point),
    /// An arc of a circle: centre, radius, angles from and to; clockwise or against the clock.
    Arc {
        centre: Point,
        radius: f64,
        from: f64,
        to: f64,
        is_clockwise: bool,
    },
    Close,
}

/// A path, filled by the rule of even and odd.
pub(super) type Path = Vec<Step>;

/// The paths of a drawing; `None` when it holds anything else than we draw with.
pub(super) fn paths(svg: &str) -> Option<Vec<Path>> {
    svg.split(" d=\"").skip(1).map(|rest| path(rest.split('"').next()?)).collect()
}

fn path(text: &str) -> Option<Path> {
    let mut pen = Pen { words: Words(text), at: (0.0, 0.0), start: (0.0, 0.0), steps: Vec::new() };
    while let Some(letter) = pen.words.letter() {
        pen.draw(letter)?;
        while letter != 'z' && pen.words.has_number() {
            pen.draw(if letter == 'M' { 'L' } else { letter })?;
        }
    }
    pen.words.0.is_empty().then_some(pen.steps)
}

struct Pen<'a> {
    words: Words<'a>,
    at: Point,
    start: Point,
    steps: Path,
}

impl Pen<'_> {
    fn draw(&mut self, letter: char) -> Option<()> {
        let (x, y) = self.at;
        let words = &mut self.words;
        let to = match letter {
            'M' | 'L' => (words.number()?, words.number()?),
            'l' => (x + words.number()?, y + words.number()?),
            'H' => (words.number()?, y),
            'h' => (x + words.number()?, y),
            'V' => (x, words.number()?),
            'v' => (x, y + words.number()?),
            'A' => return self.arc((0.0, 0.0)),
            'a' => return self.arc(self.at),
            'z' => self.start,
            _ => return None,
        };
        self.at = to;
        self.steps.push(match letter {
            'M' => Step::Move(to),
            'z' => Step::Close,
            _ => Step::Line(to),
        });
        if letter == 'M' {
            self.start = to;
        }
        Some(())
    }

    /// `radius radius 0 large clockwise x y`, the end counted from `origin`.
    fn arc(&mut self, origin: Point) -> Option<()> {
        let mut number = || self.words.number();
        let (radius, same, turn) = (number()?, number()?, number()?);
        let (is_large, is_clockwise) = (number()? != 0.0, number()? != 0.0);
        let end = (origin.0 + number()?, origin.1 + number()?);
        #[expect(clippy::float_cmp, reason = "the two radii of a circle are the same text")]
        if same != radius || turn != 0.0 {
            return None;
        }
        let begin = std::mem::replace(&mut self.at, end);
        let centre = centre(begin, end, radius, is_large == is_clockwise);
        let angle = |point: Point| (point.1 - centre.1).atan2(point.0 - centre.0);
        self.steps.push(Step::Arc { centre, radius, from: angle(begin), to: angle(end), is_clockwise });
        Some(())
    }
}

/// The centre of the circle through two points; `is_left` picks the one on the left hand of who goes from begin to end
/// on a drawing whose y grows downwards.
fn centre(begin: Point, end: Point, radius: f64, is_left: bool) -> Point {
    let (dx, dy) = (end.0 - begin.0, end.1 - begin.1);
    let half = dx.hypot(dy) / 2.0;
    let middle = (f64::midpoint(begin.0, end.0), f64::midpoint(begin.1, end.1));
    let height = (radius * radius - half * half).max(0.0).sqrt();
    let side = if is_left { 1.0 } else { -1.0 };
    let length = (2.0 * half).max(f64::EPSILON);
    (middle.0 + side * height * dy / length, middle.1 - side * height * dx / length)
}

/// Letters and numbers from the left.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn letter(&mut self) -> Option<char> {
        self.0 = self.0.trim_start();
        let letter = self.0.chars().next().filter(char::is_ascii_alphabetic)?;
        self.0 = self.0.get(1..)?;
        Some(letter)
    }

    fn has_number(&mut self) -> bool {
        self.0 = self.0.trim_start();
        self.0.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.')
    }

    fn number(&mut self) -> Option<f64> {
        self.0 = self.0.trim_start();
        let mut has_dot = false;
        let end = self.0.char_indices().position(|(place, c)| {
            let is_second_dot = c == '.' && std::mem::replace(&mut has_dot, true);
            let belongs = c.is_ascii_digit() || (c == '.' && !is_second_dot) || (c == '-' && place == 0);
            !belongs
        });
        let (number, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
        self.0 = rest;
        number.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_can_be_drawn() {
        for (name, drawing) in crate::icons::ICONS {
            let paths = paths(drawing).unwrap_or_else(|| panic!("{name} holds what can't be drawn"));
            assert!(!paths.is_empty() && paths.iter().all(|path| path.len() > 2), "{name}");
        }
    }

    #[test]
    fn numbers_may_stand_close_together() {
        let steps = path("M1.5.5l-1-2z").unwrap();
        assert_eq!(steps, [Step::Move((1.5, 0.5)), Step::Line((0.5, -1.5)), Step::Close]);
        assert_eq!(path("M1 1Q2 2 3 3"), None);
        assert_eq!(path("M1"), None);
    }

    #[test]
    fn an_arc_goes_round_its_centre() {
        let quarter = |flags: &str| match path(&format!("M8 1A7 7 0 {flags} 15 8")).unwrap()[1] {
            Step::Arc { centre, .. } => (centre.0.round(), centre.1.round()),
            other => panic!("no arc: {other:?}"),
        };
        assert_eq!(quarter("0 1"), (8.0, 8.0), "short and clockwise");
        assert_eq!(quarter("0 0"), (15.0, 1.0), "short and against the clock");
        assert_eq!(quarter("1 1"), (15.0, 1.0), "the long way round the other centre");
    }
}
