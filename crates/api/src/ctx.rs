//! The context: what every request is served with. The only place that reads the clock and makes randomness.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::access::Actor;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use cohortium_store::{ClockHold, Environment, Error, Read, Slot, Store, Tx};
use cohortium_workflow::passwords::Passwords;
use cohortium_workflow::sealing::Sealer;
use cohortium_workflow::throttles::Throttles;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::auth::{Caller, Recognized};
use crate::catalog::Catalog;
use crate::config::Limits;
use crate::cursor::Cursors;
use crate::extract::Conditions;
use crate::files::Files;
use crate::issuers::Issuers;
use crate::metrics::Metrics;
use crate::network::NetworkConfig;
use crate::problem::{Code, Problem};
use crate::rate_limits::RateLimits;
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
    issuers: Issuers,
    recognized: Recognized,
    rate_limits: RateLimits,
    throttles: Throttles,
    passwords: Passwords,
    sealer: Sealer,
    cursors: Cursors,
    catalog: Catalog,
    files: Files,
    network: NetworkConfig,
    metrics: Metrics,
    limits: Limits,
    /// A place for each request that can be worked on at once.
    places: Semaphore,
    /// A place for each body with a file that can be taken in at once.
    uploads: Arc<Semaphore>,
}

impl Ctx {
    /// Of these parts.
    #[must_use]
    pub fn new(
        store: Store,
        tokens: Tokens,
        passwords: Passwords,
        secret: &[u8],
        files: Files,
        network: NetworkConfig,
        limits: Limits,
    ) -> Self {
        let rate_limits = RateLimits::new(limits.rates, store.environment());
        let throttles = Throttles::new(secret, limits.rates.sign_ins_per_minute);
        let issuers = Issuers::new(&network.issuers, store.environment().clone());
        let inner = Inner {
            store,
            tokens,
            issuers,
            recognized: Recognized::default(),
            rate_limits,
            throttles,
            passwords,
            sealer: Sealer::new(secret),
            cursors: Cursors::new(secret),
            catalog: Catalog::default(),
            files,
            network,
            metrics: Metrics::default(),
            limits,
            places: Semaphore::new(limits.requests),
            uploads: Arc::new(Semaphore::new(limits.uploads)),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What a request is served with.
    ///
    /// # Errors
    /// There is nothing: a defect.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let ctx = request.app_data::<web::Data<Self>>().map(|ctx| Self::clone(ctx));
        ctx.ok_or_else(|| Problem::new(Code::InternalError))
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

    /// The outside issuers whose tokens are taken.
    #[must_use]
    pub fn issuers(&self) -> &Issuers {
        &self.inner.issuers
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

    /// What seals secrets.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
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

    /// What keeps files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.inner.files
    }

    /// A place to take in a body with a file, where one is left.
    #[must_use]
    pub fn upload_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.uploads).try_acquire_owned().ok()
    }

    /// Where clients reach the server.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.inner.network.public_url
    }

    /// What is taken from the network.
    #[must_use]
    pub fn network(&self) -> &NetworkConfig {
        &self.inner.network
    }

    /// What is counted for the operator.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What the server takes on.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// How many more requests could be worked on now.
    #[must_use]
    pub fn places_left(&self) -> usize {
        self.inner.places.available_permits()
    }

    /// What time it is: the process's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.store.environment().now()
    }

    /// Works on a request, as one of so many at once, and for so long: the one way to the database.
    ///
    /// Who is still sending a body takes nobody's place: that comes before.
    ///
    /// # Errors
    /// Too many are worked on; it takes too long; what the work says, as this actor is told it.
    pub async fn work<T>(&self, actor: &Actor, work: impl Future<Output = Result<T, Error>>) -> Result<T, Problem> {
        let Ok(_place) = self.inner.places.try_acquire() else {
            return Err(Problem::new(Code::Overloaded).detail("Come again in a moment"));
        };
        match timeout(self.inner.limits.work_time, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Error::NoConnection(said))) => Err(Problem::of(self.store().without_connection(said).await, actor)),
            Ok(Err(error)) => Err(Problem::of(error, actor)),
            Err(_) => Err(Problem::new(Code::Timeout)
                .detail("Whether a write was made is not known: send it again with the same idempotency key")),
        }
    }

    /// Reads, as this caller.
    ///
    /// # Errors
    /// The closure's own.
    pub async fn read(&self, caller: &Caller, work: impl AsyncFnOnce(&Read) -> Result<Reply, Error>) -> Answer {
        self.work(&caller.actor, async { work(&self.store().read(caller.coalition_id).await?).await }).await
    }

    /// A thing of the caller's coalition.
    ///
    /// # Errors
    /// It is not there.
    pub async fn load<T: cohortium_store::Record>(&self, caller: &Caller, id: T::Id) -> Result<T, Problem> {
        self.work(&caller.actor, async { self.store().read(caller.coalition_id).await?.get::<T>(id).await }).await
    }

    /// Whether a write was made before with the same idempotency key: then there is nothing to be looked at before it is told its
    /// answer.
    ///
    /// # Errors
    /// The database's.
    pub async fn repeated(&self, read: &Read, caller: &Caller, conditions: &Conditions) -> Result<bool, Error> {
        match conditions.scope(caller) {
            Some(scope) => read.key_used(scope).await,
            None => Ok(false),
        }
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
        let outcome = self.store().write_holding(hold, caller.coalition_id, caller.origin(), async |tx| {
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
        let written = async {
            match outcome.await {
                Ok(reply) => Ok(Ok(reply)),
                Err(Error::Replay(kept)) => Ok(Reply::replayed(*kept)),
                Err(error) => Err(error),
            }
        };
        // A write is large, and would be once more so in what waits for it.
        self.work(&caller.actor, Box::pin(written)).await?
    }
}

impl FromRequest for Ctx {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
