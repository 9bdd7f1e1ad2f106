//! What must be so at a schedule's end, and whenever everybody has died.

use super::clients::{Replica, Stage, TEST};
use super::refold::decoded;
use super::schedule::Simulation;
use super::uploads::post_one;
use crate::log::append::CLOCK_SKEW_MS;
use crate::log::model::Ended;
use crate::log::stream::Cursor;
use crate::log::{declarations, keys};
use crate::names::{LogName, RunId, TestName};
use crate::service::List;
use std::collections::{BTreeMap, BTreeSet};

impl Simulation {
    /// Last clients, and an instance that knows nothing, bring every log to its end.
    pub async fn settle(&self) -> Result<(), String> {
        let Stage { world, model, .. } = &*self.stage;
        world.now_ms.set(world.now_ms.get() + 600_000);
        let replica = self.stage.instance();
        let logs: Vec<LogName> = model.borrow().logs().cloned().collect();
        if self.profile.room {
            for log in &logs {
                self.bring_to_end(&replica, log).await?;
            }
            self.erase_all(&replica).await?;
        }
        for log in &logs {
            if !self.takes_data(&replica, log).await {
                return Err(format!("nobody can write to {log} any more"));
            }
        }
        for log in &logs {
            self.bring_to_end(&replica, log).await?;
        }
        let fresh = self.stage.instance();
        let mut runs = BTreeSet::new();
        for log in &logs {
            let made = model.borrow_mut().check(world, log, self.profile.room);
            for (run, rows) in made {
                if world.value(&keys::deleted(&run)).is_some() {
                    continue;
                }
                let summary =
                    fresh.summary(&run.to_string()).await.map_err(|error| format!("{run}: {error}"))?;
                let summary: serde_json::Value = serde_json::from_str(&summary).expect("a summary is JSON");
                if summary["requests"] != rows {
                    return Err(format!("{run} has the rows {} and should have {rows}", summary["requests"]));
                }
                self.read_all(&fresh, &run).await?;
                runs.insert(run.to_string());
            }
        }
        let listed = self.listed(&fresh).await?;
        if runs != listed.iter().cloned().collect() || runs.len() != listed.len() {
            return Err(format!("the runs are {runs:?}, and those listed {listed:?}"));
        }
        self.check_declarations(&fresh).await?;
        if self.profile.room { self.check_remains(&logs) } else { Ok(()) }
    }

    /// An end that was written by a clock set forward may seem to be just now: what comes then is late for it,
    /// and what comes after that is not.
    async fn takes_data(&self, replica: &Replica, log: &LogName) -> bool {
        let taken = post_one(&self.stage, replica, log).await;
        if taken || !self.profile.sets_clocks() {
            return taken;
        }
        let now_ms = &self.stage.world.now_ms;
        now_ms.set(now_ms.get() + CLOCK_SKEW_MS + self.stage.settings.straggler_ms);
        post_one(&self.stage, replica, log).await
    }

    async fn listed(&self, replica: &Replica) -> Result<Vec<String>, String> {
        let asked = List { test: Some(TEST), limit: u32::MAX, ..List::default() };
        let list = replica.list(&asked).await.map_err(|error| error.to_string())?;
        let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("a list is JSON");
        Ok(list.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect())
    }

    /// Nobody is left who could fold what was acknowledged: whoever asks for the list sees it all the same.
    pub async fn list_what_was_acknowledged(&self) {
        let Stage { world, model, .. } = &*self.stage;
        let wrong = match self.listed(&self.stage.instance()).await {
            Ok(listed) => model.borrow().acknowledged_logs().find_map(|log| {
                let run = log.run(1);
                let tickets = 1..=u64::try_from(world.counter(&keys::tickets(log))).unwrap_or(0);
                // What is late is seen once that is decided.
                let waits = |ticket| {
                    world.archived(&keys::record(log, ticket)).is_none()
                        || world.value(&keys::dying(log, ticket)).is_some()
                };
                let seen = world.value(&keys::deleted(&run)).is_some() || listed.contains(&run.to_string());
                (!seen && !tickets.into_iter().any(waits))
                    .then(|| format!("{log} was written to, and the list has only {listed:?}"))
            }),
            Err(wrong) => Some(wrong),
        };
        if let Some(wrong) = wrong {
            model.borrow_mut().blame(wrong);
        }
    }

