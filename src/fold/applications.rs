//! JMeters whose listeners send samples of a run: how many of their tests go on, by the application that their plans name.

use crate::limits::APPLICATIONS;
use crate::record::Listener;
use serde::{Deserialize, Serialize};

/// Some of a run's applications: a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Set(u64);

impl Set {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn extend(&mut self, other: Set) {
        self.0 |= other.0;
    }
}

const _: () = assert!(APPLICATIONS <= u64::BITS as usize);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Application {
    name: String,
    /// Tests that began and did not end.
    tests: u32,
    /// Each of them said that it begins; else there may be more.
    counted: bool,
}

/// The applications of a run, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Applications(Vec<Application>);

impl Applications {
    /// Takes note of what a record has of listeners; gives the applications, and how many tests begin with it.
    pub(super) fn hear(&mut self, heard: &[Listener]) -> (Set, u32) {
        let (mut set, mut begun) = (Set::default(), 0_u32);
        for Listener { application, started, .. } in heard {
            let at = match self.at(application) {
                Some(at) => at,
                None if self.0.len() < APPLICATIONS => {
                    self.0.push(Application { name: application.clone(), tests: 0, counted: true });
                    self.0.len() - 1
                }
                None => continue,
            };
            let known = &mut self.0[at];
            // A test of which nobody has heard that it begins goes on all the same.
            known.counted &= *started > 0 || known.tests > 0;
            let tests = if known.tests == 0 { (*started).max(1) } else { *started };
            known.tests = known.tests.saturating_add(tests);
            begun = begun.saturating_add(tests);
            set.0 |= 1 << at;
        }
        (set, begun)
    }

    /// A test of that application has ended; false: there is none.
    pub(super) fn end(&mut self, name: &str) -> bool {
        let found = self.at(name).map(|at| &mut self.0[at]);
        found.map(|known| known.tests = known.tests.saturating_sub(1)).is_some()
    }

    /// Forgets all but those; of them tests go on.
    pub(super) fn retain(&mut self, set: Set) {
        let mut bits = (0..).map(|at| set.0 >> at & 1 == 1);
        self.0.retain(|known| bits.next() == Some(true) && known.tests > 0);
    }

    /// Whether a test of one of those goes on.
    pub(super) fn go_on(&self, set: Set) -> bool {
        self.of(set).any(|known| known.tests > 0)
    }

    /// Whether all tests of those are known to have begun.
    pub(super) fn are_counted(&self, set: Set) -> bool {
        self.of(set).all(|known| known.counted)
    }

    /// Whether a record has samples of tests that go on, and of none that begins.
    pub(super) fn are_of(&self, heard: &[Listener]) -> bool {
        let goes_on = |name: &str| self.at(name).is_some_and(|at| self.0[at].tests > 0);
        !heard.is_empty() && heard.iter().all(|of| of.started == 0 && goes_on(&of.application))
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known.name == name)
    }

    fn of(&self, set: Set) -> impl Iterator<Item = &Application> {
        self.0.iter().enumerate().filter(move |(at, _)| set.0 >> at & 1 == 1).map(|(_, known)| known)
    }
}
