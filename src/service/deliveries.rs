//! Telling verdicts to webhooks: which attempts are due, and what becomes of them. Whoever sends asks for what is due,
//! sends it, and says how that went; see [`crate::catalogue::deliveries`] for who sends what.

use super::webhooks::origin;
use super::{Service, known_run};
use crate::catalogue::deliveries::{self, CLOCKS_MS, Claim, LEASE_MS, SPAN_MS, Series, Span, State, Tried};
use crate::catalogue::runs;
use crate::catalogue::verdicts::{self, Given};
use crate::catalogue::webhooks::{self, MOST, Webhook, Webhooks};
use crate::ingest::Refusal;
use crate::names::RunId;
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, to_json};
use loadgate_lifecycle::out::{Message, Shape};
use loadgate_lifecycle::webhook::{
    Answered, Destination, HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Next, Secret, next, signature,
};
use serde::Serialize;

/// Spans of the agenda that one call looks at.
const SPANS: u64 = 32;

/// So many spans without entries are passed over at once: each step is a write.
const STEP: u64 = 4;

/// The longest sentence that is kept of why an attempt failed.
const ERROR_CHARACTERS: usize = 300;

/// A request to be sent now, by POST. Redirects are not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The run that is told of.
    pub run: RunId,
    /// The delivery's number within the run.
    pub number: u32,
    /// Gives the claim back.
    pub claim: u64,
    /// Where it goes.
    pub url: String,
    /// Those of its format and of its signature.
    pub headers: Vec<(&'static str, String)>,
    /// What was signed.
    pub body: String,
}

/// What is to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Requests that nobody else sends meanwhile.
    pub attempts: Vec<Attempt>,
    /// Ask again after so many ms; none: nothing is known to come soon.
    pub again_ms: Option<u64>,
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered.
    Status {
        /// Its HTTP status.
        code: u16,
        /// Its header `Retry-After`, in seconds.
        retry_after_s: Option<u64>,
    },
    /// None, and why, in a sentence.
    Nothing(String),
}

/// A series, with what it is made of.
struct Telling {
    number: u32,
    series: Series,
    /// Nothing of it was written yet.
    new: bool,
    /// Where it goes, if there still is a webhook of its name.
    webhook: Option<Webhook>,
}

/// All that is to be told of a run.
struct Tellings {
    webhooks: Webhooks,
    given: Vec<Given>,
    all: Vec<Telling>,
}

impl<S: Store, C: Clock> Service<S, C> {
    /// A verdict is about to be given on a run: somebody is to look at it a little later, whoever dies meanwhile.
    pub(super) async fn expect_deliveries(&self, run: &RunId) -> Result<(), Refusal> {
        match webhooks::of(&self.store, &run.log.test).await {
            Ok(webhooks) if webhooks.all.is_empty() => Ok(()),
            Ok(_) => Ok(deliveries::enter(&self.store, run, self.clock.now_ms() + LEASE_MS).await?),
            Err(error) if error.is_outage() => Err(error.into()),
            // Webhooks that cannot be read keep nobody from judging.
            Err(_) => Ok(()),
        }
    }

    /// Whether this instance knows of something that is due. Asks no store.
    pub fn has_due(&self) -> bool {
        self.outbox.next_in_ms(self.clock.now_ms()) == Some(0)
    }

    /// Claims attempts that are due, so many at the most. Each is to be made at once, and its end told to
    /// [`Service::attempted`].
    ///
    /// # Errors
    ///
    /// What the store refuses.
    pub async fn due(&self, most: usize) -> Result<Due, Refusal> {
        let mut attempts = Vec::new();
        match self.gather(most, &mut attempts).await {
            // What was claimed is sent, whatever becomes of the rest.
            Err(refusal) if attempts.is_empty() => return Err(refusal),
            Ok(()) | Err(_) => {}
        }
        Ok(Due { attempts, again_ms: self.outbox.next_in_ms(self.clock.now_ms()) })
    }

    async fn gather(&self, most: usize, attempts: &mut Vec<Attempt>) -> Result<(), Refusal> {
        while attempts.len() < most
            && let Some(run) = self.outbox.take(self.clock.now_ms())
        {
            if !self.look_at(&run, most, attempts).await? {
                self.outbox.note(self.clock.now_ms(), &run);
            }
        }
        if attempts.len() < most && self.outbox.looks(self.clock.now_ms()) {
            self.look_at_agenda(most, attempts).await?;
        }
        Ok(())
    }

