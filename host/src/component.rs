//! Runs the composed component: what it may import, how long its instances live, one request in
//! and one response out.
//!
//! Instances are used as Spin uses them: up to 128 requests each, 16 at a time. A request counts
//! until its response begins, so event streams, which go on for hours, take nobody's place.

use crate::engine::plain;
use crate::journal;
use crate::key_value::{self, KeyValue, Store as KeyValueStore};
use crate::outbound::{Driver, Outbound};
use crate::variables;
use anyhow::{Context as _, Result};
use std::future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use wasmtime::component::{Component, GuestTaskId, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, Request, Response, ShouldAccept, WorkerExpiration,
    WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

/// Requests that one instance answers before it is replaced.
const REQUESTS_PER_INSTANCE: usize = 128;
/// Requests that one instance works on at once.
const REQUESTS_AT_ONCE: usize = 16;
/// An instance without anything to do goes after this.
const IDLE: Duration = Duration::from_secs(60);
/// A linear memory, of which an instance has two, grows no larger: far above what the components'
/// own limits allow, far below what would take the machine down.
const MEMORY_BYTES: usize = 1 << 30;
/// Under a burst, requests wait for their turn rather than each make an instance …
const BURST: usize = 32;
/// … but one that takes longer than this to answer, an endless upload say, holds nobody up.
const BURST_SHARE: Duration = Duration::from_secs(1);

/// The component, ready to answer requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    handler: ProxyHandler<Instances>,
    burst: Arc<Semaphore>,
    ending: Ending,
}

/// Set when the server ends: instances that are dropped at work are no failures then.
type Ending = Arc<AtomicBool>;

impl App {
    /// `files` is mounted at `/`, for reading only.
    pub(crate) fn new(
        engine: &Engine,
        component: &Component,
        store: Arc<dyn KeyValueStore>,
        files: PathBuf,
        variables: variables::View,
        outbound: Outbound,
    ) -> Result<Self> {
        let mut linker = Linker::<State>::new(engine);
        link(&mut linker).map_err(plain)?;
        let service = linker
            .instantiate_pre(component)
            .and_then(ServicePre::new)
            .map_err(plain)
            .context("the components import what this host does not offer")?;
        let ending = Ending::default();
        let (engine, outbound) = (engine.clone(), Arc::new(outbound));
        let instances =
            Instances { service, engine, store, files, variables, outbound, ending: ending.clone() };
        let burst = Arc::new(Semaphore::new(BURST));
        Ok(App { handler: ProxyHandler::new(instances), burst, ending })
    }

    /// The server ends: from now on instances may be dropped at work.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Answers one request, whose URI is absolute. The response's body may go on for long.
    ///
    /// # Errors
    ///
    /// When the component trapped or could not be instantiated.
    pub(crate) async fn answer(&self, request: Request) -> Result<Response> {
        let turn = self.burst.acquire().await.context("the server ends")?;
        let mut answer = std::pin::pin!(self.handler.handle((), request));
        let early = tokio::time::timeout(BURST_SHARE, &mut answer).await;
        drop(turn);
        match early {
            Ok(answer) => answer,
            Err(_) => answer.await,
        }
        .map_err(plain)
    }
}

fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    key_value::add_to_linker(linker, |state: &mut State| state.key_value.view())?;
    variables::add_to_linker(linker, |state: &mut State| state.variables)
}

/// The data of one instance.
struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    table: ResourceTable,
    key_value: KeyValue,
    variables: variables::View,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// What the component reaches of the network.
struct Hooks(Arc<Outbound>);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<wasmtime_wasi_http::RequestOptions>,
        _: Driver,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Driver), wasmtime_wasi_http::Error>> + Send>
    {
        Box::new(self.0.clone().send(request))
    }
}

/// Makes instances.
struct Instances {
    service: ServicePre<State>,
    engine: Engine,
    store: Arc<dyn KeyValueStore>,
    files: PathBuf,
    variables: variables::View,
    outbound: Arc<Outbound>,
    ending: Ending,
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = IdleTimeout;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, IdleTimeout, Reuse>> {
        let state = State {
            wasi: WasiCtxBuilder::new()
                .stderr(journal::Components)
                .preopened_dir(&self.files, "/", FsPerms::ReadOnly)?
                .build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks(self.outbound.clone()),
            table: ResourceTable::new(),
            key_value: KeyValue::new(self.store.clone()),
            variables: self.variables,
            limits: StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        let proxy = ProxyPre::P3(self.service.clone()).instantiate_async(&mut store).await?;
        let state = Reuse { ending: self.ending.clone() };
        Ok(Instance { store, proxy, view: State::http, expiration: IdleTimeout::default(), state })
    }
}

/// Lets an instance go that had nothing to do for [`IDLE`]. One that works is never ended: an upload
/// or a stream may take as long as the load test.
#[derive(Default)]
struct IdleTimeout {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl WorkerExpiration for IdleTimeout {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        if status != WorkerStatus::Idle {
            self.sleep = None;
            return Poll::Pending;
        }
        let end = (since + IDLE).into();
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if sleep.deadline() != end {
            sleep.as_mut().reset(end);
        }
        sleep.as_mut().poll(context)
    }
}

/// How often an instance is used.
struct Reuse {
    ending: Ending,
}

impl WorkerState for Reuse {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, at_once: usize, in_all: usize) -> ShouldAccept {
        if in_all >= REQUESTS_PER_INSTANCE {
            ShouldAccept::Never
        } else if at_once >= REQUESTS_AT_ONCE {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        _: (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        // No request expires: an upload is answered when the load test ends.
        Box::pin(future::pending())
    }

    fn drop(&self, _: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !self.ending.load(Ordering::Relaxed)
        {
            journal::error(&format!("an instance of the components failed: {error:?}"));
        }
    }
}
