//! The product under seeded schedules: many writers, readers, folders, reapers and people interleaved at every
//! store operation, while instances die, the store fails or goes back, and clocks are set.
//!
//! A schedule is of one of six profiles ([`profile`]), which say what comes together. At its end everything is
//! held against a naive model ([`model`]) and a fold of all records at once ([`refold`]). Every deliberate
//! mistake ([`super::fault`]) must be noticed.
//!
//! `LOADGATE_SEED=n` runs one schedule of every profile alone; `LOADGATE_SCHEDULES=n` runs so many of each.

mod alike;
mod clients;
mod ending;
mod model;
mod people;
mod profile;
mod refold;
mod restored;
mod schedule;
mod uploads;
pub(super) mod world;

use super::fault::{self, Fault};
use profile::{CLOCKS, Conditions, KEPT, PROTOCOL, Profile, ROOM, ROUGH, TIDY, WENT_BACK};
use schedule::Simulation;
use world::Pace;

/// Of the protocol alone, where a mistake shows itself seldom.
const SCHEDULES: u64 = 150;
/// A condition that does not hold shows itself the least.
const RARE: u64 = 300;
/// Of each other profile, whose schedules do more.
const FEW: u64 = 8;

/// The first of these seeds that goes wrong, and how.
fn first_wrong(mut seeds: impl Iterator<Item = u64>, profile: Profile) -> Option<(u64, String)> {
    seeds.find_map(|seed| Simulation::new(seed, profile).run().map(|wrong| (seed, wrong)))
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn nothing_goes_wrong(profile: Profile, schedules: u64) {
    if let Some(seed) = from_environment("LOADGATE_SEED") {
        assert_eq!(Simulation::new(seed, profile).run(), None);
        return;
    }
    let schedules = from_environment("LOADGATE_SCHEDULES").unwrap_or(schedules);
    // On two threads, so that it takes no longer than the mistakes below.
    let wrong = std::thread::scope(|scope| {
        let odd = scope.spawn(|| first_wrong((1..=schedules).step_by(2), profile));
        let even = first_wrong((2..=schedules).step_by(2), profile);
        even.into_iter().chain(odd.join().expect("no schedule panics")).min()
    });
    if let Some((seed, wrong)) = wrong {
        panic!("LOADGATE_SEED={seed}: {wrong}");
    }
}

#[test]
fn no_schedule_loses_doubles_or_changes_anything() {
    nothing_goes_wrong(PROTOCOL, SCHEDULES);
}

#[test]
fn a_failing_store_and_uploads_that_are_cut_lose_nothing() {
    nothing_goes_wrong(ROUGH, FEW);
}

#[test]
fn runs_that_are_deleted_go_whole_and_alone() {
    nothing_goes_wrong(ROOM, FEW);
}

#[test]
fn of_erased_runs_nothing_is_left_over() {
    nothing_goes_wrong(TIDY, FEW);
}

#[test]
fn clocks_that_are_set_lose_nothing() {
    nothing_goes_wrong(CLOCKS, FEW);
}

#[test]
fn a_store_that_went_back_loses_what_came_since_and_nothing_else() {
    nothing_goes_wrong(WENT_BACK, FEW);
}

/// Each deliberate mistake is noticed within as many schedules as must pass without it.
fn is_caught_within(mistake: Fault, profile: Profile, schedules: u64) {
    fault::set(Some(mistake));
    let caught = first_wrong(1..=schedules, profile);
    fault::set(None);
    let (seed, wrong) = caught.unwrap_or_else(|| panic!("{mistake:?} went unnoticed"));
    println!("{mistake:?} is caught by seed {seed}: {wrong}");
}

fn is_caught(mistake: Fault) {
    is_caught_within(mistake, PROTOCOL, SCHEDULES);
}

#[test]
fn forgetting_decisions_is_caught() {
    is_caught(Fault::ForgetHoles);
}

#[test]
fn acknowledging_a_dying_ticket_is_caught() {
    is_caught(Fault::AcknowledgeDying);
}

#[test]
fn deciding_without_reading_again_is_caught() {
    is_caught(Fault::DecideUnread);
}

#[test]
fn trusting_old_records_is_caught() {
    is_caught(Fault::TrustOldRecords);
}

#[test]
fn writing_events_first_is_caught() {
    is_caught(Fault::EventsFirst);
}

#[test]
fn deleting_early_is_caught() {
    is_caught(Fault::DeleteEarly);
}

#[test]
fn believing_absence_is_caught() {
    is_caught(Fault::BelieveAbsence);
}

#[test]
fn deciding_beyond_the_deadline_is_caught() {
    is_caught(Fault::DecideLate);
}

#[test]
fn storing_cut_pieces_is_caught() {
    is_caught_within(Fault::StoreCutPieces, ROUGH, FEW);
}

#[test]
fn numbering_only_pieces_that_have_something_is_caught() {
    is_caught_within(Fault::NumberFullPieces, ROUGH, FEW);
}

#[test]
fn numbering_only_first_pieces_is_caught() {
    is_caught_within(Fault::NumberFirstPieces, ROUGH, FEW);
}

#[test]
fn erasing_the_checkpoint_of_the_next_run_is_caught() {
    is_caught_within(Fault::EraseCheckpoint, ROOM, FEW);
}

#[test]
fn leaving_parts_behind_is_caught() {
    is_caught_within(Fault::ForgetParts, TIDY, FEW);
}

#[test]
fn taking_old_news_for_new_is_caught() {
    is_caught_within(Fault::BelieveOldNews, ROUGH, FEW);
}

#[test]
fn declaring_without_a_second_look_is_caught() {
    is_caught_within(Fault::DeclareUnread, ROUGH, FEW);
}

#[test]
fn announcing_no_log_before_it_is_folded_is_caught() {
    is_caught_within(Fault::AnnounceNothing, ROUGH, FEW);
}

#[test]
fn trusting_memory_over_a_store_that_went_back_is_caught() {
    is_caught_within(Fault::TrustMemory, WENT_BACK, FEW);
}

/// So is each condition that does not hold.
fn is_caught_under(conditions: Conditions, pace: Option<Pace>) {
    let profile = Profile { conditions, pace, ..PROTOCOL };
    let (seed, wrong) = first_wrong(1..=RARE, profile).expect("nobody notices");
    println!("it is caught by seed {seed}: {wrong}");
}

#[test]
fn clocks_that_differ_too_much_are_caught() {
    is_caught_under(Conditions { skew_ms: 60_000, ..KEPT }, None);
}

#[test]
fn decisions_that_take_effect_too_late_are_caught() {
    // Where reapers sleep it shows itself the soonest.
    is_caught_under(Conditions { decision_ms: 800_000, ..KEPT }, Some(Pace::Drowsy));
}
