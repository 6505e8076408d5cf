//! Programs, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    a_program_is_made_planned_published_and_closed,
    what_is_wrong_with_a_program_is_told_whole,
    what_the_year_follows_from_is_settled_at_publication,
    a_draft_is_there_for_staff_alone,
    programs_come_in_pages,
    a_phase_follows_the_clock,
    a_cancelled_program_says_why_and_stays_so,
}

/// What the charter schools' program is made of.
pub fn dcsc() -> Value {
    json!({
        "slug": "cop-2019-20", "name": "Communities of Practice 2019-20", "school_year": "2019-20", "time_zone": "America/New_York",
        "delivery": "call_for_proposals", "enrollment_mode": "first_come", "capacity": {"min": 10, "max": 20},
    })
}

/// Its year.
pub fn dcsc_timeline() -> Value {
    let on = |kind: &str, day: &str| json!({"kind": kind, "on": day});
    json!({"milestones": [
        on("proposals_open", "2019-09-12"),
        on("proposals_due", "2019-10-03"),
        on("offerings_final", "2019-10-10"),
        on("signup_opens", "2019-10-17"),
        on("signup_soft_deadline", "2019-11-14"),
        on("kickoff", "2019-12-09"),
        on("in_person_training", "2020-01-30"),
        on("call", "2020-02-14"),
        on("call", "2020-03-16"),
        on("call", "2020-04-15"),
        on("call", "2020-05-15"),
        on("closeout", "2020-06-15"),
    ]})
}

/// Makes a program with its year, as a draft; gives its address.
pub async fn planned(staff: &Session<'_>) -> String {
    let made = staff.post("/v1/programs", dcsc()).await;
    let path = made.header("location").to_owned();
    let _ = made.expect(201);
    let _ = staff.put(&format!("{path}/timeline"), dcsc_timeline()).await.expect(200);
    path
}

/// The same, published.
pub async fn published(staff: &Session<'_>) -> String {
    let path = planned(staff).await;
    let _ = staff.act(&format!("{path}/publish")).await.expect(200);
    path
}

async fn a_program_is_made_planned_published_and_closed(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;

    let made = staff.post("/v1/programs", dcsc()).await;
    let path = made.header("location").to_owned();
    let program = made.expect(201);
    assert_eq!(path, format!("/v1/programs/{}", program["id"].as_str().unwrap()));
    assert_eq!((&program["phase"], &program["version"], &program["blocked_by"]), (&json!("draft"), &json!(1), &json!([])));
    assert_eq!(
        program["terms"],
        json!({"hold_days": 7, "offer_days": 7, "grace_minutes": 0, "anywhere_on_earth": false, "one_cohort": false})
    );
    assert_eq!(program["allowed_actions"], json!(["update", "publish", "cancel"]));
    assert!(program.get("next_milestone").is_none() && program.get("published_at").is_none());

    let before = api.entries(coalition).await;
    let too_early = staff.act(&format!("{path}/publish")).await;
    assert_eq!((too_early.problem(422), too_early.faults().len()), ("timeline_out_of_order", 6));
    assert_eq!(api.entries(coalition).await, before);

    let _ = staff.put(&format!("{path}/timeline"), dcsc_timeline()).await.expect(200);
    let published = staff.act(&format!("{path}/publish")).await;
    let etag = published.header("etag").to_owned();
    let published = published.expect(200);
    assert_eq!((&published["phase"], &published["published_at"]), (&json!("scheduled"), &json!("2019-09-01T12:00:00.000Z")));
    assert_eq!(published["next_milestone"]["kind"], "proposals_open");
    let read = staff.get(&path).await;
    assert_eq!(read.header("etag"), etag);
    assert_eq!(read.expect(200), published);

    let before = api.entries(coalition).await;
    let again = staff.act(&format!("{path}/publish")).await;
    assert_eq!(again.problem(409), "invalid_state_transition");
    assert_eq!(
        (&again.body["current_state"], &again.body["allowed_actions"]),
        (&json!("published"), &json!(["update", "finalize_offerings", "close", "cancel"]))
    );
    assert_eq!(api.entries(coalition).await, before);

    let closed = staff.act(&format!("{path}/close")).await.expect(200);
    assert_eq!((&closed["phase"], &closed["allowed_actions"]), (&json!("closed"), &json!([])));
    assert_eq!(staff.patch(&path, json!({"name": "Too late"})).await.problem(409), "invalid_state_transition");
    assert_eq!(staff.get(&path).await.expect(200), closed);
}

