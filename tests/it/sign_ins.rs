//! Signing in by password, the tokens that come of it, and going out again.

use cohortium_domain::access::Grant;
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::mails::MailKind;
use cohortium_store::Environment;
use cohortium_tests::api::{Answer, Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    a_password_opens_a_session,
    whatever_is_wrong_is_answered_alike,
    a_token_is_good_for_ten_minutes,
    a_token_that_was_touched_is_good_for_nothing,
    a_refresh_token_is_good_once,
    a_refresh_token_shown_twice_ends_the_session,
    a_refresh_whose_answer_was_lost_can_be_sent_again,
    of_many_refreshes_at_once_one_line_lives,
    a_session_ends_at_its_time_and_sooner_for_people_with_grants,
    signing_out_ends_one_session_or_all,
    a_person_sees_and_ends_its_own_sessions,
    a_new_grant_counts_at_once,
    old_sessions_are_forgotten,
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

async fn refresh(api: &Api, token: &str) -> Answer {
    api.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await
}

fn text<'a>(tokens: &'a Value, member: &str) -> &'a str {
    tokens[member].as_str().unwrap()
}

async fn mia(api: &Api) -> (CoalitionId, Session<'_>) {
    let coalition = api.coalition("dcsc").await;
    (coalition, api.person(coalition, "Mia", &[]).await)
}

async fn a_refresh_token_is_good_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let next = refresh(&api, mia.refresh_token()).await.expect(200);
    assert_ne!(text(&next, "refresh_token"), mia.refresh_token());
    let _ = api.bearer(text(&next, "access_token")).get("/v1/me").await.expect(200);
    let _ = mia.get("/v1/me").await.expect(200);
    let third = refresh(&api, text(&next, "refresh_token")).await.expect(200);
    assert_eq!(third["session_id"], next["session_id"]);
    for nonsense in ["coh_rt_", "x", &"y".repeat(200)] {
        assert_eq!(refresh(&api, nonsense).await.problem(401), "token_invalid");
    }
    assert_eq!(api.anonymous().post("/v1/auth/refresh", json!({})).await.problem(422), "validation_failed");
}

async fn a_refresh_token_shown_twice_ends_the_session(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let next = refresh(&api, mia.refresh_token()).await.expect(200);
    let _ = api.bearer(text(&next, "access_token")).get("/v1/me").await.expect(200);
    let before = api.entries(coalition).await;
    let again = refresh(&api, mia.refresh_token()).await;
    assert_eq!(again.problem(401), "refresh_token_reused");
    assert_eq!(api.entries(coalition).await, before + 1, "the journal tells of it");
    for token in [mia.token(), text(&next, "access_token")] {
        assert_eq!(api.bearer(token).get("/v1/me").await.problem(401), "token_invalid", "the whole session has ended");
    }
    assert_eq!(refresh(&api, text(&next, "refresh_token")).await.problem(401), "token_invalid");
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::RefreshTokenReused, "mia@example.org"), "told once");
}

async fn a_refresh_whose_answer_was_lost_can_be_sent_again(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let start = api.environment().now();
    let lost = refresh(&api, mia.refresh_token()).await.expect(200);
    api.environment().set(start.plus(chrono::Duration::seconds(5)));
    let again = refresh(&api, mia.refresh_token()).await.expect(200);
    assert_eq!(api.bearer(text(&lost, "access_token")).get("/v1/me").await.problem(401), "token_invalid");
    api.environment().set(start.plus(chrono::Duration::seconds(30)));
    let late = refresh(&api, mia.refresh_token()).await;
    assert_eq!(late.problem(401), "refresh_token_reused", "half a minute after the first");
    assert_eq!(refresh(&api, text(&again, "refresh_token")).await.problem(401), "token_invalid");
}

async fn of_many_refreshes_at_once_one_line_lives(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let answers = futures_util::future::join_all((0..20).map(|_| refresh(&api, mia.refresh_token()))).await;
    let given: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200)).collect();
    let mut living = 0;
    for tokens in &given {
        living += u32::from(api.bearer(text(tokens, "access_token")).get("/v1/me").await.status == 200);
    }
    assert_eq!(living, 1);
}

async fn a_session_ends_at_its_time_and_sooner_for_people_with_grants(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    api.environment().set(at("2019-11-21T00:00:00Z"));
    assert_eq!(refresh(&api, staff.refresh_token()).await.problem(401), "token_invalid", "after twelve hours");
    api.environment().set(at("2019-11-27T11:59:59Z"));
    let tokens = refresh(&api, mia.refresh_token()).await.expect(200);
    api.environment().set(at("2019-12-04T11:59:59Z"));
    assert_eq!(refresh(&api, text(&tokens, "refresh_token")).await.problem(401), "token_invalid", "idle for a week");
}

async fn signing_out_ends_one_session_or_all(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, first) = mia(&api).await;
    let second = api.sign_in(coalition, first.person_id()).await;
    let third = api.sign_in(coalition, first.person_id()).await;
    let out = first.act("/v1/auth/logout").await;
    assert_eq!((out.status, out.text.as_str()), (204, ""));
    assert_eq!(first.get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(refresh(&api, first.refresh_token()).await.problem(401), "token_invalid");
    let _ = second.get("/v1/me").await.expect(200);
    assert_eq!(second.act("/v1/auth/logout-all").await.status, 204);
    for ended in [second, third] {
        assert_eq!(ended.get("/v1/me").await.problem(401), "token_invalid");
    }
}

async fn a_person_sees_and_ends_its_own_sessions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let other = api.sign_in(coalition, mia.person_id()).await;
    let eve = api.person(coalition, "Eve", &[]).await;
    let listed = mia.get("/v1/me/sessions").await.expect(200);
    let ids: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|session| text(session, "id")).collect();
    assert_eq!(ids.len(), 2, "those of others are not there: {listed}");
    let current = listed["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let its_other = ids.iter().find(|id| **id != text(current, "id")).unwrap();
    let path = format!("/v1/me/sessions/{its_other}");
    assert_eq!(eve.delete(&path).await.problem(404), "not_found");
    let _ = other.get("/v1/me").await.expect(200);
    assert_eq!(mia.delete(&path).await.status, 204);
    assert_eq!(other.get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(mia.delete(&path).await.problem(404), "not_found", "it has ended");
    assert_eq!(mia.get("/v1/me/sessions").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

async fn a_new_grant_counts_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    assert_eq!(mia.get("/v1/people").await.problem(403), "permission_denied");
    let grant = async |tx: &mut cohortium_store::Tx| tx.grant(mia.person_id(), Grant::Staff).await;
    api.write(coalition, grant).await;
    let _ = mia.get("/v1/people").await.expect(200);
}

async fn old_sessions_are_forgotten(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let hash = cohortium_workflow::sign_ins::token_hash(mia.refresh_token());
    // It ends after thirty days at the latest, and is kept for thirty more.
    for (instant, known) in [("2020-01-19T12:00:00Z", true), ("2020-01-19T12:00:01Z", false)] {
        api.environment().set(at(instant));
        cohortium_workflow::jobs::forget_old_sign_ins(api.store()).await.unwrap();
        assert_eq!(api.store().system().session_of(&hash).await.unwrap().is_some(), known, "{instant}");
    }
}
