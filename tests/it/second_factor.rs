//! The second factor: enrolled and asked for, good once, and what is withheld without it.

use cohortium_domain::access::Grant;
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::mails::MailKind;
use cohortium_domain::second_factor::{Confirmed, Sealed};
use cohortium_domain::text::SecondFactorCode;
use cohortium_domain::time::Timestamp;
use cohortium_store::Environment;
use cohortium_tests::api::{Answer, Api, ORIGIN, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::sign_ins::{self, Admission};
use serde_json::{Value, json};

on_both_databases! {
    an_app_counts_once_it_is_confirmed,
    a_wrong_code_is_answered_as_a_wrong_password,
    a_code_is_good_for_its_neighbors_and_once,
    a_recovery_code_is_good_once,
    new_recovery_codes_take_the_place_of_the_old,
    after_five_wrong_codes_none_is_taken_for_a_while,
    of_many_sign_ins_with_one_code_one_comes_in,
    of_many_sign_ins_with_one_recovery_code_one_comes_in,
    a_password_is_guessed_at_no_better_with_a_token,
    a_step_up_makes_a_session_fresh_again,
    who_has_a_second_factor_steps_up_with_it,
    a_refresh_keeps_the_second_factor,
    without_a_second_factor_grants_are_withheld,
    who_asks_for_a_second_factor_has_shown_one,
    where_it_is_asked_for_it_stays,
    taking_it_up_and_putting_it_away_ends_all_other_sessions,
    another_app_takes_the_place_of_the_first_once_it_is_confirmed,
    what_cannot_be_opened_is_told_and_recovered,
    a_secret_is_not_kept_with_a_key,
    whatever_happens_to_it_is_mailed,
    an_owner_takes_it_away_from_who_has_lost_it,
}

pub const PASSWORD: &str = "a phrase that only one knows";

/// The code that an app with this secret shows.
pub fn shown_by(secret: &str, at: Timestamp) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at.millis() / 1_000).unwrap()).to_string()
}

/// A person with a password and an app.
pub struct Enrolled<'a> {
    api: &'a Api,
    session: Session<'a>,
    pub email: String,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Enrolled<'_> {
    /// What the app shows so many seconds from now.
    fn code(&self, seconds: i64) -> String {
        shown_by(&self.secret, self.api.environment().now().plus(chrono::Duration::seconds(seconds)))
    }

    async fn login(&self, code: Option<&str>) -> Answer {
        login(self.api, &self.email, PASSWORD, code).await
    }
}

async fn login(api: &Api, email: &str, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({"coalition": "dcsc", "email": email, "password": password});
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    api.anonymous().post("/v1/auth/login", body).await
}

async fn known<'a>(api: &'a Api, coalition: CoalitionId, name: &str, grants: &[Grant]) -> Session<'a> {
    let session = api.person(coalition, name, grants).await;
    api.set_password(coalition, session.person_id(), PASSWORD).await;
    session
}

/// Enrolls an app for whoever is signed in, and confirms it now.
async fn confirm(api: &Api, session: &Session<'_>) -> (String, Vec<String>) {
    let secret = text(&session.act("/v1/me/totp").await.expect(200), "secret").to_owned();
    let code = shown_by(&secret, api.environment().now());
    let confirmed = session.post("/v1/me/totp/confirm", json!({ "code": code })).await.expect(200);
    let codes = confirmed["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

pub async fn enrolled<'a>(api: &'a Api, coalition: CoalitionId, name: &str, grants: &[Grant]) -> Enrolled<'a> {
    let session = known(api, coalition, name, grants).await;
    let (secret, recovery_codes) = confirm(api, &session).await;
    Enrolled { api, session, email: format!("{name}@example.org").to_lowercase(), secret, recovery_codes }
}

async fn mia(api: &Api) -> (CoalitionId, Enrolled<'_>) {
    let coalition = api.coalition("dcsc").await;
    (coalition, enrolled(api, coalition, "Mia", &[]).await)
}

fn pass(api: &Api, seconds: i64) {
    let now = api.environment().now();
    api.environment().set(now.plus(chrono::Duration::seconds(seconds)));
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap()
}

