//! What the aggregation component offers, over any store: uploads that are stored piece by piece,
//! commands, and what clients read.

mod comparison;
mod declare;
pub mod deliveries;
mod findings;
pub mod gate;
mod notice;
mod outbox;
mod parts;
mod read;
mod refusal;
mod requests;
pub mod series;
mod session;
mod webhooks;

use crate::catalogue::{labels, retention, runs};
use crate::documents::outcome::Exit;
use crate::ingest::{Receipt, Refusal, Request, Unnamed, Upload};
use crate::limits;
use crate::log::advance::{self, Progress};
use crate::log::append::Writer;
use crate::log::cache::Cache;
use crate::log::fault::broken;
use crate::log::{self, declarations, lease};
use crate::names::{LogName, RunId, TestName};
use crate::record::{Body, Sent};
use crate::settings::Settings;
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, RunState, to_json};
pub use loadgate_gate::Window;
pub use read::List;
use std::collections::BTreeSet;

/// One instance's view of the product.
pub struct Service<S, C> {
    /// Where everything is kept.
    pub store: S,
    /// Wall-clock time.
    pub clock: C,
    /// Of this instance; those that the fold heeds are in each record.
    pub settings: Settings,
    /// What this instance remembers; nothing depends on it.
    pub cache: Cache,
    /// Runs with something to tell, as far as this instance knows.
    outbox: outbox::Outbox,
    /// What it merged of runs that it judged.
    evidence: parts::Cache,
    /// What it found of pairs of runs.
    compared: comparison::Cache,
}

/// One request body on its way into the log.
pub struct Session {
    upload: Upload,
    source: String,
    peer: String,
    /// The log that the request itself names: of declarations that come without samples.
    log: LogName,
    /// Logs that got records since the caller was told.
    dirty_logs: BTreeSet<LogName>,
    /// Logs that were written to.
    written: BTreeSet<LogName>,
    /// The most records that waited to be folded.
    waiting: u64,
    /// What ended the upload early.
    failure: Option<Refusal>,
    /// The hash of the declarations in force.
    declared: Option<String>,
    /// A declaration was stored that no record names yet.
    declaration_due: bool,
    /// The test is named in the body, which is collected first.
    unnamed: Option<Unnamed>,
}

/// The account of a whole upload.
pub struct Outcome {
    /// The test that it was for.
    pub test: TestName,
    /// Known for named logs; an unnamed run's number is decided by the fold.
    pub run: Option<String>,
    /// Lines that were taken and refused.
    pub receipt: Receipt,
    /// Logs that got records since the caller was told last: they want to be folded.
    pub dirty_logs: BTreeSet<LogName>,
    /// How many records waited to be folded, at the most.
    pub waiting: u64,
    /// What ended the upload early; lines before it stay accepted.
    pub failure: Option<Refusal>,
}

impl<S: Store, C: Clock> Service<S, C> {
    /// An instance that remembers nothing yet.
    pub fn new(store: S, clock: C, settings: Settings) -> Self {
        Service {
            store,
            clock,
            settings,
            cache: Cache::new(),
            outbox: outbox::Outbox::default(),
            evidence: parts::Cache::default(),
            compared: comparison::Cache::default(),
        }
    }

    fn writer<'a>(&'a self, log: &'a LogName) -> Writer<'a, S, C> {
        Writer { store: &self.store, clock: &self.clock, settings: &self.settings, cache: &self.cache, log }
    }

    /// Whether the store takes a value and gives it back.
    ///
    /// # Errors
    ///
    /// What the store refuses.
    pub async fn ready(&self) -> Result<(), Refusal> {
        let now_ms = self.clock.now_ms();
        log::probe(&self.store, now_ms).await.map_err(Refusal::from)
    }

    /// Begins an upload. Reads the test's declarations, and nothing of the body.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where a name is too long or an import does not say which it is; what the store
    /// refuses.
    pub async fn open(&self, request: Request) -> Result<Session, Refusal> {
        let unnamed = Unnamed::of(&request);
        Ok(Session { unnamed, ..self.open_named(request).await? })
    }

