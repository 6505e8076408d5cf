//! Programs in which everybody takes part in one cohort at most, through HTTP.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, apply, state};

on_both_databases! {
    who_sends_and_is_enrolled_gives_up_the_rest_and_can_apply_to_no_other,
    who_confirms_gives_up_the_rest_and_its_seats_go_to_whoever_waits,
    who_is_admitted_once_verified_gives_up_the_seat_that_was_held_elsewhere,
    whom_staff_add_gives_up_the_rest,
    a_team_that_is_enrolled_gives_up_the_rest,
    who_is_enrolled_can_be_transferred,
    what_is_on_offer_for_a_place_stands_when_that_becomes_an_enrollment,
    of_two_offers_that_are_confirmed_at_once_one_is,
    of_two_applications_at_once_one_is_enrolled,
}

async fn stage<'a>(api: &'a Api, mode: &str) -> Stage<'a> {
    let stage = Stage::new(api, mode).await;
    let changed = stage.staff.patch(&stage.program, json!({"terms": {"one_cohort": true}})).await.expect(200);
    assert_eq!((&changed["terms"]["one_cohort"], &changed["terms"]["hold_days"]), (&json!(true), &json!(3)));
    stage
}

async fn drafted(who: &Session<'_>, cohort: &str) -> String {
    let made = who.post(&format!("{cohort}/applications"), json!({})).await;
    let path = made.header("location").to_owned();
    let _ = made.expect(201);
    path
}

/// An offer to this person, where applications are reviewed; gives its address.
async fn offered(stage: &Stage<'_>, who: &Session<'_>, cohort: &str) -> String {
    let (path, _) = applied(who, cohort).await;
    let _ = stage.staff.act(&format!("{path}/offer")).await.expect(200);
    path
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What the entry of a withdrawal says.
async fn withdrawal(stage: &Stage<'_>, application: &str) -> Value {
    let events = stage.staff.get("/v1/events?limit=200").await.expect(200);
    let about = |event: &&Value| event["type"] == "application.withdrawn" && event["subject"]["id"] == id_of(application);
    let found: Vec<&Value> = events["items"].as_array().unwrap().iter().filter(about).collect();
    assert_eq!(found.len(), 1, "{application}");
    found[0]["data"].clone()
}

async fn who_sends_and_is_enrolled_gives_up_the_rest_and_can_apply_to_no_other(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (full, other, here) = (stage.cohort(1).await, stage.cohort_named("Other", 5).await, stage.cohort_named("Here", 5).await);
    let (bens, _) = applied(&ben, &full).await;
    let (waits, _) = applied(&ana, &full).await;
    assert_eq!(state(&ana, &waits).await, "waitlisted");
    let draft = drafted(&ana, &other).await;

    let (enrolled, made) = applied(&ana, &here).await;
    assert_eq!(made["state"], "enrolled");
    assert_eq!((state(&ana, &waits).await.as_str(), state(&ana, &draft).await.as_str()), ("withdrawn", "withdrawn"));
    assert_eq!((stage.seats(&full).await, stage.seats(&here).await), ((1, 0, 0), (1, 4, 0)));
    let told = withdrawal(&stage, &waits).await;
    assert_eq!((&told["cause"], &told["enrolled_application_id"]), (&json!("enrolled_elsewhere"), &json!(id_of(&enrolled))));

    let before = stage.entries().await;
    assert_eq!(apply(&ana, &other).await.problem(409), "not_ready");
    assert_eq!(ana.post(&format!("{other}/applications"), json!({})).await.problem(409), "not_ready");
    let team = json!({"colleagues": ["ben@example.org"], "mode": "all_or_none"});
    assert_eq!(ana.post(&format!("{other}/team-applications"), team).await.problem(409), "not_ready");
    assert_eq!((stage.entries().await, stage.seats(&other).await), (before, (0, 5, 0)));
    // Who has left can apply again.
    let _ = ben.act(&format!("{}/withdraw", bens.replace("applications", "enrollments"))).await.expect(200);
    assert_eq!(applied(&ben, &other).await.1["state"], "enrolled");
}

async fn who_confirms_gives_up_the_rest_and_its_seats_go_to_whoever_waits(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "rolling_review").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (one, two, three) = (stage.cohort(1).await, stage.cohort_named("Two", 1).await, stage.cohort_named("Three", 1).await);
    let (first, second) = (offered(&stage, &ana, &one).await, offered(&stage, &ana, &two).await);
    let (reviewed, _) = applied(&ana, &three).await;
    let (waits, _) = applied(&ben, &one).await;
    let _ = stage.staff.act(&format!("{waits}/waitlist")).await.expect(200);

    assert_eq!(ana.act(&format!("{second}/confirm")).await.expect(200)["state"], "enrolled");
    assert_eq!((state(&ana, &first).await.as_str(), state(&ana, &reviewed).await.as_str()), ("withdrawn", "withdrawn"));
    assert_eq!(state(&ben, &waits).await, "offered", "the seat goes to whoever waits");
    assert_eq!((stage.seats(&one).await, stage.seats(&two).await), ((1, 0, 0), (1, 0, 0)));
    assert_eq!(withdrawal(&stage, &first).await["cause"], "enrolled_elsewhere");
    assert_eq!(ana.act(&format!("{first}/confirm")).await.problem(409), "not_ready");
}

