//! One upload on its way into the log: a record is stored whenever there is enough for one, and the
//! receipt says what became of it.

use super::{Outcome, Service, Session};
use crate::ingest::Refusal;
use crate::log::append::Origin;
use crate::log::fault::broken;
use crate::log::{self, declarations};
use crate::names::LogName;
use crate::record::{Body, Sequence, sender};
use crate::store::{Clock, Store};
use std::collections::BTreeSet;

impl Session {
    /// Takes the next bytes of the body, and stores a record whenever there is enough for one.
    ///
    /// # Errors
    ///
    /// What ended the upload; lines before it stay accepted.
    pub async fn push<S: Store, C: Clock>(
        &mut self,
        service: &Service<S, C>,
        mut bytes: &[u8],
    ) -> Result<(), Refusal> {
        if let Some(unnamed) = &mut self.unnamed {
            return unnamed.feed(bytes).map_err(|refusal| self.fail(refusal));
        }
        while !bytes.is_empty() {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            self.upload.set_clock(service.clock.now_ms());
            let pushed = self.upload.push(bytes);
            if self.upload.ready() {
                self.store(service).await;
            }
            match pushed {
                Ok(taken) => bytes = &bytes[taken..],
                Err(refusal) => return Err(self.fail(refusal)),
            }
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// Stores what has come so far, and says which logs have records that are not folded yet. A numbered batch is cut by its
    /// bytes alone, so nothing of it is stored before its time.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub async fn flush<S: Store, C: Clock>(
        &mut self,
        service: &Service<S, C>,
    ) -> Result<BTreeSet<LogName>, Refusal> {
        if self.upload.sequence().is_none() && self.failure.is_none() && self.unnamed.is_none() {
            self.look_around(service).await;
            let flushed = self.upload.flush();
            self.store(service).await;
            if let Err(refusal) = flushed {
                self.fail(refusal);
            }
        }
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(std::mem::take(&mut self.dirty_logs)),
        }
    }

    /// An upload may last as long as the run: it heeds what is declared meanwhile.
    async fn look_around<S: Store, C: Clock>(&mut self, service: &Service<S, C>) {
        let Service { store, cache, .. } = service;
        match declarations::newer(store, &cache.declarations, self.upload.test(), self.declared.as_deref())
            .await
        {
            Ok(Some((hash, set))) => {
                self.upload.adopt(set);
                self.declared = Some(hash);
            }
            Ok(None) => {}
            Err(error) => _ = self.fail(error.into()),
        }
    }

    /// The end of the body, or of the client's patience.
    pub async fn finish<S: Store, C: Clock>(&mut self, service: &Service<S, C>, complete: bool) -> Outcome {
        if let Some(unnamed) = self.unnamed.take() {
            let (request, body) = unnamed.named();
            match service.open_named(request).await {
                Ok(session) => *self = session,
                Err(refusal) => return self.abandon(refusal),
            }
            // Where it fails, the failure is remembered.
            _ = self.push(service, &body).await;
        }
        self.upload.set_clock(service.clock.now_ms());
        if let Err(refusal) = self.upload.finish(complete || broken!(StoreCutPieces)) {
            self.fail(refusal);
        }
        self.store(service).await;
        self.leave(service).await;
        if self.declaration_due {
            let declared = self.declared.clone();
            match service.writer(&self.log).tell(&self.source, declared, Body::Declared).await {
                Ok(_) => _ = self.dirty_logs.insert(self.log.clone()),
                Err(error) => _ = self.fail(error.into()),
            }
        }
        self.outcome()
    }

    /// Stores whose tests are over, behind the last of their samples. Others may still be at it: the fold knows.
    async fn leave<S: Store, C: Clock>(&mut self, service: &Service<S, C>) {
        for (log, applications) in self.upload.take_ended() {
            if self.failure.is_some() {
                return;
            }
            let origin = Origin { source: &self.source, peer: &self.peer };
            // Where it fails, silence ends the run: what was sent counts, and must not be sent again.
            if service.writer(&log).append(origin, None, None, Body::Left { applications }).await.is_ok() {
                self.dirty_logs.insert(log);
            }
        }
    }

    /// The account where nothing more can be done.
    pub fn abandon(&mut self, refusal: Refusal) -> Outcome {
        self.fail(refusal);
        self.outcome()
    }

    /// The first failure is the one that is told.
    fn fail(&mut self, refusal: Refusal) -> Refusal {
        self.failure.get_or_insert(refusal).clone()
    }

    fn outcome(&mut self) -> Outcome {
        let mut written = self.written.iter();
        let run = match (written.next(), written.next()) {
            (Some(log), None) if log.name.is_some() => Some(log.to_string()),
            _ => None,
        };
        Outcome {
            test: self.upload.test().clone(),
            run,
            receipt: self.upload.receipt().clone(),
            dirty_logs: std::mem::take(&mut self.dirty_logs),
            waiting: self.waiting,
            failure: self.failure.clone(),
        }
    }

    /// The number of a record: of its batch, and of the piece that it is of that.
    fn sequence(&self, piece: u32) -> Option<Sequence> {
        let batch = self.upload.sequence()?;
        if broken!(NumberFirstPieces) && piece > 0 {
            return None;
        }
        // In the simulation it is the first piece alone that is ever refused.
        let shifted = broken!(NumberFullPieces) && self.upload.receipt().refused > 0;
        Some(Sequence { batch, piece: piece.saturating_sub(u32::from(shifted)) })
    }

    /// Stores every record that is ready. Once one could not be stored, the rest is not tried: a
    /// failing store or an ended run would only be asked again and again.
    async fn store<S: Store, C: Clock>(&mut self, service: &Service<S, C>) {
        if self.upload.take_started()
            && let Err(error) = log::hello(
                &service.store,
                &service.clock,
                self.upload.test(),
                sender(&self.source, &self.peer),
            )
            .await
        {
            self.fail(error.into());
        }
        if self.upload.take_declared_changed() {
            let Service { store, cache, .. } = service;
            match declarations::declare(
                store,
                &cache.declarations,
                self.upload.test(),
                self.upload.own_declarations(),
            )
            .await
            {
                Ok(hash) => {
                    self.declared = Some(hash);
                    self.declaration_due = true;
                }
                Err(error) => _ = self.fail(error.into()),
            }
        }
        for mut prepared in self.upload.take() {
            if let Some(failure) = &self.failure {
                self.upload.reject(&prepared, &failure.to_string());
                continue;
            }
            let batch = Box::new(std::mem::take(&mut prepared.batch));
            let sequence = self.sequence(prepared.piece);
            let declared = self.declared.clone();
            let origin = Origin { source: &self.source, peer: &self.peer };
            match service.writer(&prepared.log).append(origin, sequence, declared, Body::Data(batch)).await {
                Ok(appended) => {
                    self.waiting = self.waiting.max(appended.waiting);
                    self.declaration_due = false;
                    self.dirty_logs.insert(prepared.log.clone());
                    self.written.insert(prepared.log);
                }
                Err(error) => {
                    self.upload.reject(&prepared, &error.to_string());
                    self.fail(error.into());
                }
            }
        }
    }
}