    async fn open_named(&self, request: Request) -> Result<Session, Refusal> {
        if request.run.as_deref().is_some_and(|run| run.len() > limits::NAME_BYTES) {
            return Err(too_long("run"));
        }
        let test = foreign_test(request.test.as_deref())?;
        let (declared, set) = declarations::declared(&self.store, &self.cache.declarations, &test).await?;
        let (source, peer) = (request.source.clone(), request.peer.clone());
        let log = LogName::named(test, request.run.as_deref().unwrap_or_default());
        let import = request.import;
        let mut upload = Upload::open(request, &self.settings, set)?;
        upload.set_clock(self.clock.now_ms());
        if let Some((newest_ms, seen_ms)) = self.newest_sample(&log, import).await {
            let seen_ms = if broken!(BelieveOldNews) { self.clock.now_ms() } else { seen_ms };
            upload.set_newest(&log, (newest_ms as i64).saturating_mul(1_000_000), seen_ms);
        }
        Ok(Session {
            upload,
            source,
            peer,
            log,
            dirty_logs: BTreeSet::new(),
            written: BTreeSet::new(),
            waiting: 0,
            failure: None,
            declared,
            declaration_due: false,
            unnamed: None,
        })
    }

    /// The newest sample that is known of a log's live run, and when it was known. Imports go faster than
    /// the clock: for them what is old is brought up to date, else nothing is known.
    async fn newest_sample(&self, log: &LogName, import: bool) -> Option<(u64, u64)> {
        let now_ms = self.clock.now_ms();
        let fresh = |&(_, seen_ms): &(u64, u64)| !import || seen_ms.saturating_add(FRESH_MS) >= now_ms;
        // Where the clock was set back, nothing is known of how long ago that was.
        let known = self.cache.newest(log).filter(|&(_, seen_ms)| seen_ms <= now_ms)?;
        if fresh(&known) {
            return Some(known);
        }
        if !self.cache.has_folded(log) || self.fold(log).await.ok()?.more {
            return None;
        }
        self.cache.newest(log).filter(fresh)
    }

    /// A generator of the test begins. `sender` is its connection or its own name, as its samples
    /// will have it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where the name is too long; what the store refuses.
    pub async fn hello(&self, test: Option<&str>, sender: &str) -> Result<(), Refusal> {
        Ok(log::hello(&self.store, &self.clock, &foreign_test(test)?, sender).await?)
    }

    /// A person or a pipeline wants what follows in a run of its own. With `run`, that run of the test
    /// ends and no other; one that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, [`Refusal::Invalid`] where it is another test's; what
    /// the store refuses.
    pub async fn new_run(&self, test: &str, run: Option<&str>) -> Result<LogName, Refusal> {
        let test = known_test(test)?;
        let Some(run) = run else {
            let log = LogName::unnamed(test);
            self.writer(&log).new_run(COMMANDS).await?;
            return Ok(log);
        };
        let run = self.current(run).await?;
        if run.log.test != test {
            return Err(Refusal::Invalid(format!("{run} is a run of another test than {test}")));
        }
        if runs::require(&self.store, &run).await?.state == RunState::Live {
            // First, so that nobody sees the end without the hello that lets data follow at once.
            log::hello(&self.store, &self.clock, &test, COMMANDS).await?;
            self.end(&run, Sent::All).await?;
        }
        Ok(run.log)
    }

    /// Notes how a run ended (`{"exit": CODE}`).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, [`Refusal::Invalid`] where the document is no outcome;
    /// what the store refuses.
    pub async fn set_outcome(&self, run: &str, document: &[u8]) -> Result<(), Refusal> {
        let run = self.run(run).await?;
        let outcome = Exit::parse(document).map_err(Refusal::Invalid)?;
        labels::set_outcome(&self.store, &run, outcome).await?;
        self.judge_where_judged(&run).await
    }