async fn who_is_admitted_once_verified_gives_up_the_seat_that_was_held_elsewhere(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let (cy, eva, dan) = (stage.stranger("Cy").await, stage.stranger("Eva").await, stage.principal("Dan").await);
    let (one, two) = (stage.cohort(2).await, stage.cohort_named("Two", 2).await);
    let mut holders = Vec::new();
    for (who, dearest, other) in [(&cy, &one, &two), (&eva, &two, &one)] {
        let wish = json!({"program_id": id_of(&stage.program), "cohort_ids": [id_of(dearest), id_of(other)]});
        let _ = who.put("/v1/me/choices", wish).await.expect(200);
        let ((last, _), (first, made)) = (applied(who, other).await, applied(who, dearest).await);
        assert_eq!((state(who, &first).await.as_str(), state(who, &last).await.as_str()), ("submitted", "submitted"));
        holders.push((who, first, last, made));
    }
    let (waits, _) = applied(&dan, &two).await;
    assert_eq!(state(&dan, &waits).await, "waitlisted");
    for (who, first, last, made) in &holders {
        let _ = stage.verify(made).await.expect(200);
        let states = (state(who, first).await, state(who, last).await);
        assert_eq!((states.0.as_str(), states.1.as_str()), ("enrolled", "withdrawn"), "the dearest is kept");
    }
    assert_eq!((state(&dan, &waits).await.as_str(), stage.seats(&two).await), ("offered", (2, 0, 0)));
    assert_eq!(stage.seats(&one).await, (1, 1, 0));
}

async fn whom_staff_add_gives_up_the_rest(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (full, here) = (stage.cohort(1).await, stage.cohort_named("Here", 1).await);
    let _ = applied(&ben, &full).await;
    let (waits, _) = applied(&ana, &full).await;
    let add = |who: &Session<'_>, cohort: &str| {
        let wish = json!({"person_id": who.person_id().to_string(), "reason": "The office asked the school"});
        let (staff, path) = (stage.staff.clone(), format!("{cohort}/additions"));
        async move { staff.post(&path, wish).await }
    };
    assert_eq!(add(&ana, &here).await.expect(201)["state"], "enrolled");
    assert_eq!((state(&ana, &waits).await.as_str(), stage.seats(&full).await), ("withdrawn", (1, 0, 0)));
    let before = stage.entries().await;
    let other = stage.cohort_named("Other", 5).await;
    let made = stage.entries().await;
    assert_eq!(add(&ana, &other).await.problem(409), "not_ready");
    assert!(made > before && stage.entries().await == made);
}

