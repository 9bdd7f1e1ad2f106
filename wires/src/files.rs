//! Result files of other tools, and which of them a file is.
