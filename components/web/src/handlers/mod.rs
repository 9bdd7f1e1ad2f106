//! One function for each route, by what it is about. None looks at methods or tokens: see [`crate::routes`].

pub mod assets;
pub mod events;
pub mod gate;
pub mod health;
pub mod influx;
pub mod lifecycle;
pub mod lines;
pub mod page;
pub mod report;
pub mod rows;
pub mod runs;
pub mod tests;
