//! Cohorts, through HTTP.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, apply, cohort, state};

on_both_databases! {
    a_cohort_is_made_published_and_read,
    what_is_wrong_with_a_cohort_is_told_whole,
    a_cohort_has_dates_of_its_own,
    cohorts_are_found_by_what_they_are_and_by_whose,
    sign_up_follows_the_clock,
    the_maximum_is_never_less_than_the_seats_held_and_a_greater_one_lets_in_who_waits,
    a_cohort_that_is_started_early_closes_its_sign_up,
    a_cohort_is_completed_with_its_enrollments,
    a_cancelled_cohort_lets_everybody_go,
    a_cancelled_program_takes_its_cohorts_with_it,
    a_timeline_that_moves_the_kick_off_moves_what_depends_on_it,
    the_rules_for_joining_are_answered_for_whoever_asks,
    the_roster_is_for_the_cohort_s_people_and_the_waitlist_for_who_runs_it,
}

fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|cohort| cohort["title"].as_str().unwrap()).collect()
}

async fn a_cohort_is_made_published_and_read(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, member) = (stage.principal("Lea").await, stage.principal("Mia").await);
    let wish = json!({"facilitator_ids": [lead.person_id()], "title": "Behind the Behaviors", "delivery": "hybrid"});
    let made = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await;
    let path = made.header("location").to_owned();
    let etag = made.header("etag").to_owned();
    let draft = made.expect(201);
    assert_eq!((&draft["state"], &draft["slug"], &draft["version"]), (&json!("draft"), &json!("behind-the-behaviors"), &json!(1)));
    assert_eq!(draft["seats"], json!({"min": 2, "max": 20, "held": 0, "left": 20}), "as its program has it");
    assert_eq!(draft["facilitators"][0]["given_name"], "Lea");
    assert_eq!(draft["allowed_actions"], json!(["update", "publish", "cancel"]));

    assert_eq!(member.get(&path).await.problem(404), "not_found", "a draft is there for staff and who leads it");
    assert_eq!(lead.get(&path).await.expect(200)["allowed_actions"], json!([]));
    let published = stage.staff.act(&format!("{path}/publish")).await;
    assert_ne!(published.header("etag"), etag);
    let published = published.expect(200);
    assert_eq!((&published["state"], &published["enrollment_status"]), (&json!("open"), &json!("open")));
    let again = stage.staff.act(&format!("{path}/publish")).await;
    assert_eq!((again.problem(409), &again.body["current_state"]), ("invalid_state_transition", &json!("open")));
    let read = member.get(&path).await.expect(200);
    assert_eq!((&read["signup_closes_at"], &read["allowed_actions"]), (&json!("2019-12-09T05:00:00.000Z"), &json!([])));

    let twin = json!({"title": "Behind the behaviors", "delivery": "virtual"});
    let taken = stage.staff.post(&format!("{}/cohorts", stage.program), twin).await;
    assert_eq!(taken.problem(409), "already_exists");
    let changed =
        stage.staff.patch(&path, json!({"description": "For those who ask why", "facilitator_ids": []})).await.expect(200);
    assert_eq!((&changed["facilitators"], &changed["version"]), (&json!([]), &json!(3)));
}

async fn what_is_wrong_with_a_cohort_is_told_whole(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = format!("{}/cohorts", stage.program);
    let before = stage.entries().await;
    let nobody = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
    let unknown = json!({"title": "T", "delivery": "virtual", "facilitator_ids": [nobody]});
    assert_eq!(stage.staff.post(&path, unknown).await.faults(), [("#/facilitator_ids/0", "not_found")]);
    let capacity = json!({"title": "T", "delivery": "virtual", "capacity": {"min": 30}});
    assert_eq!(stage.staff.post(&path, capacity).await.faults(), [("#/capacity/min", "out_of_range")]);
    let milestones = json!({"title": "T", "delivery": "virtual", "milestones": [{"kind": "signup_opens", "on": "2019-11-01"}]});
    assert_eq!(stage.staff.post(&path, milestones).await.faults(), [("#/milestones/0/kind", "invalid_value")]);
    let shape = json!({"title": "", "delivery": "by post", "capacity": {"max": 501}, "color": "red"});
    let refused = stage.staff.post(&path, shape).await;
    let pointers: Vec<&str> = refused.faults().iter().map(|(pointer, _)| *pointer).collect();
    assert_eq!(pointers, ["#/capacity/max", "#/color", "#/delivery", "#/title"]);
    assert_eq!(stage.entries().await, before);
}

