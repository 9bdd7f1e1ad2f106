//! What an ended run comes to by types of metrics that were told after its end.

use crate::declare::Declarations;
use crate::events::Event;
use crate::fold::LogState;
use crate::fold::run::Draft;
use crate::summary;

impl LogState {
    /// State events and summary of the ended run with the types of `set`, where these change anything:
    /// totals hold all that any type wants. The events begin with `metric`, for the stream told others.
    /// Its windows stay as they were told, and its thresholds those that it was under.
    pub(crate) fn retyped(&self, set: &Declarations) -> Option<(Vec<Event>, String)> {
        let mut run = self.run.clone().filter(|run| !run.live)?;
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
        let mut events: Vec<Event> = cut.chain(draft.events).collect();
        if events.is_empty() {
            return None;
        }
        events.extend(summary::state(&run));
        Some((events, summary::summary(&run)))
    }
}
