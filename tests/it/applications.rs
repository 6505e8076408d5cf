//! Applications and enrollments, through HTTP.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, apply, state};

on_both_databases! {
    who_comes_first_and_is_verified_is_enrolled_at_once,
    who_comes_first_holds_a_seat_until_verified,
    a_hold_past_its_time_is_dead_though_no_job_has_run,
    who_finds_no_seat_waits_and_is_offered_the_one_that_comes_free,
    an_offer_that_is_not_confirmed_goes_to_the_next,
    under_review_staff_offer_and_the_person_confirms,
    under_review_only_who_is_verified_is_offered_a_seat,
    whoever_is_passed_over_on_a_waitlist_is_told_why,
    an_application_is_declined_with_a_reason,
    a_draft_is_changed_and_checked_when_it_is_sent,
    one_application_is_open_for_a_person_and_a_cohort,
    a_person_leaves_a_cohort_or_is_removed_from_it,
    an_application_is_seen_by_who_it_is_about_and_who_runs_the_cohort,
    applications_and_enrollments_are_found,
    a_repeat_with_its_key_takes_one_seat,
    at_the_kick_off_everything_open_expires,
}

async fn who_comes_first_and_is_verified_is_enrolled_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(20).await;
    let etag = stage.staff.get(&path).await.header("etag").to_owned();
    let (location, made) = applied(&ana, &path).await;
    assert_eq!((&made["state"], &made["version"]), (&json!("enrolled"), &json!(1)));
    assert_eq!(made["enrolled_at"], "2019-11-01T12:00:00.000Z");
    assert!(made.get("verification_id").is_some() && made.get("employment_id").is_some());
    assert_eq!(ana.get(&location).await.expect(200), made);
    assert_eq!(stage.seats(&path).await, (1, 19, 0));
    let now = stage.staff.get(&path).await;
    assert!(now.header("etag") != etag && now.body["version"] == 2, "a seat that is taken is no new version");
    let types: Vec<Value> = stage.staff.get("/v1/events?limit=200").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].clone())
        .collect();
    let of_application: Vec<&Value> = types.iter().filter(|kind| kind.as_str().unwrap().starts_with("application.")).collect();
    assert_eq!(of_application, ["application.created", "application.submitted", "application.enrolled"]);
}

async fn who_comes_first_holds_a_seat_until_verified(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ben = stage.stranger("Ben").await;
    let path = stage.cohort(1).await;
    let (location, held) = applied(&ben, &path).await;
    assert_eq!((&held["state"], &held["hold_expires_at"]), (&json!("submitted"), &json!("2019-11-05T05:00:00.000Z")));
    assert_eq!(stage.seats(&path).await, (1, 0, 0));
    let offer = stage.staff.act(&format!("{location}/offer")).await;
    assert_eq!(offer.problem(409), "invalid_state_transition", "the seat is held already");
    let _ = stage.verify(&held).await.expect(200);
    assert_eq!(state(&ben, &location).await, "enrolled");
    assert_eq!(stage.seats(&path).await, (1, 0, 0));
}

