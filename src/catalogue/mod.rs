//! What is kept of runs and tests beside the log: which runs there are, what people wrote beside them, the verdicts
//! on them and who is told, and how the old ones go. `docs/architecture.md` lists the keys.

pub(crate) mod deliveries;
mod erasure;
mod facts;
pub mod labels;
pub mod recent;
pub mod retention;
pub mod retype;
pub mod runs;
pub mod tests;
pub mod verdicts;
pub(crate) mod webhooks;
