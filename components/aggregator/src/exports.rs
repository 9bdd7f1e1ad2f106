//! The interfaces of the world `aggregator`, each a thin call into the core's service.

use crate::bindings::exports::loadgate::dashboard::types::Failure;
use crate::bindings::exports::loadgate::dashboard::{control, events, gate, ingest, log, runs, webhooks};
use crate::convert;
use crate::platform::{KeyValue, WallClock, run};
use loadgate::documents::requests;
use loadgate::ingest::Refusal;
use loadgate::log::rows;
use loadgate::service::series::Asked;
use loadgate::service::{List, Service, Session};
use loadgate::settings::Settings;
use std::cell::RefCell;
use std::rc::Rc;

type Core = Service<KeyValue, WallClock>;

thread_local! {
    /// The instance's settings and caches. Nothing in it decides.
    static SERVICE: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

/// The instance's service; made with default settings where nobody configured any.
fn service() -> Result<Rc<Core>, Refusal> {
    if let Some(service) = SERVICE.with_borrow(Clone::clone) {
        return Ok(service);
    }
    configure(Settings::default())
}

fn configure(settings: Settings) -> Result<Rc<Core>, Refusal> {
    let service = Rc::new(Service::new(KeyValue::open()?, WallClock, settings));
    SERVICE.set(Some(service.clone()));
    Ok(service)
}

/// Runs a call on the instance's service.
fn with<T>(act: impl AsyncFnOnce(&Core) -> Result<T, Refusal>) -> Result<T, Failure> {
    service().and_then(|service| run(act(&service))).map_err(convert::failure)
}

/// The names of logs with new records, as WIT has them.
fn names(logs: impl IntoIterator<Item = loadgate::names::LogName>) -> Vec<String> {
    logs.into_iter().map(|log| log.to_string()).collect()
}

pub(crate) struct Aggregator;

impl control::Guest for Aggregator {
    fn configure(settings: Vec<(String, String)>) -> Result<(), Failure> {
        let pairs = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let settings = Settings::parse(pairs).map_err(|error| Failure::Invalid(error.to_string()))?;
        configure(settings).map(|_| ()).map_err(convert::failure)
    }

    fn ready() -> Result<(), Failure> {
        with(async |service| service.ready().await)
    }
}

/// An upload: what is left of it is dropped with it.
pub(crate) struct Upload(RefCell<Session>);

impl ingest::GuestUpload for Upload {
    fn open(request: ingest::Request) -> Result<ingest::Upload, Failure> {
        with(async |service| service.open(convert::request(request)).await)
            .map(|session| ingest::Upload::new(Upload(RefCell::new(session))))
    }

    fn push(&self, words: Vec<u64>, rest: Vec<u8>) -> Result<(), Failure> {
        let mut session = self.0.borrow_mut();
        let mut push = |service: &_| {
            run(session.push(service, bytemuck::cast_slice(&words)))?;
            run(session.push(service, &rest))
        };
        service().and_then(|service| push(&service)).map_err(convert::failure)
    }

    fn flush(&self) -> Result<Vec<String>, Failure> {
        let mut session = self.0.borrow_mut();
        let dirty = service().and_then(|service| run(session.flush(&service)));
        dirty.map(names).map_err(convert::failure)
    }

    fn finish(&self, complete: bool) -> ingest::Receipt {
        let mut session = self.0.borrow_mut();
        match service() {
            Ok(service) => convert::receipt(run(session.finish(&service, complete))),
            Err(refusal) => convert::receipt(session.abandon(refusal)),
        }
    }
}

impl ingest::Guest for Aggregator {
    type Upload = Upload;

    fn hello(test: Option<String>, sender: String) -> Result<(), Failure> {
        with(async |service| service.hello(test.as_deref(), &sender).await)
    }

    fn declare(test: String, options: Vec<u8>) -> Result<Vec<String>, Failure> {
        with(async |service| service.declare(&test, &options).await).map(names)
    }

    fn declare_metrics(test: String, metrics: Vec<u8>) -> Result<Vec<String>, Failure> {
        with(async |service| service.declare_metrics(&test, &metrics).await).map(names)
    }

    fn set_dashboard(test: String, document: Vec<u8>) -> Result<Vec<String>, Failure> {
        with(async |service| service.set_dashboard(&test, &document).await).map(names)
    }

    fn remove_dashboard(test: String) -> Result<Vec<String>, Failure> {
        with(async |service| service.remove_dashboard(&test).await).map(names)
    }

    fn new_run(test: String, run: Option<String>) -> Result<Vec<String>, Failure> {
        with(async |service| service.new_run(&test, run.as_deref()).await).map(|log| names([log]))
    }

    fn finish_run(target: String, sent: ingest::Sent) -> Result<(String, Vec<String>), Failure> {
        with(async |service| service.finish_run(&target, convert::sent(sent)).await)
            .map(|run| (run.to_string(), names([run.log])))
    }

    fn new_import(test: Option<String>) -> Result<String, Failure> {
        with(async |service| service.new_import(test.as_deref()).await)
    }
}

impl log::Guest for Aggregator {
    fn hold(log: String, holder: u64) -> Result<log::Duty, Failure> {
        with(async |service| service.hold(&log, holder).await).map(convert::duty)
    }

    fn release(log: String, holder: u64) -> Result<(), Failure> {
        with(async |service| service.release(&log, holder).await)
    }

    fn advance(log: String) -> Result<log::Progress, Failure> {
        with(async |service| service.advance(&log).await).map(|progress| log::Progress {
            chunks: progress.chunks,
            more: progress.more,
            again: progress.again_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
            settling: progress.settling_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
        })
    }

    fn sweep(test: String, holder: u64) -> Result<bool, Failure> {
        with(async |service| service.sweep(&test, holder).await)
    }
}

impl events::Guest for Aggregator {
    fn newest(test: Option<String>) -> Result<Option<String>, Failure> {
        with(async |service| service.newest(test.as_deref()).await).map(|run| run.map(|run| run.to_string()))
    }

    fn seek(run: String, after: Option<u64>) -> Result<events::Cursor, Failure> {
        with(async |service| service.seek(&run, after).await)
            .map(|cursor| events::Cursor { chunk: cursor.chunk, id: cursor.id })
    }

    fn read(run: String, cursor: events::Cursor) -> Result<events::Page, Failure> {
        with(async |service| service.read(&run, convert::cursor(cursor)).await).map(convert::page)
    }

    fn progress(run: String) -> Result<u64, Failure> {
        with(async |service| service.progress(&run).await)
    }

    fn log_of(run: String) -> Result<String, Failure> {
        with(async |service| service.log_of(&run)).map(|log| log.to_string())
    }
}

impl runs::Guest for Aggregator {
    fn list(wanted: runs::Wanted) -> Result<String, Failure> {
        let runs::Wanted { test, before, limit, figures, search, label, tags } = wanted;
        let (test, before) = (test.as_deref(), before.as_deref());
        let (search, label) = (search.as_deref(), label.as_deref());
        let asked = List { test, before, limit, figures, search, label, tags: &tags };
        with(async |service| service.list(&asked).await)
    }

    fn tests(search: Option<String>, after: Option<u64>, limit: u32) -> Result<String, Failure> {
        with(async |service| service.tests(search.as_deref(), after, limit).await)
    }

    fn get(run: String) -> Result<String, Failure> {
        with(async |service| service.get(&run).await)
    }

    fn summary(run: String, window: runs::Window) -> Result<String, Failure> {
        with(async |service| service.summary_of(&run, convert::window(window)).await)
    }

    fn requests(
        run: String,
        by: String,
        parameters: Vec<(String, String)>,
        window: runs::Window,
    ) -> Result<String, Failure> {
        let asked = requests::Asked::parse(&by, &parameters).map_err(Failure::Invalid)?;
        with(async |service| service.requests(&run, &asked, convert::window(window)).await)
    }

    fn rows(
        run: String,
        table: runs::Table,
        key: Option<Vec<String>>,
        after: Option<i64>,
        from: u64,
    ) -> Result<runs::RowPage, Failure> {
        let (_, table) = convert::table(table);
        let query = rows::Query { table, key, after_ms: after };
        with(async |service| service.rows(&run, &query, from).await).map(convert::row_page)
    }

    fn series(
        run: String,
        table: runs::Table,
        key: Vec<String>,
        metrics: Vec<String>,
        step: u64,
    ) -> Result<String, Failure> {
        let (_, table) = convert::table(table);
        let asked = Asked { table, key, metrics, step_ms: step };
        with(async |service| service.series(&run, &asked).await)
    }

    fn findings(run: String) -> Result<String, Failure> {
        with(async |service| service.findings(&run).await)
    }

    fn set_muted(test: String, document: Vec<u8>) -> Result<(), Failure> {
        with(async |service| service.set_muted(&test, &document).await)
    }

    fn comparison(run: String, other: Option<String>, window: runs::Window) -> Result<String, Failure> {
        let window = convert::window(window);
        with(async |service| service.comparison(&run, other.as_deref(), window).await)
    }

    fn distribution(
        run: String,
        table: runs::Table,
        key: Vec<String>,
        metric: String,
        window: runs::Window,
    ) -> Result<String, Failure> {
        let window = convert::window(window);
        with(async |service| service.distribution(&run, convert::table(table), &key, &metric, window).await)
    }

    fn set_label(run: String, document: Vec<u8>) -> Result<String, Failure> {
        with(async |service| service.set_label(&run, &document).await)
    }

    fn set_outcome(run: String, document: Vec<u8>) -> Result<(), Failure> {
        with(async |service| service.set_outcome(&run, &document).await)
    }

    fn delete(run: String) -> Result<(), Failure> {
        with(async |service| service.delete_run(&run).await)
    }

    fn set_baseline(test: String, document: Option<Vec<u8>>) -> Result<(), Failure> {
        with(async |service| service.set_baseline(&test, document.as_deref()).await)
    }

    fn dashboard(test: String) -> Result<String, Failure> {
        with(async |service| service.dashboard(&test).await)
    }

    fn dashboard_schema() -> String {
        loadgate_documents::dashboard::SCHEMA.to_owned()
    }

    fn event_schema() -> String {
        loadgate::events::SCHEMA.to_owned()
    }
}

impl gate::Guest for Aggregator {
    fn set_objectives(test: String, document: Vec<u8>) -> Result<Vec<String>, Failure> {
        with(async |service| service.set_objectives(&test, &document).await).map(names)
    }

    fn objectives(test: String) -> Result<String, Failure> {
        with(async |service| service.objectives(&test).await)
    }

    fn remove_objectives(test: String) -> Result<(), Failure> {
        with(async |service| service.remove_objectives(&test).await)
    }

    fn suggest_objectives(test: String) -> Result<String, Failure> {
        with(async |service| service.suggest_objectives(&test).await)
    }

    fn objectives_schema() -> String {
        loadgate_gate::SCHEMA.to_owned()
    }

    fn verdict(run: String) -> Result<String, Failure> {
        with(async |service| service.verdict(&run).await)
    }

    fn judge(run: String) -> Result<String, Failure> {
        with(async |service| service.judge_again(&run).await)
    }

    fn tell(news: gate::News) -> Result<(Option<String>, Vec<String>), Failure> {
        with(async |service| service.take_news(convert::news(news)).await)
            .map(|(run, logs)| (run.map(|run| run.to_string()), names(logs)))
    }

    fn known_as(name: String) -> Result<String, Failure> {
        with(async |service| service.run_by_alias(&name).await).map(|run| run.to_string())
    }
}

impl webhooks::Guest for Aggregator {
    fn set(test: String, document: Vec<u8>, server: String) -> Result<(), Failure> {
        with(async |service| service.set_webhooks(&test, &document, &server).await)
    }

    fn get(test: String) -> Result<String, Failure> {
        with(async |service| service.webhooks(&test).await)
    }

    fn remove(test: String) -> Result<(), Failure> {
        with(async |service| service.remove_webhooks(&test).await)
    }

    fn deliveries(run: String) -> Result<String, Failure> {
        with(async |service| service.deliveries(&run).await)
    }

    fn replay(run: String, number: u32) -> Result<(), Failure> {
        with(async |service| service.replay(&run, number).await)
    }

    fn has_due() -> bool {
        service().is_ok_and(|service| service.has_due())
    }

    fn claim(most: u32) -> Result<webhooks::Due, Failure> {
        with(async |service| service.due(most as usize).await).map(convert::due)
    }

    fn attempted(run: String, number: u32, claim: u64, answer: webhooks::Answer) -> Result<(), Failure> {
        with(async |service| service.attempted(&run, number, claim, convert::answer(answer)).await)
    }
}
