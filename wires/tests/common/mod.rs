//! What a reader gave.

use loadgate_wires::{Out, Point, Reader, Wrong};

/// All of it.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    pub units: u64,
    pub points: Vec<Point>,
    pub refused: Vec<(u64, Wrong)>,
    pub warned: Vec<(u64, Wrong)>,
}

impl Out for Seen {
    fn accept(&mut self, _: u64, points: Vec<Point>) {
        self.units += 1;
        self.points.extend(points);
    }
    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        self.refused.push((unit, wrong));
    }
    fn warn(&mut self, unit: u64, warning: Wrong) {
        self.warned.push((unit, warning));
    }
}

/// Reads a file in pieces.
pub fn read(reader: &mut dyn Reader, file: &[u8], size: usize) -> (Seen, Result<(), Wrong>) {
    let mut seen = Seen::default();
    for part in file.chunks(size) {
        if let Err(wrong) = reader.feed(part, &mut seen) {
            return (seen, Err(wrong));
        }
    }
    let end = reader.finish(&mut seen);
    (seen, end)
}

pub fn tag<'a>(point: &'a Point, key: &str) -> &'a str {
    point.tags.iter().find(|(other, _)| other == key).map_or("", |(_, value)| value)
}
