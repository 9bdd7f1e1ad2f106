//! What a reader gave, for tests.

use crate::{Out, Point, Wrong};

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub accepted: Vec<(u64, Vec<Point>)>,
    pub refused: Vec<(u64, Wrong)>,
    pub warned: Vec<(u64, Wrong)>,
}

impl Out for Seen {
    fn accept(&mut self, unit: u64, points: Vec<Point>) {
        self.accepted.push((unit, points));
    }

    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        self.refused.push((unit, wrong));
    }

    fn warn(&mut self, unit: u64, warning: Wrong) {
        self.warned.push((unit, warning));
    }
}
