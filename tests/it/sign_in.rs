//! Signing in by password, and the tokens that come of it.

use cohortium_tests::api::{Api, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    a_password_opens_a_session,
    whatever_is_wrong_is_answered_alike,
    a_token_is_good_for_ten_minutes,
    a_token_that_was_touched_is_good_for_nothing,
}

async fn a_password_opens_a_session(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let person = api.person(coalition, "Mia", &[]).await.person_id();
    api.set_password(coalition, person, "a phrase that Mia knows").await;

    let login = json!({"coalition": "dcsc", "email": "MIA@example.org", "password": "a phrase that Mia knows"});
    let grant = api.anonymous().post("/v1/auth/login", login).await.expect(200);
    assert_eq!((&grant["token_type"], &grant["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert!(grant["refresh_token"].as_str().unwrap().starts_with("coh_rt_"));
    let me = api.bearer(grant["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
    assert_eq!(me["person"]["id"], json!(person));
    let keys = api.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let keys = keys.expect(200);
    assert_eq!((&keys["keys"][0]["kty"], keys["keys"][0].get("d")), (&json!("EC"), None), "never the private part");
}

async fn whatever_is_wrong_is_answered_alike(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let person = api.person(coalition, "Mia", &[]).await.person_id();
    api.set_password(coalition, person, "a phrase that Mia knows").await;
    let same = |mut body: Value| {
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    let mut answers = Vec::new();
    for (coalition, email, password) in [
        ("dcsc", "mia@example.org", "a phrase that Eve guesses"),
        ("dcsc", "eve@example.org", "a phrase that Mia knows"),
        ("diso", "mia@example.org", "a phrase that Mia knows"),
    ] {
        let answer =
            api.anonymous().post("/v1/auth/login", json!({"coalition": coalition, "email": email, "password": password})).await;
        assert_eq!(answer.problem(401), "invalid_credentials");
        answers.push(same(answer.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

async fn a_token_is_good_for_ten_minutes(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    // At noon; the leeway is half a minute.
    api.environment().set(at("2019-11-20T12:10:29Z"));
    let _ = mia.get("/v1/me").await.expect(200);
    api.environment().set(at("2019-11-20T12:10:30Z"));
    let late = mia.get("/v1/me").await;
    assert_eq!(late.problem(401), "token_expired");
    assert!(late.header("www-authenticate").contains("error=\"invalid_token\""));
    api.environment().set(at("2019-11-20T11:59:29Z"));
    assert_eq!(mia.get("/v1/me").await.problem(401), "token_invalid", "made in the future");
}

async fn a_token_that_was_touched_is_good_for_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    let token = mia.token().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", parts[1]);
    let truncated = &token[..token.len() - 2];
    for bad in [none.as_str(), truncated, "x", "a.b.c", &format!("{}.{}.{}", parts[0], parts[1], parts[1]), &"x".repeat(9_000)] {
        assert_eq!(api.bearer(bad).get("/v1/me").await.problem(401), "token_invalid", "{bad}");
    }
}
