//! One schedule: instances with everybody who uses them, and the events that befall them.

use super::clients::{self, Replica, Stage};
use super::model::Model;
use super::people;
use super::profile::{Event, Profile};
use super::world::{Copy, Pace, Scheduler, World};
use crate::log::testing::block_on;
use crate::log::value::{PART_BYTES, PART_BYTES_IN_TEST};
use crate::settings::Settings;
use std::cell::RefCell;
use std::rc::Rc;

const INSTANCES: usize = 3;
const WRITERS: u64 = 2;
/// Batches of one schedule: each has a row of its own in the breakdown, which has 300.
const BATCHES: u64 = 220;
/// Of a thousand crashes so many happen in a drowsy schedule, one or two in all: to do harm, a reaper
/// must live through its sleep, and its successor through the 300 s that it waits.
const DROWSY_CRASHES: u64 = 100;

/// A clock is set back or forward by so much at the most: two differ by less than the hour after which an
/// import ends.
const JUMP_MS: u64 = 1_500_000;

/// An outage lasts so long at the most.
const OUTAGE_MS: u64 = 20_000;

/// The size of parts is one of these, so that anything may come in some, or in many.
const PARTS: [usize; 4] = [PART_BYTES, 20_000, 3_000, 400];

pub struct Simulation {
    pub stage: Rc<Stage>,
    pub profile: Profile,
    scheduler: Scheduler,
    replicas: Vec<Replica>,
    copy: Option<(Copy, Model)>,
}

impl Simulation {
    pub fn new(seed: u64, profile: Profile) -> Self {
        let world = World::new(seed, profile.conditions.decision_ms);
        // Most are short; some are long enough for records to be deleted, and some slow as well.
        world.pace.set(match (profile.pace, world.below(1_000)) {
            (Some(pace), _) => pace,
            (None, 0..40) => Pace::Sluggish,
            (None, 40..90) => Pace::Drowsy,
            _ => Pace::Brisk,
        });
        let length = match world.below(100) {
            _ if matches!(world.pace.get(), Pace::Sluggish | Pace::Drowsy) => 1_500_000,
            n if n < profile.long => {
                if profile.rough {
                    900_000
                } else {
                    600_000
                }
            }
            _ => 60_000 + world.below(120_000),
        };
        world.failing.set(profile.failing);
        let mut settings = Settings::default();
        if profile.room {
            (settings.retention, settings.deletion_delay_ms) = (3, 60_000);
        }
        let parts = if profile.rough { PARTS[world.below(PARTS.len() as u64) as usize] } else { PART_BYTES };
        PART_BYTES_IN_TEST.set(parts);
        let stage = Rc::new(Stage {
            settings,
            skew_ms: profile.conditions.skew_ms,
            rough: profile.rough,
            end_ms: world.now_ms.get() + length,
            pause_ms: length * INSTANCES as u64 * WRITERS / BATCHES,
            model: RefCell::default(),
            world,
        });
        Simulation { stage, profile, scheduler: Scheduler::default(), replicas: Vec::new(), copy: None }
    }

    /// What an instance does for everybody who uses it.
    fn start(&mut self, instance: usize) {
        let (replica, stage) = (self.replicas[instance].clone(), self.stage.clone());
        for named in [false, true] {
            self.scheduler.spawn(instance, clients::fold(stage.clone(), replica.clone(), named));
        }
        self.scheduler.spawn(instance, clients::read(stage.clone(), replica.clone()));
        self.scheduler.spawn(instance, people::command(stage.clone(), replica.clone()));
        for _ in 0..WRITERS {
            self.scheduler.spawn(instance, clients::write(stage.clone(), replica.clone()));
        }
        if self.profile.rough {
            self.scheduler.spawn(instance, people::declare(stage.clone(), replica.clone()));
        }
        if self.profile.room {
            self.scheduler.spawn(instance, people::make_room(stage, replica));
        }
    }

    /// Another instance takes the place of one that is gone.
    fn replace(&mut self, instance: usize) {
        self.replicas[instance] = self.stage.instance();
        self.start(instance);
    }

    fn befall(&mut self, event: Event) {
        let stage = self.stage.clone();
        let world = &stage.world;
        match event {
            Event::Crash => {
                if world.pace.get() == Pace::Drowsy && !world.chance(DROWSY_CRASHES) {
                    return;
                }
                let instance = world.below(INSTANCES as u64) as usize;
                self.scheduler.crash(instance);
                self.replace(instance);
            }
            Event::Blackout => {
                (0..INSTANCES).for_each(|instance| self.scheduler.crash(instance));
                world.calm.set(true);
                block_on(self.list_what_was_acknowledged());
                world.calm.set(false);
                (0..INSTANCES).for_each(|instance| self.replace(instance));
            }
            Event::Outage => world.outage_until_ms.set(world.now_ms.get() + world.below(OUTAGE_MS)),
            Event::Jump => {
                let skew = world.below(2 * JUMP_MS) as i64 - JUMP_MS as i64;
                let skew = if world.chance(400) { 0 } else { skew };
                self.replicas[world.below(INSTANCES as u64) as usize].clock.skew_ms.set(skew);
            }
            Event::Copy if stage.model.borrow().logs().all(|log| world.is_in_order(log)) => {
                self.copy = Some((world.copy(), stage.model.borrow().clone()));
            }
            Event::Copy => {}
            Event::GoBack => {
                let Some((copy, model)) = self.copy.take() else { return };
                self.scheduler.crash_all();
                world.restore(copy);
                stage.model.borrow_mut().go_back(model);
                (0..INSTANCES).for_each(|instance| self.start(instance));
            }
        }
    }

    /// Runs the schedule; gives what cannot be, if anything.
    pub fn run(mut self) -> Option<String> {
        let stage = self.stage.clone();
        for instance in 0..INSTANCES {
            self.replicas.push(stage.instance());
            self.start(instance);
        }
        if self.profile.rough {
            self.scheduler.spawn(INSTANCES, people::visit(stage.clone()));
        }
        // Where nothing breaks, everybody comes to an end as well.
        let end_ms = if self.profile.events.is_empty() { u64::MAX } else { stage.end_ms };
        while self.scheduler.step(&stage.world, end_ms) {
            let mut roll = stage.world.below(100_000);
            for &(event, often) in self.profile.events {
                if roll < often {
                    self.befall(event);
                    break;
                }
                roll -= often;
            }
            if let Some(wrong) = stage.model.borrow_mut().wrong.take() {
                return Some(wrong);
            }
        }
        self.scheduler.stop(&stage.world);
        let unsettled = block_on(self.settle()).err();
        stage.model.borrow_mut().wrong.take().or(unsettled)
    }
}
