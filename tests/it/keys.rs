//! The keys that sign, changed while requests go on.

use chrono::Duration;
use cohortium_domain::ids::{CoalitionId, PersonId};
use cohortium_tests::api::{Api, Session, at, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;

on_both_databases! {
    a_rotation_refuses_no_token,
    copies_that_see_a_new_key_at_different_times_take_each_others_tokens,
    a_token_of_a_key_that_is_gone_is_refused,
    the_public_keys_are_published_ahead_and_without_their_private_parts,
}

const NOON: &str = "2019-11-20T12:00:00Z";

/// The name of the key that signed a token.
fn kid(session: &Session<'_>) -> String {
    use base64::Engine;
    let header = session.token().split('.').next().unwrap();
    let header = must(base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header));
    must(serde_json::from_slice::<serde_json::Value>(&header))["kid"].as_str().unwrap().to_owned()
}

/// Moves the clock, and lets a server look at its keys as its job does.
fn arrive(api: &Api, instant: &str) {
    api.environment().set(at(instant));
    api.ctx().tokens().keys().follow();
}

async fn member(api: &Api) -> (CoalitionId, PersonId) {
    let coalition = api.coalition("dcsc").await;
    (coalition, api.person(coalition, "Mia", &[]).await.person_id())
}

async fn a_rotation_refuses_no_token(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = member(&api).await;
    let rotated = api.key_folder().rotate(at(NOON), Duration::hours(24)).unwrap();
    let mut tokens: Vec<(&str, Session<'_>)> = Vec::new();
    let mut kids = Vec::new();
    // Before it, while the next key waits, as it begins, and until the key before it is over.
    for instant in [
        "2019-11-20T12:00:01Z",
        "2019-11-21T11:55:00Z",
        "2019-11-21T11:59:59Z",
        "2019-11-21T12:00:00Z",
        "2019-11-21T12:00:01Z",
        "2019-11-21T12:10:20Z",
        "2019-11-21T13:10:29Z",
        "2019-11-21T13:10:30Z",
    ] {
        arrive(&api, instant);
        tokens.push((instant, api.sign_in(coalition, mia).await));
        kids.push(kid(&tokens.last().unwrap().1));
        // Ten minutes are the life of a token; whatever is younger passes, whichever key signed it.
        tokens.retain(|(made, _)| at(made).plus(Duration::minutes(10)) > at(instant));
        let asked = (0..8).flat_map(|_| tokens.iter().map(|(_, session)| session.get("/v1/me")));
        for answer in join_all(asked).await {
            assert_eq!(answer.status, 200, "{instant}: {}", answer.text);
        }
    }
    let (before, after) = kids.split_at(3);
    assert!(before.iter().all(|kid| *kid != rotated.kid), "a key signs only when it was said");
    assert!(after.iter().all(|kid| *kid == rotated.kid));
}

async fn copies_that_see_a_new_key_at_different_times_take_each_others_tokens(database: TestDatabase) {
    let early = Api::start(&database).await;
    let late = early.start_beside(&database).await;
    let (coalition, mia) = member(&early).await;
    early.key_folder().rotate(at(NOON), Duration::hours(1)).unwrap();
    // The one sees the next key at once; the other sees nothing until the very moment at which it signs.
    for (instant, late_sees) in [
        ("2019-11-20T12:00:05Z", false),
        ("2019-11-20T12:59:59Z", false),
        ("2019-11-20T13:00:00Z", true),
        ("2019-11-20T13:05:00Z", true),
    ] {
        arrive(&early, instant);
        if late_sees {
            late.ctx().tokens().keys().follow();
        }
        let (of_early, of_late) = (early.sign_in(coalition, mia).await, late.sign_in(coalition, mia).await);
        for (copy, session) in [(&early, &of_late), (&late, &of_early)] {
            assert_eq!(copy.bearer(session.token()).get("/v1/me").await.status, 200, "{instant}");
        }
    }
    // Even one that has missed the change altogether is still believed for an hour.
    let blind = late.start_beside(&database).await;
    blind.key_folder().rotate(at("2019-11-20T13:05:00Z"), Duration::minutes(10)).unwrap();
    arrive(&early, "2019-11-20T14:14:00Z");
    let of_blind = blind.sign_in(coalition, mia).await;
    assert_eq!(early.bearer(of_blind.token()).get("/v1/me").await.status, 200);
}

async fn a_token_of_a_key_that_is_gone_is_refused(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = member(&api).await;
    let old = api.sign_in(coalition, mia).await;
    // Somebody found the key: it is replaced at once, and its file removed.
    let leaked = kid(&old);
    let rotated = api.key_folder().rotate(at(NOON), Duration::zero()).unwrap();
    api.ctx().tokens().keys().follow();
    assert_eq!(old.get("/v1/me").await.status, 200, "a rotation alone refuses nothing");
    let of_leaked = |name: &str| name.contains(&leaked);
    for file in std::fs::read_dir(api.key_folder().path()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(of_leaked) {
            std::fs::remove_file(path).unwrap();
        }
    }
    api.ctx().tokens().keys().follow();
    assert_eq!(old.get("/v1/me").await.problem(401), "token_invalid");
    let new = api.sign_in(coalition, mia).await;
    assert_eq!((kid(&new), new.get("/v1/me").await.status), (rotated.kid, 200));
}

async fn the_public_keys_are_published_ahead_and_without_their_private_parts(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = member(&api).await;
    let first = kid(&api.sign_in(coalition, mia).await);
    let published = async || {
        let answer = api.anonymous().get("/.well-known/jwks.json").await;
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        let keys = answer.expect(200)["keys"].as_array().unwrap().clone();
        for key in &keys {
            let mut names: Vec<&String> = key.as_object().unwrap().keys().collect();
            names.sort();
            assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"], "never a private member");
        }
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(published().await, std::slice::from_ref(&first));
    let next = api.key_folder().rotate(at(NOON), Duration::hours(24)).unwrap().kid;
    api.ctx().tokens().keys().follow();
    assert_eq!(published().await, [next.clone(), first.clone()]);
    arrive(&api, "2019-11-21T13:10:29Z");
    assert_eq!(published().await, [next.clone(), first.clone()]);
    arrive(&api, "2019-11-21T13:10:30Z");
    assert_eq!(published().await, std::slice::from_ref(&next), "the key before it is over");
    let again = api.key_folder().rotate(at("2019-11-21T13:10:30Z"), Duration::hours(24)).unwrap();
    assert_eq!(again.removed, [first]);
    api.ctx().tokens().keys().follow();
    assert_eq!(published().await, [again.kid, next]);
}
