//! How wasmtime is configured, the same for compiling ahead of time and for running.

use anyhow::{Context, Result};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// The engine that both [`precompile`] and the server use: precompiled code loads only into an
/// engine of equal configuration.
///
/// Memories are allocated on demand rather than from a pool: a pool takes longer to set up than the
/// few instances of a dashboard take to start, and reserves address space that small containers
/// may not have. There are no epochs: a call into the components is bounded by their own limits,
/// and checks in every loop would cost ingest a few per cent.
pub fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true).wasm_component_model_async(true);
    Engine::new(&config).map_err(plain).context("wasmtime does not run on this machine")
}

/// Compiles a component for this machine's processor.
pub fn precompile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>> {
    engine.precompile_component(component).map_err(plain).context("the component does not compile")
}

/// Loads what [`precompile`] made.
///
/// # Errors
///
/// When it was made by another version of wasmtime or for a processor with more features.
#[allow(unsafe_code)] // see below; the only unsafe code of the host
pub fn load(engine: &Engine, precompiled: &[u8]) -> Result<Component> {
    // SAFETY: `deserialize` wants bytes that `precompile` made and nobody changed. The callers pass
    // what the build embedded into this very binary: who can change that can change any code.
    unsafe { Component::deserialize(engine, precompiled) }
        .map_err(plain)
        .context("the embedded components do not run on this machine; build Loadgate on it")
}

/// A wasmtime error as `anyhow` knows it, causes included.
pub(crate) fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(error.into_boxed_dyn_error())
}
