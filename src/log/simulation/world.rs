//! The simulated world: virtual time, tasks that only the schedule moves, and a store whose every
//! operation takes time before and after its effect.

use crate::log::keys;
use crate::names::LogName;
use crate::store::{Clock, Store, StoreError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// SplitMix64: small, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, thousandths: u64) -> bool {
        self.below(1_000) < thousandths
    }
}

/// A write of a crashed task that is still under way.
struct Late {
    at_ms: u64,
    key: String,
    value: Vec<u8>,
}

/// Everything that outlives tasks and instances.
pub struct World {
    pub now_ms: Cell<u64>,
    pub random: RefCell<Random>,
    values: RefCell<BTreeMap<String, Vec<u8>>>,
    counters: RefCell<BTreeMap<String, i64>>,
    late: RefCell<Vec<Late>>,
    /// Every record that ever took effect, deleted or not, for the model.
    archive: RefCell<BTreeMap<String, Vec<u8>>>,
    /// When the task at hand can go on.
    wake_ms: Cell<u64>,
    pub pace: Cell<Pace>,
    /// The task at hand is a reaper that has just looked for the record again, and found none.
    reaping: Cell<bool>,
    /// A write of `dying` or `hole` takes so long at the most.
    decision_ms: u64,
    /// Operations take no time and never fail: for settling.
    pub calm: Cell<bool>,
    /// Of a thousand operations so many fail …
    pub failing: Cell<u64>,
    /// … and until then most of them.
    pub outage_until_ms: Cell<u64>,
}

/// What a store held at some time.
pub struct Copy {
    values: BTreeMap<String, Vec<u8>>,
    counters: BTreeMap<String, i64>,
    archive: BTreeMap<String, Vec<u8>>,
}

/// Of a thousand operations so many fail in an outage.
const OUTAGE: u64 = 600;

/// When schedules begin, Unix ms: 2026-11-18, 11:06:40.
pub const START_MS: u64 = 1_795_000_000_000;

/// How slow operations are: mostly not at all, sometimes seconds, rarely minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Brisk,
    /// Minutes more often.
    Sluggish,
    /// Writers of records and reapers that are about to decide often sleep for minutes: a late reaper
    /// does harm only where a record comes between its last look and its successor's.
    Drowsy,
    /// Two seconds at the most, and what a crashed writer had under way takes effect at once or never.
    Quick,
}

/// In a drowsy schedule so many of a thousand records come late: some dozens in all.
const LATE_RECORDS: u64 = 200;

/// They take this long at the most, in ms: a reaper looks after 40 s at the earliest, its successor
/// 310 s later.
const LATE_RECORD_MS: u64 = 400_000;

/// In a drowsy schedule so many of a thousand reapers sleep between their last look and their
/// decision, and as many while they write it: enough stay awake to be successors.
const SLEEPING_REAPERS: u64 = 400;

/// They sleep this long before they write, in ms, at the most: twice as long as a successor needs.
/// While they write it is the limit of the conditions.
const REAPER_SLEEP_MS: u64 = 700_000;

impl World {
    pub fn new(seed: u64, decision_ms: u64) -> Rc<Self> {
        Rc::new(World {
            now_ms: Cell::new(START_MS),
            random: RefCell::new(Random::new(seed)),
            values: RefCell::default(),
            counters: RefCell::default(),
            late: RefCell::default(),
            archive: RefCell::default(),
            wake_ms: Cell::new(0),
            pace: Cell::new(Pace::Brisk),
            reaping: Cell::new(false),
            decision_ms,
            calm: Cell::new(false),
            failing: Cell::new(0),
            outage_until_ms: Cell::new(0),
        })
    }

    pub fn chance(&self, thousandths: u64) -> bool {
        self.random.borrow_mut().chance(thousandths)
    }

    pub fn below(&self, end: u64) -> u64 {
        self.random.borrow_mut().below(end)
    }

    /// Slowness of one operation, in ms.
    fn slowness(&self, key: &str) -> u64 {
        if self.pace.get() == Pace::Quick {
            return match self.below(1_000) {
                0..10 => self.below(2_000),
                10..60 => self.below(200),
                _ => self.below(4),
            };
        }
        let longest = if is_decision(key) { self.decision_ms } else { 400_000 };
        let minutes = if self.pace.get() == Pace::Sluggish { 25 } else { 3 };
        match self.below(1_000) {
            n if n < minutes => self.below(longest),
            n if n < minutes + 10 => self.below(60_000),
            n if n < minutes + 57 => self.below(3_000),
            _ => self.below(4),
        }
    }

