//! The aggregation component: the core behind WIT, over `wasi:keyvalue`. It knows nothing of HTTP.

mod convert;
mod exports;
mod platform;

/// Bindings of the world `aggregator`; private, and converted to the core's types in `convert`.
#[allow(unsafe_code)] // generated code of the component's ABI
mod bindings {
    use crate::exports::Aggregator;

    wit_bindgen::generate!({
        world: "aggregator",
        path: "../../wit",
        generate_all,
    });

    export!(Aggregator);
}
