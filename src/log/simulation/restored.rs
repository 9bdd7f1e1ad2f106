//! A store that is restored from an older copy under instances that remember more.

use super::clients::{self, Stage};
use super::uploads::post_one;
use crate::log::testing::block_on;
use crate::record::Sent;

/// One instance folds what another takes, the store goes back by so many records, three more come:
/// how many samples count in the end.
fn counted(back: usize) -> Option<u64> {
    let stage = Stage::calm();
    let world = &stage.world;
    let (folder, writer, log) = (stage.instance(), stage.instance(), clients::unnamed());
    let take_one = || {
        block_on(post_one(&stage, &writer, &log));
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
