//! Rate limits: how many requests a caller, or a network that has not signed in, may send a minute to this copy of the server.
//!
//! Each answer tells how many are left (draft-ietf-httpapi-ratelimit-headers). What always holds: health is never refused, and
//! whoever is refused is told when to come again. Left out on purpose: what can be guessed at, which all copies throttle together
//! (`workflow::throttles`).

use std::future::{Ready, ready};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use clap::Args;
use cohortium_domain::access::Action;
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::time::Timestamp;
use cohortium_store::Environment;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use crate::auth::Caller;
use crate::problem::{Code, Problem};

const WINDOW_SECONDS: u32 = 60;
/// Every how many requests those are forgotten who have not come for a while.
const SWEEP: u32 = 4_096;
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many requests a minute.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitArgs {
    /// Requests a minute of one caller who has signed in.
    #[arg(long, env = "COHORTIUM_REQUESTS_PER_MINUTE", default_value_t = Self::default().requests_per_minute, value_name = "N")]
    pub requests_per_minute: NonZeroU32,
    /// Writes a minute of one caller, among its requests.
    #[arg(long, env = "COHORTIUM_WRITES_PER_MINUTE", default_value_t = Self::default().writes_per_minute, value_name = "N")]
    pub writes_per_minute: NonZeroU32,
    /// Requests a minute to the catalog, and to what else everybody may read, from one network.
    #[arg(long, env = "COHORTIUM_CATALOG_PER_MINUTE", default_value_t = Self::default().catalog_per_minute, value_name = "N")]
    pub catalog_per_minute: NonZeroU32,
    /// Other requests a minute without a good token from one network, behind which a whole school may stand.
    #[arg(long, env = "COHORTIUM_ANONYMOUS_PER_MINUTE", default_value_t = Self::default().anonymous_per_minute, value_name = "N")]
    pub anonymous_per_minute: NonZeroU32,
    /// Sign-ins a minute from one network, after twice as many at once; all copies of the server count them together.
    #[arg(long, env = "COHORTIUM_SIGN_INS_PER_MINUTE", default_value_t = Self::default().sign_ins_per_minute, value_name = "N")]
    pub sign_ins_per_minute: NonZeroU16,
}

impl Default for RateLimitArgs {
    fn default() -> Self {
        let number = |number: u32| NonZeroU32::MIN.saturating_add(number - 1);
        Self {
            requests_per_minute: number(600),
            writes_per_minute: number(120),
            catalog_per_minute: number(1_200),
            anonymous_per_minute: number(60),
            sign_ins_per_minute: NonZeroU16::MIN.saturating_add(29),
        }
    }
}

impl RateLimitArgs {
    /// The same limit for everything.
    #[must_use]
    pub fn all(per_minute: NonZeroU16) -> Self {
        let sign_ins_per_minute = per_minute;
        let per_minute = per_minute.into();
        Self {
            sign_ins_per_minute,
            requests_per_minute: per_minute,
            writes_per_minute: per_minute,
            catalog_per_minute: per_minute,
            anonymous_per_minute: per_minute,
        }
    }
}

/// The network of a client: its address, or what of an IPv6 address a household is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRequest for Network {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// As the gate left it.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().copied().ok_or_else(|| Problem::new(Code::InternalError)))
    }
}

/// Who is counted as one caller, with whatever token.
type Counted = (CoalitionId, &'static str, Option<Uuid>);

/// The limits, and who has used how much of them.
pub struct RateLimits {
    catalog: Limit<Network>,
    anonymous: Limit<Network>,
    callers: Limit<Counted>,
    writes: Limit<Counted>,
}

/// What is left of a limit, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    policy: &'static str,
    quota: u32,
    requests: u32,
}