async fn a_hold_past_its_time_is_dead_though_no_job_has_run(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ben, cy) = (stage.stranger("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let (location, held) = applied(&ben, &path).await;
    stage.reach_without_jobs("2019-11-05T05:00:00Z").await;
    let read = ben.get(&location).await.expect(200);
    assert_eq!((&read["state"], &read["expiry_cause"]), (&json!("expired"), &json!("hold_lapsed")));
    assert_eq!(read["allowed_actions"], json!([]));
    assert_eq!(stage.seats(&path).await, (0, 1, 0), "nor does it hold a seat");
    let _ = stage.verify(&held).await.expect(200);
    assert_eq!(state(&ben, &location).await, "expired", "a late verification revives nothing");
    let (_, next) = applied(&cy, &path).await;
    assert_eq!(next["state"], "enrolled");
    let (again, rejoined) = applied(&ben, &path).await;
    assert_eq!((&rejoined["state"], &rejoined["waitlist_position"]), (&json!("waitlisted"), &json!(1)));
    assert_ne!(again, location);
}

async fn who_finds_no_seat_waits_and_is_offered_the_one_that_comes_free(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let (enrolled, _) = applied(&ana, &path).await;
    let (first, waits) = applied(&ben, &path).await;
    let (second, _) = applied(&cy, &path).await;
    assert_eq!((&waits["state"], &waits["waitlist_position"]), (&json!("waitlisted"), &json!(1)));
    assert_eq!(cy.get(&second).await.expect(200)["waitlist_position"], 2);
    assert_eq!(stage.seats(&path).await, (1, 0, 2));

    let left = ana.act(&format!("{}/withdraw", enrolled.replace("applications", "enrollments"))).await.expect(200);
    assert_eq!(left["state"], "withdrawn");
    let offered = ben.get(&first).await.expect(200);
    assert_eq!((&offered["state"], &offered["offer_expires_at"]), (&json!("offered"), &json!("2019-11-05T05:00:00.000Z")));
    assert_eq!(offered["allowed_actions"], json!(["update", "confirm", "withdraw"]));
    assert_eq!(cy.get(&second).await.expect(200)["waitlist_position"], 1);
    assert_eq!(stage.seats(&path).await, (1, 0, 1), "an offer holds its seat");
    let confirmed = ben.act(&format!("{first}/confirm")).await.expect(200);
    assert_eq!((&confirmed["state"], confirmed.get("offer_expires_at")), (&json!("enrolled"), None));
    assert_eq!(stage.staff.act(&format!("{first}/offer")).await.problem(409), "invalid_state_transition");
}

async fn an_offer_that_is_not_confirmed_goes_to_the_next(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let (enrolled, _) = applied(&ana, &path).await;
    let (first, _) = applied(&ben, &path).await;
    let (second, _) = applied(&cy, &path).await;
    let _ = ana.act(&format!("{}/withdraw", enrolled.replace("applications", "enrollments"))).await.expect(200);
    stage.reach("2019-11-05T05:00:00Z").await;
    let lapsed = ben.get(&first).await.expect(200);
    assert_eq!((&lapsed["state"], &lapsed["expiry_cause"]), (&json!("expired"), &json!("offer_lapsed")));
    let late = ben.act(&format!("{first}/confirm")).await;
    assert_eq!((late.problem(409), &late.body["current_state"]), ("invalid_state_transition", &json!("expired")));
    let offered = cy.get(&second).await.expect(200);
    assert_eq!((&offered["state"], &offered["offer_expires_at"]), (&json!("offered"), &json!("2019-11-09T05:00:00.000Z")));
    // The clock goes on: nobody is left to be offered the seat.
    stage.reach("2019-11-20T00:00:00Z").await;
    assert_eq!((state(&cy, &second).await.as_str(), stage.seats(&path).await), ("expired", (0, 1, 0)));
}

async fn commit(stage: &Stage<'_>) -> Vec<Value> {
    let path = format!("{}/commitments", stage.program);
    let commitments = json!({"commitments": [
        {"label": "Calls", "text": "Come to every call"}, {"label": "Product", "text": "Share in the final product"},
    ]});
    let list = stage.staff.put(&path, commitments).await.expect(200);
    let accept = |one: &Value| json!({"commitment_id": one["id"], "version": one["version"]});
    list["commitments"].as_array().unwrap().iter().map(accept).collect()
}

async fn under_review_staff_offer_and_the_person_confirms(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let accepted = commit(&stage).await;
    let (lead, ana) = (stage.principal("Lea").await, stage.principal("Ana").await);
    let path = stage.cohort(1).await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let (location, sent) = applied(&ana, &path).await;
    assert_eq!((&sent["state"], &sent["commitments"]), (&json!("submitted"), &json!([])));
    assert_eq!(stage.seats(&path).await, (0, 1, 0), "under review no seat is held");
    assert_eq!(lead.get(&location).await.expect(200)["allowed_actions"], json!(["offer", "waitlist", "decline"]));
    let offered = lead.act(&format!("{location}/offer")).await.expect(200);
    assert_eq!(offered["offer_expires_at"], "2019-11-05T05:00:00.000Z");
    assert_eq!(stage.seats(&path).await, (1, 0, 0));

    let before = stage.entries().await;
    let without = ana.act(&format!("{location}/confirm")).await;
    assert_eq!((without.problem(422), without.faults().len()), ("commitments_missing", 2));
    let partly = ana.post(&format!("{location}/confirm"), json!({"commitments": [accepted[0]]})).await;
    assert_eq!((partly.problem(422), partly.faults().len()), ("commitments_missing", 1));
    let unknown = json!({"commitments": [{"commitment_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e", "version": 1}]});
    let unknown = ana.post(&format!("{location}/confirm"), unknown).await;
    assert_eq!(unknown.faults(), [("#/commitments/0/commitment_id", "not_found")]);
    assert_eq!(stage.entries().await, before);
    let confirmed = ana.post(&format!("{location}/confirm"), json!({"commitments": accepted})).await.expect(200);
    assert_eq!((&confirmed["state"], confirmed["commitments"].as_array().unwrap().len()), (&json!("enrolled"), 2));
    assert_eq!(confirmed["commitments"][0]["accepted_at"], "2019-11-01T12:00:00.000Z");
}

async fn under_review_only_who_is_verified_is_offered_a_seat(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.stranger("Ben").await);
    let path = stage.cohort(1).await;
    let (location, sent) = applied(&ben, &path).await;
    let before = stage.entries().await;
    assert_eq!(stage.staff.act(&format!("{location}/offer")).await.problem(409), "not_verified");
    assert_eq!(stage.entries().await, before);
    let _ = stage.verify(&sent).await.expect(200);
    assert_eq!(state(&ben, &location).await, "submitted", "a verification alone gives no seat here");
    let _ = stage.staff.act(&format!("{location}/offer")).await.expect(200);
    let (full, _) = applied(&ana, &path).await;
    assert_eq!(stage.staff.act(&format!("{full}/offer")).await.problem(409), "cohort_full");
    let revoke = format!("/v1/verifications/{}/revoke", sent["verification_id"].as_str().unwrap());
    let _ = stage.staff.post(&revoke, json!({"reason": "The school says no"})).await.expect(200);
    assert_eq!(ben.act(&format!("{location}/confirm")).await.problem(409), "not_verified", "it is judged again");
}