    /// Claims what is due of what the agenda has up to now. Spans that are over are done with then.
    async fn look_at_agenda(&self, most: usize, attempts: &mut Vec<Attempt>) -> Result<(), Refusal> {
        let Some(begin) = deliveries::begin(&self.store).await? else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        let last = (now_ms / SPAN_MS).min(begin + SPANS);
        let mut read: Vec<Span> = Vec::new();
        for number in begin..=last {
            let span = deliveries::span(&self.store, number).await?;
            for run in &span.runs {
                if !self.look_at(run, most, attempts).await? {
                    return Ok(());
                }
            }
            read.push(span);
        }
        // Others, whose clocks are behind, may still enter something into the newest.
        let over = (now_ms.saturating_sub(CLOCKS_MS + LEASE_MS) / SPAN_MS).min(last + 1);
        let any = read.iter().any(|span| span.number < over && !span.runs.is_empty());
        if over >= begin + STEP || (any && over > begin) {
            deliveries::step_on(&self.store, &read, over).await?;
        }
        if last < now_ms / SPAN_MS {
            self.outbox.look_again();
        }
        Ok(())
    }

    /// Claims what is due of a run. False: there is more.
    async fn look_at(&self, run: &RunId, most: usize, attempts: &mut Vec<Attempt>) -> Result<bool, Refusal> {
        let tellings = match self.tellings(run).await {
            Ok(tellings) => tellings,
            Err(Refusal::Unavailable(reason)) => return Err(Refusal::Unavailable(reason)),
            // Erased, or damaged: nothing of it can be told, and it must not keep others from being told.
            Err(_) => return Ok(true),
        };
        let now_ms = self.clock.now_ms();
        for telling in &tellings.all {
            if telling.series.state != State::Pending {
                continue;
            }
            if telling.series.next_ms > now_ms {
                self.outbox.note_if_soon(telling.series.next_ms, run, now_ms);
                continue;
            }
            if attempts.len() >= most {
                return Ok(false);
            }
            attempts.extend(self.begin(run, telling, &tellings).await?);
        }
        Ok(true)
    }

    /// What is to be told of a run's verdicts, and what became of it so far.
    async fn tellings(&self, run: &RunId) -> Result<Tellings, Refusal> {
        let item = runs::require(&self.store, run).await?;
        let given = verdicts::given(&self.store, run).await?;
        let webhooks = webhooks::of(&self.store, &run.log.test).await?;
        let numbers: Vec<u32> = (1..=given.len() as u32 * u32::from(MOST)).collect();
        let mut all = Vec::new();
        for (number, kept) in numbers.iter().zip(deliveries::read(&self.store, run, &numbers).await?) {
            let (place, slot) = ((number - 1) / u32::from(MOST), (number - 1) % u32::from(MOST));
            let given = &given[place as usize];
            let (series, new) = match kept {
                Some(series) => (series, false),
                None => {
                    let webhook = webhooks.all.iter().find(|webhook| u32::from(webhook.slot) == slot);
                    let state = given.verdict()?.state;
                    let wanted = webhook.filter(|webhook| {
                        !webhook.disabled
                            && webhook.since_ms <= given.judged_ms + CLOCKS_MS
                            && (webhook.verdicts.is_empty() || webhook.verdicts.contains(&state))
                    });
                    let Some(webhook) = wanted else { continue };
                    (series(run, item.start, place, given, webhook), true)
                }
            };
            let webhook = webhooks.named(&series.webhook).cloned();
            all.push(Telling { number: *number, series, new, webhook });
        }
        Ok(Tellings { webhooks, given, all })
    }

    /// Claims one attempt and makes its request. `None`: somebody else does, or nothing is to be sent.
    async fn begin(
        &self,
        run: &RunId,
        telling: &Telling,
        tellings: &Tellings,
    ) -> Result<Option<Attempt>, Refusal> {
        let (store, number) = (&self.store, telling.number);
        let mut series = telling.series.clone();
        let end = match &telling.webhook {
            None => Some(State::Removed),
            Some(webhook) => webhook.disabled.then_some(State::Disabled),
        };
        if let Some(state) = end {
            series.state = state;
            deliveries::write(store, run, number, &series).await?;
            return Ok(None);
        }
        let Some(webhook) = &telling.webhook else { return Ok(None) };
        let now_ms = self.clock.now_ms();
        let seen = deliveries::claim(store, run, number).await?;
        if seen.holds(now_ms) {
            return Ok(None);
        }
        // First, so that whoever comes after us finds it if we die from here on.
        deliveries::enter(store, run, now_ms + LEASE_MS).await?;
        let Some(claim) = deliveries::take(store, run, number, seen, now_ms).await? else { return Ok(None) };
        // Between our looks somebody may have made it.
        let kept = deliveries::read(store, run, &[number]).await?.pop().flatten();
        if kept.is_some() == telling.new || kept.is_some_and(|kept| kept != series) {
            deliveries::give_back(store, run, number, claim.number).await?;
            self.outbox.note(now_ms, run);
            return Ok(None);
        }
        match self.attempt(run, &mut series, webhook, tellings, claim).await {
            Ok(attempt) => {
                deliveries::write(store, run, number, &series).await?;
                Ok(Some(Attempt { number, ..attempt }))
            }
            Err(Refusal::Unavailable(reason)) => Err(Refusal::Unavailable(reason)),
            // What cannot be sent is a failed attempt, too.
            Err(refusal) => {
                deliveries::write(store, run, number, &series).await?;
                let answer = Answer::Nothing(refusal.to_string());
                self.attempted(&run.to_string(), number, claim.number, answer).await?;
                Ok(None)
            }
        }
    }

