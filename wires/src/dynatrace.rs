//! Dynatrace's metric protocol, as its clients speak it.