async fn a_team_that_is_enrolled_gives_up_the_rest(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let (ana, ben, eva) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Eva").await);
    let (full, here) = (stage.cohort(1).await, stage.cohort_named("Here", 3).await);
    let _ = applied(&eva, &full).await;
    let (waits, _) = applied(&ben, &full).await;
    let team = |colleagues: &[&str]| json!({"colleagues": colleagues, "mode": "all_or_none"});
    let path = format!("{here}/team-applications");
    let refused = ana.post(&path, team(&["eva@example.org"])).await;
    assert_eq!(refused.faults(), [("#/colleagues/0", "not_found")], "who is enrolled elsewhere is not found out");
    let begun = ana.post(&path, team(&["ben@example.org"])).await;
    let team = begun.header("location").to_owned();
    let _ = begun.expect(201);
    let _ = ben.act(&format!("{team}/agree")).await.expect(200);
    let _ = ana.act(&format!("{team}/submit")).await.expect(200);
    assert_eq!((state(&ben, &waits).await.as_str(), stage.seats(&full).await), ("withdrawn", (1, 0, 0)));
    assert_eq!(stage.seats(&here).await, (2, 1, 0));
}

async fn who_is_enrolled_can_be_transferred(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let (here, there) = (stage.cohort(1).await, stage.cohort_named("There", 1).await);
    let (place, _) = applied(&ana, &here).await;
    let wish = json!({"to_cohort_id": id_of(&there), "reason": "That group meets when her school does"});
    let offer = stage.staff.post(&format!("{place}/transfer"), wish).await.header("location").to_owned();
    assert_eq!(ana.act(&format!("{offer}/confirm")).await.expect(200)["state"], "enrolled");
    assert_eq!((state(&ana, &place).await.as_str(), stage.seats(&here).await), ("transferred", (0, 1, 0)));
}

async fn what_is_on_offer_for_a_place_stands_when_that_becomes_an_enrollment(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let cy = stage.stranger("Cy").await;
    let (here, there) = (stage.cohort(1).await, stage.cohort_named("There", 1).await);
    let (place, made) = applied(&cy, &here).await;
    let wish = json!({"to_cohort_id": id_of(&there), "reason": "That group meets when her school does"});
    let offer = stage.staff.post(&format!("{place}/transfer"), wish).await.header("location").to_owned();
    let _ = stage.verify(&made).await.expect(200);
    assert_eq!((state(&cy, &place).await.as_str(), state(&cy, &offer).await.as_str()), ("enrolled", "offered"));
    assert_eq!(cy.act(&format!("{offer}/confirm")).await.expect(200)["state"], "enrolled");
    assert_eq!((state(&cy, &place).await.as_str(), stage.seats(&here).await), ("transferred", (0, 1, 0)));
}

async fn of_two_offers_that_are_confirmed_at_once_one_is(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "rolling_review").await;
    let (one, two) = (stage.cohort(20).await, stage.cohort_named("Two", 20).await);
    let mut people = Vec::new();
    for number in 0..6 {
        let person = stage.principal(&format!("P{number}")).await;
        let offers = [offered(&stage, &person, &one).await, offered(&stage, &person, &two).await];
        people.push((person, offers));
    }
    let confirm = async |(person, [first, second]): &(Session<'_>, [String; 2])| {
        let (first, second) = (format!("{first}/confirm"), format!("{second}/confirm"));
        join(person.act(&first), person.act(&second)).await
    };
    for (first, second) in join_all(people.iter().map(confirm)).await {
        let (done, refused) = if first.status == 200 { (first, second) } else { (second, first) };
        assert_eq!(done.expect(200)["state"], "enrolled");
        assert_eq!(refused.problem(409), "not_ready");
    }
    for (person, [first, second]) in &people {
        let mut states = [state(person, first).await, state(person, second).await];
        states.sort_unstable();
        assert_eq!(states, ["enrolled", "withdrawn"]);
    }
    assert_eq!(stage.seats(&one).await.0 + stage.seats(&two).await.0, 6);
}

async fn of_two_applications_at_once_one_is_enrolled(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = stage(&api, "first_come").await;
    let (one, two) = (stage.cohort(20).await, stage.cohort_named("Two", 20).await);
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(stage.principal(&format!("P{number}")).await);
    }
    for (first, second) in join_all(people.iter().map(|person| join(apply(person, &one), apply(person, &two)))).await {
        let (done, refused) = if first.status == 201 { (first, second) } else { (second, first) };
        assert_eq!(done.expect(201)["state"], "enrolled");
        assert_eq!(refused.problem(409), "not_ready");
    }
    assert_eq!(stage.seats(&one).await.0 + stage.seats(&two).await.0, 6);
}