    /// The same, but in a drowsy schedule a sleep in so many of a thousand cases, up to `longest_ms`.
    fn drowsiness(&self, key: &str, thousandths: u64, longest_ms: u64) -> u64 {
        if self.pace.get() == Pace::Drowsy && self.chance(thousandths) {
            self.below(longest_ms)
        } else {
            self.slowness(key)
        }
    }

    /// Whether the operation at hand fails.
    fn fails(&self) -> bool {
        let thousandths =
            if self.now_ms.get() < self.outage_until_ms.get() { OUTAGE } else { self.failing.get() };
        thousandths > 0 && !self.calm.get() && self.chance(thousandths)
    }

    /// What passes before a write takes effect, in ms.
    fn slowness_of_write(&self, key: &str) -> u64 {
        if key.contains("/record/") {
            self.drowsiness(key, LATE_RECORDS, LATE_RECORD_MS)
        } else if key.contains("/hole/") {
            self.drowsiness(key, SLEEPING_REAPERS, self.decision_ms)
        } else {
            self.slowness(key)
        }
    }

    /// Lets the task wait in virtual time.
    pub async fn sleep(&self, ms: u64) {
        let until = self.now_ms.get() + ms;
        let mut asked = false;
        std::future::poll_fn(|_| {
            if asked && self.now_ms.get() >= until {
                return Poll::Ready(());
            }
            asked = true;
            self.wake_ms.set(until);
            Poll::Pending
        })
        .await;
    }

    fn put(&self, key: &str, value: &[u8]) {
        if key.contains("/record/") {
            self.archive.borrow_mut().entry(key.to_owned()).or_insert_with(|| value.to_vec());
        }
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
    }

    fn settle_late(&self, all: bool) {
        let now = self.now_ms.get();
        let due: Vec<Late> = self.late.borrow_mut().extract_if(.., |late| all || late.at_ms <= now).collect();
        for late in due {
            self.put(&late.key, &late.value);
        }
    }

    /// All that the store holds now.
    pub fn copy(&self) -> Copy {
        Copy {
            values: self.values.borrow().clone(),
            counters: self.counters.borrow().clone(),
            archive: self.archive.borrow().clone(),
        }
    }

    /// The store goes back to that, whatever was acknowledged since, and nothing is under way any more.
    pub fn restore(&self, copy: Copy) {
        self.values.replace(copy.values);
        self.counters.replace(copy.counters);
        self.archive.replace(copy.archive);
        self.late.borrow_mut().clear();
    }

    /// The keys of all values.
    pub fn keys(&self) -> Vec<String> {
        self.values.borrow().keys().cloned().collect()
    }

    pub fn archived(&self, key: &str) -> Option<Vec<u8>> {
        self.archive.borrow().get(key).cloned()
    }

    /// Whether every record of a log was stored before those with greater tickets, as far as that is known.
    pub fn is_in_order(&self, log: &LogName) -> bool {
        let tickets = 1..=u64::try_from(self.counter(&keys::tickets(log))).unwrap_or(0);
        let stored = |ticket| {
            self.archived(&keys::record(log, ticket))
                .or_else(|| self.value(&keys::hole(log, ticket)))
                .is_some()
        };
        tickets.map(stored).is_sorted_by(|before, after| before >= after)
    }

    pub fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.values.borrow().get(key).cloned()
    }

    pub fn counter(&self, key: &str) -> i64 {
        self.counters.borrow().get(key).copied().unwrap_or(0)
    }
}

fn is_decision(key: &str) -> bool {
    key.contains("/hole/") || key.contains("/dying/")
}

/// A write that its task may abandon in the middle: it may take effect all the same, later.
struct Flight<'a> {
    world: &'a World,
    write: Option<(&'a str, &'a [u8])>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some((key, value)) = self.write
            && self.world.chance(500)
        {
            if self.world.pace.get() == Pace::Quick {
                return self.world.put(key, value);
            }
            let delay = self.world.slowness_of_write(key);
            let at_ms = self.world.now_ms.get() + delay;
            self.world.late.borrow_mut().push(Late { at_ms, key: key.to_owned(), value: value.to_vec() });
        }
    }
}

/// The store as an instance sees it.
#[derive(Clone)]
pub struct SimStore(pub Rc<World>);

impl SimStore {
    async fn pause(&self, key: &str) {
        self.pause_for(|world| world.slowness(key)).await;
    }

    async fn pause_for(&self, slowness_ms: impl FnOnce(&World) -> u64) {
        if !self.0.calm.get() {
            self.0.sleep(slowness_ms(&self.0)).await;
        }
    }

