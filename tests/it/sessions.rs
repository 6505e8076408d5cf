//! Sessions, through HTTP: generated, added, moved, cancelled, and seen by the cohort's people.

use cohortium_domain::access::Grant;
use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::CoalitionId;
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::Stage;
use crate::programs::published;

on_both_databases! {
    sessions_are_generated_from_the_dates_and_only_once,
    a_session_follows_its_date_unless_somebody_moved_it,
    twenty_who_generate_at_once_generate_once,
    a_session_is_added_moved_and_cancelled,
    what_is_wrong_with_a_session_is_told_and_changes_nothing,
    sessions_are_for_the_cohorts_people,
    who_joins_accepts_each_session_and_sees_them,
    the_kickoff_session_is_the_kickoff,
    sessions_end_with_their_cohort,
    a_session_is_marked_as_held_from_its_start_on,
}

/// A coalition in September 2019, and a cohort with its facilitator.
struct Setting<'a> {
    api: &'a Api,
    coalition: CoalitionId,
    staff: Session<'a>,
    facilitator: Session<'a>,
    program: String,
    cohort: String,
}

async fn setting(api: &Api) -> Setting<'_> {
    let coalition = api.coalition_with("dcsc", Clock::Test { now: at("2019-09-01T12:00:00Z") }).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let facilitator = api.person(coalition, "Fay", &[]).await;
    let program = published(&staff).await;
    let new = json!({"title": "Behaviors", "delivery": "hybrid", "facilitator_ids": [facilitator.person_id()]});
    let made = staff.post(&format!("{program}/cohorts"), new).await;
    let cohort = made.header("location").to_owned();
    let _ = made.expect(201);
    let _ = staff.act(&format!("{cohort}/publish")).await.expect(200);
    Setting { api, coalition, staff, facilitator, program, cohort }
}

impl Setting<'_> {
    fn list(&self) -> String {
        format!("{}/sessions", self.cohort)
    }

    async fn clock(&self, now: &str) {
        let _ = self.staff.put("/v1/clock", json!({ "now": now })).await.expect(200);
    }

    async fn generate(&self) -> Vec<Value> {
        let done = self.facilitator.act(&format!("{}/generate", self.list())).await.expect(200);
        done["items"].as_array().unwrap().clone()
    }

    async fn sessions(&self) -> Vec<Value> {
        self.facilitator.get(&self.list()).await.expect(200)["items"].as_array().unwrap().clone()
    }

    /// Adds a call on a day; gives its address.
    async fn added(&self, on: &str) -> String {
        let made = self.facilitator.post(&self.list(), call(on)).await;
        let location = made.header("location").to_owned();
        let _ = made.expect(201);
        location
    }
}

fn call(on: &str) -> Value {
    json!({
        "kind": "call", "title": "A call between", "on": on, "wall_time": "16:00", "duration_minutes": 60, "delivery": "virtual",
        "join_link": "https://meet.example.org/behaviors"
    })
}

fn path(session: &Value) -> String {
    format!("/v1/sessions/{}", session["id"].as_str().unwrap())
}

async fn sessions_are_generated_from_the_dates_and_only_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let hours = json!({"call": {"wall_time": "09:30", "duration_minutes": 90}});
    let generated = setting.facilitator.post(&format!("{}/generate", setting.list()), hours).await.expect(200);
    assert_eq!(generated["items"].as_array().unwrap().len(), 7);
    let sessions = setting.sessions().await;
    let told: Vec<_> = sessions
        .iter()
        .map(|one| format!("{} {} {} {}", one["kind"], one["starts_at"], one["duration_minutes"], one["delivery"]))
        .collect();
    let told: Vec<_> = told.iter().map(|line| line.replace('"', "")).collect();
    assert_eq!(
        told,
        [
            "kickoff 2019-12-09T21:00:00.000Z 60 virtual",
            "training 2020-01-30T14:00:00.000Z 240 in_person",
            "call 2020-02-14T14:30:00.000Z 90 virtual",
            "call 2020-03-16T13:30:00.000Z 90 virtual",
            "call 2020-04-15T13:30:00.000Z 90 virtual",
            "call 2020-05-15T13:30:00.000Z 90 virtual",
            "closeout 2020-06-15T20:00:00.000Z 60 virtual",
        ]
    );
    let _ =
        setting.facilitator.post(&format!("{}/cancel", path(&sessions[2])), json!({"reason": "Winter break"})).await.expect(200);
    let before = api.entries(setting.coalition).await;
    assert!(setting.generate().await.is_empty(), "a cancelled one is not made again");
    assert_eq!(api.entries(setting.coalition).await, before);
}

