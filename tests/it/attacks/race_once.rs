//! What can be had once, asked for twenty times at the same instant: one has it, and all others are told why they do not.
//!
//! Who is told to come again because the machine is busy comes again, until nobody is. What is raced for elsewhere is left out:
//! keys of requests (`conventions`), links (`accounts`), refresh tokens (`sign_ins`), codes (`second_factor`), the release of
//! proposals, offerings, sessions and stipends.

use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, cohort};
use crate::programs::{dcsc, planned};

on_both_databases! {
    of_twenty_people_with_one_address_or_external_id_there_is_one,
    of_twenty_organizations_or_employments_with_one_external_id_there_is_one,
    of_twenty_programs_or_cohorts_with_one_slug_there_is_one,
    of_twenty_applications_to_one_cohort_one_is_open,
    of_twenty_additions_of_one_person_one_is_enrolled,
    the_last_seat_is_given_once_whoever_gives_it,
    what_is_submitted_or_confirmed_twenty_times_is_once,
    what_is_published_twenty_times_is_once,
    of_twenty_who_reset_a_password_by_one_link_one_does,
}

const RACERS: usize = 20;

/// Sends it, again where the machine is too busy for it.
async fn insist(send: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = send().await;
        if answer.status != 503 {
            return answer;
        }
        assert!(["overloaded", "timeout"].contains(&answer.problem(503)), "{}", answer.text);
    }
}

/// Sends all at once, and asserts that one succeeds and that the others are told this; gives what that one was told.
async fn once(what: &str, refusal: (u16, &str), send: impl AsyncFn(usize) -> Answer) -> Answer {
    let racers = (0..RACERS).map(|number| {
        let send = &send;
        async move { insist(async || send(number).await).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(racers).await.into_iter().partition(|answer| answer.status / 100 == 2);
    assert_eq!(won.len(), 1, "{what}: {:?}", won.iter().map(|answer| &answer.text).collect::<Vec<_>>());
    for answer in &lost {
        assert_eq!((answer.status, answer.problem(refusal.0)), refusal, "{what}");
    }
    won.into_iter().next().unwrap()
}

async fn make(who: &Session<'_>, what: &str, path: &str, refusal: &str, body: impl Fn(usize) -> Value) -> Answer {
    once(what, (409, refusal), async |number| who.post(path, body(number)).await).await
}

async fn of_twenty_people_with_one_address_or_external_id_there_is_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let before = stage.entries().await;
    let person = |email: String| json!({"given_name": "A", "family_name": "B", "email": email});
    // The case of an address does not matter.
    let address = |number: usize| person(if number.is_multiple_of(2) { "ana@example.org" } else { "ANA@Example.org" }.to_owned());
    make(&stage.staff, "an address", "/v1/people", "already_exists", address).await;
    let external = |number: usize| {
        let mut body = person(format!("p{number}@example.org"));
        body["external_id"] = json!("crm-1");
        body
    };
    make(&stage.staff, "a person's external id", "/v1/people", "external_id_conflict", external).await;
    assert_eq!(stage.entries().await, before + 2);
}

async fn of_twenty_organizations_or_employments_with_one_external_id_there_is_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let organization =
        |number: usize| json!({"name": format!("O{number}"), "kind": "school", "state": "DC", "external_id": "crm-1"});
    make(&stage.staff, "an organization's external id", "/v1/organizations", "external_id_conflict", organization).await;
    let mut lists = Vec::new();
    for number in 0..RACERS {
        let person = api.person(stage.coalition, &format!("P{number}"), &[]).await;
        lists.push(format!("/v1/people/{}/employments", person.person_id()));
    }
    let before = stage.entries().await;
    let employment = json!({
        "organization_id": stage.school, "role": "principal", "level": "school", "starts_on": "2018-08-01", "external_id": "crm-1"
    });
    let send = async |number: usize| stage.staff.post(&lists[number], employment.clone()).await;
    once("an employment's external id", (409, "external_id_conflict"), send).await;
    assert_eq!(stage.entries().await, before + 1);
}

async fn of_twenty_programs_or_cohorts_with_one_slug_there_is_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let before = stage.entries().await;
    make(&stage.staff, "a program's slug", "/v1/programs", "already_exists", |_| dcsc()).await;
    let with_slug = |_| {
        let mut cohort = cohort(10);
        cohort["slug"] = json!("rural");
        cohort
    };
    make(&stage.staff, "a cohort's slug", &format!("{}/cohorts", stage.program), "already_exists", with_slug).await;
    assert_eq!(stage.entries().await, before + 2);
}

