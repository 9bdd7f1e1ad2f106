//! `loadgate-precompile WEB AGGREGATOR OUTPUT`: composes the two components and compiles the result
//! with the configuration that `loadgate` runs it with. A step of the build.

use anyhow::{Context, Result, bail};
use loadgate_host::{compose, engine};
use std::ffi::OsString;
use std::fs;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [web, aggregator, output] = arguments.as_slice() else {
        bail!("usage: loadgate-precompile WEB.wasm AGGREGATOR.wasm OUTPUT.cwasm");
    };
    let read = |path: &OsString| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let composed = compose::compose(&read(web)?, &read(aggregator)?)?;
    let precompiled = engine::precompile(&composed)?;
    fs::write(output, precompiled).with_context(|| format!("cannot write {}", output.display()))
}
