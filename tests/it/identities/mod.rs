//! Identities at outside issuers: linked, come in by, and lost; and when an issuer is asked for its keys.

mod forged;
mod provider;

use chrono::Duration;
use cohortium_domain::access::Grant;
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::mails::MailKind;
use cohortium_store::Environment;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::issuer::Issuer;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::second_factor::shown_by;

on_both_databases! {
    who_has_linked_an_identity_comes_in_by_it,
    an_identity_belongs_to_one_person,
    linking_needs_a_fresh_sign_in_here,
    what_shows_no_identity_links_none,
    an_unlinked_identity_lets_nobody_in,
    what_ends_sessions_ends_outside_tokens,
    a_second_factor_at_the_issuer_counts_where_its_token_tells_of_it,
    a_sign_in_at_the_issuer_is_fresh_for_a_quarter_of_an_hour,
    who_has_a_second_factor_here_shows_one_at_the_issuer_too,
    an_address_is_no_identity,
    an_unknown_name_of_a_key_has_the_issuer_asked_once,
    known_keys_are_good_while_the_issuer_is_down,
    a_key_that_is_published_no_more_is_good_no_more,
}

const MINE: &str = "/v1/me/identities";

/// A server that takes an issuer's tokens, and a coalition there.
struct World {
    api: Api,
    issuer: Issuer,
    coalition: CoalitionId,
}

impl World {
    async fn start(database: &TestDatabase) -> Self {
        let issuer = Issuer::start();
        let api = Api::start_with(database.url(), &issuer).await;
        let coalition = api.coalition("dcsc").await;
        Self { api, issuer, coalition }
    }

    /// A person who has linked this subject.
    async fn linked(&self, name: &str, subject: &str, grants: &[Grant]) -> Session<'_> {
        let person = self.api.person(self.coalition, name, grants).await;
        let _ = self.link(&person, subject).await.expect(201);
        let _ = self.api.mails().await;
        person
    }

    async fn link(&self, session: &Session<'_>, subject: &str) -> Answer {
        session.post(MINE, json!({ "access_token": self.token(subject) })).await
    }

    /// A token of the issuer for this subject.
    fn token(&self, subject: &str) -> String {
        self.issuer.token("dcsc", subject, self.api.environment().now())
    }

    /// Whoever comes in by such a token.
    fn outside(&self, subject: &str) -> Session<'_> {
        self.api.bearer(&self.token(subject))
    }

    /// A token for this subject that tells of its sign-in what this has.
    fn token_telling(&self, subject: &str, told: &Value) -> String {
        let mut claims = self.issuer.claims("dcsc", subject, self.api.environment().now());
        claims.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
        self.issuer.sign(&self.issuer.header(), &claims)
    }

    /// Whoever comes in by such a token.
    fn outside_telling(&self, subject: &str, told: &Value) -> Session<'_> {
        self.api.bearer(&self.token_telling(subject, told))
    }

    /// The time, as a token tells it.
    fn seconds(&self) -> i64 {
        self.api.environment().now().millis() / 1_000
    }

    fn pass(&self, time: Duration) {
        self.api.environment().pass(time);
    }
}

async fn status(session: &Session<'_>) -> u16 {
    session.get("/v1/me").await.status
}

async fn who_has_linked_an_identity_comes_in_by_it(database: TestDatabase) {
    let world = World::start(&database).await;
    let ana = world.api.person(world.coalition, "Ana", &[Grant::Staff]).await;
    assert_eq!(world.outside("ana-7").get("/v1/me").await.problem(401), "token_invalid", "nobody has linked it");
    let made = world.link(&ana, "ana-7").await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!((&made["issuer"], &made["subject"]), (&json!(world.issuer.url()), &json!("ana-7")));
    assert_eq!(location, format!("{MINE}/{}", made["id"].as_str().unwrap()));
    assert_eq!(world.api.mail().await.kind, MailKind::IdentityLinked);
    let outside = world.outside("ana-7");
    let me = outside.get("/v1/me").await.expect(200);
    assert_eq!((&me["person"]["id"], &me["grants"]), (&json!(ana.person_id()), &json!(["staff"])));
    let listed = outside.get(MINE).await.expect(200);
    assert_eq!(listed["items"], json!([made]));
    let _ = outside.patch("/v1/me", json!({"given_name": "Anna"})).await.expect(200);
    let told = ana.get("/v1/events").await.expect(200);
    let linked = told["items"].as_array().unwrap().iter().find(|event| event["type"] == "person.identity_linked").unwrap();
    assert!(!linked.to_string().contains("ana-7"), "{linked}");
}