async fn an_app_counts_once_it_is_confirmed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = known(&api, coalition, "Mia", &[]).await;
    assert_eq!(mia.post("/v1/me/totp/confirm", json!({"code": "000000"})).await.problem(409), "not_ready");
    assert_eq!(mia.act("/v1/me/recovery-codes").await.problem(409), "not_ready");
    let told = mia.act("/v1/me/totp").await.expect(200);
    let issuer = "Coalition%20dcsc";
    let uri = format!("otpauth://totp/{issuer}:mia%40example.org?secret={}&issuer={issuer}", text(&told, "secret"));
    assert_eq!(told["otpauth_uri"], uri);
    let before = api.entries(coalition).await;
    let code = shown_by(text(&told, "secret"), api.environment().now());
    let other = if code == "000000" { "000001" } else { "000000" };
    let wrong = mia.post("/v1/me/totp/confirm", json!({ "code": other })).await;
    assert_eq!((wrong.problem(422), wrong.faults()), ("validation_failed", vec![("#/code", "invalid_value")]));
    assert_eq!(mia.post("/v1/me/totp/confirm", json!({"code": "12345x"})).await.problem(422), "validation_failed");
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(mia.get("/v1/me").await.expect(200)["second_factor"]["enrolled"], false);
    let _ = login(&api, "mia@example.org", PASSWORD, None).await.expect(200);

    let confirmed = mia.post("/v1/me/totp/confirm", json!({ "code": code })).await.expect(200);
    assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(api.entries(coalition).await, before + 1);
    let second_factor = json!({"enrolled": true, "required": false, "recovery_codes_left": 10});
    assert_eq!(mia.get("/v1/me").await.expect(200)["second_factor"], second_factor);
    let asked = login(&api, "mia@example.org", PASSWORD, None).await;
    assert_eq!(asked.problem(401), "second_factor_required");
    pass(&api, 30);
    let code = shown_by(text(&told, "secret"), api.environment().now());
    let tokens = login(&api, "mia@example.org", PASSWORD, Some(&code)).await.expect(200);
    let listed = api.bearer(text(&tokens, "access_token")).get("/v1/me/sessions").await.expect(200);
    let current = listed["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    assert_eq!(current["second_factor_at"], current["authenticated_at"]);
}

async fn a_wrong_code_is_answered_as_a_wrong_password(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let same = |answer: Answer| {
        assert_eq!(answer.problem(401), "invalid_credentials");
        let mut body = answer.body;
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    let wrong_code = same(mia.login(Some("ABCD-EFGH-IJKL-MNOP-QRST-UVWX")).await);
    for (password, code) in [("a phrase that Eve guesses", None), ("a phrase that Eve guesses", Some(mia.code(30)))] {
        assert_eq!(same(login(&api, &mia.email, password, code.as_deref()).await), wrong_code);
    }
    let _ = mia.login(Some(&mia.code(30))).await.expect(200);
    assert_eq!(mia.login(Some("12345")).await.problem(422), "validation_failed");
}

async fn a_code_is_good_for_its_neighbors_and_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    assert_eq!(mia.login(Some(&mia.code(0))).await.problem(401), "invalid_credentials", "it was confirmed with that one");
    assert_eq!(mia.login(Some(&mia.code(60))).await.problem(401), "invalid_credentials", "two steps ahead");
    let ahead = mia.code(30);
    let _ = mia.login(Some(&ahead)).await.expect(200);
    assert_eq!(mia.login(Some(&ahead)).await.problem(401), "invalid_credentials", "again");
    pass(&api, 90);
    let behind = mia.code(-30);
    assert_eq!(mia.login(Some(&mia.code(-60))).await.problem(401), "invalid_credentials", "two steps behind");
    let _ = mia.login(Some(&behind)).await.expect(200);
    let _ = mia.login(Some(&mia.code(0))).await.expect(200);
    let before = api.entries(coalition).await;
    assert_eq!(mia.login(Some(&behind)).await.problem(401), "invalid_credentials", "one before it was used");
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_recovery_code_is_good_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let before = api.entries(coalition).await;
    let code = mia.recovery_codes[3].to_lowercase();
    let tokens = mia.login(Some(&code)).await.expect(200);
    assert_eq!(api.entries(coalition).await, before + 1, "the journal tells of it");
    let me = api.bearer(text(&tokens, "access_token")).get("/v1/me").await.expect(200);
    assert_eq!(me["second_factor"]["recovery_codes_left"], 9);
    assert_eq!(mia.login(Some(&code)).await.problem(401), "invalid_credentials");
    let eve = enrolled(&api, coalition, "Eve", &[]).await;
    assert_eq!(eve.login(Some(&mia.recovery_codes[4])).await.problem(401), "invalid_credentials", "somebody else's");
    let _ = mia.login(Some(&mia.recovery_codes[4])).await.expect(200);
}