async fn a_session_follows_its_date_unless_somebody_moved_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let generated = setting.generate().await;
    let moved = json!({"on": "2020-03-17", "reason": "A holiday in two of the schools"});
    let _ = setting.facilitator.patch(&path(&generated[3]), moved).await.expect(200);
    let timeline = setting.staff.get(&format!("{}/timeline", setting.program)).await.expect(200);
    let milestones: Vec<Value> = timeline["milestones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let later = json!({"2020-02-14": "2020-02-21", "2020-03-16": "2020-03-23"});
            let on = later.get(one["on"].as_str().unwrap()).unwrap_or(&one["on"]);
            json!({"id": one["id"], "kind": one["kind"], "on": on})
        })
        .collect();
    let _ = setting.staff.put(&format!("{}/timeline", setting.program), json!({ "milestones": milestones })).await.expect(200);

    let followed = setting.generate().await;
    assert_eq!((followed.len(), &followed[0]["id"], &followed[0]["on"]), (1, &generated[2]["id"], &json!("2020-02-21")));
    let session = setting.facilitator.get(&path(&generated[2])).await.expect(200);
    assert_eq!(session["reschedulings"][0]["from"]["on"], "2020-02-14");
    assert!(session["reschedulings"][0].get("reason").is_none(), "nobody did it");
    assert_eq!(setting.facilitator.get(&path(&generated[3])).await.expect(200)["on"], "2020-03-17");
}

async fn twenty_who_generate_at_once_generate_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let generate = format!("{}/generate", setting.list());
    let answers = futures_util::future::join_all((0..20).map(|_| setting.facilitator.act(&generate))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(setting.sessions().await.len(), 7);
}

async fn a_session_is_added_moved_and_cancelled(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let made = setting.facilitator.post(&setting.list(), call("2020-03-06")).await;
    let (location, etag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let made = made.expect(201);
    assert_eq!((&made["time_zone"], &made["starts_at"]), (&json!("America/New_York"), &json!("2020-03-06T21:00:00.000Z")));
    assert_eq!((&made["ends_at"], &made["allowed_actions"]), (&json!("2020-03-06T22:00:00.000Z"), &json!(["update", "cancel"])));
    assert!(made.get("join_link").is_none(), "it is too early to join");

    let move_it = json!({"on": "2020-03-09", "title": "A call between calls", "reason": "Snow"});
    let change = |etag: &str| setting.facilitator.request(Method::PATCH, &location).header("if-match", etag).json(&move_it).send();
    let moved = change(&etag).await.expect(200);
    assert_eq!((&moved["title"], &moved["starts_at"]), (&json!("A call between calls"), &json!("2020-03-09T20:00:00.000Z")));
    assert_eq!(moved["reschedulings"][0]["reason"], "Snow");
    assert_eq!(change(&etag).await.problem(412), "precondition_failed");

    let cancelled = setting.staff.post(&format!("{location}/cancel"), json!({"reason": "Nobody can come"})).await.expect(200);
    assert_eq!((&cancelled["state"], &cancelled["cancel_reason"]), (&json!("cancelled"), &json!("Nobody can come")));
    assert_eq!(cancelled["allowed_actions"], json!([]));
    assert_eq!(setting.facilitator.patch(&location, json!({"title": "Again"})).await.problem(409), "invalid_state_transition");
    assert_eq!(
        setting.staff.post(&format!("{location}/cancel"), json!({"reason": "Again"})).await.problem(409),
        "invalid_state_transition"
    );
}

async fn what_is_wrong_with_a_session_is_told_and_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let location = setting.added("2020-03-06").await;
    let before = api.entries(setting.coalition).await;
    let mut skipped = call("2020-03-08");
    skipped["wall_time"] = json!("02:30");
    let refused = setting.facilitator.post(&setting.list(), skipped).await;
    assert_eq!((refused.problem(422), refused.faults()), ("validation_failed", vec![("#/wall_time", "invalid_value")]));
    let refused = setting.facilitator.patch(&location, json!({"on": "2020-03-08", "wall_time": "02:30", "reason": "Early"})).await;
    assert_eq!(refused.faults(), [("#/wall_time", "invalid_value")]);
    assert_eq!(setting.facilitator.patch(&location, json!({"on": "2020-03-09"})).await.problem(422), "reason_required");
    let night = json!({"kickoff": {"wall_time": "25:00", "duration_minutes": 4}});
    let refused = setting.facilitator.post(&format!("{}/generate", setting.list()), night).await;
    assert_eq!(refused.faults(), [("#/kickoff/duration_minutes", "out_of_range"), ("#/kickoff/wall_time", "invalid_format")]);
    let mut wrong = call("2020-02-30");
    wrong["join_link"] = json!("javascript:alert(1)");
    wrong["state"] = json!("held");
    let refused = setting.facilitator.post(&setting.list(), wrong).await;
    assert_eq!(refused.faults(), [("#/join_link", "invalid_format"), ("#/on", "invalid_format"), ("#/state", "unknown_field")]);
    assert_eq!(api.entries(setting.coalition).await, before);
}

