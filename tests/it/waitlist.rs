//! Waitlists, through HTTP: who comes when, and what everybody is told about it.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, state};

on_both_databases! {
    whoever_waits_reads_why_the_position_moved,
    a_history_is_read_a_page_at_a_time,
    staff_put_somebody_first_with_a_reason,
    whoever_is_passed_over_reads_what_stood_in_the_way,
    who_comes_back_waits_at_the_end,
    a_newcomer_passes_over_who_waits_only_with_a_word,
    after_the_kick_off_nobody_is_promoted,
    of_offers_and_holds_past_their_time_every_reading_says_so,
}

/// Each step of a history: what happened, whether to oneself, and from where to where.
fn steps(history: &Value) -> Vec<(String, bool, u64, u64)> {
    let position = |step: &Value, member: &str| step[member].as_u64().unwrap_or_default();
    let items = history["items"].as_array().unwrap().iter();
    items
        .map(|step| {
            let cause = step["cause"].as_str().unwrap().to_owned();
            (cause, step["own"] == true, position(step, "from_position"), position(step, "to_position"))
        })
        .collect()
}

async fn history(who: &Session<'_>, application: &str) -> Value {
    who.get(&format!("{application}/waitlist-history")).await.expect(200)
}

fn step(cause: &str, own: bool, from: u64, to: u64) -> (String, bool, u64, u64) {
    (cause.to_owned(), own, from, to)
}

fn enrollment(application: &str) -> String {
    application.replace("applications", "enrollments")
}

/// A cohort of one seat, which the first of these people has; the others wait, in this order.
async fn queue<'a>(stage: &Stage<'a>, names: &[&str]) -> (String, Vec<(Session<'a>, String)>) {
    let path = stage.cohort(1).await;
    let mut people = Vec::new();
    for name in names {
        let who = stage.principal(name).await;
        let application = applied(&who, &path).await.0;
        people.push((who, application));
    }
    (path, people)
}

async fn whoever_waits_reads_why_the_position_moved(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, people) = queue(&stage, &["Ana", "Ben", "Cy", "Di"]).await;
    let lead = stage.principal("Lea").await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let [(ana, first), (ben, second), (cy, third), (di, fourth)] = &people[..] else { panic!() };
    let _ = cy.act(&format!("{third}/withdraw")).await.expect(200);
    let _ = ana.act(&format!("{}/withdraw", enrollment(first))).await.expect(200);
    let told = history(di, fourth).await;
    let so_far = [step("joined", true, 0, 3), step("withdrawn", false, 3, 2), step("offered", false, 2, 1)];
    assert_eq!(steps(&told), so_far);
    assert_eq!(told["items"][1]["occurred_at"], "2019-11-01T12:00:00.000Z");
    assert_eq!(steps(&history(cy, third).await), [step("joined", true, 0, 2), step("withdrawn", true, 2, 0)]);
    assert!(!told.to_string().contains(&ben.person_id().to_string()), "of others it is not told who they are");

    // Ben's offer runs out, and it is Di's turn.
    stage.reach("2019-11-05T05:00:00Z").await;
    let whole = [&so_far[..], &[step("offered", true, 1, 0)]].concat();
    for who in [di, &lead, &stage.staff] {
        assert_eq!(steps(&history(who, fourth).await), whole);
    }
    assert_eq!(steps(&history(ben, second).await), [step("joined", true, 0, 1), step("offered", true, 1, 0)]);
    assert!(steps(&history(ana, first).await).is_empty(), "she never waited");
    assert_eq!(ben.get(&format!("{fourth}/waitlist-history")).await.problem(404), "not_found");
}

