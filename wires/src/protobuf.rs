//! Protobuf's encoding (protobuf.dev, "Encoding"), one level at a time: a body's lists are walked where they lie,
//! so that a body of a million empty elements makes no million structures. Only what is small and bounded by its
//! caller is read as a whole, by `prost`.

use crate::Wrong;

/// A field's value, as its wire type has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Field<'a> {
    Varint(u64),
    /// A message, text, or packed numbers.
    Bytes(&'a [u8]),
    /// A number of fixed length, of which none is read here.
    Fixed,
}

/// The fields of one message, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

/// Walks the fields of a message. After an error there are none.
pub(crate) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

/// What a text field holds.
pub(crate) fn text<'a>(field: Field<'a>) -> Result<&'a str, Wrong> {
    match field {
        Field::Bytes(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| Wrong::quoting("a text is not UTF-8", bytes))
        }
        _ => Err(malformed("a text is none")),
    }
}

/// Numbers without anything between them.
pub(crate) fn packed(bytes: &[u8]) -> impl Iterator<Item = Result<u64, Wrong>> {
    let mut numbers = Fields { rest: bytes };
    std::iter::from_fn(move || {
        let number = (!numbers.rest.is_empty()).then(|| numbers.varint())?;
        if number.is_err() {
            numbers.rest = &[];
        }
        Some(number)
    })
}

/// What a field of the type of a message holds.
pub(crate) fn message<'a>(field: Field<'a>) -> Result<&'a [u8], Wrong> {
    match field {
        Field::Bytes(bytes) => Ok(bytes),
        _ => Err(malformed("a message is none")),
    }
}

/// Reads a small message as a whole.
pub(crate) fn decode<M: prost::Message + Default>(message: &[u8]) -> Result<M, Wrong> {
    M::decode(message).map_err(|error| malformed(&error.to_string()))
}

/// What no protobuf reader can read.
pub(crate) fn malformed(detail: &str) -> Wrong {
    Wrong::with("this is not the protobuf message that it should be", detail.to_owned())
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, Wrong> {
        let mut value = 0;
        for at in 0..10 {
            let byte = *self.rest.get(at).ok_or_else(|| malformed("it ends within a number"))?;
            // Of the tenth byte only one bit has room.
            if at == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(malformed("a number is longer than 64 bits"))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Wrong> {
        let (taken, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length))
            .ok_or_else(|| malformed("it ends within a field"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u32, Field<'a>), Wrong> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| malformed("a field has no possible number"))?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => self.take(8).map(|_| Field::Fixed)?,
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Fixed)?,
            _ => return Err(malformed("a field is of a type that none of these messages has")),
        };
        Ok((number, field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Field<'_>)>, Wrong> {
        fields(bytes).collect()
    }

    #[test]
    fn fields_are_walked_in_their_order() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0];
        let expected =
            vec![(1, Field::Varint(150)), (2, Field::Bytes(b"hi")), (3, Field::Fixed), (4, Field::Fixed)];
        assert_eq!(all(&bytes), Ok(expected));
    }

    #[test]
    fn what_ends_early_or_is_no_field_is_an_error_and_the_end() {
        let bad: [&[u8]; 7] = [
            &[0x08],                         // no number
            &[0x12, 5, b'h'],                // shorter than it says
            &[0x12, 0xff, 0xff, 0xff, 0x7f], // much shorter than it says
            &[0x21, 0],                      // no eight bytes
            &[0x00, 0],                      // field 0
            &[0x0b],                         // a group
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ];
        for bytes in bad {
            assert!(all(bytes).is_err(), "{bytes:?}");
            assert_eq!(fields(bytes).count(), 1, "{bytes:?}");
        }
        assert_eq!(
            all(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            Ok(vec![(1, Field::Varint(u64::MAX))])
        );
    }
}