    /// Finishes a run by its id, or a test's newest live run. One that has ended stays as it is. A
    /// sender that has sent everything means the run that it is in, in the log of what it names.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, or none is live; what the store refuses.
    pub async fn finish_run(&self, target: &str, sent: Sent) -> Result<RunId, Refusal> {
        if let Sent::AllBy(sender) = &sent {
            let log = self.log_of(target)?;
            self.catch_up(&log).await?;
            let run = log::run_of_sender(&self.store, &self.cache, &log, sender).await?;
            let run = run.ok_or_else(|| {
                Refusal::NotFound(format!("no live run of {log} has samples of {sender:?}"))
            })?;
            self.end(&run, sent).await?;
            return Ok(run);
        }
        // What was acknowledged a moment ago may not be folded yet.
        let run = match RunId::parse(target) {
            Some(run) => {
                self.catch_up(&run.log).await?;
                run
            }
            None => self.newest_live(&known_test(target)?).await?,
        };
        let item = runs::require(&self.store, &run).await?;
        if item.state == RunState::Live {
            self.end(&run, sent).await?;
        }
        Ok(run)
    }

    /// Finishes one live run, and no other. Who asks for it next sees what became of it.
    async fn end(&self, run: &RunId, sent: Sent) -> Result<(), Refusal> {
        self.writer(&run.log).tell(COMMANDS, None, Body::Finish { run: run.number, sent }).await?;
        self.catch_up(&run.log).await
    }

    async fn newest_live(&self, test: &TestName) -> Result<RunId, Refusal> {
        self.catch_up(&LogName::unnamed(test.clone())).await?;
        let items = self.newest_of(test, None).await?;
        let newest = items.into_iter().find(|item| item.state == RunState::Live).map(|item| item.run);
        newest.ok_or_else(|| Refusal::NotFound(format!("no run of the test {test} is live")))
    }

    /// The newest runs of a test, or those behind one.
    async fn newest_of(&self, test: &TestName, before: Option<&RunId>) -> Result<Vec<runs::Item>, Refusal> {
        let limit = LIST_LIMIT as usize;
        let wanted = runs::Wanted { test: Some(test), before, limit, ..runs::Wanted::default() };
        Ok(runs::list(&self.store, &wanted).await?)
    }

    /// Folds what waits in a log, so that what was acknowledged a moment ago is there.
    async fn catch_up(&self, log: &LogName) -> Result<(), Refusal> {
        for _ in 0..CATCH_UP_PAGES {
            if !self.fold(log).await?.more {
                return Ok(());
            }
        }
        Err(Refusal::Unavailable(format!("{log} has so much to fold that it takes longer: ask again")))
    }

    /// A run that exists, be it since a moment ago.
    async fn current(&self, id: &str) -> Result<RunId, Refusal> {
        let run = known_run(id)?;
        self.catch_up(&run.log).await?;
        runs::require(&self.store, &run).await?;
        Ok(run)
    }

    /// The name of the next unnamed import of a test.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where the name is too long; what the store refuses.
    pub async fn new_import(&self, test: Option<&str>) -> Result<String, Refusal> {
        let test = foreign_test(test)?;
        Ok(format!("i{}", log::new_import(&self.store, &test).await?))
    }

    /// Folds a page of a log; where it says `more`, there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is no log's name; what the store refuses.
    pub async fn advance(&self, log: &str) -> Result<Progress, Refusal> {
        self.fold(&known_log(log)?).await
    }

    /// Asks to fold a log in the background; see [`log::lease`].
    ///
    /// # Errors
    ///
    /// Likewise.
    pub async fn hold(&self, log: &str, holder: u64) -> Result<lease::Duty, Refusal> {
        Ok(lease::hold(&self.store, &self.clock, &self.cache, &known_log(log)?, holder).await?)
    }

