//! What store and log report, as what a caller is told.

use crate::catalogue::runs::ReadError;
use crate::ingest::Refusal;
use crate::log::append::AppendError;
use crate::store::StoreError;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Refusal::Unavailable(error.to_string()),
            StoreError::Damaged { .. } | StoreError::NewerFormat { .. } => {
                Refusal::Damaged(error.to_string())
            }
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Gone(reason) => Refusal::Gone(reason),
            AppendError::Unavailable(reason) => Refusal::Unavailable(reason),
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoSuchRun(_) | ReadError::Empty(_) => Refusal::NotFound(error.to_string()),
            ReadError::Store(error) => error.into(),
        }
    }
}
