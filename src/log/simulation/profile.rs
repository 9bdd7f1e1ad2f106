//! What can go wrong in a schedule: the events between two steps, and which of them come together.

use super::world::Pace;

/// What happens to instances and store between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An instance dies, and another takes its place.
    Crash,
    /// All die; who comes next lists whatever was acknowledged.
    Blackout,
    /// The store fails for some seconds.
    Outage,
    /// Somebody sets the clock of an instance.
    Jump,
    /// Somebody copies the store.
    Copy,
    /// The store goes back to the last copy, under instances that live on.
    GoBack,
}

/// Two of the four conditions, which need no code to be broken.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Clocks are wrong by this at the most.
    pub skew_ms: u64,
    /// A write of `dying` or `hole` takes this long at the most, and as long again where its writer
    /// dies meanwhile.
    pub decision_ms: u64,
}

/// Clocks of replicas differ by less than 10 s; a decision takes effect within 4 minutes.
pub const KEPT: Conditions = Conditions { skew_ms: 4_900, decision_ms: 100_000 };

/// What comes together.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    pub conditions: Conditions,
    /// Events, and behind how many of 100,000 steps each happens.
    pub events: &'static [(Event, u64)],
    /// None: any.
    pub pace: Option<Pace>,
    /// Of a thousand operations so many fail.
    pub failing: u64,
    /// Uploads are cut, come in pieces, and are repeated through other instances; values come in parts; people
    /// declare at once, and instances are left alone for a while.
    pub rough: bool,
    /// Runs are deleted, and room is made.
    pub room: bool,
    /// Of a hundred schedules so many are long.
    pub long: u64,
}

impl Profile {
    pub fn sets_clocks(&self) -> bool {
        self.events.iter().any(|(event, _)| *event == Event::Jump)
    }
}

/// The log's protocol: crashes and slow operations of any length.
pub const PROTOCOL: Profile = Profile {
    conditions: KEPT,
    events: &[(Event::Crash, 100)],
    pace: None,
    failing: 0,
    rough: false,
    room: false,
    long: 10,
};

/// All that a bad day has: the store fails in between, batches are torn, uploads are cut.
pub const ROUGH: Profile = Profile {
    events: &[(Event::Crash, 60), (Event::Blackout, 15), (Event::Outage, 15)],
    pace: Some(Pace::Brisk),
    failing: 1,
    rough: true,
    long: 40,
    ..PROTOCOL
};

/// Runs come and go, with restarts in between, until nothing is left but what the manual says. Nothing takes as
/// long as runs stay behind their deletion.
pub const ROOM: Profile = Profile {
    events: &[(Event::Crash, 60), (Event::Blackout, 15), (Event::Outage, 10)],
    pace: Some(Pace::Quick),
    room: true,
    ..ROUGH
};

/// The same while nothing breaks: not a part of a value is left.
pub const TIDY: Profile = Profile { events: &[], failing: 0, ..ROOM };

/// Clocks are set while nothing else is slow: the conditions do not hold, and nothing needs them.
pub const CLOCKS: Profile = Profile { events: &[(Event::Crash, 30), (Event::Jump, 60)], room: false, ..ROOM };

/// The store goes back to an older copy: what was acknowledged since is lost, and nothing else. No copy has a
/// record above one that is still under way: a folder knows its place by the record that it folded last, and
/// would count the other though the store has lost it.
pub const WENT_BACK: Profile =
    Profile { events: &[(Event::Crash, 30), (Event::Copy, 60), (Event::GoBack, 40)], failing: 0, ..CLOCKS };
