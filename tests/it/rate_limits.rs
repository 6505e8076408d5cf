//! How often one may ask, and how often what can be guessed at can be tried.

use std::future::{Ready, ready};
use std::num::{NonZeroU16, NonZeroU32};

use chrono::Duration;
use cohortium_api::config::Limits;
use cohortium_api::network::TrustedProxies;
use cohortium_api::rate_limits::RateLimitArgs;
use cohortium_domain::text::{Email, Slug};
use cohortium_store::Environment;
use cohortium_tests::api::{Answer, Api, Settings};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::json;

on_both_databases! {
    a_caller_is_told_what_is_left_and_when_to_come_again,
    writes_have_a_limit_of_their_own,
    who_has_not_signed_in_is_counted_by_its_network,
    nobody_chooses_by_which_network_it_is_counted,
    five_wrong_passwords_then_one_in_three_minutes,
    of_many_wrong_passwords_at_once_five_are_looked_at,
    twenty_wrong_passwords_an_hour_from_wherever,
    a_hundred_wrong_passwords_in_a_row_and_no_more,
    sign_ins_from_one_network_are_throttled,
    a_session_is_refreshed_thirty_times_a_minute,
}

fn limits(requests: u32, writes: u32, catalog: u32, anonymous: u32) -> Settings {
    let number = |number| NonZeroU32::new(number).unwrap();
    let rates = RateLimitArgs {
        requests_per_minute: number(requests),
        writes_per_minute: number(writes),
        catalog_per_minute: number(catalog),
        anonymous_per_minute: number(anonymous),
        sign_ins_per_minute: NonZeroU16::new(30).unwrap(),
    };
    Limits { rates, ..Limits::default() }.into()
}

fn pass(api: &Api, duration: Duration) {
    api.environment().set(api.environment().now().plus(duration));
}

async fn a_caller_is_told_what_is_left_and_when_to_come_again(database: TestDatabase) {
    let api = Api::start_with(database.url(), limits(3, 3, 100, 100)).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    for left in [2, 1, 0] {
        let answer = mia.get("/v1/me").await;
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=60");
        assert_eq!(answer.header("ratelimit"), format!("\"default\";r={left};t={}", (3 - left) * 20));
        let _ = answer.expect(200);
    }
    let refused = mia.get("/v1/me").await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "20"));
    assert_eq!(refused.header("ratelimit"), "\"default\";r=0;t=60");
    let other = api.sign_in(coalition, mia.person_id()).await;
    assert_eq!(other.get("/v1/me").await.problem(429), "rate_limited", "a second session is the same caller");
    let _ = api.person(coalition, "Eve", &[]).await.get("/v1/me").await.expect(200);
    pass(&api, Duration::seconds(20));
    let _ = mia.get("/v1/me").await.expect(200);
    assert_eq!(mia.get("/v1/people").await.problem(429), "rate_limited", "what is refused anyway is counted too");
}

async fn writes_have_a_limit_of_their_own(database: TestDatabase) {
    let api = Api::start_with(database.url(), limits(100, 2, 100, 100)).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    for name in ["Mia", "Mira"] {
        let _ = mia.patch("/v1/me", json!({"given_name": name})).await.expect(200);
    }
    let before = api.entries(coalition).await;
    let refused = mia.patch("/v1/me", json!({"given_name": "Maya"})).await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "30"));
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(mia.get("/v1/me").await.expect(200)["person"]["given_name"], "Mira");
}

async fn who_has_not_signed_in_is_counted_by_its_network(database: TestDatabase) {
    let api = Api::start_with(database.url(), limits(100, 100, 2, 3)).await;
    api.coalition("dcsc").await;
    let nobody = api.anonymous();
    for _ in 0..2 {
        let _ = nobody.get("/v1/catalog/dcsc").await.expect(200);
    }
    assert_eq!(nobody.get("/v1/catalog/dcsc").await.problem(429), "rate_limited");
    let spoofed = nobody.request(reqwest::Method::GET, "/v1/catalog/dcsc").header("x-forwarded-for", "203.0.113.7");
    assert_eq!(spoofed.send().await.problem(429), "rate_limited", "whatever it says about its address");
    assert_eq!(nobody.get("/v1/me").await.problem(401), "authentication_required");
    assert_eq!(api.bearer("x").get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(nobody.get("/v1/nothing").await.problem(404), "route_not_found");
    assert_eq!(api.bearer("y").get("/v1/me").await.problem(429), "rate_limited", "guesses at tokens are counted");
    for _ in 0..5 {
        let live = nobody.get("/health/live").await;
        assert_eq!((live.status, live.header("ratelimit")), (200, ""), "health is never refused");
    }
}

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.anonymous().post("/v1/auth/login", json!({"coalition": "dcsc", "email": email, "password": password})).await
}

const RIGHT: &str = "a phrase that Mia knows";
const WRONG: &str = "a phrase that Eve guesses";

/// Looks at a password that is another one.
fn wrong() -> Ready<cohortium_store::Result<Option<()>>> {
    ready(Ok(None))
}

async fn with_password(api: &Api) {
    let coalition = api.coalition("dcsc").await;
    let person = api.person(coalition, "Mia", &[]).await.person_id();
    api.set_password(coalition, person, RIGHT).await;
}