async fn what_is_wrong_with_a_program_is_told_whole(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let _ = staff.post("/v1/programs", dcsc()).await.expect(201);
    let before = api.entries(coalition).await;

    let mut wrong = dcsc();
    wrong["slug"] = json!("Not a slug");
    wrong["time_zone"] = json!("Mars/Olympus");
    wrong["delivery"] = json!("by_mail");
    wrong["capacity"] = json!({"min": 0});
    wrong["terms"] = json!({"hold_days": 91, "grace": 1});
    let refused = staff.post("/v1/programs", wrong).await;
    assert_eq!(refused.problem(422), "validation_failed");
    let faults = [
        ("#/capacity/min", "out_of_range"),
        ("#/delivery", "invalid_value"),
        ("#/slug", "invalid_format"),
        ("#/terms/grace", "unknown_field"),
        ("#/terms/hold_days", "out_of_range"),
        ("#/time_zone", "invalid_format"),
    ];
    assert_eq!(refused.faults(), faults);
    let mut upside_down = dcsc();
    upside_down["capacity"] = json!({"min": 30});
    assert_eq!(
        staff.post("/v1/programs", upside_down).await.faults(),
        [("#/capacity/min", "out_of_range")],
        "above the usual maximum"
    );
    assert_eq!(staff.post("/v1/programs", dcsc()).await.problem(409), "already_exists");
    assert_eq!(api.entries(coalition).await, before);

    let elsewhere = api.person(api.coalition("diso").await, "Sid", &[Grant::Staff]).await;
    let _ = elsewhere.post("/v1/programs", dcsc()).await.expect(201);
}

async fn what_the_year_follows_from_is_settled_at_publication(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = published(&staff).await;
    let before = staff.get(&path).await.expect(200);
    let entries = api.entries(coalition).await;

    let frozen = json!({"slug": "other", "time_zone": "UTC", "delivery": "staff_led", "enrollment_mode": "rolling_review",
        "terms": {"anywhere_on_earth": true, "offer_days": 5}});
    let refused = staff.patch(&path, frozen).await;
    assert_eq!(refused.problem(422), "validation_failed");
    let pointers = ["#/delivery", "#/enrollment_mode", "#/slug", "#/terms/anywhere_on_earth", "#/time_zone"];
    assert_eq!(refused.faults(), pointers.map(|pointer| (pointer, "frozen")));
    assert_eq!(staff.get(&path).await.expect(200), before);
    assert_eq!(api.entries(coalition).await, entries);

    let patch =
        json!({"description": "A year together", "capacity": {"max": 15}, "terms": {"offer_days": 5}, "slug": "cop-2019-20"});
    let changed = staff.patch(&path, patch).await.expect(200);
    assert_eq!((&changed["description"], &changed["capacity"]), (&json!("A year together"), &json!({"min": 10, "max": 15})));
    assert_eq!((&changed["terms"]["offer_days"], &changed["terms"]["hold_days"]), (&json!(5), &json!(7)));
    let cleared = staff.patch(&path, json!({"description": null})).await.expect(200);
    assert!(cleared.get("description").is_none());
}

async fn a_draft_is_there_for_staff_alone(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Staff]).await;
    let path = planned(&staff).await;
    let before = api.entries(coalition).await;

    for address in [path.clone(), format!("{path}/timeline")] {
        assert_eq!(member.get(&address).await.problem(404), "not_found");
        assert_eq!(stranger.get(&address).await.problem(404), "not_found");
    }
    assert_eq!(member.get("/v1/programs").await.expect(200)["items"], json!([]));
    assert_eq!(member.post("/v1/programs", dcsc()).await.problem(403), "permission_denied");
    assert_eq!(member.act(&format!("{path}/publish")).await.problem(403), "permission_denied");
    assert_eq!(stranger.act(&format!("{path}/publish")).await.problem(404), "not_found");
    assert_eq!(api.anonymous().get(&path).await.problem(401), "authentication_required");
    assert_eq!(api.entries(coalition).await, before);

    let _ = staff.act(&format!("{path}/publish")).await.expect(200);
    let seen = member.get(&path).await.expect(200);
    assert_eq!(seen["allowed_actions"], json!([]));
    assert!(seen["terms"].get("grace_minutes").is_none(), "grace is not advertised");
    assert_eq!(member.get("/v1/programs").await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(member.patch(&path, json!({"name": "Mine"})).await.problem(403), "permission_denied");
    assert_eq!(stranger.get(&path).await.problem(404), "not_found");
}