async fn sessions_are_for_the_cohorts_people(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let location = setting.added("2020-03-06").await;
    let member = api.person(setting.coalition, "Mia", &[]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Owner]).await;
    let before = api.entries(setting.coalition).await;
    let (cancel, reason) = (format!("{location}/cancel"), json!({"reason": "Why not"}));
    for (who, list, one) in
        [(&member, (403, "permission_denied"), (404, "not_found")), (&stranger, (404, "not_found"), (404, "not_found"))]
    {
        let told = |answer: &cohortium_tests::api::Answer, (status, code): (u16, &str)| assert_eq!(answer.problem(status), code);
        told(&who.get(&setting.list()).await, list);
        told(&who.post(&setting.list(), call("2020-03-07")).await, list);
        told(&who.act(&format!("{}/generate", setting.list())).await, list);
        told(&who.get(&location).await, one);
        told(&who.patch(&location, json!({"title": "Mine"})).await, one);
        told(&who.post(&cancel, reason.clone()).await, one);
    }
    assert_eq!(api.entries(setting.coalition).await, before);

    let link = async |who: &Session<'_>| who.get(&location).await.expect(200).get("join_link").cloned();
    let shown = Some(json!("https://meet.example.org/behaviors"));
    setting.clock("2020-03-06T20:44:59.999Z").await;
    assert_eq!(link(&setting.facilitator).await, None);
    setting.clock("2020-03-06T20:45:00Z").await;
    assert_eq!((link(&setting.facilitator).await, link(&setting.staff).await), (shown, None), "staff do not belong to the room");
    setting.clock("2020-03-06T22:00:00Z").await;
    assert_eq!(link(&setting.facilitator).await, None);
}

