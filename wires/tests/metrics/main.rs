//! What was recorded of real programs, against what those programs say of the same run themselves.

mod figures;
mod hostile;
mod otlp;
mod prometheus;
mod support;
