//! A supervisor is asked, and answers.

use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Answer, Api, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::mails::token_in;
use cohortium_tests::on_both_databases;
use cohortium_workflow::jobs;
use serde_json::{Value, json};

use super::Waiting;
use crate::enrolling::state;

on_both_databases! {
    a_supervisors_word_verifies,
    a_supervisors_no_is_told_to_staff,
    a_question_is_answered_once_however_many_answer_at_once,
    a_newer_question_overtakes_an_older_one,
    a_link_ends_and_nobody_asks_without_end,
    only_somebody_else_at_the_school_is_asked,
    what_the_crm_says_verifies,
}

/// Mia's school, with a domain of its own, which is not hers.
async fn asking(api: &Api) -> Waiting<'_> {
    let world = Waiting::new(api).await;
    let school = format!("/v1/organizations/{}", world.stage.other_school);
    let _ = world.stage.staff.patch(&school, json!({"email_domains": ["elmgrove.example"]})).await.expect(200);
    world
}

async fn ask(world: &Waiting<'_>, email: &str) -> Answer {
    world.mia.post(&format!("{}/attestations", world.verification), json!({"supervisor_email": email})).await
}

/// Asks, and gives the address that the mail leads to.
async fn asked(world: &Waiting<'_>, email: &str) -> String {
    let _ = ask(world, email).await.expect(201);
    let mail = world.stage.api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::AttestEmployment, email));
    assert!(!mail.text.contains("Mia"), "nothing that somebody typed: {}", mail.text);
    format!("/v1/attestations/{}", token_in(&mail.text))
}

fn answer(confirms: bool) -> Value {
    json!({"confirms": confirms, "name": "Pat Lee", "title": "Principal"})
}

async fn a_supervisors_word_verifies(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = asking(&api).await;
    let link = asked(&world, "pat@elmgrove.example").await;
    let before = api.entries(world.stage.coalition).await;
    for _ in 0..2 {
        let question = api.anonymous().get(&link).await.expect(200);
        assert_eq!(
            question,
            json!({"coalition_name": "Coalition dcsc", "given_name": "Mia", "family_name": "Tester", "organization_name": "Elm Grove"})
        );
    }
    assert_eq!(api.entries(world.stage.coalition).await, before, "mail servers open links");
    let faults = api.anonymous().post(&link, json!({"confirms": true})).await;
    assert_eq!(faults.faults(), [("#/name", "required")]);
    assert_eq!(api.anonymous().post(&link, answer(true)).await.status, 204);
    let verified = world.read().await;
    assert_eq!(verified["state"], "verified");
    let piece = verified["evidence"].as_array().unwrap().iter().find(|piece| piece["id"] == verified["evidence_id"]).unwrap();
    assert_eq!((&piece["kind"], &piece["strength"]), (&json!("supervisor_attestation"), &json!(3)));
    assert_eq!(verified["attestations"][0]["attester_name"], "Pat Lee");
    let own = world.mia.get(&world.verification).await.expect(200);
    assert_eq!(own["attestations"][0]["state"], "confirmed");
    assert!(own["attestations"][0].get("attester_name").is_none(), "that is for staff");
    assert_eq!(state(&world.mia, &world.application).await, "enrolled");
    assert_eq!(api.anonymous().get(&link).await.problem(404), "not_found", "it is used up");
    assert_eq!(world.verbs().await, ["opened", "attestation_asked", "attestation_answered", "verified"]);
}

async fn a_supervisors_no_is_told_to_staff(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = asking(&api).await;
    let link = asked(&world, "pat@elmgrove.example").await;
    assert_eq!(api.anonymous().post(&link, answer(false)).await.status, 204);
    let queue = world.stage.staff.get("/v1/verifications?state=open").await.expect(200);
    assert_eq!(queue["items"][0]["attestations"][0]["state"], "denied");
    assert_eq!(queue["items"][0]["attestations"][0]["attester_title"], "Principal");
    assert_eq!(world.read().await["evidence"].as_array().unwrap().len(), 1, "a no is no evidence");
}

async fn a_question_is_answered_once_however_many_answer_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = asking(&api).await;
    let link = asked(&world, "pat@elmgrove.example").await;
    let nobody = api.anonymous();
    let answers = futures_util::future::join_all((0..20).map(|at| nobody.post(&link, answer(at % 2 == 0)))).await;
    let told = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((told(204), told(404)), (1, 19), "{:?}", answers.iter().map(|answer| &answer.text).collect::<Vec<_>>());
    assert_eq!(world.verbs().await.iter().filter(|verb| *verb == "attestation_answered").count(), 1);
}