async fn an_identity_belongs_to_one_person(database: TestDatabase) {
    let world = World::start(&database).await;
    let ana = world.linked("Ana", "7", &[]).await;
    let eve = world.api.person(world.coalition, "Eve", &[]).await;
    let before = world.api.entries(world.coalition).await;
    for who in [&eve, &ana] {
        assert_eq!(world.link(who, "7").await.problem(409), "already_exists");
    }
    assert_eq!(world.api.entries(world.coalition).await, before);
    assert!(world.api.mails().await.is_empty());
    let _ = world.link(&ana, "8").await.expect(201);
    let raced = join_all((0..10).map(|_| world.link(&eve, "9"))).await;
    assert_eq!(raced.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(raced.iter().filter(|answer| answer.status != 201).all(|answer| answer.problem(409) == "already_exists"));
    let elsewhere = world.api.coalition("diso").await;
    let bo = world.api.person(elsewhere, "Bo", &[]).await;
    let token = world.issuer.token("diso", "7", world.api.environment().now());
    let _ = bo.post(MINE, json!({ "access_token": token })).await.expect(201);
    let me = world.api.bearer(&token).get("/v1/me").await.expect(200);
    assert_eq!(me["person"]["id"], json!(bo.person_id()), "in another coalition it is another person's");
    let me = world.outside("7").get("/v1/me").await.expect(200);
    assert_eq!(me["person"]["id"], json!(ana.person_id()));
    let listed = eve.get(MINE).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "one's own alone");
}