async fn who_joins_accepts_each_session_and_sees_them(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let cohort = stage.cohort(5).await;
    let _ = stage.staff.act(&format!("{cohort}/sessions/generate")).await.expect(200);
    let asked = stage.staff.get(&cohort).await.expect(200)["commitments"].as_array().unwrap().clone();
    let labels: Vec<_> = asked.iter().map(|one| one["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["Kick-off", "Close-out"]);
    assert_eq!(asked[0]["text"], "To come on 2019-12-09 at 16:00 (America/New_York), for 60 minutes");

    let pia = stage.principal("Pia").await;
    let sent = |commitments: Value| json!({"answers": {}, "commitments": commitments, "submit": true});
    let applications = format!("{cohort}/applications");
    let refused = pia.post(&applications, sent(json!([]))).await;
    assert_eq!((refused.problem(422), refused.faults().len()), ("commitments_missing", 2));
    let all: Vec<_> = asked.iter().map(|one| json!({"commitment_id": one["id"], "version": one["version"]})).collect();
    assert_eq!(pia.get(&format!("{cohort}/sessions")).await.problem(403), "permission_denied");
    let enrolled = pia.post(&applications, sent(json!(all))).await.expect(201);
    assert_eq!(enrolled["state"], "enrolled");

    let sessions = pia.get(&format!("{cohort}/sessions")).await.expect(200);
    let kickoff = path(&sessions["items"][0]);
    let seen = pia.get(&kickoff).await.expect(200);
    assert_eq!((&seen["title"], &seen["allowed_actions"]), (&json!("Kick-off"), &json!([])));
    assert_eq!(pia.patch(&kickoff, json!({"title": "Mine"})).await.problem(403), "permission_denied");
    let link = json!({"join_link": "https://meet.example.org/behaviors"});
    assert!(stage.staff.patch(&kickoff, link).await.expect(200).get("join_link").is_none(), "not even for whoever sets it");
    stage.reach("2019-12-09T20:50:00Z").await;
    assert_eq!(pia.get(&kickoff).await.expect(200)["join_link"], "https://meet.example.org/behaviors");
}

async fn the_kickoff_session_is_the_kickoff(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let generated = setting.generate().await;
    let state = async || setting.staff.get(&setting.cohort).await.expect(200)["state"].clone();
    let earlier = json!({"on": "2019-12-03", "reason": "Before the snow"});
    let _ = setting.facilitator.patch(&path(&generated[0]), earlier).await.expect(200);
    setting.clock("2019-12-03T20:59:59.999Z").await;
    assert_eq!(state().await, "open");
    setting.clock("2019-12-03T21:00:00Z").await;
    assert_eq!(state().await, "in_session");
    let later = json!({"on": "2019-12-10", "reason": "We did not meet after all"});
    let _ = setting.facilitator.patch(&path(&generated[0]), later).await.expect(200);
    assert_eq!(state().await, "in_session", "a kick-off that has passed stays where it was");
}

async fn sessions_end_with_their_cohort(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let generated = setting.generate().await;
    setting.clock("2019-12-20T12:00:00Z").await;
    let _ = setting.staff.post(&format!("{}/cancel", setting.cohort), json!({"reason": "Too few people"})).await.expect(200);
    let states: Vec<_> = setting.sessions().await.iter().map(|session| session["state"].clone()).collect();
    assert_eq!(states[0], "scheduled", "the kick-off was before");
    assert!(states[1..].iter().all(|state| state == "cancelled"), "{states:?}");
    let before = setting.api.entries(setting.coalition).await;
    assert_eq!(setting.facilitator.post(&setting.list(), call("2020-03-07")).await.problem(409), "invalid_state_transition");
    assert_eq!(setting.facilitator.act(&format!("{}/generate", setting.list())).await.problem(409), "invalid_state_transition");
    assert_eq!(
        setting.facilitator.patch(&path(&generated[0]), json!({"title": "Again"})).await.problem(409),
        "invalid_state_transition"
    );
    assert_eq!(setting.api.entries(setting.coalition).await, before);
}

async fn a_session_is_marked_as_held_from_its_start_on(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let location = setting.added("2020-03-06").await;
    let hold = format!("{location}/hold");
    let before = api.entries(setting.coalition).await;
    let early = setting.facilitator.act(&hold).await;
    assert_eq!((early.problem(409), &early.body["opens_at"]), ("window_closed", &json!("2020-03-06T21:00:00.000Z")));
    assert_eq!(api.entries(setting.coalition).await, before);
    setting.clock("2020-03-06T21:00:00Z").await;
    let begun = setting.facilitator.get(&location).await;
    assert_eq!(begun.body["allowed_actions"], json!(["update", "cancel", "hold"]));
    let stranger = api.person(setting.coalition, "Sid", &[]).await;
    assert_eq!(stranger.act(&hold).await.problem(404), "not_found");
    let stale = setting.facilitator.request(Method::POST, &hold).header("if-match", "\"9-0\"").send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    let held = setting.facilitator.act(&hold).await.expect(200);
    assert_eq!((&held["state"], &held["held_by"]), (&json!("held"), &json!(setting.facilitator.person_id())));
    assert_eq!((&held["held_at"], &held["allowed_actions"]), (&json!("2020-03-06T21:00:00.000Z"), &json!([])));
    assert_eq!(setting.facilitator.act(&hold).await.problem(409), "invalid_state_transition");
    let cancel = setting.facilitator.post(&format!("{location}/cancel"), json!({"reason": "Once more"})).await;
    assert_eq!(cancel.problem(409), "invalid_state_transition");
    let told = setting.staff.get("/v1/events?type=session.held").await.expect(200);
    assert_eq!((told["items"].as_array().unwrap().len(), &told["items"][0]["data"]["kind"]), (1, &json!("call")));
}