async fn whoever_is_passed_over_on_a_waitlist_is_told_why(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.stranger("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let mut locations = Vec::new();
    for who in [&ana, &ben, &cy] {
        locations.push(applied(who, &path).await.0);
    }
    let _ = stage.staff.act(&format!("{}/offer", locations[0])).await.expect(200);
    for location in &locations[1..] {
        assert_eq!(stage.staff.act(&format!("{location}/waitlist")).await.expect(200)["state"], "waitlisted");
    }
    let _ = ana.act(&format!("{}/withdraw", locations[0])).await.expect(200);
    assert_eq!((state(&ben, &locations[1]).await, state(&cy, &locations[2]).await), ("waitlisted".into(), "offered".into()));
    let events = stage.staff.get("/v1/events?limit=200&type=application.passed_over").await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    assert_eq!(events["items"][0]["data"]["person_id"], ben.person_id().to_string());
    assert_eq!(events["items"][0]["data"]["unmet"], json!(["not_verified"]));

    let verification = ben.get(&locations[1]).await.expect(200);
    let _ = cy.act(&format!("{}/withdraw", locations[2])).await.expect(200);
    assert_eq!(state(&ben, &locations[1]).await, "waitlisted", "still not verified");
    let _ = stage.verify(&verification).await.expect(200);
    assert_eq!(state(&ben, &locations[1]).await, "offered", "his turn comes with the verification");
}

async fn an_application_is_declined_with_a_reason(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(1).await;
    let (location, _) = applied(&ana, &path).await;
    let decline = async |body: Value| stage.staff.post(&format!("{location}/decline"), body).await;
    let before = stage.entries().await;
    assert_eq!(decline(json!({"reason_code": "other"})).await.problem(422), "reason_required");
    assert_eq!(decline(json!({"reason_code": "cohort_cancelled"})).await.faults(), [("#/reason_code", "invalid_value")]);
    assert_eq!(decline(json!({"reason_code": "dislike"})).await.faults(), [("#/reason_code", "invalid_value")]);
    assert_eq!(stage.entries().await, before);
    let declined = decline(json!({"reason_code": "other", "note": "You lead a cohort yourself"})).await.expect(200);
    assert_eq!((&declined["state"], &declined["note"]), (&json!("declined"), &json!("You lead a cohort yourself")));
    let (_, again) = applied(&ana, &path).await;
    assert_eq!(again["state"], "submitted", "one that was declined does not stand in the way");
}

async fn a_draft_is_changed_and_checked_when_it_is_sent(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let accepted = commit(&stage).await;
    let form = json!({"schema": {
        "type": "object", "required": ["why"], "additionalProperties": false, "properties": {"why": {"type": "string", "minLength": 5}},
    }});
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), form).await.expect(200);
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(1).await;
    let made = ana.post(&format!("{path}/applications"), json!({"answers": {"why": "No"}})).await;
    let (location, etag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let draft = made.expect(201);
    assert_eq!((&draft["state"], &draft["form_version"]), (&json!("draft"), &json!(1)));
    assert_eq!(draft["allowed_actions"], json!(["update", "submit", "withdraw"]));
    let before = stage.entries().await;
    let faulty = ana.act(&format!("{location}/submit")).await;
    assert_eq!((faulty.problem(422), faulty.faults()), ("validation_failed", vec![("#/answers/why", "too_short")]));
    assert_eq!(
        (stage.entries().await, stage.seats(&path).await),
        (before, (0, 1, 0)),
        "the seat was given back with the transaction"
    );

    let update = json!({"answers": {"why": "Because I teach alone"}});
    let stale = ana.request(Method::PATCH, &location).header("if-match", "\"7-x\"").json(&update).send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    let changed = ana.request(Method::PATCH, &location).header("if-match", &etag).json(&update).send().await.expect(200);
    assert_eq!((&changed["version"], &changed["answers"]), (&json!(2), &update["answers"]));
    assert_eq!(ana.act(&format!("{location}/submit")).await.problem(422), "commitments_missing");
    let _ = ana.patch(&location, json!({"commitments": accepted})).await.expect(200);
    let sent = ana.act(&format!("{location}/submit")).await.expect(200);
    assert_eq!((&sent["state"], sent["commitments"].as_array().unwrap().len()), (&json!("enrolled"), 2));
    assert_eq!(ana.patch(&location, json!({"commitments": accepted})).await.faults(), [("#/commitments", "frozen")]);
}

