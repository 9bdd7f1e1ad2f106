//! A store that is restored from an older copy under instances that remember more.

use super::clients::{self, Stage};
use super::world::{SimClock, SimStore, World};
use crate::log::testing::block_on;
use crate::record::Sent;
use crate::service::Service;
use crate::settings::Settings;
use std::cell::RefCell;
use std::rc::Rc;

/// One instance folds what another takes, the store goes back by so many records, three more come:
/// how many samples count in the end.
fn counted(back: usize) -> Option<u64> {
    let world = World::new(1, 0);
    world.calm.set(true);
    let stage = Stage { world: world.clone(), model: RefCell::default(), end_ms: u64::MAX, pause_ms: 1 };
    let replica = || {
        let clock = SimClock { world: world.clone(), skew_ms: 0 };
        Rc::new(Service::new(SimStore(world.clone()), clock, Settings::default()))
    };
    let (folder, writer, log) = (replica(), replica(), clients::unnamed());
    let take_one = || {
        block_on(clients::post_last(&stage, &writer, &log));
        world.now_ms.set(world.now_ms.get() + 1_000);
        for _ in 0..100 {
            if block_on(folder.advance("t")).is_ok_and(|progress| !progress.more) {
                break;
            }
        }
    };
    let mut copies = Vec::new();
    for _ in 0..12 {
        copies.push(world.copy());
        take_one();
    }
    world.restore(copies.swap_remove(12 - back));
    (0..3).for_each(|_| take_one());
    block_on(writer.finish_run("t", Sent::All)).ok()?;
    take_one();
    let summary = block_on(folder.summary("t.1")).ok()?;
    let summary: serde_json::Value = serde_json::from_str(&summary).ok()?;
    summary["metrics"]["http_reqs"]["values"]["count"].as_u64()
}

#[test]
fn an_instance_goes_on_with_what_a_restored_store_has() {
    for back in 1..12 {
        assert_eq!(counted(back), Some(12 - back as u64 + 3), "{back} back");
    }
}
