//! Deliberate mistakes in the protocol, which the simulation must notice. Compiled for tests only.

/// What to get wrong. Clocks that differ too much and decisions that take effect too late are two
/// more, which need no code.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Clean-up takes `dying` and `hole` along with the records.
    ForgetHoles,
    /// A writer acknowledges without looking whether its ticket is being declared dead.
    AcknowledgeDying,
    /// A reaper declares dead without reading the record again.
    DecideUnread,
    /// A reaper writes its decision however long it took.
    DecideLate,
    /// A folder takes an old record without looking whether it is being declared dead.
    TrustOldRecords,
    /// An event chunk is written before the checkpoint that it names.
    EventsFirst,
    /// Records are deleted before a checkpoint makes them needless.
    DeleteEarly,
    /// "Absent" is believed without looking for a newer chunk.
    BelieveAbsence,
    /// Of a numbered upload that is cut the last piece is stored, under the number of the whole one.
    StoreCutPieces,
    /// Pieces without a sample have no number.
    NumberFullPieces,
    /// Of a numbered upload only the first piece has a number.
    NumberFirstPieces,
    /// Erasing the last run of a log takes the checkpoint that the next is folded from.
    EraseCheckpoint,
    /// Of a deleted value some parts stay.
    ForgetParts,
    /// What an instance knew of a run's newest sample counts as new, however old it is.
    BelieveOldNews,
    /// Whoever declares merges into what it has read, and looks no more.
    DeclareUnread,
    /// No list finds a log before somebody has folded it.
    AnnounceNothing,
    /// What an instance remembers counts more than what the store has.
    TrustMemory,
}

#[cfg(test)]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Fault>> = const { std::cell::Cell::new(None) };
}

#[cfg(test)]
pub(crate) fn is(fault: Fault) -> bool {
    ACTIVE.get() == Some(fault)
}

/// Breaks the protocol on this thread.
#[cfg(test)]
pub(crate) fn set(fault: Option<Fault>) {
    ACTIVE.set(fault);
}

/// Whether the named [`Fault`] is to be committed; never outside of tests.
macro_rules! broken {
    ($fault:ident) => {{
        #[cfg(test)]
        {
            crate::log::fault::is(crate::log::fault::Fault::$fault)
        }
        #[cfg(not(test))]
        {
            false
        }
    }};
}
pub(crate) use broken;