async fn a_cohort_has_dates_of_its_own(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(20).await;
    let own = json!({"milestones": [{"kind": "kickoff", "at": "2019-12-03T21:00:00Z"}, {"kind": "call", "on": "2020-02-14"}]});
    let changed = stage.staff.patch(&path, own).await.expect(200);
    assert_eq!(changed["signup_closes_at"], "2019-12-03T21:00:00.000Z");
    let kinds: Vec<&Value> = changed["milestones"].as_array().unwrap().iter().map(|milestone| &milestone["kind"]).collect();
    assert_eq!(kinds, ["kickoff", "call", "closeout"], "its own, and what it leaves to its program");
    assert_eq!(stage.staff.get(&path).await.expect(200), changed);

    stage.reach("2019-12-03T21:00:00Z").await;
    let late = stage.staff.patch(&path, json!({"milestones": []})).await;
    assert_eq!((late.problem(422), late.faults()), ("validation_failed", vec![("#/milestones", "frozen")]));
    assert_eq!(stage.staff.get(&path).await.expect(200)["state"], "in_session");
}

async fn cohorts_are_found_by_what_they_are_and_by_whose(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, member) = (stage.principal("Lea").await, stage.principal("Mia").await);
    let make = async |title: &str, change: Value| {
        let mut wish = cohort(1);
        wish["title"] = json!(title);
        wish.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let path = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await.header("location").to_owned();
        let _ = stage.staff.act(&format!("{path}/publish")).await.expect(200);
        path
    };
    let full = make("Full house", json!({})).await;
    let _ = make("Everybody", json!({"audience": {"roles": [], "levels": ["district"], "organization_kinds": []}})).await;
    let _ = make("Teachers", json!({"audience": {"roles": ["teacher"], "levels": [], "organization_kinds": []}})).await;
    let _ = make("Led by Lea", json!({"facilitator_ids": [lead.person_id()]})).await;
    let _ = stage.draft_cohort(20).await;
    let _ = applied(&member, &full).await;

    let all = ["Everybody", "Full house", "Led by Lea", "Rural Leadership", "Teachers"];
    let list = async |who: &Session<'_>, query: &str| who.get(&format!("/v1/cohorts{query}")).await.expect(200);
    assert_eq!(titles(&list(&stage.staff, "").await), all);
    assert_eq!(titles(&list(&member, "").await), ["Everybody", "Full house", "Led by Lea", "Teachers"], "drafts are for staff");
    assert_eq!(titles(&list(&member, "?status=waitlist_only").await), ["Full house"]);
    assert_eq!(titles(&list(&member, "?role=teacher").await), ["Everybody", "Teachers"]);
    assert_eq!(titles(&list(&member, "?level=school&role=teacher").await), ["Teachers"]);
    assert_eq!(titles(&list(&member, "?q=house").await), ["Full house"]);
    assert_eq!(titles(&list(&member, "?mine=true").await), ["Full house"]);
    assert_eq!(titles(&list(&lead, "?mine=true").await), ["Led by Lea"]);
    let first = list(&stage.staff, "?limit=2&with_total=true&status=open&status=not_open").await;
    assert_eq!((titles(&first), &first["total"]), (vec!["Everybody", "Led by Lea"], &json!(4)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = list(&stage.staff, &format!("?limit=2&with_total=true&status=open&status=not_open&cursor={cursor}")).await;
    assert_eq!((titles(&rest), rest.get("next_cursor")), (vec!["Rural Leadership", "Teachers"], None));
    assert_eq!(member.get("/v1/cohorts?status=ajar").await.problem(400), "invalid_parameter");
}

async fn sign_up_follows_the_clock(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let member = stage.principal("Mia").await;
    let path = stage.cohort(20).await;
    let read = async || {
        let cohort = member.get(&path).await.expect(200);
        (cohort["state"].clone(), cohort["enrollment_status"].clone(), cohort["at_risk"].clone())
    };
    assert_eq!(read().await, (json!("open"), json!("open"), json!(false)));
    stage.reach("2019-11-15T04:59:59.999Z").await;
    assert_eq!(read().await, (json!("open"), json!("open"), json!(false)), "the soft deadline's day is not over in New York");
    stage.reach("2019-11-15T05:00:00Z").await;
    assert_eq!(read().await, (json!("open"), json!("closing_soon"), json!(true)));
    stage.reach("2019-12-09T05:00:00Z").await;
    assert_eq!(read().await, (json!("in_session"), json!("closed"), json!(false)));
    let before = stage.entries().await;
    let late = apply(&member, &path).await;
    assert_eq!((late.problem(409), &late.body["closed_at"]), ("window_closed", &json!("2019-12-09T05:00:00.000Z")));
    assert_eq!(stage.entries().await, before);
}

async fn the_maximum_is_never_less_than_the_seats_held_and_a_greater_one_lets_in_who_waits(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(2).await;
    let mut waiting = Vec::new();
    for name in ["Ana", "Ben", "Cy", "Di"] {
        let who = stage.principal(name).await;
        let (application, _) = applied(&who, &path).await;
        waiting.push((who, application));
    }
    assert_eq!(stage.seats(&path).await, (2, 0, 2));
    let before = stage.entries().await;
    let refused = stage.staff.patch(&path, json!({"capacity": {"max": 1}})).await;
    assert_eq!(refused.problem(409), "seats_below_held");
    assert_eq!(stage.entries().await, before);
    let _ = stage.staff.patch(&path, json!({"capacity": {"max": 3}})).await.expect(200);
    assert_eq!(stage.seats(&path).await, (3, 0, 1));
    let states = [state(&waiting[2].0, &waiting[2].1).await, state(&waiting[3].0, &waiting[3].1).await];
    assert_eq!(states, ["offered", "waitlisted"]);
}

async fn a_cohort_that_is_started_early_closes_its_sign_up(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, ana, ben, late) =
        (stage.principal("Lea").await, stage.principal("Ana").await, stage.stranger("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(20).await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let (enrolled, _) = applied(&ana, &path).await;
    let (held, _) = applied(&ben, &path).await;
    assert_eq!(ana.act(&format!("{path}/start")).await.problem(403), "permission_denied");
    let started = lead.act(&format!("{path}/start")).await.expect(200);
    assert_eq!((&started["state"], &started["enrollment_status"]), (&json!("in_session"), &json!("closed")));
    assert_eq!(started["started_at"], "2019-11-01T12:00:00.000Z");
    let expired = ben.get(&held).await.expect(200);
    assert_eq!((&expired["state"], &expired["expiry_cause"]), (&json!("expired"), &json!("signup_closed")));
    assert_eq!(state(&ana, &enrolled).await, "enrolled");
    assert_eq!(apply(&late, &path).await.problem(409), "window_closed");
    assert_eq!(stage.seats(&path).await, (1, 19, 0));
}

async fn a_cohort_is_completed_with_its_enrollments(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(20).await;
    let (application, made) = applied(&ana, &path).await;
    assert_eq!(stage.staff.act(&format!("{path}/complete")).await.problem(409), "invalid_state_transition");
    stage.reach("2020-06-16T12:00:00Z").await;
    let completed = stage.staff.act(&format!("{path}/complete")).await.expect(200);
    assert_eq!((&completed["state"], &completed["completed_at"]), (&json!("completed"), &json!("2020-06-16T12:00:00.000Z")));
    assert_eq!(state(&ana, &application).await, "completed");
    let enrollment = ana.get(&format!("/v1/enrollments/{}", made["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&enrollment["state"], &enrollment["ended_at"]), (&json!("completed"), &json!("2020-06-16T12:00:00.000Z")));
    assert_eq!(enrollment["allowed_actions"], json!([]));
    assert_eq!(stage.staff.patch(&path, json!({"title": "Too late"})).await.problem(409), "invalid_state_transition");
}

async fn a_cancelled_cohort_lets_everybody_go(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(2).await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.stranger("Ben").await, stage.principal("Cy").await);
    let mut applications = Vec::new();
    for who in [&ana, &ben, &cy] {
        applications.push(applied(who, &path).await.0);
    }
    assert_eq!(stage.staff.post(&format!("{path}/cancel"), json!({})).await.faults(), [("#/reason", "required")]);
    let cancelled = stage.staff.post(&format!("{path}/cancel"), json!({"reason": "Too few people"})).await.expect(200);
    assert_eq!((&cancelled["state"], &cancelled["cancel_reason"]), (&json!("cancelled"), &json!("Too few people")));
    assert_eq!(cancelled["seats"]["held"], 0);
    let removed = ana.get(&applications[0].replace("applications", "enrollments")).await.expect(200);
    assert_eq!((&removed["state"], &removed["removal_cause"]), (&json!("removed"), &json!("cohort_cancelled")));
    for (who, application) in [(&ben, &applications[1]), (&cy, &applications[2])] {
        let declined = who.get(application).await.expect(200);
        assert_eq!((&declined["state"], &declined["reason_code"]), (&json!("declined"), &json!("cohort_cancelled")));
    }
    assert_eq!(apply(&ana, &path).await.problem(409), "window_closed");
}

async fn a_cancelled_program_takes_its_cohorts_with_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let path = stage.cohort(2).await;
    let (application, _) = applied(&ana, &path).await;
    let _ = stage.staff.post(&format!("{}/cancel", stage.program), json!({"reason": "No money this year"})).await.expect(200);
    assert_eq!(stage.staff.get(&path).await.expect(200)["cancel_reason"], "No money this year");
    assert_eq!(state(&ana, &application).await, "removed");
}

async fn a_timeline_that_moves_the_kick_off_moves_what_depends_on_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ben = stage.stranger("Ben").await;
    let path = stage.cohort(2).await;
    let (application, _) = applied(&ben, &path).await;
    let on = |kind: &str, day: &str| json!({"kind": kind, "on": day});
    let sooner =
        json!({"milestones": [on("signup_opens", "2019-10-17"), on("kickoff", "2019-11-02"), on("closeout", "2020-06-15")]});
    let _ = stage.staff.put(&format!("{}/timeline", stage.program), sooner).await.expect(200);
    assert_eq!(stage.staff.get(&path).await.expect(200)["signup_closes_at"], "2019-11-02T04:00:00.000Z");
    assert_eq!(state(&ben, &application).await, "submitted");
    stage.reach("2019-11-02T04:00:00Z").await;
    assert_eq!(state(&ben, &application).await, "expired", "no hold outlives the kick-off, wherever that moves");
    let phase = stage.staff.get(&stage.program).await.expect(200)["phase"].clone();
    assert_eq!(phase, "in_session");
}

async fn the_rules_for_joining_are_answered_for_whoever_asks(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let joining = json!({"joining": {"active_membership": true, "states": ["DC", "MD"], "max_per_organization": 1}});
    let changed = stage.staff.patch(&stage.program, joining.clone()).await.expect(200);
    assert_eq!(changed["joining"], joining["joining"]);
    let path = stage.cohort(20).await;
    let ask = async |who: &Session<'_>| who.get(&format!("{path}/eligibility")).await.expect(200);
    let outcomes = |answer: &Value| -> Vec<(String, String)> {
        let rules = answer["rules"].as_array().unwrap().iter();
        rules.map(|rule| (rule["rule"].as_str().unwrap().to_owned(), rule["outcome"].as_str().unwrap().to_owned())).collect()
    };
    let ana = stage.principal("Ana").await;
    let met = ask(&ana).await;
    assert_eq!((&met["outcome"], outcomes(&met).len()), (&json!("met"), 4));
    let teacher = stage.employed("Tea", &stage.school, "teacher").await;
    let unmet = ask(&teacher).await;
    assert!(outcomes(&unmet).contains(&("role".to_owned(), "unmet".to_owned())) && unmet["outcome"] == "unmet");
    let nobody = ask(&api.person(stage.coalition, "Nel", &[]).await).await;
    assert_eq!((&nobody["outcome"], nobody.get("employment_id")), (&json!("unknown"), None));

    let before = stage.entries().await;
    let refused = apply(&teacher, &path).await;
    assert_eq!(refused.problem(409), "not_eligible");
    assert_eq!(refused.body["errors"][0]["params"]["rule"], "role");
    assert_eq!(stage.entries().await, before);
    let _ = applied(&ana, &path).await;
    let second = stage.principal("Ben").await;
    let full = ask(&second).await;
    assert!(outcomes(&full).contains(&("max_per_organization".to_owned(), "unmet".to_owned())), "{full}");
    assert_eq!(apply(&second, &path).await.problem(409), "not_eligible");
    assert_eq!(ask(&ana).await["outcome"], "met", "one's own seat does not count against oneself");
}

async fn the_roster_is_for_the_cohort_s_people_and_the_waitlist_for_who_runs_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, ana, ben, cy) =
        (stage.principal("Lea").await, stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let path = stage.cohort(1).await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    for who in [&ana, &ben, &cy] {
        let _ = applied(who, &path).await;
    }
    let roster = ana.get(&format!("{path}/roster")).await.expect(200);
    assert_eq!(roster["facilitators"][0]["given_name"], "Lea");
    assert_eq!((roster["participants"].as_array().unwrap().len(), &roster["participants"][0]["given_name"]), (1, &json!("Ana")));
    assert_eq!(roster["participants"][0]["organization_name"], "Cedar Hollow");
    assert_eq!(ben.get(&format!("{path}/roster")).await.problem(403), "permission_denied");
    let names = |page: &Value| -> Vec<(String, u64)> {
        let entries = page["items"].as_array().unwrap().iter();
        entries.map(|entry| (entry["given_name"].as_str().unwrap().to_owned(), entry["position"].as_u64().unwrap())).collect()
    };
    let waitlist = lead.get(&format!("{path}/waitlist")).await.expect(200);
    assert_eq!(names(&waitlist), [("Ben".to_owned(), 1), ("Cy".to_owned(), 2)]);
    let first = stage.staff.get(&format!("{path}/waitlist?limit=1")).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = stage.staff.get(&format!("{path}/waitlist?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(names(&second), [("Cy".to_owned(), 2)]);
    assert_eq!(ben.get(&format!("{path}/waitlist")).await.problem(403), "permission_denied");
}