    /// Gives back what [`Service::hold`] gave, so that another need not wait for it to lapse.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub async fn release(&self, log: &str, holder: u64) -> Result<(), Refusal> {
        Ok(lease::release(&self.store, &self.cache, &known_log(log)?, holder).await?)
    }

    async fn fold(&self, log: &LogName) -> Result<Progress, Refusal> {
        let progress = advance::advance(&self.store, &self.clock, &self.settings, &self.cache, log).await?;
        if progress.ended {
            // What is folded is folded; where this fails, who asks for the verdict is told.
            _ = self.judge_ended(log).await;
        }
        Ok(progress)
    }

    /// Makes room in a test, one page; see [`retention`].
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is no test's name; what the store refuses.
    pub async fn sweep(&self, test: &str, holder: u64) -> Result<bool, Refusal> {
        let test = known_test(test)?;
        Ok(retention::sweep(&self.store, &self.clock, &self.settings, &test, holder).await?)
    }

    /// Changes what people wrote beside a run; gives its item.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, [`Refusal::Invalid`] where the document is none; what
    /// the store refuses.
    pub async fn set_label(&self, run: &str, document: &[u8]) -> Result<String, Refusal> {
        let run = self.current(run).await?;
        let change = labels::Change::parse(document).map_err(Refusal::Invalid)?;
        labels::change(&self.store, &run, change).await?;
        Ok(to_json(&runs::require(&self.store, &run).await?, Digits::All))
    }

    /// Marks a run as deleted: it is gone from lists at once, from the store by and by.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, [`Refusal::Conflict`] while it is live; what the store
    /// refuses.
    pub async fn delete_run(&self, run: &str) -> Result<(), Refusal> {
        let item = runs::require(&self.store, &self.current(run).await?).await?;
        if retention::delete(&self.store, &self.clock, &item).await? {
            return Ok(());
        }
        Err(Refusal::Conflict(format!("{run} is live: finish it first")))
    }

    /// Pins a run by `{"run": ID}`; without a document, none is pinned from now on.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such test or run, [`Refusal::Invalid`] where the document is
    /// none or the run another test's; what the store refuses.
    pub async fn set_baseline(&self, test: &str, document: Option<&[u8]>) -> Result<(), Refusal> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Baseline {
            run: String,
        }
        let test = known_test(test)?;
        let Some(document) = document else {
            return Ok(labels::set_baseline(&self.store, &test, None).await?);
        };
        let Baseline { run } = serde_json::from_slice(document)
            .map_err(|error| Refusal::Invalid(format!("a baseline is {{\"run\": ID}}: {error}")))?;
        let run = self.current(&run).await?;
        if run.log.test != test {
            return Err(Refusal::Invalid(format!("{run} is a run of another test than {test}")));
        }
        Ok(labels::set_baseline(&self.store, &test, Some(&run)).await?)
    }

    /// A run that exists.
    async fn run(&self, id: &str) -> Result<RunId, Refusal> {
        let run = known_run(id)?;
        runs::require(&self.store, &run).await?;
        Ok(run)
    }
}

/// Where records come from that no generator sent.
const COMMANDS: &str = "loadgate";

/// For so long what is known of an import's newest sample counts as new.
const FRESH_MS: u64 = 2_000;

/// Pages of 8 to 32 records that one request folds at the most.
const CATCH_UP_PAGES: u32 = 100_000;

/// Logs whose newest run has ended that a list looks at for news.
const LOGS_LOOKED_AT: usize = 32;

/// Runs in one answer.
const LIST_LIMIT: u32 = 500;

/// Tests in one answer.
const TESTS_LIMIT: u32 = 100;

/// A test as a client names it; none: the default.
fn foreign_test(name: Option<&str>) -> Result<TestName, Refusal> {
    let name = name.unwrap_or_default();
    if name.len() > limits::NAME_BYTES {
        return Err(too_long("test"));
    }
    Ok(TestName::from_foreign(name))
}

fn too_long(what: &str) -> Refusal {
    Refusal::Invalid(format!("the name of the {what} is longer than {} bytes", limits::NAME_BYTES))
}

fn known_test(name: &str) -> Result<TestName, Refusal> {
    TestName::parse(name).ok_or_else(|| {
        Refusal::NotFound("there is no test of that name: names are 1 to 64 of A-Z a-z 0-9 _ -".to_owned())
    })
}

fn known_log(name: &str) -> Result<LogName, Refusal> {
    LogName::parse(name).ok_or_else(|| Refusal::NotFound("there is no such log".to_owned()))
}

fn known_run(id: &str) -> Result<RunId, Refusal> {
    RunId::parse(id).ok_or_else(|| {
        Refusal::NotFound("there is no run of that name: a run is TEST.NUMBER or TEST.NAME".to_owned())
    })
}
