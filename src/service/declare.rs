//! What is declared of a test: told to all its live runs at once, and types to the newest ended ones.

use super::{COMMANDS, Service, foreign_test};
use crate::catalogue::{recent, retype};
use crate::declare::Declarations;
use crate::ingest::Refusal;
use crate::log::{declarations, fresh};
use crate::names::{LogName, TestName};
use crate::record::Body;
use crate::store::{Clock, Store};
use loadgate_documents::dashboard::Dashboard;
use std::collections::BTreeSet;

/// Of so many of a test's newest runs the live ones learn at once what is declared; others do with
/// their next upload.
const TOLD: u64 = 256;

/// So many of the newest ended runs take over types that are told after their end.
const RETYPED: usize = 32;

impl<S: Store, C: Clock> Service<S, C> {
    /// Takes k6's options for a test; gives the logs that have news.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where they are not k6's; what the store refuses.
    pub async fn declare(&self, test: &str, options: &[u8]) -> Result<Vec<LogName>, Refusal> {
        let declared =
            Declarations::from_k6_options(options).map_err(|error| Refusal::Invalid(error.to_string()))?;
        self.tell_all(&foreign_test(Some(test))?, &declared).await
    }

    /// Takes what people declare of a test's custom metrics. Its newest ended runs take over the types
    /// that they lacked.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with the place of what is wrong; what the store refuses.
    pub async fn declare_metrics(&self, test: &str, metrics: &[u8]) -> Result<Vec<LogName>, Refusal> {
        let declared =
            Declarations::from_metrics(metrics).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let test = foreign_test(Some(test))?;
        let logs = self.tell_all(&test, &declared).await?;
        let (_, set) = declarations::declared(&self.store, &self.cache.declarations, &test).await?;
        for run in recent::recent(&self.store, &test, TOLD).await?.ended.iter().take(RETYPED) {
            if retype::retype(&self.store, run, &set).await? {
                self.judge_where_judged(run).await?;
            }
        }
        Ok(logs)
    }

    /// Gives a test a dashboard of its own.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with the place of what is wrong; what the store refuses.
    pub async fn set_dashboard(&self, test: &str, document: &[u8]) -> Result<Vec<LogName>, Refusal> {
        let dashboard = Dashboard::parse(document).map_err(|error| Refusal::Invalid(error.to_string()))?;
        self.choose_dashboard(test, Some(&dashboard)).await
    }

    /// Gives a test the default dashboard again.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where the test's name is too long; what the store refuses.
    pub async fn remove_dashboard(&self, test: &str) -> Result<Vec<LogName>, Refusal> {
        self.choose_dashboard(test, None).await
    }

    async fn choose_dashboard(
        &self,
        test: &str,
        dashboard: Option<&Dashboard>,
    ) -> Result<Vec<LogName>, Refusal> {
        let test = foreign_test(Some(test))?;
        let (_, set) = declarations::declared(&self.store, &self.cache.declarations, &test).await?;
        let newer = Declarations { dashboard: set.dashboard.replaced(dashboard), ..Declarations::default() };
        self.tell_all(&test, &newer).await
    }

    /// The dashboard of a test, to be read and changed by people.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub async fn dashboard(&self, test: &str) -> Result<String, Refusal> {
        let test = foreign_test(Some(test))?;
        let (_, set) = declarations::declared(&self.store, &self.cache.declarations, &test).await?;
        Ok(set.dashboard.pretty())
    }

    /// Declares, and tells every log of the test that has a live run by a record of its own. Declarations
    /// alone begin no run.
    pub(super) async fn tell_all(
        &self,
        test: &TestName,
        newer: &Declarations,
    ) -> Result<Vec<LogName>, Refusal> {
        let hash = declarations::declare(&self.store, &self.cache.declarations, test, newer).await?;
        let live = recent::recent(&self.store, test, TOLD).await?.live;
        let mut logs: BTreeSet<LogName> = live.into_iter().map(|run| run.log).collect();
        // A run that was acknowledged a moment ago may not be folded yet.
        logs.extend(fresh::unfolded(&self.store).await?.into_iter().filter(|log| log.test == *test));
        logs.insert(LogName::unnamed(test.clone()));
        for log in &logs {
            self.writer(log).tell(COMMANDS, Some(hash.clone()), Body::Declared).await?;
        }
        Ok(logs.into_iter().collect())
    }
}