async fn a_newer_question_overtakes_an_older_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = asking(&api).await;
    let first = asked(&world, "pat@elmgrove.example").await;
    let _ = world.stage.staff.post("/v1/clock/advance", json!({"minutes": 1})).await.expect(200);
    let second = asked(&world, "lee@elmgrove.example").await;
    assert_eq!(api.anonymous().get(&first).await.problem(404), "not_found");
    assert_eq!(api.anonymous().post(&first, answer(true)).await.problem(404), "not_found");
    assert_eq!(world.read().await["state"], "open");
    let asked = world.read().await["attestations"].clone();
    assert_eq!((&asked[0]["state"], &asked[1]["state"]), (&json!("superseded"), &json!("asked")));
    let _ = ask(&world, "kim@elmgrove.example").await.expect(201);
    let _ = ask(&world, "pat@elmgrove.example").await.expect(201);
    assert_eq!(api.mail().await.to.as_str(), "pat@elmgrove.example", "who is asked no more is not written to");
    assert_eq!(api.anonymous().post(&second, answer(true)).await.problem(404), "not_found");
    let all = futures_util::future::join_all(["a@elmgrove.example", "b@elmgrove.example"].map(|email| ask(&world, email))).await;
    assert!(all.iter().all(|answer| matches!(answer.status, 201 | 429)), "{all:?}");
    let asked = world.read().await["attestations"].clone();
    assert_eq!(asked.as_array().unwrap().iter().filter(|one| one["state"] == "asked").count(), 1, "one question at a time");
}

async fn a_link_ends_and_nobody_asks_without_end(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = asking(&api).await;
    let link = asked(&world, "pat@elmgrove.example").await;
    for who in ["b", "c", "d", "e"] {
        let _ = ask(&world, &format!("{who}@elmgrove.example")).await.expect(201);
    }
    let before = api.entries(world.stage.coalition).await;
    assert_eq!(ask(&world, "f@elmgrove.example").await.problem(429), "rate_limited");
    assert_eq!(api.entries(world.stage.coalition).await, before);
    let _ = api.mails().await;
    assert_eq!(api.anonymous().get(&link).await.problem(404), "not_found");
    let other = asking_again(&world).await;
    api.environment().pass(chrono::Duration::days(14) + chrono::Duration::minutes(1));
    assert_eq!(api.anonymous().get(&other).await.problem(404), "not_found", "two weeks are over");
    assert_eq!(api.anonymous().post(&other, answer(true)).await.problem(404), "not_found");
    must(jobs::forget_old_mails(api.store()).await);
    assert_eq!(database.number("SELECT count(*) FROM links").await, 0);
}

/// Once more, when that can be.
async fn asking_again(world: &Waiting<'_>) -> String {
    world.stage.api.environment().pass(chrono::Duration::hours(4));
    let mia = world.stage.api.sign_in(world.stage.coalition, world.mia.person_id()).await;
    let asks = json!({"supervisor_email": "again@elmgrove.example"});
    let _ = mia.post(&format!("{}/attestations", world.verification), asks).await.expect(201);
    format!("/v1/attestations/{}", token_in(&world.stage.api.mail().await.text))
}

async fn only_somebody_else_at_the_school_is_asked(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let refused = async |email: &str| {
        let before = api.entries(world.stage.coalition).await;
        assert_eq!(ask(&world, email).await.faults(), [("#/supervisor_email", "invalid_value")], "{email}");
        assert_eq!((api.entries(world.stage.coalition).await, api.mails().await.len()), (before, 0), "{email}");
    };
    refused("pat@elmgrove.example").await;
    let school = format!("/v1/organizations/{}", world.stage.other_school);
    let domains = json!({"email_domains": ["elmgrove.example"]});
    let _ = world.stage.staff.patch(&school, domains).await.expect(200);
    for email in ["pat@cedar.example", "pat@gmail.com", "mia@students.elmgrove.example"] {
        refused(email).await;
    }
    for _ in 0..7 {
        refused("pat@cedar.example").await;
    }
    let _ = ask(&world, "pat@elmgrove.example").await.expect(201);
    let other = world.stage.stranger("Olu").await;
    let asks = json!({"supervisor_email": "pat@elmgrove.example"});
    assert_eq!(other.post(&format!("{}/attestations", world.verification), asks.clone()).await.problem(404), "not_found");
    assert_eq!(
        world.stage.staff.post(&format!("{}/attestations", world.verification), asks).await.problem(403),
        "permission_denied"
    );
}

async fn what_the_crm_says_verifies(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let olu = api.person(world.stage.coalition, "Olu", &[]).await;
    let employment = json!({
        "organization_id": world.stage.other_school, "role": "principal", "level": "school", "starts_on": "2018-08-01"
    });
    let path = format!("/v1/people/{}/employments", olu.person_id());
    let made = world.stage.staff.post(&path, employment).await.expect(201);
    let cohort = world.stage.cohort_of(&world.application).await;
    let (_, sent) = crate::enrolling::applied(&olu, &cohort).await;
    assert_eq!(sent["state"], "enrolled");
    let path = format!("/v1/verifications/{}", sent["verification_id"].as_str().unwrap());
    let read = world.stage.staff.get(&path).await.expect(200);
    let kinds: Vec<&Value> = read["evidence"].as_array().unwrap().iter().map(|piece| &piece["kind"]).collect();
    assert!(kinds.contains(&&json!("crm_match")) && read["state"] == "verified", "{kinds:?}");
    let until = read["valid_until"].clone();
    let _ = world.stage.staff.post("/v1/clock/advance", json!({"days": 10})).await.expect(200);
    let employment = format!("/v1/employments/{}", made["id"].as_str().unwrap());
    let _ = world.stage.staff.patch(&employment, json!({"title": "Head"})).await.expect(200);
    let renewed = world.stage.staff.get(&path).await.expect(200);
    assert!(renewed["valid_until"].as_str() > until.as_str(), "the CRM has said it once more");
}