async fn linking_needs_a_fresh_sign_in_here(database: TestDatabase) {
    let world = World::start(&database).await;
    let ana = world.linked("Ana", "7", &[]).await;
    let listed = ana.get(MINE).await.expect(200);
    let own = format!("{MINE}/{}", listed["items"][0]["id"].as_str().unwrap());
    let before = world.api.entries(world.coalition).await;
    let outside = world.outside("7");
    assert_eq!(world.link(&outside, "8").await.problem(401), "insufficient_user_authentication");
    assert_eq!(outside.delete(&own).await.problem(401), "insufficient_user_authentication");
    world.pass(Duration::minutes(15));
    let ana = world.api.bearer(
        ana.post("/v1/auth/refresh", json!({"refresh_token": ana.refresh_token()})).await.expect(200)["access_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(world.link(&ana, "8").await.problem(401), "insufficient_user_authentication");
    assert_eq!(ana.delete(&own).await.problem(401), "insufficient_user_authentication");
    assert_eq!(world.api.entries(world.coalition).await, before);
}

async fn what_shows_no_identity_links_none(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.api.coalition("diso").await;
    let ana = world.api.person(world.coalition, "Ana", &[]).await;
    let before = world.api.entries(world.coalition).await;
    let now = world.api.environment().now();
    let stranger = Issuer::start();
    let of_another = stranger.token("dcsc", "7", now);
    let expired = world.issuer.token("dcsc", "7", now.plus(Duration::minutes(-11)));
    for (what, token) in [
        ("our own", ana.token().to_owned()),
        ("an issuer's that nobody takes", of_another),
        ("another coalition's", world.issuer.token("diso", "7", now)),
        ("one that ran out", expired),
        ("no token", "7".to_owned()),
    ] {
        let answer = ana.post(MINE, json!({ "access_token": token })).await;
        assert_eq!(answer.problem(422), "validation_failed", "{what}");
        assert_eq!(answer.faults(), [("#/access_token", "token_invalid")], "{what}");
    }
    assert_eq!(stranger.asked(), 0, "nobody asks an address because a token names it");
    assert_eq!(world.api.entries(world.coalition).await, before);
}

async fn an_unlinked_identity_lets_nobody_in(database: TestDatabase) {
    let world = World::start(&database).await;
    let ana = world.linked("Ana", "7", &[]).await;
    let eve = world.linked("Eve", "8", &[]).await;
    let listed = ana.get(MINE).await.expect(200);
    let path = format!("{MINE}/{}", listed["items"][0]["id"].as_str().unwrap());
    let outside = world.outside("7");
    assert_eq!(status(&outside).await, 200);
    let before = world.api.entries(world.coalition).await;
    assert_eq!(eve.delete(&path).await.problem(404), "not_found", "another person's");
    assert_eq!((world.api.entries(world.coalition).await, status(&outside).await), (before, 200));
    assert_eq!(ana.delete(&path).await.status, 204);
    assert_eq!(outside.get("/v1/me").await.problem(401), "token_invalid", "at once");
    assert_eq!(ana.delete(&path).await.problem(404), "not_found");
    let _ = world.link(&eve, "7").await.expect(201);
}

async fn what_ends_sessions_ends_outside_tokens(database: TestDatabase) {
    let world = World::start(&database).await;
    let owner = world.api.person(world.coalition, "Ada", &[Grant::Owner]).await;
    let ana = world.linked("Ana", "7", &[]).await;
    let bo = world.linked("Bo", "8", &[]).await;
    let person = format!("/v1/people/{}", ana.person_id());
    let (others, reason) = (world.outside("8"), json!({"reason": "A device was lost"}));
    // Each ends what was given before, and nothing that is given from the next second on.
    for what in ["suspension", "sessions ended by an owner", "signing out", "signing out everywhere"] {
        let outside = world.outside("7");
        assert_eq!(status(&outside).await, 200, "{what}");
        match what {
            "suspension" => {
                let _ = owner.post(&format!("{person}/suspend"), reason.clone()).await.expect(200);
                world.pass(Duration::seconds(1));
                assert_eq!(world.outside("7").get("/v1/me").await.problem(401), "token_invalid", "nor are new ones good");
                let _ = owner.post(&format!("{person}/reinstate"), reason.clone()).await.expect(200);
            }
            "sessions ended by an owner" => assert_eq!(owner.delete(&format!("{person}/sessions")).await.status, 204),
            "signing out" => assert_eq!(outside.act("/v1/auth/logout").await.status, 204),
            _ => assert_eq!(outside.act("/v1/auth/logout-all").await.status, 204),
        }
        assert_eq!(outside.get("/v1/me").await.problem(401), "token_invalid", "{what}");
        world.pass(Duration::seconds(1));
    }
    assert_eq!(status(&world.outside("7")).await, 200);
    assert_eq!((status(&others).await, status(&bo).await), (200, 200), "nobody else is signed out");
}

async fn a_second_factor_at_the_issuer_counts_where_its_token_tells_of_it(database: TestDatabase) {
    let world = World::start(&database).await;
    let staff = world.linked("Sam", "7", &[Grant::Staff]).await;
    assert_eq!(world.outside("7").get("/v1/people").await.status, 200);
    database.execute("UPDATE coalitions SET second_factor = 'required'").await;
    world.pass(Duration::seconds(2));
    let now = world.seconds();
    for told in [
        json!({}),
        json!({"amr": ["mfa"]}),
        json!({"auth_time": now}),
        json!({"auth_time": now, "amr": ["pwd", "otp"]}),
        json!({"auth_time": now, "amr": "mfa"}),
        json!({"auth_time": "now", "amr": ["mfa"]}),
        json!({"auth_time": null, "amr": ["mfa"], "acr": "mfa"}),
    ] {
        let outside = world.outside_telling("7", &told);
        let refused = outside.get("/v1/people").await;
        assert_eq!(refused.problem(401), "insufficient_user_authentication", "{told}");
        assert!(refused.body["detail"].as_str().unwrap().contains("amr"), "{}", refused.text);
        let me = outside.get("/v1/me").await.expect(200);
        assert_eq!((&me["grants"], &me["withheld_grants"]), (&json!(["staff"]), &json!(["staff"])));
        assert_eq!(me["person"]["id"], json!(staff.person_id()));
    }
    let outside = world.outside_telling("7", &json!({"auth_time": now - 3_600, "amr": ["pwd", "mfa"]}));
    assert_eq!(outside.get("/v1/people").await.status, 200, "however long ago");
    assert_eq!(outside.get("/v1/me").await.expect(200)["withheld_grants"], json!([]));
}

async fn a_sign_in_at_the_issuer_is_fresh_for_a_quarter_of_an_hour(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ada", "7", &[Grant::Owner]).await;
    let mia = world.api.person(world.coalition, "Mia", &[]).await;
    let grant = format!("/v1/people/{}/grants/staff", mia.person_id());
    let give = async |told: Value| world.outside_telling("7", &told).request(Method::PUT, &grant).send().await;
    let signed_in = world.seconds();
    let before = world.api.entries(world.coalition).await;
    for told in [json!({}), json!({"amr": ["mfa"]}), json!({"auth_time": signed_in - 900})] {
        let refused = give(told).await;
        assert_eq!(refused.problem(401), "insufficient_user_authentication");
        assert!(refused.header("www-authenticate").contains(r#"max_age="900""#), "{}", refused.header("www-authenticate"));
        assert!(refused.body["detail"].as_str().unwrap().contains("auth_time"), "{}", refused.text);
    }
    world.pass(Duration::minutes(15));
    assert_eq!(give(json!({"auth_time": signed_in})).await.problem(401), "insufficient_user_authentication");
    let fresh = json!({"auth_time": signed_in + 1});
    let outside = world.outside_telling("7", &fresh);
    for own_way_in in [world.link(&outside, "8").await, outside.act("/v1/me/totp").await] {
        assert_eq!(own_way_in.problem(401), "insufficient_user_authentication", "that needs a sign-in here");
        assert!(own_way_in.body["detail"].as_str().unwrap().contains("POST /v1/auth/login"), "{}", own_way_in.text);
    }
    assert_eq!(world.api.entries(world.coalition).await, before);
    assert_eq!(give(fresh).await.status, 200);
    let later_than_the_token = json!({"auth_time": i64::MAX, "amr": ["mfa"]});
    assert_eq!(give(later_than_the_token).await.status, 200, "it counts as of when that was issued");
}

async fn who_has_a_second_factor_here_shows_one_at_the_issuer_too(database: TestDatabase) {
    let world = World::start(&database).await;
    let ada = world.linked("Ada", "7", &[Grant::Owner]).await;
    let mia = world.api.person(world.coalition, "Mia", &[]).await;
    let grant = format!("/v1/people/{}/grants/staff", mia.person_id());
    let now = world.seconds();
    let give = async |told: Value| world.outside_telling("7", &told).request(Method::PUT, &grant).send().await;
    let secret = ada.act("/v1/me/totp").await.expect(200)["secret"].as_str().unwrap().to_owned();
    assert_eq!(give(json!({"auth_time": now})).await.status, 200, "it is not confirmed");
    let code = shown_by(&secret, world.api.environment().now());
    let _ = ada.post("/v1/me/totp/confirm", json!({ "code": code })).await.expect(200);
    // What was issued before is good for nothing any more.
    world.pass(Duration::seconds(1));
    let before = world.api.entries(world.coalition).await;
    assert_eq!(give(json!({"auth_time": now})).await.problem(401), "insufficient_user_authentication");
    assert_eq!(world.outside_telling("7", &json!({"auth_time": now})).get("/v1/people").await.status, 200);
    assert_eq!(world.api.entries(world.coalition).await, before);
    assert_eq!(give(json!({"auth_time": now, "amr": ["mfa"]})).await.status, 200);
}

async fn an_address_is_no_identity(database: TestDatabase) {
    let world = World::start(&database).await;
    let ana = world.api.person(world.coalition, "Ana", &[]).await;
    let mut claims = world.issuer.claims("dcsc", "mallory", world.api.environment().now());
    claims["email"] = json!("ana@example.org");
    claims["email_verified"] = json!(true);
    let token = world.issuer.sign(&world.issuer.header(), &claims);
    assert_eq!(world.api.bearer(&token).get("/v1/me").await.problem(401), "token_invalid");
    for subject in ["ana@example.org".to_owned(), ana.person_id().to_string()] {
        assert_eq!(world.outside(&subject).get("/v1/me").await.problem(401), "token_invalid", "{subject}");
    }
}

async fn an_unknown_name_of_a_key_has_the_issuer_asked_once(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    assert_eq!(world.issuer.asked(), 1);
    world.pass(Duration::seconds(30));
    let claims = world.issuer.claims("dcsc", "7", world.api.environment().now());
    let mut header = world.issuer.header();
    for batch in 0..20 {
        let tokens: Vec<String> = (0..50)
            .map(|number| {
                header["kid"] = json!(format!("random-{batch}-{number}"));
                world.issuer.sign(&header, &claims)
            })
            .collect();
        let sessions: Vec<Session<'_>> = tokens.iter().map(|token| world.api.bearer(token)).collect();
        let answers = join_all(sessions.iter().map(|session| session.get("/v1/me"))).await;
        assert!(answers.iter().all(|answer| answer.problem(401) == "token_invalid"));
    }
    assert_eq!(world.issuer.asked(), 2, "a thousand tokens");
    assert_eq!(status(&world.outside("7")).await, 200);
}

async fn known_keys_are_good_while_the_issuer_is_down(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    world.issuer.set_down(true);
    for hours in [1, 23] {
        world.pass(Duration::hours(hours) - Duration::minutes(1));
        assert_eq!(status(&world.outside("7")).await, 200, "{hours} hours");
    }
    world.pass(Duration::minutes(2));
    assert_eq!(world.outside("7").get("/v1/me").await.problem(401), "token_invalid", "after a day");
    world.issuer.set_down(false);
    assert_eq!(status(&world.outside("7")).await, 401, "it was asked a moment ago");
    world.pass(Duration::seconds(30));
    assert_eq!(status(&world.outside("7")).await, 200);
}

async fn a_key_that_is_published_no_more_is_good_no_more(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    let (old, now) = (world.outside("7"), world.api.environment().now());
    assert_eq!(status(&old).await, 200);
    let long: Value = {
        let mut claims = world.issuer.claims("dcsc", "7", now);
        claims["exp"] = json!(now.millis() / 1_000 + 86_400);
        claims
    };
    let long = world.api.bearer(&world.issuer.sign(&world.issuer.header(), &long));
    assert_eq!(status(&long).await, 200);
    world.issuer.rotate();
    assert_eq!(status(&world.outside("7")).await, 401, "it was asked a moment ago");
    world.pass(Duration::seconds(30));
    assert_eq!(status(&world.outside("7")).await, 200);
    assert_eq!(long.get("/v1/me").await.problem(401), "token_invalid");
}
