//! Whether somebody has an account, asked of what the server answers and of how long it takes.
//!
//! What always holds: the answers are the same, header for header and byte for byte. Times are those of a busy machine, so those
//! who are known and those who are not are asked by turns, in several runs; each run gives a ratio of medians, and the median of
//! the ratios counts. What is beyond the bound once is compared anew: work that is left out for the unknown is beyond it each time.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::ids::CoalitionId;
use cohortium_tests::api::{Answer, Api, Settings, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::accounts;
use cohortium_workflow::passwords::HashCost;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases! {
    who_has_an_account_signs_in_as_slowly_as_who_has_none,
    who_has_an_account_registers_as_slowly_as_who_has_none,
    who_has_an_account_forgets_as_slowly_as_who_has_none,
    an_address_that_is_taken_is_asked_for_as_slowly_as_a_free_one,
    a_client_that_is_known_is_refused_as_slowly_as_one_that_is_not,
}

/// How many runs a comparison has.
const RUNS: usize = 5;
/// How often each is asked in a run, by turns: three hundred times in all.
const PAIRS: usize = 60;
/// How often before a comparison begins, to warm up.
const WARM_UP: usize = 5;
/// How often a comparison is made before it counts.
const COMPARISONS: usize = 3;
/// By how much one median may be above the other.
const MOST: f64 = 1.25;
/// What a difference must be beyond, to be one: below it, it is the machine's.
const NOISE: Duration = Duration::from_micros(300);
/// What a hash costs here: enough that one that is left out is far beyond the noise, and little enough that three hundred can be
/// asked.
const HASH_COST: HashCost = HashCost { memory_kib: 2_048, passes: 2 };
/// A phrase that everybody with an account has, and nobody guesses.
const PHRASE: &str = "a phrase that they know";

/// A status, headers and a body.
type Told = (u16, Vec<(String, String)>, Value);

/// All that an answer tells, but for what is each request's own.
fn told(answer: &Answer) -> Told {
    let own = ["date", "x-request-id"];
    // Each worker of the server lists the names of headers in an order of its own.
    let sorted = |value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        let mut parts: Vec<&str> = text.split(", ").collect();
        parts.sort_unstable();
        parts.join(", ")
    };
    let header =
        |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| (name.to_string(), sorted(value.as_bytes()));
    let mut headers: Vec<_> = answer.headers.iter().map(header).filter(|(name, _)| !own.contains(&name.as_str())).collect();
    // How many requests are left is counted down, for everybody alike.
    headers.retain(|(name, _)| !name.starts_with("ratelimit"));
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    (answer.status, headers, body)
}

fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    values[values.len() / 2]
}

/// One of those of whom is asked: of the same length, known or not.
#[derive(Clone, Copy)]
struct Asked {
    pair: usize,
    known: bool,
}

impl Asked {
    fn name(self) -> String {
        format!("{}{:02}", if self.known { "known" } else { "other" }, self.pair)
    }

    fn email(self) -> String {
        format!("{}@example.org", self.name())
    }
}

async fn start(database: &TestDatabase) -> Api {
    Api::start_with(database.url(), Settings { hash_cost: HASH_COST, ..Settings::default() }).await
}

/// Makes those who are known.
async fn crowd(api: &Api) -> CoalitionId {
    let coalition = api.coalition("dcsc").await;
    let hash = must(api.ctx().passwords().hash(PHRASE, [7; 16]).await);
    for pair in 0..PAIRS {
        let known = api.person(coalition, &Asked { pair, known: true }.name(), &[]).await.person_id();
        api.write(coalition, async |tx| accounts::set_password(tx, &Actor::Operator, known, &hash).await).await;
    }
    coalition
}

