//! JMeter's and k6's recorded results and traffic, read to the figures that were computed from them otherwise.

mod csv;
mod k6;
mod listener;
mod seen;
mod xml;
