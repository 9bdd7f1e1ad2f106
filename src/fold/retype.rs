//! What an ended run comes to by types of metrics that were told after its end.

use crate::declare::Declarations;
use crate::events::Event;
use crate::fold::LogState;
use crate::fold::stream::Draft;

impl LogState {
    /// The ended run with the types of `set`, where these change anything: totals hold all that any type
    /// wants. Its windows stay as they were told, and its thresholds those that it was under. Beside it the
    /// events `metric` that say so, for the stream told others.
    pub(crate) fn retyped(&self, set: &Declarations) -> Option<(Self, Vec<Event>)> {
        let mut state = self.clone();
        let run = state.run.as_mut().filter(|run| !run.live)?;
        let mut told = Declarations {
            metrics: set.metrics.clone(),
            learnt: run.declared.learnt.clone(),
            thresholds: run.declared.thresholds.clone(),
            ..Declarations::default()
        };
        told.learnt.extend(set.learnt.iter().map(|(name, of)| (name.clone(), *of)));
        run.kinds.declare(&told);
        let mut draft = Draft::default();
        run.announce(&mut draft);
        let cut = draft.done.into_iter().flat_map(|chunk| chunk.events);
        let events: Vec<Event> = cut.chain(draft.events).collect();
        (!events.is_empty()).then_some((state, events))
    }
}
