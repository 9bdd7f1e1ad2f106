//! The gate as its callers see it: files in, verdicts out.

mod judging;
mod keptn;
mod properties;
mod reading;
mod rendering;
mod suggesting;
mod support;