async fn one_application_is_open_for_a_person_and_a_cohort(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, ana) = (stage.principal("Lea").await, stage.principal("Ana").await);
    let (path, other) = (
        stage.cohort(1).await,
        stage
            .staff
            .post(
                &format!("{}/cohorts", stage.program),
                json!({
                    "title": "Another", "delivery": "virtual", "facilitator_ids": [lead.person_id()],
                }),
            )
            .await
            .header("location")
            .to_owned(),
    );
    let _ = stage.staff.act(&format!("{other}/publish")).await.expect(200);
    let (location, _) = applied(&ana, &path).await;
    let before = stage.entries().await;
    assert_eq!(apply(&ana, &path).await.problem(409), "already_applied");
    assert_eq!(ana.post(&format!("{path}/applications"), json!({})).await.problem(409), "already_applied");
    assert_eq!(apply(&lead, &other).await.problem(409), "same_person", "who leads a cohort takes no seat in it");
    assert_eq!(stage.entries().await, before);
    assert_eq!(applied(&ana, &other).await.1["state"], "enrolled", "another cohort is another matter");
    let _ = ana.act(&format!("{}/withdraw", location.replace("applications", "enrollments"))).await.expect(200);
    assert_eq!(applied(&ana, &path).await.1["state"], "enrolled", "one can come back");
}

async fn a_person_leaves_a_cohort_or_is_removed_from_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let path = stage.cohort(2).await;
    let (first, second) = (applied(&ana, &path).await.0, applied(&ben, &path).await.0);
    let [first, second] = [first, second].map(|location| location.replace("applications", "enrollments"));
    assert_eq!(ana.get(&first).await.expect(200)["allowed_actions"], json!(["withdraw"]));
    assert_eq!(stage.staff.get(&first).await.expect(200)["allowed_actions"], json!(["remove"]));
    assert_eq!(ben.act(&format!("{first}/withdraw")).await.problem(404), "not_found");
    assert_eq!(ana.post(&format!("{first}/remove"), json!({"reason": "I want to"})).await.problem(403), "permission_denied");
    let removed = stage.staff.post(&format!("{second}/remove"), json!({"reason": "Never came"})).await.expect(200);
    assert_eq!((&removed["state"], &removed["note"]), (&json!("removed"), &json!("Never came")));
    assert_eq!(removed["removal_cause"], "staff_decision");
    let _ = ana.act(&format!("{first}/withdraw")).await.expect(200);
    assert_eq!(ana.act(&format!("{first}/withdraw")).await.problem(409), "invalid_state_transition");
    assert_eq!(stage.seats(&path).await, (0, 2, 0));
}

