//! People whom staff add to a cohort, through HTTP.

use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied};

on_both_databases! {
    staff_add_a_person_whatever_the_rules_say_and_the_journal_tells,
    what_stands_in_the_way_of_an_addition_is_told,
    after_the_kick_off_staff_can_still_add_and_never_beyond_the_maximum,
    an_addition_passes_over_who_waits_only_with_a_word,
}

async fn add(stage: &Stage<'_>, cohort: &str, who: &Session<'_>) -> Answer {
    let body = json!({"person_id": who.person_id(), "reason": "The superintendent asked for it"});
    stage.staff.post(&format!("{cohort}/additions"), body).await
}

async fn staff_add_a_person_whatever_the_rules_say_and_the_journal_tells(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(3).await;
    let teacher = stage.employed("Tea", &stage.school, "teacher").await;
    let added = add(&stage, &path, &teacher).await;
    let location = added.header("location").to_owned();
    let added = added.expect(201);
    assert_eq!((&added["state"], &added["enrolled_at"]), (&json!("enrolled"), &json!("2019-11-01T12:00:00.000Z")));
    assert!(added.get("employment_id").is_some(), "by the employment that fits best");
    assert_eq!(teacher.get(&location).await.expect(200)["state"], "enrolled");
    let events = stage.staff.get("/v1/events?type=application.enrolled").await.expect(200);
    let told = &events["items"][0]["data"];
    assert_eq!((&told["added"], &told["unmet"]), (&json!(true), &json!(["role", "not_verified"])));
    let reasons = database.texts("SELECT reason FROM journal WHERE type = 'application.enrolled'").await;
    assert_eq!(reasons, ["The superintendent asked for it"]);

    // Who had begun one is added by it, and who is verified stands on that verification.
    let ana = stage.principal("Ana").await;
    let _ = applied(&ana, &stage.cohort_named("Another", 1).await).await;
    let draft = ana.post(&format!("{path}/applications"), json!({})).await.expect(201);
    let by_draft = add(&stage, &path, &ana).await.expect(201);
    assert_eq!((&by_draft["id"], &by_draft["state"]), (&draft["id"], &json!("enrolled")));
    assert!(by_draft.get("verification_id").is_some());
    assert_eq!(stage.seats(&path).await, (2, 1, 0));
}

async fn what_stands_in_the_way_of_an_addition_is_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(1).await;
    let draft_cohort = {
        let mut wish = crate::enrolling::cohort(1);
        wish["title"] = json!("In preparation");
        stage.staff.post(&format!("{}/cohorts", stage.program), wish).await.header("location").to_owned()
    };
    let (lead, ana, ben, cy) =
        (stage.principal("Lea").await, stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let nobody = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
    let before = stage.entries().await;
    let ask = async |body: Value| stage.staff.post(&format!("{path}/additions"), body).await;
    assert_eq!(ask(json!({"person_id": ana.person_id()})).await.faults(), [("#/reason", "required")]);
    assert_eq!(ask(json!({"person_id": nobody, "reason": "It was asked for"})).await.faults(), [("#/person_id", "not_found")]);
    let foreign = json!({"person_id": ana.person_id(), "employment_id": nobody, "reason": "It was asked for"});
    assert_eq!(ask(foreign).await.faults(), [("#/employment_id", "not_found")]);
    assert_eq!(add(&stage, &path, &lead).await.problem(409), "same_person");
    assert_eq!(add(&stage, &draft_cohort, &ana).await.problem(409), "invalid_state_transition");
    assert_eq!(lead.post(&format!("{path}/additions"), json!({})).await.problem(403), "permission_denied");
    assert_eq!(stage.entries().await, before);

    let _ = applied(&ana, &path).await;
    let _ = applied(&ben, &path).await;
    let before = stage.entries().await;
    assert_eq!(add(&stage, &path, &ana).await.problem(409), "already_applied");
    assert_eq!(add(&stage, &path, &ben).await.problem(409), "already_applied", "who waits is put first, and offered a seat");
    assert_eq!(add(&stage, &path, &cy).await.problem(409), "cohort_full");
    assert_eq!((stage.entries().await, stage.seats(&path).await), (before, (1, 0, 1)));
}

async fn after_the_kick_off_staff_can_still_add_and_never_beyond_the_maximum(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let path = stage.cohort(2).await;
    let (ana, ben, cy) = (stage.stranger("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let (late, _) = applied(&ana, &path).await;
    stage.reach_without_jobs("2019-12-10T12:00:00Z").await;
    let added = add(&stage, &path, &ana).await.expect(201);
    assert_eq!(added["state"], "enrolled");
    assert!(!late.ends_with(added["id"].as_str().unwrap()), "what had expired stays expired");
    let _ = add(&stage, &path, &ben).await.expect(201);
    let before = stage.entries().await;
    assert_eq!(add(&stage, &path, &cy).await.problem(409), "cohort_full");
    assert_eq!((stage.entries().await, stage.seats(&path).await), (before, (2, 0, 0)));
    let _ = stage.staff.post(&format!("{path}/cancel"), json!({"reason": "Too few people"})).await.expect(200);
    assert_eq!(add(&stage, &path, &cy).await.problem(409), "invalid_state_transition");
}

async fn an_addition_passes_over_who_waits_only_with_a_word(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let path = stage.cohort(1).await;
    let (ben, cy) = (stage.stranger("Ben").await, stage.principal("Cy").await);
    let (waits, _) = applied(&ben, &path).await;
    let _ = stage.staff.act(&format!("{waits}/waitlist")).await.expect(200);
    let _ = add(&stage, &path, &cy).await.expect(201);
    let words = "SELECT reason FROM journal WHERE type = 'application.passed_over'";
    assert_eq!(database.texts(words).await, ["The superintendent asked for it"]);
    let history = ben.get(&format!("{waits}/waitlist-history")).await.expect(200);
    assert_eq!((&history["items"][1]["cause"], &history["items"][1]["unmet"]), (&json!("passed_over"), &json!(["not_verified"])));
    assert_eq!(history["items"][1].get("reason"), None, "why another was added is not told");
    assert_eq!(stage.seats(&path).await, (1, 0, 1));
}