    /// Fails now and then: before the operation has taken effect, and behind that.
    fn may_fail(&self) -> Result<(), StoreError> {
        if self.0.fails() { Err(StoreError::Unavailable("it is simulated".to_owned())) } else { Ok(()) }
    }
}

impl Store for SimStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.pause(key).await;
        let value = self.0.value(key);
        self.pause(key).await;
        self.may_fail()?;
        // Only reapers read one record alone. Where it is absent they look for news at once.
        self.0.reaping.set(value.is_none() && key.contains("/record/"));
        Ok(value)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let reaping = self.0.reaping.take();
        self.pause("").await;
        let values = keys.iter().map(|key| self.0.value(key)).collect();
        let thousandths = if reaping { SLEEPING_REAPERS } else { 0 };
        self.pause_for(|world| world.drowsiness("", thousandths, REAPER_SLEEP_MS)).await;
        self.may_fail()?;
        Ok(values)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let mut flight = Flight { world: &self.0, write: Some((key, value)) };
        self.pause_for(|world| world.slowness_of_write(key)).await;
        flight.write = None;
        self.may_fail()?;
        self.0.put(key, value);
        self.pause(key).await;
        self.may_fail()
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        // In any order, and any part of them.
        let turn = self.0.below(entries.len() as u64 + 1) as usize;
        for (key, value) in entries[turn..].iter().chain(&entries[..turn]) {
            self.set(key, value).await?;
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.pause("").await;
        let turn = self.0.failing.get() > 0 && !self.0.calm.get();
        let turn = if turn { self.0.below(keys.len() as u64 + 1) as usize } else { 0 };
        for key in keys[turn..].iter().chain(&keys[..turn]) {
            self.may_fail()?;
            self.0.values.borrow_mut().remove(key);
        }
        self.pause("").await;
        self.may_fail()
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.pause("").await;
        self.may_fail()?;
        let sum = {
            let mut counters = self.0.counters.borrow_mut();
            let counter = counters.entry(key.to_owned()).or_default();
            *counter += delta;
            *counter
        };
        self.pause(key).await;
        self.may_fail()?;
        Ok(sum)
    }
}

/// The clock of one replica: wrong by a constant, until somebody sets it.
#[derive(Clone)]
pub struct SimClock {
    world: Rc<World>,
    pub skew_ms: Rc<Cell<i64>>,
}

impl SimClock {
    pub fn new(world: &Rc<World>, skew_ms: i64) -> Self {
        SimClock { world: world.clone(), skew_ms: Rc::new(Cell::new(skew_ms)) }
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.world.now_ms.get().saturating_add_signed(self.skew_ms.get())
    }
}

struct Task {
    /// The instance that it dies with.
    instance: usize,
    wake_ms: u64,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

/// Runs tasks in the order that time and chance give.
#[derive(Default)]
pub struct Scheduler {
    tasks: Vec<Task>,
}

impl Scheduler {
    pub fn spawn(&mut self, instance: usize, future: impl Future<Output = ()> + 'static) {
        self.tasks.push(Task { instance, wake_ms: 0, future: Box::pin(future) });
    }

    pub fn crash(&mut self, instance: usize) {
        self.tasks.retain(|task| task.instance != instance);
    }

    pub fn crash_all(&mut self) {
        self.tasks.clear();
    }

    /// Lets one task go on; false when there is none, or none before `end_ms`.
    pub fn step(&mut self, world: &World, end_ms: u64) -> bool {
        let Some(first) = self.tasks.iter().map(|task| task.wake_ms).min() else { return false };
        if first > end_ms {
            return false;
        }
        world.now_ms.set(world.now_ms.get().max(first));
        world.settle_late(false);
        let now = world.now_ms.get();
        let ready: Vec<usize> = (0..self.tasks.len()).filter(|i| self.tasks[*i].wake_ms <= now).collect();
        let chosen = ready[world.below(ready.len() as u64) as usize];
        world.wake_ms.set(now);
        let mut context = Context::from_waker(Waker::noop());
        match self.tasks[chosen].future.as_mut().poll(&mut context) {
            Poll::Ready(()) => drop(self.tasks.swap_remove(chosen)),
            Poll::Pending => self.tasks[chosen].wake_ms = world.wake_ms.get(),
        }
        true
    }

    /// All tasks are over; what was under way takes effect.
    pub fn stop(&mut self, world: &World) {
        self.tasks.clear();
        world.settle_late(true);
        world.calm.set(true);
    }
}