async fn new_recovery_codes_take_the_place_of_the_old(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let before = api.entries(coalition).await;
    let made = mia.session.act("/v1/me/recovery-codes").await.expect(200);
    assert_eq!((made["recovery_codes"].as_array().unwrap().len(), api.entries(coalition).await), (10, before + 1));
    assert_eq!(mia.login(Some(&mia.recovery_codes[0])).await.problem(401), "invalid_credentials");
    let _ = mia.login(Some(made["recovery_codes"][0].as_str().unwrap())).await.expect(200);
}

async fn after_five_wrong_codes_none_is_taken_for_a_while(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let before = api.entries(coalition).await;
    let unknown = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA";
    for _ in 0..3 {
        assert_eq!(mia.login(Some(unknown)).await.problem(401), "invalid_credentials");
    }
    for _ in 0..2 {
        let stepped = mia.session.post("/v1/auth/step-up", json!({"password": PASSWORD, "code": unknown})).await;
        assert_eq!(stepped.problem(401), "invalid_credentials");
    }
    assert_eq!(api.entries(coalition).await, before + 1, "the journal tells of it");
    for code in [unknown, &mia.code(30), &mia.recovery_codes[0]] {
        let refused = mia.login(Some(code)).await;
        assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "60"));
    }
    let body = json!({"password": PASSWORD, "code": mia.code(30)});
    assert_eq!(mia.session.post("/v1/auth/step-up", body).await.problem(429), "rate_limited");
    pass(&api, 59);
    let refused = mia.login(Some(&mia.code(0))).await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "1"));
    pass(&api, 1);
    assert_eq!(mia.login(Some(unknown)).await.problem(401), "invalid_credentials");
    assert_eq!(mia.login(Some(unknown)).await.header("retry-after"), "120", "twice as long");
    pass(&api, 120);
    let _ = mia.login(Some(&mia.code(0))).await.expect(200);
    assert_eq!(mia.login(Some(unknown)).await.problem(401), "invalid_credentials", "the count begins anew");
    assert_eq!(mia.login(Some(unknown)).await.problem(401), "invalid_credentials");
}

/// How many of twenty come in who show the same code at once.
async fn who_come_in(api: &Api, coalition: CoalitionId, mia: &Enrolled<'_>, code: &str) -> (usize, usize) {
    let (code, person) = (SecondFactorCode::new(code).unwrap(), mia.session.person_id());
    let all = (0..20).map(|_| {
        api.store().write(coalition, ORIGIN, async |tx| {
            sign_ins::sign_in(tx, api.ctx().sealer(), person, Some(&code), None, &api.ctx().tokens().refresh_token()).await
        })
    });
    let came: Vec<_> = futures_util::future::join_all(all).await;
    let granted = came.iter().filter(|answer| matches!(answer, Ok(Admission::Granted(_)))).count();
    (granted, came.iter().filter(|answer| matches!(answer, Ok(Admission::Wrong))).count())
}

async fn of_many_sign_ins_with_one_code_one_comes_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    assert_eq!(who_come_in(&api, coalition, &mia, &mia.code(30)).await, (1, 19));
}

async fn of_many_sign_ins_with_one_recovery_code_one_comes_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let (granted, wrong) = who_come_in(&api, coalition, &mia, &mia.recovery_codes[0]).await;
    assert_eq!((granted, wrong), (1, 5), "the others are not looked at, after five wrong ones");
}

async fn a_password_is_guessed_at_no_better_with_a_token(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = known(&api, coalition, "Mia", &[]).await;
    let guess = json!({"password": "a phrase that Eve guesses"});
    for _ in 0..5 {
        assert_eq!(mia.post("/v1/auth/step-up", guess.clone()).await.problem(401), "invalid_credentials");
    }
    let refused = mia.post("/v1/auth/step-up", json!({"password": PASSWORD})).await;
    assert_eq!((refused.problem(429), refused.header("retry-after")), ("rate_limited", "180"));
    assert_eq!(login(&api, "mia@example.org", PASSWORD, None).await.problem(429), "rate_limited", "the same count");
    pass(&api, 180);
    let _ = mia.post("/v1/auth/step-up", json!({"password": PASSWORD})).await.expect(200);
}

/// The same session, with a token that is good now.
async fn refreshed<'a>(api: &'a Api, session: &Session<'_>) -> Session<'a> {
    let tokens = api.anonymous().post("/v1/auth/refresh", json!({"refresh_token": session.refresh_token()})).await.expect(200);
    api.bearer(text(&tokens, "access_token"))
}

