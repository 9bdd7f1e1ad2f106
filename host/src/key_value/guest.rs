//! The WIT side: buckets, and the one place where a store's errors become a guest's.

use super::{Store, StoreError};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

#[allow(missing_docs, unreachable_pub)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit/deps/keyvalue",
        world: "wasi:keyvalue/imports",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": super::Bucket,
            "wasi:keyvalue/atomics.cas": super::Cas,
        },
    });
}

use bindings::wasi::keyvalue::{atomics, batch, store};

/// The label that a component may open; the manifest grants no other.
const LABEL: &str = "default";

/// An open store.
#[allow(unreachable_pub)] // the generated bindings hand it on
pub struct Bucket {
    label: String,
}

/// A handle for compare-and-swap. None can be made: see the module's documentation.
#[allow(unreachable_pub)] // likewise
pub enum Cas {}

/// What an instance needs for `wasi:keyvalue`; part of the data of its wasmtime store.
pub struct KeyValue {
    store: Arc<dyn Store>,
    table: ResourceTable,
}

impl KeyValue {
    /// On a store that others may share.
    pub fn new(store: Arc<dyn Store>) -> Self {
        KeyValue { store, table: ResourceTable::new() }
    }

    /// What [`add_to_linker`] asks for.
    pub fn view(&mut self) -> KeyValueView<'_> {
        KeyValueView { store: &self.store, table: &mut self.table }
    }
}

/// A borrowed [`KeyValue`].
pub struct KeyValueView<'a> {
    store: &'a Arc<dyn Store>,
    table: &'a mut ResourceTable,
}

struct HasKeyValue;

impl HasData for HasKeyValue {
    type Data<'a> = KeyValueView<'a>;
}

/// Adds all interfaces of `wasi:keyvalue` to a linker.
///
/// # Errors
///
/// When the linker has one of them already.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> KeyValueView<'_>,
) -> Result<()> {
    store::add_to_linker::<T, HasKeyValue>(linker, view)?;
    atomics::add_to_linker::<T, HasKeyValue>(linker, view)?;
    batch::add_to_linker::<T, HasKeyValue>(linker, view)
}

/// What the store could not do is the guest's to handle; a handle that is none is its own fault,
/// and traps.
fn answer<T>(result: Result<T, StoreError>) -> Result<Result<T, store::Error>> {
    Ok(result.map_err(|error| store::Error::Other(error.0)))
}

fn refused<T>(what: &str) -> Result<Result<T, store::Error>> {
    Ok(Err(store::Error::Other(format!("{what} is not offered: it is not dependable on every store"))))
}

impl store::Host for KeyValueView<'_> {
    async fn open(&mut self, label: String) -> Result<Result<Resource<Bucket>, store::Error>> {
        if label != LABEL {
            return Ok(Err(store::Error::NoSuchStore));
        }
        Ok(Ok(self.table.push(Bucket { label })?))
    }
}

impl store::HostBucket for KeyValueView<'_> {
    async fn get(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> Result<Result<Option<Vec<u8>>, store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.get(label, &key).await)
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> Result<Result<(), store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.set(label, &key, &value).await)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<(), store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.delete_many(label, &[key]).await)
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Result<bool, store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.get(label, &key).await.map(|value| value.is_some()))
    }

    async fn list_keys(
        &mut self,
        _: Resource<Bucket>,
        _: Option<String>,
    ) -> Result<Result<store::KeyResponse, store::Error>> {
        refused("list-keys")
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for KeyValueView<'_> {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Result<Result<i64, store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.increment(label, &key, delta).await)
    }

    async fn swap(&mut self, cas: Resource<Cas>, _: Vec<u8>) -> Result<Result<(), atomics::CasError>> {
        match *self.table.get(&cas)? {}
    }
}

impl atomics::HostCas for KeyValueView<'_> {
    async fn new(&mut self, _: Resource<Bucket>, _: String) -> Result<Result<Resource<Cas>, store::Error>> {
        refused("compare-and-swap")
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Result<Result<Option<Vec<u8>>, store::Error>> {
        match *self.table.get(&cas)? {}
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for KeyValueView<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Result<Vec<(String, Option<Vec<u8>>)>, store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.get_many(label, &keys).await.map(|values| keys.into_iter().zip(values).collect()))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<Result<(), store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.set_many(label, &entries).await)
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Result<(), store::Error>> {
        let label = &self.table.get(&bucket)?.label;
        answer(self.store.delete_many(label, &keys).await)
    }
}
