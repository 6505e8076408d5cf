//! Whether somebody has an account, asked of what the server answers and of how long it takes.
//!
//! What always holds: the answers are the same, header for header and byte for byte. The times are printed, and compared loosely: they are those
//! of a busy machine. A ratio that work left out for the unknown would have is far beyond what is allowed.

use std::time::{Duration, Instant};

use cohortium_domain::access::Actor;
use cohortium_tests::api::{Answer, Api, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::accounts;
use serde_json::{Value, json};

on_both_databases! {
    who_has_an_account_signs_in_as_slowly_as_who_has_none,
    who_has_an_account_registers_as_slowly_as_who_has_none,
    who_has_an_account_forgets_as_slowly_as_who_has_none,
}

/// How often each is asked, by turns.
const PAIRS: usize = 30;
/// By how much one median may be above the other.
const MOST: f64 = 2.0;
/// What a difference must be beyond, to be one: below it, it is the machine's.
const NOISE: Duration = Duration::from_millis(5);

/// All that an answer tells, but for what is each request's own.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
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

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Asks for one whom the server knows and for one whom it does not, by turns; a body is made of an address.
async fn alike(api: &Api, path: &str, body: impl Fn(&str) -> Value) {
    let coalition = api.coalition("dcsc").await;
    let hash = must(api.ctx().passwords().hash("a phrase that they know", [7; 16]).await);
    for pair in 0..=PAIRS {
        let known = api.person(coalition, &named(pair, "known"), &[]).await.person_id();
        api.write(coalition, async |tx| accounts::set_password(tx, &Actor::Operator, known, &hash).await).await;
    }
    let before = api.entries(coalition).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut answers = Vec::new();
    for pair in 0..=PAIRS {
        // Nobody is told to wait: a network may ask again every few minutes.
        api.environment().pass(chrono::Duration::minutes(10));
        // Each address once, and all of the same length: who asks for one again and again is told to wait.
        for (which, name) in ["known", "other"].into_iter().enumerate() {
            let email = format!("{}@example.org", named(pair, name));
            let begun = Instant::now();
            let answer = api.anonymous().post(path, body(&email)).await;
            // The first pair warms up.
            if pair > 0 {
                times[which].push(begun.elapsed());
            }
            answers.push((told(&answer), answer.text.len()));
        }
    }
    let other = answers.iter().find(|answer| **answer != answers[0]);
    assert!(other.is_none(), "{path} answers {:?}, and {other:?}", answers[0]);
    assert_eq!(api.entries(coalition).await, before);
    let [known, unknown] = times.map(median);
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    println!("{path}: known {known:?}, unknown {unknown:?}, ratio {ratio:.3}");
    let apart = known.abs_diff(unknown);
    assert!(apart < NOISE || (1.0 / MOST..MOST).contains(&ratio), "{path}: known {known:?}, unknown {unknown:?}");
}

/// A name for each pair.
fn named(pair: usize, name: &str) -> String {
    format!("{name}{pair:02}")
}

async fn who_has_an_account_signs_in_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    let body = |email: &str| json!({"coalition": "dcsc", "email": email, "password": "a phrase that Eve guesses"});
    alike(&api, "/v1/auth/login", body).await;
}

async fn who_has_an_account_registers_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    let body = |email: &str| json!({"coalition": "dcsc", "email": email, "password": "a rowboat, two figs and tea", "given_name": "Ana", "family_name": "Ruiz"});
    alike(&api, "/v1/auth/register", body).await;
}

async fn who_has_an_account_forgets_as_slowly_as_who_has_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    alike(&api, "/v1/auth/password/forgot", |email| json!({"coalition": "dcsc", "email": email})).await;
}