/// The ratio of how long it takes for the known and for the unknown, in one run, and how far that is apart.
async fn run(api: &Api, ask: &impl AsyncFn(Asked) -> Answer, pairs: usize, told_before: &mut Option<Told>) -> (f64, Duration) {
    let mut times = [Vec::new(), Vec::new()];
    for pair in 0..pairs {
        // Nobody is told to wait: a network, and an address, may ask again after an hour.
        api.environment().pass(chrono::Duration::hours(1));
        for turn in [0, 1] {
            let known = (pair + turn) % 2 == 0;
            let begun = Instant::now();
            let answer = ask(Asked { pair, known }).await;
            times[usize::from(known)].push(begun.elapsed());
            let told = told(&answer);
            assert_eq!(*told_before.get_or_insert_with(|| told.clone()), told, "somebody is answered in another way");
        }
    }
    let [unknown, known] = times.map(median);
    (known.as_secs_f64() / unknown.as_secs_f64(), known.abs_diff(unknown))
}

/// Asks for those whom the server knows and for those whom it does not, by turns.
async fn alike(api: &Api, coalition: CoalitionId, what: &str, ask: impl AsyncFn(Asked) -> Answer) {
    let before = api.entries(coalition).await;
    let (mut answer, mut seen) = (None, Vec::new());
    let _ = run(api, &ask, WARM_UP, &mut answer).await;
    for _ in 0..COMPARISONS {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(run(api, &ask, PAIRS, &mut answer).await);
        }
        let ratio = median(runs.iter().map(|(ratio, _)| *ratio).collect());
        let apart = median(runs.iter().map(|(_, apart)| *apart).collect());
        println!("{what}: ratio {ratio:.3}, {apart:?} apart");
        seen.push((ratio, apart));
        if apart < NOISE || (1.0 / MOST..MOST).contains(&ratio) {
            assert_eq!(api.entries(coalition).await, before);
            return;
        }
    }
    panic!("{what}: it takes longer for some, in each of {COMPARISONS} comparisons: {seen:?}");
}

async fn who_has_an_account_signs_in_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = start(&database).await;
    let coalition = crowd(&api).await;
    alike(&api, coalition, "signing in", async |asked| {
        let body = json!({"coalition": "dcsc", "email": asked.email(), "password": "a phrase that Eve guesses"});
        api.anonymous().post("/v1/auth/login", body).await
    })
    .await;
}

async fn who_has_an_account_registers_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = start(&database).await;
    let coalition = crowd(&api).await;
    alike(&api, coalition, "registering", async |asked| {
        let body = json!({"coalition": "dcsc", "email": asked.email(), "given_name": "Ana", "family_name": "Ruiz"});
        api.anonymous().post("/v1/auth/register", body).await
    })
    .await;
}

async fn who_has_an_account_forgets_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = start(&database).await;
    let coalition = crowd(&api).await;
    alike(&api, coalition, "forgetting", async |asked| {
        api.anonymous().post("/v1/auth/password/forgot", json!({"coalition": "dcsc", "email": asked.email()})).await
    })
    .await;
}

async fn an_address_that_is_taken_is_asked_for_as_slowly_as_a_free_one(database: TestDatabase) {
    let api = start(&database).await;
    let coalition = crowd(&api).await;
    let eve = api.person(coalition, "Eve", &[]).await.person_id();
    api.set_password(coalition, eve, PHRASE).await;
    alike(&api, coalition, "asking for an address", async |asked| {
        // Both have a new session begun, so that neither is signed out meanwhile.
        let session = api.sign_in(coalition, eve).await;
        session.post("/v1/me/email", json!({"current_password": PHRASE, "email": asked.email()})).await
    })
    .await;
}

async fn a_client_that_is_known_is_refused_as_slowly_as_one_that_is_not(database: TestDatabase) {
    let api = start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Ada", &[Grant::Owner]).await;
    let made = owner.post("/v1/api-clients", json!({"name": "CRM", "scopes": ["members:read"]})).await.expect(201);
    let known = made["id"].as_str().unwrap();
    alike(&api, coalition, "a client's token", async |asked| {
        let id = if asked.known { known } else { "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e" };
        let basic = BASE64_STANDARD.encode(format!("{id}:coh_cs_QSBzZWNyZXQgZm9yIHRoZSBleGFtcGxlLCBub3QgZm9y"));
        let call = api.anonymous().request(Method::POST, "/oauth/token").form("grant_type=client_credentials");
        call.header("authorization", &format!("Basic {basic}")).send().await
    })
    .await;
}