async fn programs_come_in_pages(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    for (slug, name, year) in [("a", "Beta", "2018-19"), ("b", "alpha", "2020-21"), ("c", "Gamma", "2019-20")] {
        let mut program = dcsc();
        (program["slug"], program["name"], program["school_year"]) = (json!(slug), json!(name), json!(year));
        let _ = staff.post("/v1/programs", program).await.expect(201);
    }
    let slugs = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|program| program["slug"].as_str().unwrap().to_owned()).collect()
    };
    let first = staff.get("/v1/programs?limit=2&with_total=true").await.expect(200);
    assert_eq!((slugs(&first), &first["total"]), (vec!["b".to_owned(), "c".to_owned()], &json!(3)));
    assert!(first["items"][0].get("allowed_actions").is_none(), "absent from summaries");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = staff.get(&format!("/v1/programs?limit=2&with_total=true&cursor={cursor}")).await.expect(200);
    assert_eq!(slugs(&second), ["a"]);
    assert_eq!(slugs(&staff.get("/v1/programs?sort=name").await.expect(200)), ["b", "a", "c"]);
    assert_eq!(staff.get("/v1/programs?sort=size").await.problem(400), "invalid_parameter");
}

async fn a_phase_follows_the_clock(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = published(&staff).await;
    for (now, phase, blocked_by, next) in [
        ("2019-09-12T03:59:59.999Z", "scheduled", json!([]), "proposals_open"),
        ("2019-09-12T04:00:00.000Z", "accepting_proposals", json!([]), "proposals_due"),
        ("2019-10-04T04:00:00.000Z", "reviewing_proposals", json!([]), "offerings_final"),
        ("2019-10-11T04:00:00.000Z", "reviewing_proposals", json!(["offerings_not_final"]), "signup_opens"),
    ] {
        let _ = staff.put("/v1/clock", json!({"now": now})).await.expect(200);
        let program = staff.get(&path).await.expect(200);
        assert_eq!((&program["phase"], &program["blocked_by"]), (&json!(phase), &blocked_by), "{now}");
        assert_eq!(program["next_milestone"]["kind"], next, "{now}");
        let listed = staff.get("/v1/programs").await.expect(200);
        assert_eq!(listed["items"][0]["phase"], phase, "{now}");
    }
    let _ = staff.put("/v1/clock", json!({"now": "2020-06-16T04:00:00Z"})).await.expect(200);
    let over = staff.get(&path).await.expect(200);
    assert_eq!(over["phase"], "closed");
    assert!(over.get("next_milestone").is_none());
}

async fn a_cancelled_program_says_why_and_stays_so(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let owner = api.person(coalition, "Olu", &[Grant::Owner]).await;
    let path = published(&staff).await;
    let cancel = format!("{path}/cancel");
    let before = api.entries(coalition).await;
    assert_eq!(staff.post(&cancel, json!({})).await.faults(), [("#/reason", "required")]);
    assert_eq!(staff.post(&cancel, json!({"reason": "no"})).await.faults(), [("#/reason", "too_short")]);
    assert_eq!(api.entries(coalition).await, before);

    let cancelled = staff.post(&cancel, json!({"reason": "Too few proposals"})).await.expect(200);
    assert_eq!((&cancelled["phase"], &cancelled["cancel_reason"]), (&json!("cancelled"), &json!("Too few proposals")));
    for (address, body) in [(cancel, json!({"reason": "Again"})), (format!("{path}/timeline/preview"), dcsc_timeline())] {
        assert_eq!(staff.post(&address, body).await.problem(409), "invalid_state_transition", "{address}");
    }
    assert_eq!(staff.act(&format!("{path}/close")).await.problem(409), "invalid_state_transition");
    assert_eq!(staff.put(&format!("{path}/timeline"), dcsc_timeline()).await.problem(409), "invalid_state_transition");
    let entries = owner.get(&format!("/v1/journal?type=program.cancelled&subject_id={}", cancelled["id"].as_str().unwrap())).await;
    let entries = entries.expect(200);
    assert_eq!(entries["items"][0]["reason"], "Too few proposals");
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
}
