//! The crate from outside: fixtures, dialects, borders and mutations; signatures by
//! another implementation.

mod dialects;
mod fixtures;
mod mutated;
mod signed;
mod told;