async fn a_step_up_makes_a_session_fresh_again(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = known(&api, coalition, "Mia", &[]).await;
    pass(&api, 899);
    let mia = refreshed(&api, &mia).await;
    let _ = mia.act("/v1/me/totp").await.expect(200);
    pass(&api, 1);
    let stale = mia.act("/v1/me/totp").await;
    assert_eq!(stale.problem(401), "insufficient_user_authentication");
    let challenge = r#"Bearer realm="cohortium", error="insufficient_user_authentication", max_age="900""#;
    assert_eq!(stale.header("www-authenticate"), challenge);
    for action in ["/v1/me/totp", "/v1/me/recovery-codes", "/v1/me/totp/confirm"] {
        assert_eq!(mia.act(action).await.problem(401), "insufficient_user_authentication");
    }
    assert_eq!(mia.delete("/v1/me/totp").await.problem(401), "insufficient_user_authentication");
    let _ = mia.get("/v1/me").await.expect(200);
    let wrong = mia.post("/v1/auth/step-up", json!({"password": "a phrase that Eve guesses"})).await;
    assert_eq!(wrong.problem(401), "invalid_credentials");
    assert_eq!(mia.act("/v1/me/totp").await.problem(401), "insufficient_user_authentication");
    let session = mia.post("/v1/auth/step-up", json!({"password": PASSWORD})).await.expect(200);
    assert_eq!((&session["authenticated_at"], &session["current"]), (&json!(api.environment().now().to_string()), &json!(true)));
    assert_eq!(session.get("second_factor_at"), None);
    let _ = mia.act("/v1/me/totp").await.expect(200);
}

async fn who_has_a_second_factor_steps_up_with_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    pass(&api, 900);
    let session = refreshed(&api, &mia.session).await;
    let asked = session.post("/v1/auth/step-up", json!({"password": PASSWORD})).await;
    assert_eq!(asked.problem(401), "second_factor_required");
    assert_eq!(session.act("/v1/me/recovery-codes").await.problem(401), "insufficient_user_authentication");
    let body = json!({"password": PASSWORD, "code": mia.code(0)});
    let stepped = session.post("/v1/auth/step-up", body.clone()).await.expect(200);
    assert_eq!(stepped["second_factor_at"], json!(api.environment().now().to_string()));
    let _ = session.act("/v1/me/recovery-codes").await.expect(200);
    assert_eq!(session.post("/v1/auth/step-up", body).await.problem(401), "invalid_credentials", "the code was used");
}

async fn a_refresh_keeps_the_second_factor(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let olu = enrolled(&api, coalition, "Olu", &[Grant::Owner]).await;
    let _ = olu.session.patch("/v1/coalition", json!({"second_factor": "required"})).await.expect(200);
    pass(&api, 3_600);
    let session = refreshed(&api, &olu.session).await;
    let _ = session.get("/v1/people").await.expect(200);
}