impl RateLimits {
    /// With these limits.
    #[must_use]
    pub fn new(args: RateLimitArgs, environment: &Arc<dyn Environment>) -> Self {
        Self {
            catalog: Limit::new("catalog", args.catalog_per_minute, environment),
            anonymous: Limit::new("anonymous", args.anonymous_per_minute, environment),
            callers: Limit::new("default", args.requests_per_minute, environment),
            writes: Limit::new("writes", args.writes_per_minute, environment),
        }
    }

    /// Counts a request of somebody who has not signed in; nothing for health, which is never counted.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn anonymous(&self, network: Network, action: Option<Action>, read: bool) -> Result<Option<Left>, Limited> {
        match action {
            Some(Action::GetLiveness | Action::GetReadiness | Action::GetVersion) => Ok(None),
            Some(action) if action.public() && read => self.catalog.count(&network).map(Some),
            Some(_) | None => self.anonymous.count(&network).map(Some),
        }
    }

    /// Counts a caller's request.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn caller(&self, caller: &Caller, read: bool) -> Result<Left, Limited> {
        let (kind, id) = caller.actor.identity();
        let counted = (caller.coalition_id, kind, id);
        let left = self.callers.count(&counted)?;
        if read {
            return Ok(left);
        }
        self.writes.count(&counted)
    }
}

/// A request that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Nothing is left.
    pub left: Left,
    wait_seconds: i64,
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        let Left { policy, quota, .. } = limited.left;
        Self::new(Code::RateLimited)
            .detail(format!("At most {quota} requests a minute ({policy}): slow down"))
            .retry_after(limited.wait_seconds)
    }
}

impl Left {
    /// Tells it in the headers of an answer.
    pub fn tell(self, headers: &mut HeaderMap) {
        let Self { policy, quota, requests } = self;
        let until_full = u64::from(quota - requests.min(quota)) * u64::from(WINDOW_SECONDS);
        let seconds = until_full.div_ceil(u64::from(quota));
        let values = [
            (POLICY, format!("\"{policy}\";q={quota};w={WINDOW_SECONDS}")),
            (LIMIT, format!("\"{policy}\";r={requests};t={seconds}")),
        ];
        for (name, value) in values {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

type Buckets<K> = RateLimiter<K, HashMapStateStore<K>, Elapsed, StateInformationMiddleware>;

/// One limit, for each of those who are counted by it.
struct Limit<K: Hash + Eq + Clone> {
    policy: &'static str,
    quota: u32,
    buckets: Buckets<K>,
    clock: Elapsed,
    counted: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(policy: &'static str, per_minute: NonZeroU32, environment: &Arc<dyn Environment>) -> Self {
        let clock = Elapsed::new(environment);
        let buckets: Buckets<K> = RateLimiter::new(Quota::per_minute(per_minute), HashMapStateStore::default(), clock.clone());
        Self { policy, quota: per_minute.get(), buckets, clock, counted: AtomicU32::new(0) }
    }

    fn count(&self, who: &K) -> Result<Left, Limited> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.buckets.retain_recent();
        }
        let left = |requests| Left { policy: self.policy, quota: self.quota, requests };
        match self.buckets.check_key(who) {
            Ok(state) => Ok(left(state.remaining_burst_capacity())),
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now()).as_millis().div_ceil(1_000);
                Err(Limited { left: left(0), wait_seconds: i64::try_from(wait).unwrap_or(i64::MAX).max(1) })
            }
        }
    }
}

/// How long the process has run by its clock. When that is set back, time goes on from there.
#[derive(Clone)]
struct Elapsed {
    environment: Arc<dyn Environment>,
    /// When it was last asked, and how long it had been then.
    last: Arc<Mutex<(Timestamp, Duration)>>,
}

impl Elapsed {
    fn new(environment: &Arc<dyn Environment>) -> Self {
        let last = Arc::new(Mutex::new((environment.now(), Duration::ZERO)));
        Self { environment: environment.clone(), last }
    }
}

impl Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let now = self.environment.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.millis().saturating_sub(last.0.millis());
        *last = (now, last.1 + Duration::from_millis(u64::try_from(passed).unwrap_or_default()));
        last.1
    }
}
