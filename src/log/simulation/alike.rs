//! All write the same checkpoint, whatever they happened to look at: it may be in parts, and parts of two that
//! differ make none.

use super::clients::{self, Stage};
use super::uploads::post_one;
use crate::log::keys;
use crate::log::reaper::Decision;
use crate::log::testing::block_on;
use crate::log::value::{self, PART_BYTES, PART_BYTES_IN_TEST};
use crate::record::{Body, Record};
use crate::store::Store;

/// The checkpoints of a log in which a ticket was declared dead, whose record came after that or never.
fn checkpoints(late: bool) -> Vec<(String, Option<Vec<u8>>)> {
    PART_BYTES_IN_TEST.set(1_000);
    let stage = Stage::calm();
    let world = &stage.world;
    let (folder, writer, log) = (stage.instance(), stage.instance(), clients::unnamed());
    block_on(async {
        assert!(post_one(&stage, &writer, &log).await);
        let store = &writer.store;
        let ticket = store.increment(&keys::tickets(&log), 1).await.expect("it counts").unsigned_abs();
        store.set(&keys::dying(&log, ticket), &value::encode_small(&1_u64)).await.expect("it stores");
        store.set(&keys::hole(&log, ticket), &value::encode_small(&Decision::Dead)).await.expect("it stores");
        if late {
            let record = Record::new(world.now_ms.get() - 3_600_000, &"s".repeat(5_000), Body::IdleEnd);
            let encoded = value::encode(&record);
            assert!(!encoded.parts.is_empty());
            value::set(store, &keys::record(&log, ticket), encoded).await.expect("it stores");
        }
        assert!(post_one(&stage, &writer, &log).await);
        for _ in 0..1_000 {
            let progress = folder.advance("t").await.expect("the store works");
            match progress.again_ms {
                _ if progress.more => {}
                Some(wait) => world.now_ms.set(world.now_ms.get() + wait.max(1)),
                None => break,
            }
        }
    });
    PART_BYTES_IN_TEST.set(PART_BYTES);
    let keys = world.keys().into_iter().filter(|key| key.contains("/checkpoint/"));
    keys.map(|key| (key.clone(), world.value(&key))).collect()
}

#[test]
fn a_record_that_came_after_it_was_declared_dead_changes_no_checkpoint() {
    let without = checkpoints(false);
    assert!(!without.is_empty());
    assert_eq!(checkpoints(true), without);
}
