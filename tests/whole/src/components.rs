//! What `spin up` needs: components that ask only for what its platform offers, and a manifest whose
//! sources are there. Spin itself cannot be installed everywhere; these hold the line.

use crate::harness::root;
use std::fs;
use wasmparser::{Parser, Payload};

/// Instances that Spin 4.1's world `spin:up/platform` offers; `*` stands for the interface's name.
const PLATFORM: &[(&str, &[&str])] = &[
    ("wasi:cli/", &["0.2.", "0.3.0"]),
    ("wasi:clocks/", &["0.2.", "0.3.0"]),
    ("wasi:filesystem/", &["0.2.", "0.3.0"]),
    ("wasi:io/", &["0.2."]),
    ("wasi:random/", &["0.2.", "0.3.0"]),
    ("wasi:sockets/", &["0.2.", "0.3.0"]),
    ("wasi:http/", &["0.2.", "0.3.0"]),
    ("wasi:keyvalue/store@", &["0.2.0-draft2"]),
    ("wasi:keyvalue/atomics@", &["0.2.0-draft2"]),
    ("wasi:keyvalue/batch@", &["0.2.0-draft2"]),
    ("wasi:config/store@", &["0.2.0-draft-2024-09-27"]),
    ("spin:variables/variables@", &["3.0.0"]),
    ("spin:key-value/key-value@", &["3.0.0"]),
    ("fermyon:spin/", &["2.0.0"]),
];

/// What the two components say to each other; Spin and the host plug one into the other.
const OURS: &str = "loadgate:dashboard/";

fn manifest() -> toml::Table {
    let text = fs::read_to_string(root().join("spin.toml")).expect("the manifest is there");
    text.parse().expect("the manifest is TOML")
}

fn web_source(manifest: &toml::Table) -> &str {
    manifest["component"]["web"]["source"].as_str().expect("a path")
}

fn aggregator_source(manifest: &toml::Table) -> &str {
    let dependencies = manifest["component"]["web"]["dependencies"].as_table().expect("a table");
    let (_, dependency) = dependencies.iter().next().expect("web depends on the aggregator");
    dependency["path"].as_str().expect("a path")
}

fn read(source: &str) -> Vec<u8> {
    fs::read(root().join(source))
        .unwrap_or_else(|error| panic!("{source}: {error}; run `cargo xtask build --components`"))
}

/// Names of what a component imports and exports itself, not of what is inside it.
fn interfaces(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a sound component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(section.into_iter().map(|import| import.expect("sound").name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().map(|export| export.expect("sound").name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn offered(import: &str) -> bool {
    PLATFORM.iter().any(|(name, versions)| {
        let Some(rest) = import.strip_prefix(name) else { return false };
        let version = rest.rsplit('@').next().unwrap_or(rest);
        versions.iter().any(|known| version == *known || (known.ends_with('.') && version.starts_with(known)))
    })
}

#[test]
fn only_what_spins_platform_offers_is_asked_for() {
    assert!(offered("wasi:http/types@0.3.0") && offered("wasi:clocks/wall-clock@0.2.6"));
    assert!(
        !offered("wasi:http/types@0.4.0") && !offered("wasi:keyvalue/watch@0.2.0-draft2"),
        "the test can fail"
    );
    let manifest = manifest();
    for source in [web_source(&manifest), aggregator_source(&manifest)] {
        let (imports, _) = interfaces(&read(source));
        assert!(!imports.is_empty());
        let foreign: Vec<_> =
            imports.iter().filter(|import| !offered(import) && !import.starts_with(OURS)).collect();
        assert!(foreign.is_empty(), "{source} imports {foreign:?}");
    }
}

#[test]
fn the_aggregator_offers_all_that_the_web_component_asks_of_it_and_knows_no_http() {
    let manifest = manifest();
    let (web, exports) = interfaces(&read(web_source(&manifest)));
    let (own, offers) = interfaces(&read(aggregator_source(&manifest)));
    let asked: Vec<_> = web.iter().filter(|import| import.starts_with(OURS)).collect();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|import| offers.contains(import)), "{asked:?} of {offers:?}");
    assert!(
        !own.iter().any(|import| import.starts_with(OURS) || import.starts_with("wasi:http/")),
        "{own:?}"
    );
    assert!(exports.iter().any(|export| export == "wasi:http/handler@0.3.0"), "{exports:?}");
}

#[test]
fn the_components_compose() {
    use wac_graph::{CompositionGraph, EncodeOptions, plug, types::Package};
    let manifest = manifest();
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, source: &str| {
        let package = Package::from_bytes(name, None, read(source), graph.types_mut()).expect("a component");
        graph.register_package(package).expect("a name of its own")
    };
    let socket = register("loadgate:web", web_source(&manifest));
    let aggregator = register("loadgate:aggregator", aggregator_source(&manifest));
    plug(&mut graph, vec![aggregator], socket).expect("the aggregator fits");
    let composed = graph.encode(EncodeOptions::default()).expect("the composition is valid");
    let (imports, _) = interfaces(&composed);
    assert!(imports.iter().all(|import| offered(import)), "{imports:?}");
}

#[test]
fn the_manifest_has_its_sources_and_leaves_out_what_breaks_spin() {
    let manifest = manifest();
    assert_eq!(manifest["spin_manifest_version"].as_integer(), Some(2));
    let web = manifest["component"]["web"].as_table().expect("a table");
    assert!(!web.contains_key("executor") && !web.contains_key("targets"));
    assert_eq!(web["key_value_stores"].as_array().map(Vec::len), Some(1));
    let files = web["files"].as_array().expect("pages")[0]["source"].as_str().expect("a folder");
    for page in ["ui/index.html", "report.html"] {
        assert!(root().join(files).join(page).exists(), "{page}");
    }
    let (_, dependency) =
        web["dependencies"].as_table().and_then(|table| table.iter().next()).expect("a dependency");
    assert_eq!(
        dependency["inherit_configuration"].as_array().and_then(|list| list[0].as_str()),
        Some("key_value_stores")
    );
    // Every variable that the application declares reaches the component, and no other.
    let declared: Vec<_> = manifest["variables"].as_table().expect("a table").keys().collect();
    let passed: Vec<_> = web["variables"].as_table().expect("a table").keys().collect();
    assert_eq!(declared, passed);
}
