//! k6's names as its outputs change them, and its CSV files.
