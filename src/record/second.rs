//! The partials of a second, and how they are stored: most of what a record holds.

use super::cell::Cell;
use super::packed::{Packed, read_leb128, write_leb128};
use super::sketch::bucket_of;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS: i64 = 1_000_000_000;

/// Partials of one second of event time.
///
/// Stored as the second and the bytes of its cells: of each the distance of its series to the one before, flags that
/// say what follows, its count, when in the second its newest sample was, and only those of the other fields
/// that are not known by these.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Second {
    /// Unix seconds.
    pub second: i64,
    /// Series by index into [`Batch::series`](super::Batch::series), ascending.
    pub cells: Vec<(u32, Cell)>,
}

/// What is said of a cell.
mod flags {
    /// Its numbers are whole, and stored as such.
    pub(super) const WHOLE: u8 = 1;
    /// `max` is not `min`.
    pub(super) const MAX: u8 = 1 << 1;
    /// `last` is `max`; without any of the two it is `min`.
    pub(super) const LAST_IS_MAX: u8 = 1 << 2;
    pub(super) const LAST: u8 = 1 << 3;
    /// `sum` is not what it is if there are but `min` and `max`.
    pub(super) const SUM: u8 = 1 << 4;
    /// `nonzero` is not what it is if all values are like `min`.
    pub(super) const NONZERO: u8 = 1 << 5;
    /// The sketch counts `min` alone; without any of the two it is empty.
    pub(super) const SKETCH_OF_MIN: u8 = 1 << 6;
    pub(super) const SKETCH: u8 = 1 << 7;
}

/// A [`Second`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    second: i64,
    #[serde(serialize_with = "as_bytes")]
    cells: &'a [u8],
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

impl Serialize for Second {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.cells.len() * 24);
        let mut previous = 0;
        for (series, cell) in &self.cells {
            write_leb128(&mut bytes, series.wrapping_sub(previous).into());
            previous = *series;
            write_cell(&mut bytes, cell, self.second);
        }
        Stored { second: self.second, cells: &bytes }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Second {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { second, cells: mut bytes } = Stored::deserialize(deserializer)?;
        let (mut cells, mut series) = (Vec::new(), 0_u32);
        while !bytes.is_empty() {
            let next = read_leb128(&mut bytes).zip(read_cell(&mut bytes, second));
            let (distance, cell) = next.ok_or_else(|| D::Error::custom("a cell is cut off"))?;
            series = series.wrapping_add(distance as u32);
            cells.push((series, cell));
        }
        Ok(Second { second, cells })
    }
}

