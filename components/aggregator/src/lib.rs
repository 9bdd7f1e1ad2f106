//! The aggregation component: the core behind WIT, over `wasi:keyvalue`. It knows nothing of HTTP.

#![warn(missing_docs, unreachable_pub, clippy::missing_errors_doc)]

/// Takes less time than that of libc, which shows: ingest and fold allocate for each series of each batch.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

mod convert;
mod exports;
mod platform;

/// Bindings of the world `aggregator`; private, and converted to the core's types in `convert`.
// Generated code of the component's ABI.
#[allow(missing_docs, unreachable_pub, unsafe_code)]
mod bindings {
    use crate::exports::Aggregator;

    wit_bindgen::generate!({
        world: "aggregator",
        path: "../../wit",
        generate_all,
    });

    export!(Aggregator);
}