async fn without_a_second_factor_grants_are_withheld(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let olu = enrolled(&api, coalition, "Olu", &[Grant::Owner]).await;
    let (sam, mia) = (known(&api, coalition, "Sam", &[Grant::Staff]).await, known(&api, coalition, "Mia", &[]).await);
    let _ = sam.get("/v1/people").await.expect(200);
    let _ = olu.session.patch("/v1/coalition", json!({"second_factor": "required"})).await.expect(200);
    let before = api.entries(coalition).await;

    let withheld = sam.get("/v1/people").await;
    assert_eq!(withheld.problem(401), "insufficient_user_authentication");
    assert!(withheld.header("www-authenticate").contains(r#"max_age="900""#));
    assert!(text(&withheld.body, "detail").contains("POST /v1/me/totp"), "{}", withheld.text);
    let organization = json!({"name": "Cedar Hollow", "kind": "charter_school", "state": "DC"});
    assert_eq!(sam.post("/v1/organizations", organization).await.problem(401), "insufficient_user_authentication");
    // What could be one's own, and is not: staff would see it.
    let of_others = format!("/v1/verifications/{}", mia.person_id());
    assert_eq!(sam.get(&of_others).await.problem(401), "insufficient_user_authentication");
    assert_eq!(mia.get(&of_others).await.problem(404), "not_found");
    assert_eq!(sam.get("/v1/journal").await.problem(403), "permission_denied", "no grant of Sam's would help");
    assert_eq!(mia.get("/v1/people").await.problem(403), "permission_denied");
    assert_eq!(api.entries(coalition).await, before, "whoever was refused has changed nothing");

    let me = sam.get("/v1/me").await.expect(200);
    assert_eq!((&me["grants"], &me["withheld_grants"]), (&json!(["staff"]), &json!(["staff"])));
    assert_eq!(me["second_factor"], json!({"enrolled": false, "required": true, "recovery_codes_left": 0}));
    let _ = sam.patch("/v1/me", json!({"given_name": "Samuel"})).await.expect(200);
    assert_eq!(mia.get("/v1/me").await.expect(200)["second_factor"]["required"], false);
    let again = login(&api, "sam@example.org", PASSWORD, None).await.expect(200);
    let again = api.bearer(text(&again, "access_token"));
    assert_eq!(again.get("/v1/people").await.problem(401), "insufficient_user_authentication", "the password alone gives no more");

    let _ = confirm(&api, &again).await;
    let _ = again.get("/v1/people").await.expect(200);
    assert_eq!(again.get("/v1/me").await.expect(200)["withheld_grants"], json!([]));
}

async fn who_asks_for_a_second_factor_has_shown_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let olu = known(&api, coalition, "Olu", &[Grant::Owner]).await;
    assert_eq!(olu.get("/v1/coalition").await.expect(200)["second_factor"], "optional");
    let before = api.entries(coalition).await;
    let required = json!({"second_factor": "required", "name": "Charters"});
    let refused = olu.patch("/v1/coalition", required.clone()).await;
    assert_eq!(refused.problem(409), "not_ready");
    assert!(text(&refused.body, "detail").contains("POST /v1/me/totp"));
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(olu.get("/v1/coalition").await.expect(200)["name"], "Coalition dcsc");
    let _ = confirm(&api, &olu).await;
    let changed = olu.patch("/v1/coalition", required).await.expect(200);
    assert_eq!(changed["second_factor"], "required");
    let _ = olu.get("/v1/people").await.expect(200);
    assert_eq!(olu.patch("/v1/coalition", json!({"second_factor": "optional"})).await.expect(200)["second_factor"], "optional");
}

async fn where_it_is_asked_for_it_stays(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let olu = enrolled(&api, coalition, "Olu", &[Grant::Owner]).await;
    let mia = enrolled(&api, coalition, "Mia", &[]).await;
    let _ = olu.session.patch("/v1/coalition", json!({"second_factor": "required"})).await.expect(200);
    let before = api.entries(coalition).await;
    assert_eq!(olu.session.delete("/v1/me/totp").await.problem(403), "permission_denied");
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(olu.login(None).await.problem(401), "second_factor_required");
    assert_eq!(mia.session.delete("/v1/me/totp").await.status, 204, "nothing is asked of people without grants");
    assert_eq!(api.entries(coalition).await, before + 1);
    assert_eq!(mia.session.delete("/v1/me/totp").await.problem(404), "not_found");
    let _ = mia.login(None).await.expect(200);
}

async fn taking_it_up_and_putting_it_away_ends_all_other_sessions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = known(&api, coalition, "Mia", &[]).await;
    let other = api.sign_in(coalition, mia.person_id()).await;
    let _ = confirm(&api, &mia).await;
    assert_eq!(other.get("/v1/me").await.problem(401), "token_invalid");
    let other = api.sign_in(coalition, mia.person_id()).await;
    assert_eq!(mia.delete("/v1/me/totp").await.status, 204);
    assert_eq!(other.get("/v1/me").await.problem(401), "token_invalid");
    let listed = mia.get("/v1/me/sessions").await.expect(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), listed["items"][0].get("second_factor_at")), (1, None));
}

async fn another_app_takes_the_place_of_the_first_once_it_is_confirmed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let told = mia.session.act("/v1/me/totp").await.expect(200);
    let _ = mia.login(Some(&mia.code(30))).await.expect(200);
    pass(&api, 60);
    let code = shown_by(text(&told, "secret"), api.environment().now());
    let _ = mia.session.post("/v1/me/totp/confirm", json!({ "code": code })).await.expect(200);
    assert_eq!(mia.login(Some(&mia.code(30))).await.problem(401), "invalid_credentials");
    assert_eq!(mia.login(Some(&mia.recovery_codes[0])).await.problem(401), "invalid_credentials");
    let next = shown_by(text(&told, "secret"), api.environment().now().plus(chrono::Duration::seconds(30)));
    let _ = mia.login(Some(&next)).await.expect(200);
}

