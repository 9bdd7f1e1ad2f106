//! Who uses the product in a schedule on people's side: they give commands, declare, delete, and come back to
//! an instance that nobody used for a while.

use super::clients::{Replica, Stage, TEST, unnamed};
use super::uploads::{any_peer, post_one};
use super::world::World;
use crate::record::Sent;
use std::rc::Rc;

/// People declare on the minute, so that several do at once.
const MINUTE_MS: u64 = 60_000;

/// Pages of making room that one goes through at once.
const SWEEPS: u32 = 20;

fn sent(world: &World) -> Sent {
    match world.below(3) {
        0 => Sent::Perhaps,
        1 => Sent::All,
        _ => Sent::AllBy(any_peer(world)),
    }
}

/// Now and then somebody begins, ends or declares something.
pub async fn command(stage: Rc<Stage>, replica: Replica) {
    let world = &stage.world;
    while !stage.is_over() {
        world.sleep(world.below(120_000)).await;
        match world.below(8) {
            0 => drop(replica.new_run(TEST, None).await),
            1 | 2 => drop(replica.finish_run(TEST, sent(world)).await),
            3 => {
                if let Some(log) = stage.any_log(|log| log.name.is_some()) {
                    drop(replica.finish_run(&log.run(1 + world.below(2)).to_string(), sent(world)).await);
                }
            }
            4 | 5 => {
                let metric = ["http_reqs", "http_reqs{method:GET}"][world.below(2) as usize];
                let options = format!(r#"{{"thresholds":{{"{metric}":["count>{}"]}}}}"#, world.below(3));
                drop(replica.declare(TEST, options.as_bytes()).await);
            }
            // One of the connections that clients have.
            _ => drop(replica.hello(Some(TEST), &any_peer(world)).await),
        }
    }
}

/// Several people declare a metric each at the same moment, by several instances.
pub async fn declare(stage: Rc<Stage>, replica: Replica) {
    let world = &stage.world;
    while !stage.is_over() {
        world.sleep(MINUTE_MS - world.now_ms.get() % MINUTE_MS).await;
        if world.chance(400) {
            let metric = format!("d{}", world.below(u64::MAX));
            let document = format!(r#"{{"{metric}":"counter"}}"#);
            if replica.declare_metrics(TEST, document.as_bytes()).await.is_ok() {
                stage.model.borrow_mut().declare(metric);
            }
        }
    }
}

/// Uses an instance of its own, which folds once and is left alone for longer than samples may lie ahead.
pub async fn visit(stage: Rc<Stage>) {
    let world = &stage.world;
    let replica = stage.instance();
    world.sleep(world.below(60_000)).await;
    while !stage.is_over() {
        let log = stage.any_log(|log| log.name.is_none()).unwrap_or_else(unnamed);
        post_one(&stage, &replica, &log).await;
        for _ in 0..1 + world.below(8) {
            drop(replica.advance(&log.to_string()).await);
        }
        post_one(&stage, &replica, &log).await;
        world.sleep(610_000 + world.below(120_000)).await;
    }
}

/// Makes room, and now and then deletes or pins a run.
pub async fn make_room(stage: Rc<Stage>, replica: Replica) {
    let world = &stage.world;
    let holder = world.below(u64::MAX);
    while !stage.is_over() {
        world.sleep(world.below(20_000)).await;
        if let Some(run) = stage.any_log(|_| true).map(|log| log.run(1 + world.below(4)))
            && world.chance(300)
        {
            let pin = format!(r#"{{"run":"{run}"}}"#);
            if world.chance(700) {
                stage.model.borrow_mut().delete(run.clone());
                drop(replica.delete_run(&run.to_string()).await);
            } else {
                let pin = world.chance(500).then_some(pin.as_bytes());
                drop(replica.set_baseline(TEST, pin).await);
            }
        }
        for _ in 0..SWEEPS {
            if !replica.sweep(TEST, holder).await.is_ok_and(|more| more) {
                break;
            }
        }
    }
}