    async fn bring_to_end(&self, replica: &Replica, log: &LogName) -> Result<(), String> {
        let now_ms = &self.stage.world.now_ms;
        for _ in 0..20_000 {
            let progress = replica.advance(&log.to_string()).await.map_err(|error| error.to_string())?;
            match progress.again_ms {
                _ if progress.more => {}
                Some(ms) => now_ms.set(now_ms.get() + ms.clamp(1, 60_000)),
                None => return Ok(()),
            }
        }
        Err(format!("{log} comes to no end"))
    }

    /// Reads a run whole: ids from 0, `stop` at the end.
    async fn read_all(&self, replica: &Replica, run: &RunId) -> Result<(), String> {
        let mut cursor = Cursor::default();
        loop {
            let page = replica.read(&run.to_string(), cursor).await.map_err(|error| error.to_string())?;
            if cursor.id == 0 && page.events.first().and_then(|event| event.id) != Some(0) {
                return Err(format!("{run} does not begin with id 0"));
            }
            self.stage.model.borrow_mut().see(run, &page);
            cursor = page.cursor;
            if page.ended {
                return Ok(());
            }
            if page.current {
                return Err(format!("{run} has no end"));
            }
        }
    }

    /// Whoever declares next finds all that was declared before.
    async fn check_declarations(&self, replica: &Replica) -> Result<(), String> {
        let declared = replica.declare_metrics(TEST, br#"{"last":"counter"}"#).await;
        declared.map_err(|error| error.to_string())?;
        let test = TestName::from_foreign(TEST);
        let set = declarations::declared(&replica.store, &replica.cache.declarations, &test).await;
        let (_, set) = set.map_err(|error| error.to_string())?;
        match self.stage.model.borrow().declared().find(|metric| !set.metrics.contains_key(*metric)) {
            Some(lost) => Err(format!("the declaration of {lost} is lost")),
            None => Ok(()),
        }
    }

    /// Deletes every run, and makes room until there is nothing more to do.
    async fn erase_all(&self, replica: &Replica) -> Result<(), String> {
        let now_ms = &self.stage.world.now_ms;
        for run in self.listed(replica).await? {
            self.stage.model.borrow_mut().delete(RunId::parse(&run).expect("a run is listed by its id"));
            replica.delete_run(&run).await.map_err(|error| format!("{run} cannot be deleted: {error}"))?;
        }
        // Behind the delay, and behind the lease of whoever was at it.
        now_ms.set(now_ms.get() + self.stage.settings.deletion_delay_ms + 60_000);
        for _ in 0..10_000 {
            if !replica.sweep(TEST, 1).await.map_err(|error| error.to_string())? {
                return Ok(());
            }
        }
        Err("making room comes to no end".to_owned())
    }

    /// Of erased runs nothing is left but what the manual says.
    fn check_remains(&self, logs: &[LogName]) -> Result<(), String> {
        let world = &self.stage.world;
        let present = |key: String| world.value(&key).is_some();
        // The last run that was erased leaves what the one after it needed.
        let mut last_erased = BTreeMap::new();
        for key in world.keys() {
            if let Some(run) = key.strip_prefix("run/").and_then(|key| key.strip_suffix("/deleted")) {
                let run = RunId::parse(run).expect("a run's keys have its id");
                let last = last_erased.entry(run.log).or_insert(0);
                *last = run.number.max(*last);
            }
        }
        for key in world.keys() {
            let Some((run, rest)) = key.strip_prefix("run/").and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            let run = RunId::parse(run).expect("a run's keys have its id");
            let last = last_erased.get(&run.log) == Some(&run.number);
            let stays = rest == "deleted" || (last && (rest == "ended" || rest.starts_with("checkpoint/")));
            // Where writers die between the parts of a value and its head, the parts stay.
            let headless = key.rsplit_once('/').is_some_and(|(head, _)| {
                rest.split('/').count() > 2 && !present(head.to_owned()) && !self.profile.events.is_empty()
            });
            if present(keys::deleted(&run)) && !stays && !headless {
                return Err(format!("{key} is left of an erased run"));
            }
        }
        for log in logs {
            let Some(last) = last_erased.get(log) else { continue };
            let key = keys::ended(&log.run(*last));
            let ended: Option<Ended> = decoded(&key, |key| world.value(key));
            let ended = ended.ok_or_else(|| format!("{key} is missing"))?;
            let left = (1..ended.end.ticket)
                .find(|ticket| present(keys::record(log, *ticket)) && !present(keys::hole(log, *ticket)));
            if let Some(ticket) = left {
                return Err(format!("record {ticket} of {log} is left of an erased run"));
            }
        }
        Ok(())
    }
}