async fn what_cannot_be_opened_is_told_and_recovered(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let person = mia.session.person_id();
    let damage = async |tx: &mut cohortium_store::Tx| {
        let mut factor = tx.lock_second_factor(person).await?;
        factor.confirmed = factor.confirmed.map(|confirmed| Confirmed { secret: Sealed(vec![7; 48]), ..confirmed });
        tx.save_second_factor(&factor).await
    };
    api.write(coalition, damage).await;
    let told = mia.login(Some(&mia.code(30))).await;
    assert_eq!(told.problem(409), "not_ready");
    let tokens = mia.login(Some(&mia.recovery_codes[0])).await.expect(200);
    let session = api.bearer(text(&tokens, "access_token"));
    let (secret, _) = confirm(&api, &session).await;
    pass(&api, 30);
    let _ = mia.login(Some(&shown_by(&secret, api.environment().now()))).await.expect(200);
}

async fn a_secret_is_not_kept_with_a_key(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = known(&api, coalition, "Mia", &[]).await;
    let ask = || mia.request(reqwest::Method::POST, "/v1/me/totp").header("idempotency-key", "k").send();
    let (first, second) = (ask().await, ask().await);
    assert_eq!(second.header("idempotent-replayed"), "");
    assert_ne!(text(&first.expect(200), "secret"), text(&second.expect(200), "secret"));
}

async fn whatever_happens_to_it_is_mailed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, mia) = mia(&api).await;
    let told = async |kind: MailKind| {
        let mail = api.mail().await;
        assert_eq!((mail.kind, mail.to.as_str()), (kind, "mia@example.org"));
    };
    told(MailKind::SecondFactorEnrolled).await;
    let _ = mia.login(Some(&mia.recovery_codes[0])).await.expect(200);
    told(MailKind::RecoveryCodeUsed).await;
    for _ in 0..5 {
        assert_eq!(mia.login(Some("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")).await.problem(401), "invalid_credentials");
    }
    told(MailKind::SecondFactorBlocked).await;
    let _ = mia.session.act("/v1/me/recovery-codes").await.expect(200);
    told(MailKind::RecoveryCodesMade).await;
    assert_eq!(mia.session.delete("/v1/me/totp").await.status, 204);
    told(MailKind::SecondFactorRemoved).await;
    let _ = mia.session.act("/v1/me/totp").await.expect(200);
    assert_eq!(mia.session.delete("/v1/me/totp").await.status, 204);
    assert!(api.mails().await.is_empty(), "what never counted is nothing to tell");
}

async fn an_owner_takes_it_away_from_who_has_lost_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, mia) = mia(&api).await;
    let owner = enrolled(&api, coalition, "Ada", &[Grant::Owner]).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let _ = api.mails().await;
    let path = |of: &Enrolled<'_>| format!("/v1/people/{}/second-factor", of.session.person_id());
    let before = api.entries(coalition).await;
    assert_eq!(owner.session.delete(&path(&owner)).await.problem(409), "same_person", "a stolen session is not enough");
    assert_eq!(staff.delete(&path(&mia)).await.problem(403), "permission_denied");
    pass(&api, 900);
    let stale = owner.session.post("/v1/auth/refresh", json!({"refresh_token": owner.session.refresh_token()})).await.expect(200);
    let stale = api.bearer(text(&stale, "access_token"));
    assert_eq!(stale.delete(&path(&mia)).await.problem(401), "insufficient_user_authentication");
    assert_eq!((api.entries(coalition).await, mia.login(None).await.status), (before, 401));

    let fresh = owner.login(Some(&owner.code(0))).await.expect(200);
    let fresh = api.bearer(text(&fresh, "access_token"));
    let lost = api.sign_in(coalition, mia.session.person_id()).await;
    assert_eq!(fresh.delete(&path(&mia)).await.status, 204);
    assert_eq!(lost.get("/v1/me").await.problem(401), "token_invalid", "whoever was signed in is not any more");
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::SecondFactorTaken, "mia@example.org"));
    let signed_in = mia.login(None).await.expect(200);
    let me = api.bearer(text(&signed_in, "access_token")).get("/v1/me").await.expect(200);
    assert_eq!((&me["second_factor"]["enrolled"], &me["second_factor"]["recovery_codes_left"]), (&json!(false), &json!(0)));
    assert_eq!(fresh.delete(&path(&mia)).await.problem(404), "not_found", "there is none any more");
}
