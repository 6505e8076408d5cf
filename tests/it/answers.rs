//! Answers to questions that depend on the day, through HTTP.

use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, apply};

on_both_databases! {
    a_question_is_required_from_its_day_on,
    what_was_sent_can_be_answered_anew_until_it_is_frozen,
    answers_to_an_older_form_stay_good,
    a_day_that_is_none_is_refused_with_the_form,
}

#[expect(clippy::needless_pass_by_value, reason = "the questions are handed over as they are made")]
fn form(questions: Value) -> Value {
    json!({"schema": {"type": "object", "additionalProperties": false, "properties": questions}})
}

/// Meals: required from November 14 on, in New York, and frozen from December 1 on.
fn meals() -> Value {
    json!({"type": "string", "maxLength": 20, "x-required-from": "2019-11-14", "x-frozen-from": "2019-12-01"})
}

async fn a_question_is_required_from_its_day_on(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), form(json!({"meals": meals()}))).await.expect(200);
    let path = stage.cohort(5).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    stage.reach("2019-11-14T04:59:59.999Z").await;
    let _ = apply(&ana, &path).await.expect(201);
    let draft = ben.post(&format!("{path}/applications"), json!({})).await.header("location").to_owned();
    stage.reach("2019-11-14T05:00:00Z").await;
    let before = stage.entries().await;
    let refused = ben.act(&format!("{draft}/submit")).await;
    assert_eq!((refused.problem(422), refused.faults()), ("validation_failed", vec![("#/answers/meals", "required")]));
    assert_eq!((stage.entries().await, stage.seats(&path).await), (before, (1, 4, 0)));
    let _ = ben.patch(&draft, json!({"answers": {"meals": "None"}})).await.expect(200);
    assert_eq!(ben.act(&format!("{draft}/submit")).await.expect(200)["state"], "enrolled");
}

async fn what_was_sent_can_be_answered_anew_until_it_is_frozen(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let questions = json!({"meals": meals(), "why": {"type": "string", "maxLength": 30}});
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), form(questions)).await.expect(200);
    let path = stage.cohort(1).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    for (who, expected) in [(&ana, "enrolled"), (&ben, "waitlisted")] {
        let sent = apply(who, &path).await;
        let location = sent.header("location").to_owned();
        let sent = sent.expect(201);
        assert_eq!(sent["state"], expected);
        assert!(sent["allowed_actions"].as_array().unwrap().contains(&json!("update")));
        let changed = who.patch(&location, json!({"answers": {"meals": "No nuts"}})).await.expect(200);
        assert_eq!((&changed["answers"], &changed["state"]), (&json!({"meals": "No nuts"}), &json!(expected)));
        let before = stage.entries().await;
        let wrong = who.patch(&location, json!({"answers": {"meals": 7, "color": "red"}, "employment_id": null})).await;
        let faults = [("#/answers/color", "unknown_field"), ("#/answers/meals", "invalid_type"), ("#/employment_id", "frozen")];
        assert_eq!((wrong.problem(422), wrong.faults()), ("validation_failed", faults.to_vec()));
        assert_eq!(stage.staff.patch(&location, json!({"answers": {}})).await.problem(403), "permission_denied");
        assert_eq!(stage.entries().await, before);
    }
    assert_eq!(stage.seats(&path).await, (1, 0, 1));
    stage.reach("2019-12-01T05:00:00Z").await;
    let location =
        format!("/v1/applications/{}", ana.get("/v1/me/applications").await.expect(200)["items"][0]["id"].as_str().unwrap());
    let frozen = ana.patch(&location, json!({"answers": {"meals": "No fish"}})).await;
    assert_eq!((frozen.problem(422), frozen.faults()), ("validation_failed", vec![("#/answers/meals", "frozen")]));
    let open = json!({"answers": {"meals": "No nuts", "why": "I teach alone"}});
    assert_eq!(ana.patch(&location, open.clone()).await.expect(200)["answers"], open["answers"], "another question is open");
}

async fn answers_to_an_older_form_stay_good(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let put = async |questions: Value| {
        let _ = stage.staff.put(&format!("{}/application-form", stage.program), form(questions)).await.expect(200);
    };
    put(json!({"why": {"type": "string", "maxLength": 30}})).await;
    let path = stage.cohort(5).await;
    let ana = stage.principal("Ana").await;
    let sent = ana.post(&format!("{path}/applications"), json!({"answers": {"why": "Alone"}, "submit": true})).await;
    let location = sent.header("location").to_owned();
    let _ = sent.expect(201);
    put(json!({"how": {"type": "string", "x-required-from": "2019-10-01"}})).await;
    let changed = ana.patch(&location, json!({"answers": {"why": "Not alone"}})).await.expect(200);
    assert_eq!((&changed["form_version"], &changed["answers"]), (&json!(1), &json!({"why": "Not alone"})));
    let other = ana.patch(&location, json!({"answers": {"how": "So"}})).await;
    assert_eq!(other.faults(), [("#/answers/how", "unknown_field")], "it is judged by the form that it answers");
}

async fn a_day_that_is_none_is_refused_with_the_form(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let before = stage.entries().await;
    let questions = json!({
        "a": {"type": "string", "x-required-from": "2019-11-31"},
        "b": {"type": "object", "properties": {"c": {"type": "string", "x-frozen-from": "2019-11-30"}}},
    });
    let refused = stage.staff.put(&format!("{}/application-form", stage.program), form(questions)).await;
    let faults = [
        ("#/schema/properties/a/x-required-from", "invalid_value"),
        ("#/schema/properties/b/properties/c/x-frozen-from", "invalid_value"),
    ];
    assert_eq!((refused.problem(422), refused.faults()), ("validation_failed", faults.to_vec()));
    assert_eq!(stage.entries().await, before);
}