    async fn attempt(
        &self,
        run: &RunId,
        series: &mut Series,
        webhook: &Webhook,
        tellings: &Tellings,
        claim: Claim,
    ) -> Result<Attempt, Refusal> {
        let given = (tellings.given.as_slice(), series.verdict);
        let mut messages = self.messages(run, series.format, &series.id, given, &tellings.webhooks).await?;
        series.messages = messages.len() as u32;
        if series.taken >= series.messages {
            return Err(Refusal::Damaged(format!("message {} of a delivery is gone", series.taken + 1)));
        }
        let message = messages.swap_remove(series.taken as usize);
        Destination::parse(&webhook.url, &self.settings.webhook_hosts)
            .map_err(|error| Refusal::Invalid(error.to_string()))?;
        let secrets = webhook.secrets.iter().map(|text| Secret::parse(text));
        let secrets: Vec<Secret> =
            secrets.collect::<Result<_, _>>().map_err(|error| Refusal::Damaged(error.to_string()))?;
        let mut headers = headers(&message, &secrets, (self.clock.now_ms() / 1000) as i64);
        headers.extend(webhook.authorization.iter().map(|value| ("authorization", value.clone())));
        let url = webhook.url.clone();
        Ok(Attempt { run: run.clone(), number: 0, claim: claim.number, url, headers, body: message.body })
    }

    /// Takes how an attempt went.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where the id is no run's; what the store refuses.
    pub async fn attempted(&self, run: &str, number: u32, claim: u64, answer: Answer) -> Result<(), Refusal> {
        let (store, run) = (&self.store, known_run(run)?);
        let kept = deliveries::read(store, &run, &[number]).await?.pop().flatten();
        // Without one, the run was erased meanwhile.
        let Some(mut series) = kept else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        series.note(tried(&answer, series.taken + 1, now_ms));
        if series.state == State::Pending {
            self.decide(&run, &mut series, &answer, now_ms).await?;
        }
        // What is due now is covered by the entry of the attempt itself.
        if series.state == State::Pending && series.next_ms > now_ms {
            deliveries::enter(store, &run, series.next_ms.max(now_ms + LEASE_MS)).await?;
        }
        deliveries::write(store, &run, number, &series).await?;
        deliveries::give_back(store, &run, number, claim).await?;
        if series.state == State::Pending {
            self.outbox.note_if_soon(series.next_ms, &run, now_ms);
        }
        Ok(())
    }

    async fn decide(
        &self,
        run: &RunId,
        series: &mut Series,
        answer: &Answer,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let answered = match answer {
            Answer::Status { code, retry_after_s } => {
                Answered::Status { code: *code, retry_after_s: *retry_after_s }
            }
            Answer::Nothing(_) => Answered::Nothing,
        };
        series.attempts += 1;
        match next(series.attempts as usize, answered, random(&series.id, series.attempts)) {
            Next::Delivered => {
                series.taken += 1;
                series.attempts = 0;
                series.next_ms = now_ms;
                if series.taken >= series.messages {
                    series.state = State::Delivered;
                }
            }
            Next::Disable => {
                series.state = State::Disabled;
                let webhooks = webhooks::of(&self.store, &run.log.test).await?;
                if let Some(webhook) = webhooks.named(&series.webhook) {
                    webhooks::disable(&self.store, &run.log.test, &webhooks, webhook.slot).await?;
                }
            }
            Next::Retry { after_ms } => series.next_ms = now_ms + after_ms,
            Next::GiveUp => series.state = State::Failed,
        }
        Ok(())
    }

