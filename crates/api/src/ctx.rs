//! The context: what every request is served with. The only place that reads the clock and makes randomness.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use cohortium_store::{ClockHold, Environment, Error, Origin, Read, Slot, Store, Tx};
use cohortium_workflow::passwords::Passwords;
use cohortium_workflow::throttles::Throttles;

use crate::auth::{Caller, Recognized};
use crate::catalog::Catalog;
use crate::config::Origins;
use crate::cursor::Cursors;
use crate::extract::Conditions;
use crate::metrics::Metrics;
use crate::problem::{Code, Problem};
use crate::rate_limits::{RateLimitArgs, RateLimits};
use crate::reply::{Answer, Reply};
use crate::tokens::Tokens;

/// The real clock and randomness.
pub struct System {
    random: SystemRandom,
}

impl Default for System {
    fn default() -> Self {
        Self { random: SystemRandom::new() }
    }
}

impl Environment for System {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if self.random.fill(&mut bytes).is_err() {
            // Going on with bytes that can be guessed would be worse than ending.
            tracing::error!("the system gives no randomness");
            std::process::abort();
        }
        bytes
    }
}

/// A text of 256 bits that nobody can guess.
#[must_use]
pub fn random_text() -> String {
    let system = System::default();
    BASE64_URL_SAFE_NO_PAD.encode([system.random(), system.random()].concat())
}

/// What every request is served with.
#[derive(Clone)]
pub struct Ctx {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    tokens: Tokens,
    recognized: Recognized,
    rate_limits: RateLimits,
    throttles: Throttles,
    passwords: Passwords,
    cursors: Cursors,
    catalog: Catalog,
    public_url: String,
    origins: Origins,
    metrics: Metrics,
}

impl Ctx {
    /// Of these parts. `public_url` is where clients reach the server, without a slash at its end.
    #[must_use]
    pub fn new(
        store: Store,
        tokens: Tokens,
        passwords: Passwords,
        secret: &[u8],
        public_url: String,
        origins: Origins,
        limits: RateLimitArgs,
    ) -> Self {
        let rate_limits = RateLimits::new(limits, store.environment());
        let throttles = Throttles::new(secret, limits.sign_ins_per_minute);
        let inner = Inner {
            store,
            tokens,
            recognized: Recognized::default(),
            rate_limits,
            throttles,
            passwords,
            cursors: Cursors::new(secret),
            catalog: Catalog::default(),
            public_url,
            origins,
            metrics: Metrics::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is remembered.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What makes and checks access tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    /// The tokens that were checked a moment ago.
    #[must_use]
    pub fn recognized(&self) -> &Recognized {
        &self.inner.recognized
    }

    /// How much each caller may ask.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        &self.inner.rate_limits
    }

    /// How often what can be guessed at can be tried.
    #[must_use]
    pub fn throttles(&self) -> &Throttles {
        &self.inner.throttles
    }

    /// What hashes passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// What makes and checks cursors.
    #[must_use]
    pub fn cursors(&self) -> &Cursors {
        &self.inner.cursors
    }

    /// The catalog's memory.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    /// Where clients reach the server.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// Which front ends may call from a browser.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.inner.origins
    }

    /// What is counted for the operator.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What time it is: the process's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.store.environment().now()
    }

    /// Reads, as this caller.
    ///
    /// # Errors
    /// The closure's own.
    pub async fn read(&self, caller: &Caller, work: impl AsyncFnOnce(&Read) -> Result<Reply, Error>) -> Answer {
        let seen = async || -> Result<Reply, Error> { work(&self.store().read(caller.coalition_id).await?).await };
        seen().await.map_err(|error| Problem::of(error, &caller.actor))
    }

    /// A thing of the caller's coalition.
    ///
    /// # Errors
    /// It is not there.
    pub async fn load<T: cohortium_store::Record>(&self, caller: &Caller, id: T::Id) -> Result<T, Problem> {
        let found = async || self.store().read(caller.coalition_id).await?.get::<T>(id).await;
        found().await.map_err(|error| Problem::of(error, &caller.actor))
    }

    /// Writes, as this caller: once, however often the same request is sent with the same idempotency key.
    ///
    /// # Errors
    /// The closure's own, with nothing changed.
    pub async fn write(
        &self,
        caller: &Caller,
        conditions: &Conditions,
        work: impl AsyncFn(&mut Tx) -> Result<Reply, Error>,
    ) -> Answer {
        self.write_holding(ClockHold::Still, caller, conditions, work).await
    }

    /// The same, saying how the coalition's clock is held.
    ///
    /// # Errors
    /// As [`Ctx::write`].
    pub async fn write_holding(
        &self,
        hold: ClockHold,
        caller: &Caller,
        conditions: &Conditions,
        work: impl AsyncFn(&mut Tx) -> Result<Reply, Error>,
    ) -> Answer {
        let origin = Origin { door: "http", request_id: Some(caller.request_id) };
        let outcome = self.store().write_holding(hold, caller.coalition_id, origin, async |tx| {
            let Some(scope) = conditions.scope(caller) else { return work(tx).await };
            match tx.claim_key(scope, conditions.fingerprint).await? {
                Slot::New => {
                    let reply = work(tx).await?;
                    tx.keep_answer(scope, &reply.keep()).await?;
                    Ok(reply)
                }
                Slot::Kept(kept) => {
                    // Who may not do it any more is told so, rather than what came of it when it still might.
                    if let Err(Error::Refused(refusal @ (Refusal::Hidden(_) | Refusal::Forbidden(_)))) = work(tx).await {
                        return Err(refusal.into());
                    }
                    // What `work` did just now is rolled back with the transaction.
                    Err(Error::Replay(Box::new(kept)))
                }
            }
        });
        match outcome.await {
            Ok(reply) => Ok(reply),
            Err(Error::Replay(kept)) => Reply::replayed(*kept),
            Err(error) => Err(Problem::of(error, &caller.actor)),
        }
    }
}

impl FromRequest for Ctx {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ctx = request.app_data::<web::Data<Ctx>>().map(|ctx| Self::clone(ctx));
        ready(ctx.ok_or_else(|| Problem::new(Code::InternalError)))
    }
}
