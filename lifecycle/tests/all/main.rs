//! The crate from outside: fixtures, dialects, borders and mutations; what is sent, held against others' readers.

mod dialects;
mod fixtures;
mod mutated;
mod told;