    /// The log of what was told of a run's verdicts.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn deliveries(&self, run: &str) -> Result<String, Refusal> {
        let run = known_run(run)?;
        let tellings = self.tellings(&run).await?.all;
        let now_ms = self.clock.now_ms();
        let pending = tellings.iter().filter(|telling| telling.series.state == State::Pending);
        if let Some(next_ms) = pending.map(|telling| telling.series.next_ms).min() {
            // Of a webhook that was put a moment after the verdict nothing is on the agenda.
            self.outbox.note_if_soon(next_ms, &run, now_ms);
        }
        let shown: Vec<Delivery> = tellings.into_iter().map(Delivery::of).collect();
        Ok(to_json(&shown, Digits::All))
    }

    /// Begins a delivery again, with the same messages and ids.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run or delivery, [`Refusal::Conflict`] where its webhook is gone; what
    /// the store refuses.
    pub async fn replay(&self, run: &str, number: u32) -> Result<(), Refusal> {
        let run = known_run(run)?;
        let tellings = self.tellings(&run).await?;
        let found = tellings.all.into_iter().find(|telling| telling.number == number);
        let Some(Telling { mut series, webhook, .. }) = found else {
            return Err(Refusal::NotFound(format!("{run} has no delivery {number}")));
        };
        let name = &series.webhook;
        match webhook {
            None => return Err(Refusal::Conflict(format!("there is no webhook {name:?} any more"))),
            Some(webhook) if webhook.disabled => {
                return Err(Refusal::Conflict(format!(
                    "the webhook {name:?} is disabled: put it again without `disabled` first"
                )));
            }
            Some(_) => {}
        }
        let now_ms = self.clock.now_ms();
        if deliveries::claim(&self.store, &run, number).await?.holds(now_ms) {
            return Err(Refusal::Conflict(format!("delivery {number} is under way just now")));
        }
        (series.state, series.taken, series.attempts, series.next_ms) = (State::Pending, 0, 0, now_ms);
        deliveries::enter(&self.store, &run, now_ms).await?;
        deliveries::write(&self.store, &run, number, &series).await?;
        self.outbox.note(now_ms, &run);
        Ok(())
    }
}

/// The series that tells a verdict to a webhook. Its id is the same from all instances.
fn series(run: &RunId, start: u64, place: u32, given: &Given, webhook: &Webhook) -> Series {
    let (run, start, place) = (run.to_string(), start.to_string(), place.to_string());
    let id = verdicts::hash(&[&run, &start, &place, &given.basis, &webhook.name]);
    Series {
        webhook: webhook.name.clone(),
        format: webhook.format,
        to: origin(&webhook.url),
        verdict: given.number,
        id: format!("msg_{id}"),
        state: State::Pending,
        messages: 0,
        taken: 0,
        attempts: 0,
        next_ms: given.judged_ms,
        log: Vec::new(),
    }
}

fn headers(message: &Message, secrets: &[Secret], timestamp: i64) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("content-type", message.content_type.to_owned()),
        (HEADER_ID, message.id.clone()),
        (HEADER_TIMESTAMP, timestamp.to_string()),
    ];
    if !secrets.is_empty() {
        let signed = signature(secrets, &message.id, timestamp, message.body.as_bytes());
        headers.push((HEADER_SIGNATURE, signed));
    }
    headers
}

fn tried(answer: &Answer, message: u32, at: u64) -> Tried {
    let (status, error) = match answer {
        Answer::Status { code: code @ 200..=299, .. } => (Some(*code), None),
        Answer::Status { code: code @ 300..=399, .. } => {
            (Some(*code), Some(format!("answered {code}: redirects are not followed")))
        }
        Answer::Status { code: 410, .. } => {
            (Some(410), Some("answered 410: nothing is sent there any more".to_owned()))
        }
        Answer::Status { code, .. } => (Some(*code), Some(format!("answered {code}"))),
        Answer::Nothing(why) => (None, Some(why.chars().take(ERROR_CHARACTERS).collect())),
    };
    Tried { at, message, status, error }
}

/// Spreads delays: another for each message and attempt, and the same from all instances.
fn random(id: &str, attempts: u32) -> u64 {
    let hash = verdicts::hash(&[id, &attempts.to_string()]);
    u64::from_str_radix(&hash[..15], 16).unwrap_or_default()
}

/// A delivery, as its log shows it.
#[derive(Serialize)]
struct Delivery {
    number: u32,
    id: String,
    webhook: String,
    format: Shape,
    to: String,
    verdict: u64,
    state: State,
    /// When the next attempt is due, Unix ms.
    next: Option<u64>,
    /// Messages that it takes, 0 before the first attempt, and those of them that were taken.
    messages: u32,
    taken: u32,
    /// The newest.
    attempts: Vec<Tried>,
}

impl Delivery {
    fn of(telling: Telling) -> Self {
        let Telling { number, series, .. } = telling;
        Delivery {
            number,
            id: series.id,
            webhook: series.webhook,
            format: series.format,
            to: series.to,
            verdict: series.verdict,
            state: series.state,
            next: (series.state == State::Pending).then_some(series.next_ms),
            messages: series.messages,
            taken: series.taken,
            attempts: series.log,
        }
    }
}