async fn nobody_chooses_by_which_network_it_is_counted(database: TestDatabase) {
    let mut settings = limits(100, 100, 2, 100);
    for (proxies, refused) in [("10.0.0.0/8", true), ("127.0.0.0/8", false)] {
        settings.network.proxies = TrustedProxies::new(vec![proxies.parse().unwrap()]);
        let api = Api::start_with(database.url(), settings.clone()).await;
        let mut last = 0;
        for n in 1..=4 {
            let from = format!("203.0.113.{n}");
            let asked =
                api.anonymous().request(Method::GET, "/openapi/v1.json").header("x-forwarded-for", &format!("1.1.1.1, {from}"));
            last = asked.header("x-real-ip", &from).header("forwarded", &format!("for={from}")).send().await.status;
        }
        assert_eq!(last == 429, refused, "only a proxy that is trusted tells whom it saw");
        // What the client itself wrote stands further left, and is not looked at.
        let mut statuses = Vec::new();
        for n in 1..=3 {
            let told = format!("198.51.100.{n}, 203.0.113.77");
            statuses.push(
                api.anonymous().request(Method::GET, "/openapi/v1.json").header("x-forwarded-for", &told).send().await.status,
            );
        }
        assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    }
}

async fn five_wrong_passwords_then_one_in_three_minutes(database: TestDatabase) {
    let api = Api::start(&database).await;
    with_password(&api).await;
    for email in ["mia@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            assert_eq!(login(&api, email, WRONG).await.problem(401), "invalid_credentials");
        }
        let sixth = login(&api, email, WRONG).await;
        assert_eq!((sixth.problem(429), sixth.header("retry-after")), ("rate_limited", "180"), "{email}");
    }
    assert_eq!(login(&api, "MIA@example.org", RIGHT).await.problem(429), "rate_limited", "the right one has to wait too");
    pass(&api, Duration::minutes(3));
    let _ = login(&api, "mia@example.org", RIGHT).await.expect(200);
    for _ in 0..5 {
        assert_eq!(login(&api, "mia@example.org", WRONG).await.problem(401), "invalid_credentials", "it begins anew");
    }
}

async fn of_many_wrong_passwords_at_once_five_are_looked_at(database: TestDatabase) {
    let api = Api::start(&database).await;
    with_password(&api).await;
    let answers = futures_util::future::join_all((0..20).map(|_| login(&api, "mia@example.org", WRONG))).await;
    let told = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((told(401), told(429)), (5, 15));
}

async fn twenty_wrong_passwords_an_hour_from_wherever(database: TestDatabase) {
    let api = Api::start(&database).await;
    with_password(&api).await;
    let (email, coalition) = (Email::new("mia@example.org").unwrap(), Slug::new("dcsc").unwrap());
    for network in 0..20 {
        let throttle = api.ctx().throttles().password(&format!("203.0.113.{network}"), &coalition, &email);
        assert_eq!(throttle.look(api.store(), wrong()).await.unwrap(), None);
    }
    assert_eq!(login(&api, "mia@example.org", RIGHT).await.problem(429), "rate_limited");
    pass(&api, Duration::minutes(3));
    let _ = login(&api, "mia@example.org", RIGHT).await.expect(200);
}

async fn a_hundred_wrong_passwords_in_a_row_and_no_more(database: TestDatabase) {
    let api = Api::start(&database).await;
    with_password(&api).await;
    let (email, coalition) = (Email::new("mia@example.org").unwrap(), Slug::new("dcsc").unwrap());
    let throttle = api.ctx().throttles().password("203.0.113.7", &coalition, &email);
    for _ in 0..100 {
        assert_eq!(throttle.look(api.store(), wrong()).await.unwrap(), None);
        pass(&api, Duration::minutes(3));
    }
    pass(&api, Duration::days(30));
    assert_eq!(login(&api, "mia@example.org", RIGHT).await.problem(429), "rate_limited", "also the right one, a month later");
    throttle.forget(api.store()).await.unwrap();
    let _ = login(&api, "mia@example.org", RIGHT).await.expect(200);
}

async fn sign_ins_from_one_network_are_throttled(database: TestDatabase) {
    let api = Api::start_with(database.url(), limits(1000, 1000, 1000, 1000)).await;
    let coalition = Slug::new("dcsc").unwrap();
    for guest in 0..60 {
        let email = Email::new(&format!("guest{guest}@example.org")).unwrap();
        api.ctx().throttles().password("127.0.0.1", &coalition, &email).look(api.store(), wrong()).await.unwrap();
    }
    let refused = login(&api, "one.more@example.org", WRONG).await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "2"));
}

async fn a_session_is_refreshed_thirty_times_a_minute(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    let mut token = mia.refresh_token().to_owned();
    let refresh = async |token: &str| api.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await;
    for _ in 0..30 {
        let tokens = refresh(&token).await.expect(200);
        token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }
    assert_eq!(refresh(&token).await.problem(429), "rate_limited");
    pass(&api, Duration::seconds(2));
    let _ = refresh(&token).await.expect(200);
}