async fn a_history_is_read_a_page_at_a_time(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (_, people) = queue(&stage, &["Ana", "Ben", "Cy", "Di", "Eve"]).await;
    for priority in [2, 0, 3] {
        let body = json!({"priority": priority, "reason": "Two of the office disagreed"});
        let _ = stage.staff.post(&format!("{}/prioritize", people[4].1), body).await.expect(200);
    }
    for (who, application) in &people[1..3] {
        let _ = who.act(&format!("{application}/withdraw")).await.expect(200);
    }
    for (who, application) in &people[3..] {
        let whole = who.get(&format!("{application}/waitlist-history?with_total=true")).await.expect(200);
        let (mut pieces, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = who.get(&format!("{application}/waitlist-history?limit=1{cursor}")).await.expect(200);
            pieces.extend(steps(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((&whole["total"], steps(&whole)), (&json!(pieces.len()), pieces));
    }
    let of_di = steps(&history(&people[3].0, &people[3].1).await);
    let expected = [
        step("joined", true, 0, 3),
        step("prioritized", false, 3, 4),
        step("prioritized", false, 4, 3),
        step("prioritized", false, 3, 4),
        step("withdrawn", false, 4, 3),
        step("withdrawn", false, 3, 2),
    ];
    assert_eq!(of_di, expected);
}

async fn staff_put_somebody_first_with_a_reason(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, people) = queue(&stage, &["Ana", "Ben", "Cy", "Di"]).await;
    let lead = stage.principal("Lea").await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let [(ana, first), (ben, second), (cy, third), (di, fourth)] = &people[..] else { panic!() };
    let before = stage.entries().await;
    let ask = async |who: &Session<'_>, application: &str, body: Value| who.post(&format!("{application}/prioritize"), body).await;
    let why = || json!({"reason": "Her application was lost by mistake"});
    assert_eq!(ask(&lead, fourth, why()).await.problem(403), "permission_denied");
    assert_eq!(ask(di, fourth, why()).await.problem(403), "permission_denied");
    assert_eq!(ask(&stage.staff, fourth, json!({})).await.faults(), [("#/reason", "required")]);
    assert_eq!(
        ask(&stage.staff, fourth, json!({"reason": "It was asked for", "priority": 10})).await.faults(),
        [("#/priority", "out_of_range")]
    );
    assert_eq!(ask(&stage.staff, first, why()).await.problem(409), "invalid_state_transition");
    assert_eq!(stage.entries().await, before);

    let put_first = ask(&stage.staff, fourth, why()).await.expect(200);
    assert_eq!((&put_first["state"], &put_first["waitlist_position"]), (&json!("waitlisted"), &json!(1)));
    let of_di = history(di, fourth).await;
    assert_eq!(steps(&of_di), [step("joined", true, 0, 3), step("prioritized", true, 3, 1)]);
    assert_eq!(of_di["items"][1]["reason"], "Her application was lost by mistake");
    let of_ben = history(ben, second).await;
    assert_eq!(steps(&of_ben)[1], step("prioritized", false, 1, 2));
    assert_eq!(of_ben["items"][1].get("reason"), None, "what was said of others is not told");
    let _ = ask(&stage.staff, third, json!({"reason": "So was his", "priority": 1})).await.expect(200);
    let waitlist = stage.staff.get(&format!("{path}/waitlist")).await.expect(200);
    let order: Vec<(&str, u64)> = waitlist["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["given_name"].as_str().unwrap(), entry["priority"].as_u64().unwrap()))
        .collect();
    assert_eq!(order, [("Cy", 1), ("Di", 1), ("Ben", 0)], "of one priority, who joined first comes first");
    let _ = ask(&stage.staff, third, json!({"reason": "It was another person", "priority": 0})).await.expect(200);
    assert_eq!(cy.get(third).await.expect(200)["waitlist_position"], 3);
    let _ = ana.act(&format!("{}/withdraw", enrollment(first))).await.expect(200);
    assert_eq!((state(di, fourth).await, state(ben, second).await), ("offered".into(), "waitlisted".into()));
    assert_eq!(stage.seats(&path).await, (1, 0, 2));
}

async fn whoever_is_passed_over_reads_what_stood_in_the_way(database: TestDatabase) {
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
        let _ = stage.staff.act(&format!("{location}/waitlist")).await.expect(200);
    }
    let _ = ana.act(&format!("{}/withdraw", locations[0])).await.expect(200);
    let of_ben = history(&ben, &locations[1]).await;
    assert_eq!(steps(&of_ben), [step("joined", true, 0, 1), step("passed_over", true, 1, 1)]);
    assert_eq!(of_ben["items"][1]["unmet"], json!(["not_verified"]));
    assert_eq!(steps(&history(&cy, &locations[2]).await), [step("joined", true, 0, 2), step("offered", true, 2, 0)]);
}

async fn who_comes_back_waits_at_the_end(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, people) = queue(&stage, &["Ana", "Ben", "Cy"]).await;
    let (ben, before) = &people[1];
    let _ = ben.act(&format!("{before}/withdraw")).await.expect(200);
    let (again, back) = applied(ben, &path).await;
    assert_ne!(&again, before, "it is a new application");
    assert_eq!((&back["state"], &back["waitlist_position"]), (&json!("waitlisted"), &json!(2)));
    assert_eq!(steps(&history(ben, &again).await), [step("joined", true, 0, 2)]);
    assert_eq!(steps(&history(ben, before).await), [step("joined", true, 0, 1), step("withdrawn", true, 1, 0)]);
}

async fn a_newcomer_passes_over_who_waits_only_with_a_word(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let _ = stage.staff.patch(&stage.program, json!({"joining": {"active_membership": true}})).await.expect(200);
    let path = stage.cohort(1).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.stranger("Ben").await);
    let (first, second) = (applied(&ana, &path).await.0, applied(&ben, &path).await.0);
    let lapsed = json!({"membership": "lapsed"});
    let _ = stage.staff.patch(&format!("/v1/organizations/{}", stage.other_school), lapsed).await.expect(200);
    let _ = ana.act(&format!("{}/withdraw", enrollment(&first))).await.expect(200);
    assert_eq!(stage.seats(&path).await, (0, 0, 1), "the seat is free, and no newcomer is told that it is");
    let cy = stage.principal("Cy").await;
    let (third, newcomer) = applied(&cy, &path).await;
    assert_eq!(newcomer["state"], "offered", "he waited for a moment, and his turn came");
    assert_eq!(steps(&history(&cy, &third).await), [step("joined", true, 0, 2), step("offered", true, 2, 0)]);
    let of_ben = history(&ben, &second).await;
    assert_eq!(steps(&of_ben).last(), Some(&step("passed_over", true, 1, 1)));
    assert_eq!(of_ben["items"][1]["unmet"], json!(["active_membership"]));
    assert_eq!(state(&ben, &second).await, "waitlisted", "and keeps his place");
}

