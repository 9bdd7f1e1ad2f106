//! One function for each route, by what it is about. None looks at methods or tokens: see [`crate::routes`].

pub(crate) mod assets;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod influx;
pub(crate) mod lifecycle;
pub(crate) mod lines;
pub(crate) mod page;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod rows;
pub(crate) mod runs;
pub(crate) mod series;
pub(crate) mod tests;
pub(crate) mod webhooks;
pub(crate) mod wires;
