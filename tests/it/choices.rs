//! What people choose among the cohorts of a program, through HTTP.

use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied};

on_both_databases! {
    one_ranks_up_to_three_cohorts_of_a_program,
    every_fault_of_a_choice_is_told_and_changes_nothing,
    of_those_who_choose_at_once_one_succeeds,
    staff_and_the_person_are_told_which_choice_an_application_is_and_nobody_else,
}

const PATH: &str = "/v1/me/choices";

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn choice(stage: &Stage<'_>, cohorts: &[&String]) -> Value {
    let ids: Vec<&str> = cohorts.iter().map(|path| id_of(path)).collect();
    json!({"program_id": id_of(&stage.program), "cohort_ids": ids})
}

async fn one_ranks_up_to_three_cohorts_of_a_program(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (one, two, three) = (stage.cohort(1).await, stage.cohort_named("Two", 1).await, stage.cohort_named("Three", 1).await);
    let none = ana.get(PATH).await.expect(200);
    assert_eq!(none, json!({"programs": [], "version": 0, "allowed_actions": ["update"]}));
    let chosen = ana.put(PATH, choice(&stage, &[&three, &one, &two])).await;
    let etag = chosen.header("etag").to_owned();
    let chosen = chosen.expect(200);
    assert_eq!((&chosen["programs"], &chosen["version"]), (&json!([choice(&stage, &[&three, &one, &two])]), &json!(1)));
    assert_eq!(ana.get(PATH).await.expect(200), chosen);
    assert_eq!(ben.get(PATH).await.expect(200), none, "everybody has their own");
    let again = ana.request(Method::PUT, PATH).header("if-match", &etag).json(&choice(&stage, &[&two, &three])).send().await;
    assert_eq!(again.expect(200)["programs"], json!([choice(&stage, &[&two, &three])]));
    let back = ana.put(PATH, choice(&stage, &[])).await.expect(200);
    assert_eq!((&back["programs"], &back["version"]), (&json!([]), &json!(3)));
}

async fn every_fault_of_a_choice_is_told_and_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let one = stage.cohort_named("One", 1).await;
    let draft = stage.draft_cohort(1).await;
    let next = json!({"slug": "next", "name": "Next", "school_year": "2020-21", "time_zone": "America/New_York",
        "delivery": "staff_led", "enrollment_mode": "first_come"});
    let unpublished = stage.staff.post("/v1/programs", next).await.expect(201);
    let chosen = ana.put(PATH, choice(&stage, &[&one])).await.expect(200);
    let before = stage.entries().await;

    let nowhere = "/v1/cohorts/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e".to_owned();
    let refused = ana.put(PATH, choice(&stage, &[&nowhere, &one, &one])).await;
    assert_eq!(refused.faults(), [("#/cohort_ids/0", "not_found"), ("#/cohort_ids/2", "duplicate")]);
    assert_eq!(ana.put(PATH, choice(&stage, &[&draft])).await.faults(), [("#/cohort_ids/0", "not_found")]);
    assert_eq!(ana.put(PATH, choice(&stage, &[&one, &one, &one, &one])).await.faults(), [("#/cohort_ids", "too_long")]);
    let hidden = ana.put(PATH, json!({"program_id": unpublished["id"], "cohort_ids": []})).await;
    assert_eq!(hidden.faults(), [("#/program_id", "not_found")]);
    let of_another = stage.staff.put(PATH, json!({"program_id": unpublished["id"], "cohort_ids": [id_of(&one)]})).await;
    assert_eq!(of_another.faults(), [("#/cohort_ids/0", "invalid_value")]);
    let unread = ana.request(Method::PUT, PATH).json(&choice(&stage, &[&one])).send().await;
    assert_eq!(unread.problem(428), "precondition_required");
    let stale = ana.request(Method::PUT, PATH).header("if-match", "\"0-0\"").json(&choice(&stage, &[&one])).send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    assert_eq!((ana.get(PATH).await.expect(200), stage.entries().await), (chosen, before));
}

async fn of_those_who_choose_at_once_one_succeeds(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, one) = (stage.principal("Ana").await, stage.cohort(1).await);
    let etag = ana.get(PATH).await.header("etag").to_owned();
    let body = choice(&stage, &[&one]);
    let puts = (0..6).map(|_| ana.request(Method::PUT, PATH).header("if-match", &etag).json(&body).send());
    let answers = futures_util::future::join_all(puts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem(412) == "precondition_failed"));
}

async fn staff_and_the_person_are_told_which_choice_an_application_is_and_nobody_else(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, fay) = (stage.principal("Ana").await, stage.principal("Fay").await);
    let (one, two) = (stage.cohort(1).await, stage.cohort_named("Two", 1).await);
    let _ = stage.staff.patch(&two, json!({"facilitator_ids": [fay.person_id().to_string()]})).await.expect(200);
    let (_, _) = (applied(&ana, &one).await, applied(&ana, &two).await);
    let _ = ana.put(PATH, choice(&stage, &[&one, &two])).await.expect(200);
    let told = async |who: &cohortium_tests::api::Session<'_>, list: &str| {
        let list = who.get(&format!("{list}?cohort_id={}", id_of(&two))).await.expect(200);
        list["items"][0].get("choice").cloned()
    };
    assert_eq!(told(&ana, "/v1/me/applications").await, Some(json!(2)));
    assert_eq!(told(&stage.staff, "/v1/applications").await, Some(json!(2)));
    assert_eq!(told(&fay, "/v1/applications").await, None, "who leads it is not told that others would be liked better");
}
