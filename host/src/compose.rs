//! Makes one component of the two: the web component's imports of `loadgate:dashboard` are bound to
//! the aggregator's exports, as Spin does it from the manifest.

use anyhow::{Context, Result, bail};
use wac_graph::types::{Package, SubtypeChecker};
use wac_graph::{CompositionGraph, EncodeOptions, PackageId};

/// The package whose interfaces the two share.
const SHARED: &str = "loadgate:dashboard/";

/// Composes the two components, given as bytes of WebAssembly.
///
/// # Errors
///
/// When either is no component, or when the web component imports an interface that the
/// aggregator does not export with the same types.
pub fn compose(web: &[u8], aggregator: &[u8]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let web_package = register(&mut graph, "loadgate:web", web)?;
    let aggregator_package = register(&mut graph, "loadgate:aggregator", aggregator)?;

    let web_world = graph[web_package].ty();
    let aggregator_world = graph[aggregator_package].ty();
    let exported = graph.types()[aggregator_world].exports.clone();
    let mut bound = Vec::new();
    let mut cache = Default::default();
    for (name, wanted) in &graph.types()[web_world].imports {
        if !name.starts_with(SHARED) {
            continue;
        }
        let Some(offered) = exported.get(name) else {
            // An interface of nothing but types is nobody's to implement.
            if is_implemented(&graph, name, web_world) {
                bail!("the web component imports {name}, which the aggregator does not export");
            }
            continue;
        };
        SubtypeChecker::new(&mut cache)
            .is_subtype(*offered, graph.types(), *wanted, graph.types())
            .with_context(|| format!("the two components were built from different versions of {name}"))?;
        bound.push(name.clone());
    }
    if bound.is_empty() {
        bail!("the web component imports nothing of {SHARED}: is it the right one?");
    }

    let web_instance = graph.instantiate(web_package);
    let aggregator_instance = graph.instantiate(aggregator_package);
    for name in &bound {
        let export = graph.alias_instance_export(aggregator_instance, name)?;
        graph.set_instantiation_argument(web_instance, name, export)?;
    }
    let exports: Vec<String> = graph.types()[web_world].exports.keys().cloned().collect();
    for name in exports {
        let export = graph.alias_instance_export(web_instance, &name)?;
        graph.export(export, &name)?;
    }
    graph.encode(EncodeOptions::default()).context("the two components do not compose")
}

fn register(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<PackageId> {
    let package = Package::from_bytes(name, None, bytes.to_vec(), graph.types_mut())
        .with_context(|| format!("{name} is not a WebAssembly component"))?;
    Ok(graph.register_package(package)?)
}

/// Whether an imported interface has functions or resources.
fn is_implemented(graph: &CompositionGraph, name: &str, world: wac_graph::types::WorldId) -> bool {
    use wac_graph::types::{ItemKind, Type};
    match graph.types()[world].imports.get(name) {
        Some(ItemKind::Instance(interface)) => graph.types()[*interface]
            .exports
            .values()
            .any(|item| !matches!(item, ItemKind::Type(Type::Value(_) | Type::Interface(_)))),
        _ => true,
    }
}