fn write_cell(bytes: &mut Vec<u8>, cell: &Cell, second: i64) {
    let &Cell { count, nonzero, sum, min, max, last, last_ns, ref sketch } = cell;
    let set = |flag: u8, is: bool| if is { flag } else { 0 };
    let whole = [min, max, last, sum].iter().all(|number| is_whole(*number));
    let mut entries = sketch.entries();
    let of_min = entries.next() == Some((bucket_of(min), count)) && entries.next().is_none();
    let said = set(flags::WHOLE, whole)
        | set(flags::MAX, !same(max, min))
        | set(flags::LAST_IS_MAX, !same(last, min) && same(last, max))
        | set(flags::LAST, !same(last, min) && !same(last, max))
        | set(flags::SUM, !same(sum, sum_of_ends(count, min, max)))
        | set(flags::NONZERO, nonzero != nonzero_like(count, min))
        | set(flags::SKETCH_OF_MIN, of_min)
        | set(flags::SKETCH, !sketch.is_empty() && !of_min);
    bytes.push(said);
    write_leb128(bytes, count);
    let within = last_ns.wrapping_sub(second.wrapping_mul(NANOS));
    write_leb128(bytes, (within.wrapping_shl(1) ^ (within >> 63)) as u64);
    let numbers = [(0, min), (flags::MAX, max), (flags::LAST, last), (flags::SUM, sum)];
    for (_, number) in numbers.into_iter().filter(|(flag, _)| said & flag == *flag) {
        if whole {
            write_leb128(bytes, number as u64);
        } else {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    if said & flags::NONZERO != 0 {
        write_leb128(bytes, nonzero);
    }
    if said & flags::SKETCH != 0 {
        write_leb128(bytes, sketch.as_bytes().len() as u64);
        bytes.extend_from_slice(sketch.as_bytes());
    }
}

/// `None`: it is cut off.
fn read_cell(bytes: &mut &[u8], second: i64) -> Option<Cell> {
    let (&said, rest) = bytes.split_first()?;
    *bytes = rest;
    let is = |flag: u8| said & flag != 0;
    let count = read_leb128(bytes)?;
    let within = read_leb128(bytes)?;
    let within = (within >> 1) as i64 ^ -((within & 1) as i64);
    let number = |bytes: &mut &[u8]| {
        if is(flags::WHOLE) {
            return read_leb128(bytes).map(|whole| whole as f64);
        }
        let (number, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(f64::from_le_bytes(*number))
    };
    let min = number(bytes)?;
    let max = if is(flags::MAX) { number(bytes)? } else { min };
    let last = if is(flags::LAST) { number(bytes)? } else { [min, max][usize::from(is(flags::LAST_IS_MAX))] };
    let sum = if is(flags::SUM) { number(bytes)? } else { sum_of_ends(count, min, max) };
    let nonzero = if is(flags::NONZERO) { read_leb128(bytes)? } else { nonzero_like(count, min) };
    let sketch = if is(flags::SKETCH) {
        let length = read_leb128(bytes)?.try_into().ok()?;
        let (sketch, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Packed::from_bytes(sketch)
    } else if is(flags::SKETCH_OF_MIN) {
        counted(min, count)
    } else {
        Packed::default()
    };
    let last_ns = within.wrapping_add(second.wrapping_mul(NANOS));
    Some(Cell { count, nonzero, sum, min, max, last, last_ns, sketch })
}

/// To the bit: 0 is not −0.
fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

/// Whether a number is back after being stored as a whole one.
fn is_whole(number: f64) -> bool {
    same(number as u64 as f64, number)
}

/// The sum of values that are all `min`, or of the two.
fn sum_of_ends(count: u64, min: f64, max: f64) -> f64 {
    if same(min, max) { min * count as f64 } else { min + max }
}

fn nonzero_like(count: u64, min: f64) -> u64 {
    if min == 0.0 { 0 } else { count }
}

/// The sketch of so many values alike.
fn counted(value: f64, count: u64) -> Packed {
    Packed::from_entries(&[(bucket_of(value), count)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(values: &[f64], sketched: bool) -> Cell {
        let mut buckets: Vec<u32> = values.iter().map(|value| bucket_of(*value)).collect();
        buckets.sort_unstable();
        Cell {
            count: values.len() as u64,
            nonzero: values.iter().filter(|value| **value != 0.0).count() as u64,
            sum: values.iter().sum(),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            last: *values.last().unwrap_or(&0.0),
            last_ns: 1_795_218_590_123_456_789,
            sketch: if sketched { Packed::from_sorted(&buckets) } else { Packed::default() },
        }
    }

    fn some() -> Second {
        let values: [&[f64]; 14] = [
            &[],
            &[1.0],
            &[1.0, 1.0, 1.0],
            &[0.0],
            &[-0.0],
            &[0.0, 1.0, 0.0],
            &[0.1, 0.1, 0.1],
            &[43.891267],
            &[43.891267, 12.5],
            &[12.5, 43.891267],
            &[12.5, 43.891267, 20.0],
            &[-3.0, 7.0],
            &[5e-324, f64::MAX, f64::MAX, -f64::MAX],
            &[9_007_199_254_740_993.0, 1e300],
        ];
        let cells = values.iter().flat_map(|values| [cell(values, false), cell(values, true)]);
        Second { second: 1_795_218_590, cells: (3..).step_by(2).zip(cells).collect() }
    }

    /// [`Cell`]s are the same to the bit.
    fn bits(second: &Second) -> Vec<[u64; 4]> {
        let bits = |cell: &Cell| [cell.sum, cell.min, cell.max, cell.last].map(f64::to_bits);
        second.cells.iter().map(|(_, cell)| bits(cell)).collect()
    }

    #[test]
    fn what_is_stored_reads_back_to_the_bit() {
        let mut second = some();
        // Nothing has to make sense together, and no time has to be within its second.
        let odd = Cell { nonzero: 9, sum: f64::INFINITY, last: 3.5, last_ns: i64::MIN, ..cell(&[7.0], true) };
        second.cells.push((u32::MAX, odd));
        let far = Cell { last_ns: i64::MAX, sketch: counted(8.0, 1), ..cell(&[7.0], true) };
        second.cells.push((0, far));
        for at in [second.second, 0, -1, i64::MIN, i64::MAX] {
            second.second = at;
            let bytes = postcard::to_allocvec(&second).unwrap();
            let read: Second = postcard::from_bytes(&bytes).unwrap();
            assert_eq!((&read, bits(&read)), (&second, bits(&second)));
        }
    }

    #[test]
    fn a_cell_that_is_cut_off_is_an_error() {
        let mut bytes = postcard::to_allocvec(&some().second).unwrap();
        let second = Second { cells: some().cells.split_off(20), ..some() };
        for (_, cell) in &second.cells {
            let mut stored = vec![0];
            write_cell(&mut stored, cell, second.second);
            for length in 1..stored.len() {
                bytes.truncate(5);
                bytes.push(length as u8);
                bytes.extend_from_slice(&stored[..length]);
                assert!(postcard::from_bytes::<Second>(&bytes).is_err(), "{cell:?} after {length} bytes");
            }
        }
    }

    #[test]
    fn what_follows_from_other_fields_is_not_stored() {
        let length = |values: &[f64], sketched| {
            let mut bytes = Vec::new();
            write_cell(&mut bytes, &cell(values, sketched), 1_795_218_590);
            bytes.len()
        };
        // Flags, count and a time of four bytes.
        assert_eq!(length(&[1.0, 1.0, 1.0], false), 6 + 1);
        assert_eq!(length(&[43.891267], true), 6 + 8);
        assert_eq!(length(&[12.5, 43.891267], false), 6 + 16);
    }
}