async fn an_application_is_seen_by_who_it_is_about_and_who_runs_the_cohort(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let (lead, ana, ben) = (stage.principal("Lea").await, stage.principal("Ana").await, stage.principal("Ben").await);
    let path = stage.cohort(1).await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let (location, _) = applied(&ana, &path).await;
    for who in [&ana, &lead, &stage.staff] {
        let _ = who.get(&location).await.expect(200);
    }
    assert_eq!(ben.get(&location).await.problem(404), "not_found");
    for (who, action, told) in [(&ben, "offer", 404), (&ana, "offer", 403), (&lead, "withdraw", 403), (&ben, "withdraw", 404)] {
        assert_eq!(who.act(&format!("{location}/{action}")).await.status, told, "{action}");
    }
    let enrollment = location.replace("applications", "enrollments");
    assert_eq!(ana.get(&enrollment).await.problem(404), "not_found", "it is no enrollment yet");
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

async fn applications_and_enrollments_are_found(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, ana, ben, cy) =
        (stage.principal("Lea").await, stage.principal("Ana").await, stage.stranger("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(2).await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let mut made = Vec::new();
    for (who, minute) in [(&ana, 1), (&ben, 2), (&cy, 3)] {
        stage.reach(&format!("2019-11-01T12:0{minute}:00Z")).await;
        made.push(applied(who, &path).await.1["id"].as_str().unwrap().to_owned());
    }
    let list = async |who: &Session<'_>, path: &str| who.get(path).await.expect(200);
    let all = list(&stage.staff, "/v1/applications?sort=created_at&with_total=true").await;
    assert_eq!((ids(&all), &all["total"]), (made.iter().map(String::as_str).collect(), &json!(3)));
    assert_eq!(all["items"][2]["waitlist_position"], 1);
    assert_eq!(ids(&list(&lead, "/v1/applications?sort=created_at").await), made, "of the cohort that she leads");
    assert!(ids(&list(&ana, "/v1/applications").await).is_empty(), "she leads none");
    assert_eq!(ids(&list(&stage.staff, "/v1/applications?state=waitlisted").await), [made[2].as_str()]);
    assert_eq!(ids(&list(&stage.staff, "/v1/applications?verification=open").await), [made[1].as_str()]);
    assert_eq!(ids(&list(&stage.staff, &format!("/v1/applications?person_id={}", ana.person_id())).await), [made[0].as_str()]);
    assert!(ids(&list(&stage.staff, "/v1/applications?submitted_before=2019-11-01T12:01:00Z").await).is_empty());
    assert_eq!(ids(&list(&stage.staff, "/v1/applications?submitted_from=2019-11-01T12:03:00Z").await), [made[2].as_str()]);
    assert_eq!(ids(&list(&ben, "/v1/me/applications").await), [made[1].as_str()]);
    assert_eq!(ids(&list(&stage.staff, "/v1/enrollments").await), [made[0].as_str()]);
    assert_eq!(ids(&list(&ana, "/v1/me/enrollments?state=enrolled").await), [made[0].as_str()]);
    assert!(ids(&list(&ben, "/v1/me/enrollments").await).is_empty());
    assert_eq!(lead.get("/v1/enrollments").await.problem(403), "permission_denied");
}

async fn a_repeat_with_its_key_takes_one_seat(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(5).await;
    let body = json!({"submit": true});
    let twins = (0..8)
        .map(|_| ana.request(Method::POST, &format!("{path}/applications")).header("idempotency-key", "k").json(&body).send());
    let answers = futures_util::future::join_all(twins).await;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body["id"] == answers[0].body["id"]), "{answers:?}");
    assert_eq!(stage.seats(&path).await, (1, 4, 0));
}

async fn at_the_kick_off_everything_open_expires(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let (enrolled, waiting) = (applied(&ana, &path).await.0, applied(&ben, &path).await.0);
    let draft = cy.post(&format!("{path}/applications"), json!({})).await.header("location").to_owned();
    stage.reach("2019-12-09T05:00:00Z").await;
    for (who, location, expected) in [(&ana, &enrolled, "enrolled"), (&ben, &waiting, "expired"), (&cy, &draft, "expired")] {
        assert_eq!(state(who, location).await, expected);
    }
    let expired = ben.get(&waiting).await.expect(200);
    assert_eq!((&expired["expiry_cause"], expired.get("waitlist_position")), (&json!("signup_closed"), None));
    assert_eq!(stage.seats(&path).await, (1, 0, 0));
    assert_eq!(cy.act(&format!("{draft}/submit")).await.problem(409), "invalid_state_transition");
    let left = ana.act(&format!("{}/withdraw", enrolled.replace("applications", "enrollments"))).await.expect(200);
    assert_eq!(left["state"], "withdrawn", "one can leave after the kick-off too");
}