async fn of_twenty_applications_to_one_cohort_one_is_open(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, ana) = (stage.cohort(20).await, stage.principal("Ana").await);
    let body = |number: usize| json!({"submit": number.is_multiple_of(2)});
    make(&ana, "an open application", &format!("{path}/applications"), "already_applied", body).await;
    let mine = ana.get("/v1/me/applications").await.expect(200);
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert!(stage.seats(&path).await.0 <= 1);
}

async fn of_twenty_additions_of_one_person_one_is_enrolled(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, ana) = (stage.cohort(20).await, stage.principal("Ana").await);
    let addition = |_| json!({"person_id": ana.person_id(), "reason": "The superintendent asked for it"});
    make(&stage.staff, "an addition", &format!("{path}/additions"), "already_applied", addition).await;
    assert_eq!(stage.seats(&path).await, (1, 19, 0));
    // The same person applies and is added at once.
    let (path, ben) = (stage.cohort_named("Another", 20).await, stage.principal("Ben").await);
    let addition = json!({"person_id": ben.person_id(), "reason": "The superintendent asked for it"});
    let both = async |number: usize| match number % 2 {
        0 => ben.post(&format!("{path}/applications"), json!({"submit": true})).await,
        _ => stage.staff.post(&format!("{path}/additions"), addition.clone()).await,
    };
    once("an application or an addition", (409, "already_applied"), both).await;
    assert_eq!(stage.seats(&path).await, (1, 19, 0));
}

async fn the_last_seat_is_given_once_whoever_gives_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let path = stage.cohort(1).await;
    let mut racers = Vec::new();
    for number in 0..RACERS {
        let who = stage.principal(&format!("P{number}")).await;
        let application = if number % 2 == 0 { Some(applied(&who, &path).await.0) } else { None };
        racers.push((who, application));
    }
    let give = async |number: usize| match &racers[number] {
        (_, Some(application)) => stage.staff.act(&format!("{application}/offer")).await,
        (who, None) => {
            let addition = json!({"person_id": who.person_id(), "reason": "The superintendent asked for it"});
            stage.staff.post(&format!("{path}/additions"), addition).await
        }
    };
    once("the last seat", (409, "cohort_full"), give).await;
    assert_eq!(stage.seats(&path).await, (1, 0, 0));
}

async fn what_is_submitted_or_confirmed_twenty_times_is_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let path = stage.cohort(5).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let draft = ana.post(&format!("{path}/applications"), json!({})).await.header("location").to_owned();
    let refusal = (409, "invalid_state_transition");
    once("the submission of a draft", refusal, async |_| ana.act(&format!("{draft}/submit")).await).await;
    let (offered, _) = applied(&ben, &path).await;
    once("an offer", refusal, async |_| stage.staff.act(&format!("{offered}/offer")).await).await;
    assert_eq!(stage.seats(&path).await.0, 1, "one offer holds one seat");
    once("the confirmation of an offer", refusal, async |_| ben.act(&format!("{offered}/confirm")).await).await;
    assert_eq!(stage.seats(&path).await.0, 1);
    let enrolled = ben.get("/v1/me/enrollments").await.expect(200);
    assert_eq!(enrolled["items"].as_array().unwrap().len(), 1);
}

async fn what_is_published_twenty_times_is_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (program, cohort) = (planned(&stage.staff).await, stage.draft_cohort(5).await);
    let before = stage.entries().await;
    for path in [&program, &cohort] {
        let publish = async |_| stage.staff.act(&format!("{path}/publish")).await;
        once(path, (409, "invalid_state_transition"), publish).await;
    }
    assert_eq!(stage.entries().await, before + 2);
}

async fn of_twenty_who_reset_a_password_by_one_link_one_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    api.set_password(coalition, mia.person_id(), "a phrase that Mia knows").await;
    let forgot = json!({"coalition": "dcsc", "email": "mia@example.org"});
    let _ = api.anonymous().post("/v1/auth/password/forgot", forgot).await.expect(202);
    let token = cohortium_tests::mails::token_in(&api.mail().await.text);
    let before = api.entries(coalition).await;
    let reset = async |number: usize| {
        let body = json!({"token": token, "password": format!("seven herons over weir {number}")});
        api.anonymous().post("/v1/auth/password/reset", body).await
    };
    once("a link", (422, "validation_failed"), reset).await;
    assert_eq!(api.entries(coalition).await, before + 1);
    assert_eq!(mia.get("/v1/me").await.problem(401), "token_invalid", "and every session has ended");
}
