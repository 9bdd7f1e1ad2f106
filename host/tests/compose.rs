//! The composition of the two components, with the smallest ones that can be written down.

use loadgate_host::{compose, engine};

/// A web component that calls `control` and offers `handler`.
const WEB: &str = r#"(component
    (import "loadgate:dashboard/types@0.1.0" (instance
        (export "failure" (type (sub resource)))))
    (import "loadgate:dashboard/control@0.1.0" (instance $control
        (export "configure" (func (param "n" u32) (result u32)))))
    (core func $configure (canon lower (func $control "configure")))
    (core module $m
        (import "c" "configure" (func $configure (param i32) (result i32)))
        (func (export "go") (result i32) (call $configure (i32.const 1))))
    (core instance $i (instantiate $m (with "c" (instance (export "configure" (func $configure))))))
    (func $go (result u32) (canon lift (core func $i "go")))
    (instance $handler (export "go" (func $go)))
    (export "test:web/handler" (instance $handler)))"#;

fn aggregator(interface: &str, parameter: &str) -> Vec<u8> {
    let core = if parameter == "u64" { "i64" } else { "i32" };
    wat::parse_str(format!(
        r#"(component
            (core module $m (func (export "configure") (param {core}) (result i32) (i32.const 42)))
            (core instance $i (instantiate $m))
            (func $configure (param "n" {parameter}) (result u32) (canon lift (core func $i "configure")))
            (instance $control (export "configure" (func $configure)))
            (export "{interface}" (instance $control)))"#
    ))
    .unwrap()
}

fn web() -> Vec<u8> {
    // The types that both use are imported too, and nobody implements them.
    let without_resource = WEB.replace("(sub resource)", "(eq $f)").replace(
        "(import \"loadgate:dashboard/types@0.1.0\" (instance",
        "(import \"loadgate:dashboard/types@0.1.0\" (instance (type $f (enum \"gone\"))",
    );
    wat::parse_str(without_resource).unwrap()
}

fn says(result: anyhow::Result<Vec<u8>>, what: &str) {
    let error = format!("{:#}", result.map(|_| ()).unwrap_err());
    assert!(error.contains(what), "{error}");
}

#[test]
fn what_is_composed_exports_what_the_web_component_does_and_imports_nothing_of_ours() {
    let composed = compose::compose(&web(), &aggregator("loadgate:dashboard/control@0.1.0", "u32")).unwrap();
    let engine = engine::engine().unwrap();
    let precompiled = engine::precompile(&composed).unwrap();
    let component = engine::load(&engine, &precompiled).unwrap();
    let ty = component.component_type();
    let exports: Vec<_> = ty.exports(&engine).map(|(name, _)| name.to_owned()).collect();
    let imports: Vec<_> = ty.imports(&engine).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(exports, ["test:web/handler"]);
    assert_eq!(imports, ["loadgate:dashboard/types@0.1.0"], "types alone are nobody's to implement");
}

#[test]
fn components_that_do_not_belong_together_are_named() {
    let other = aggregator("loadgate:dashboard/control@0.1.0", "u64");
    says(compose::compose(&web(), &other), "different versions of loadgate:dashboard/control");
    let missing = aggregator("loadgate:dashboard/log@0.1.0", "u32");
    says(
        compose::compose(&web(), &missing),
        "loadgate:dashboard/control@0.1.0, which the aggregator does not",
    );
    says(compose::compose(&missing, &missing), "is it the right one?");
    says(compose::compose(b"no wasm", &missing), "loadgate:web is not a WebAssembly component");
}

#[test]
fn code_that_is_not_ours_is_refused_with_a_reason() {
    let engine = engine::engine().unwrap();
    let error = format!("{:#}", engine::load(&engine, b"not precompiled").map(|_| ()).unwrap_err());
    assert!(error.contains("build Loadgate"), "{error}");
}
