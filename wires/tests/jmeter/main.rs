//! JMeter's recorded traffic and files, read to the figures that were computed from them otherwise.

mod csv;
mod listener;
mod seen;
mod xml;
