//! The binary `loadgate`: the command line with what the build embeds.

use include_dir::{Dir, include_dir};
use loadgate_host::Demo;
use loadgate_host::cli::{self, Embedded};
use std::process::ExitCode;

/// Request bodies are large and short-lived; the C library's allocator would ask the kernel for fresh
/// pages for each.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// `cargo xtask build` makes both; where one is missing, run that first.
static COMPONENTS: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/components/loadgate.cwasm")); // missing? run `cargo xtask build`
static PAGES: Dir = include_dir!("$CARGO_MANIFEST_DIR/../target/static"); // missing? run `cargo xtask build`

static DEMO: Demo = Demo {
    requests: include_bytes!("../../demo/shop.ndjson.gz"),
    options: include_bytes!("../../demo/options.json"),
    test: "shop",
};

fn main() -> ExitCode {
    cli::run(Embedded { components: COMPONENTS, pages: &PAGES, demo: &DEMO })
}
