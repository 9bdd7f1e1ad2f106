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
///
/// # Errors
///
/// When wasmtime does not know this processor or operating system.
pub fn engine() -> Result<Engine> {
    Engine::new(&config()).map_err(plain).context("wasmtime does not run on this machine")
}

fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true).wasm_component_model_async(true);
    config
}

/// What [`precompile`] may use of a processor of x86: level 2 of its ABI (x86-64-v2), which every one has
/// that was made since 2009.
const X86_64_V2: [&str; 6] =
    ["has_cmpxchg16b", "has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];

/// Compiles a component for any processor of this machine's kind, not for the very one that builds: the
/// result runs wherever the binary is copied to.
///
/// # Errors
///
/// When the bytes are no component, and where Loadgate does not run.
#[allow(unsafe_code)] // see below
pub fn precompile(component: &[u8]) -> Result<Vec<u8>> {
    let mut config = config();
    // Named, lest the features of this processor be taken.
    let target = match (std::env::consts::ARCH, std::env::consts::OS) {
        (arch, "linux") => format!("{arch}-unknown-linux-gnu"),
        (arch, "macos") => format!("{arch}-apple-darwin"),
        (arch, os) => anyhow::bail!("Loadgate's components are not compiled for {os} on {arch}"),
    };
    config.target(&target).map_err(plain).context("the compiler does not know this machine")?;
    if cfg!(target_arch = "x86_64") {
        for feature in X86_64_V2 {
            // SAFETY: flags of the compiler's are unchecked; these only allow instructions, and loading
            // refuses code that uses what the processor lacks.
            unsafe { config.cranelift_flag_enable(feature) };
        }
    }
    let engine = Engine::new(&config).map_err(plain).context("the compiler is not as it should be")?;
    engine.precompile_component(component).map_err(plain).context("the component does not compile")
}

/// Loads what [`precompile`] made.
///
/// # Errors
///
/// When it was made by another version of wasmtime or for a processor with more features.
#[allow(unsafe_code)] // see below
pub fn load(engine: &Engine, precompiled: &[u8]) -> Result<Component> {
    // SAFETY: `deserialize` wants bytes that `precompile` made and nobody changed. The callers pass
    // what the build embedded into this very binary: who can change that can change any code.
    unsafe { Component::deserialize(engine, precompiled) }.map_err(plain).context(
        "the embedded components do not run on this processor: on x86 they take SSE4.2 and POPCNT \
             (x86-64-v2); for one of another kind, build Loadgate on it",
    )
}

/// A wasmtime error as `anyhow` knows it, causes included.
pub(crate) fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(error.into_boxed_dyn_error())
}