async fn after_the_kick_off_nobody_is_promoted(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, people) = queue(&stage, &["Ana", "Ben"]).await;
    let [(ana, first), (ben, second)] = &people[..] else { panic!() };
    stage.reach_without_jobs("2019-12-09T05:00:00Z").await;
    let _ = stage.staff.patch(&path, json!({"capacity": {"max": 5}})).await.expect(200);
    assert_eq!(state(ben, second).await, "expired");
    let _ = ana.act(&format!("{}/withdraw", enrollment(first))).await.expect(200);
    assert_eq!(state(ben, second).await, "expired");
    assert_eq!(steps(&history(ben, second).await), [step("joined", true, 0, 1), step("expired", true, 1, 0)]);
    let late = json!({"reason": "Too late"});
    assert_eq!(stage.staff.post(&format!("{second}/prioritize"), late).await.problem(409), "invalid_state_transition");
    assert_eq!(stage.seats(&path).await, (0, 5, 0));
}

async fn of_offers_and_holds_past_their_time_every_reading_says_so(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (path, people) = queue(&stage, &["Ana", "Ben", "Cy"]).await;
    let (ana, first) = &people[0];
    let _ = ana.act(&format!("{}/withdraw", enrollment(first))).await.expect(200);
    let holds = stage.cohort_named("Another", 1).await;
    let stranger = stage.stranger("Eve").await;
    let (held, _) = applied(&stranger, &holds).await;
    stage.reach_without_jobs("2019-11-05T05:00:00Z").await;
    for (who, application) in [(&people[1].0, &people[1].1), (&stranger, &held)] {
        assert_eq!(state(who, application).await, "expired");
        assert_eq!(who.get("/v1/me/applications").await.expect(200)["items"][0]["state"], "expired");
        let id = application.rsplit('/').next().unwrap();
        let all = stage.staff.get("/v1/applications?limit=200").await.expect(200);
        let listed = all["items"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap().clone();
        assert_eq!((&listed["state"], listed.get("offer_expires_at")), (&json!("expired"), None));
    }
    assert_eq!(stage.seats(&holds).await, (0, 1, 0));
    let waits = stage.staff.get(&format!("{path}/waitlist")).await.expect(200);
    assert_eq!((waits["items"].as_array().unwrap().len(), &waits["items"][0]["given_name"]), (1, &json!("Cy")));
    let counts = stage.staff.get(&format!("{path}/roster")).await.expect(200)["counts"].clone();
    assert_eq!((&counts["offered"], &counts["unverified"], &counts["waiting"]), (&json!(0), &json!(0), &json!(1)));
}
