//! Timelines, through HTTP.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::cohorts::{Audience, MeetingMode};
use cohortium_domain::ids::{CoalitionId, CohortId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::CapacityUpdate;
use cohortium_domain::text::{Name, Title};
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow as workflow;
use cohortium_workflow::applications::ApplicationWish;
use cohortium_workflow::cohorts::CohortWish;
use cohortium_workflow::input::Input;
use reqwest::Method;
use serde_json::{Value, json};

use crate::programs::{dcsc, dcsc_timeline, planned, published};

on_both_databases! {
    a_timeline_tells_every_instant,
    a_timeline_is_replaced_whole_and_milestones_keep_their_ids,
    faults_of_a_timeline_are_told_where_they_are,
    a_date_that_is_past_changes_only_with_a_reason,
    changes_are_kept_with_who_when_and_why,
    a_preview_says_what_would_come_and_saves_nothing,
    relative_days_follow_what_they_hang_on,
    a_timeline_is_replaced_in_the_version_that_was_read,
    a_phase_follows_the_cohorts_own_dates,
    a_preview_counts_whom_it_touches,
}

/// A year that the coalition's staff lead.
const STAFF_LED: &[(MilestoneKind, &str)] = &[
    (MilestoneKind::SignupOpens, "2019-10-17"),
    (MilestoneKind::SignupSoftDeadline, "2019-11-14"),
    (MilestoneKind::Kickoff, "2019-12-09"),
    (MilestoneKind::Closeout, "2020-06-15"),
];

/// The same, as it is sent, with another kick-off.
fn staff_led(kickoff: &str) -> Value {
    let day = |kind: MilestoneKind, day: &str| if kind == MilestoneKind::Kickoff { kickoff.to_owned() } else { day.to_owned() };
    let milestones: Vec<Value> = STAFF_LED.iter().map(|(kind, on)| json!({"kind": kind, "on": day(*kind, on)})).collect();
    json!({"milestones": milestones})
}

/// Makes a cohort and publishes it, with a kick-off of its own where one is named.
async fn cohort(api: &Api, coalition: CoalitionId, program: ProgramId, title: &str, kickoff: Option<&str>) -> CohortId {
    let own = |day: &str| MilestoneDraft {
        id: None,
        kind: MilestoneKind::Kickoff,
        label: Name::new("Kick-off").unwrap(),
        when: When::On(day.parse().unwrap()),
    };
    let wish = CohortWish {
        slug: None,
        title: Title::new(title).unwrap(),
        description: None,
        audience: Audience::default(),
        delivery: MeetingMode::Virtual,
        capacity: CapacityUpdate::default(),
        facilitators: Vec::new(),
        milestones: kickoff.map(own).into_iter().collect(),
    };
    api.write(coalition, async |tx| {
        let (made, _) = workflow::cohorts::create(tx, &Actor::Operator, program, &Input::given(wish.clone())).await?;
        workflow::cohorts::publish(tx, &Actor::Operator, made.id, Precondition::NotNeeded).await?;
        Ok(made.id)
    })
    .await
}

/// Begins an application.
async fn apply(api: &Api, coalition: CoalitionId, who: &Session<'_>, cohort: CohortId) {
    let actor = Actor::Person { id: who.person_id(), grants: [].into() };
    let wish = ApplicationWish { answers: serde_json::Map::new(), commitments: Vec::new(), employment_id: None, submit: false };
    api.write(coalition, async |tx| {
        workflow::applications::create(tx, &actor, cohort, &Input::given(wish.clone())).await?;
        Ok(())
    })
    .await;
}

fn kinds(timeline: &Value) -> Vec<&str> {
    timeline["milestones"].as_array().unwrap().iter().map(|milestone| milestone["kind"].as_str().unwrap()).collect()
}

fn find<'a>(timeline: &'a Value, kind: &str) -> &'a Value {
    timeline["milestones"].as_array().unwrap().iter().find(|milestone| milestone["kind"] == kind).unwrap()
}

fn moved(kind: &str, day: &str) -> Value {
    let mut timeline = dcsc_timeline();
    let milestones = timeline["milestones"].as_array_mut().unwrap();
    milestones.iter_mut().filter(|milestone| milestone["kind"] == kind).for_each(|milestone| milestone["on"] = json!(day));
    timeline
}

async fn a_timeline_tells_every_instant(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let path = published(&staff).await;
    let timeline = member.get(&format!("{path}/timeline")).await.expect(200);
    assert_eq!((&timeline["time_zone"], &timeline["allowed_actions"]), (&json!("America/New_York"), &json!([])));
    let kickoff = find(&timeline, "kickoff");
    assert_eq!(
        (&kickoff["on"], &kickoff["starts_at"], &kickoff["status"], &kickoff["label"]),
        (&json!("2019-12-09"), &json!("2019-12-09T05:00:00.000Z"), &json!("upcoming"), &json!("Kick-off"))
    );
    assert!(kickoff.get("closes_at").is_none() && kickoff.get("at").is_none() && kickoff.get("relative_to").is_none());
    let due = find(&timeline, "proposals_due");
    assert_eq!((&due["closes_at"], &due["status"]), (&json!("2019-10-04T04:00:00.000Z"), &json!("past")));
    assert_eq!(timeline["next_milestone"], *kickoff);
    let of_staff = staff.get(&format!("{path}/timeline")).await.expect(200);
    assert_eq!(of_staff["allowed_actions"], json!(["update", "preview"]));
}

async fn a_timeline_is_replaced_whole_and_milestones_keep_their_ids(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/timeline", planned(&staff).await);
    let first = staff.get(&path).await.expect(200);
    let version = first["version"].clone();

    let again = staff.put(&path, dcsc_timeline()).await.expect(200);
    assert_eq!(again, first, "the same timeline changes nothing, not even the version");

    let mut shuffled = moved("kickoff", "2019-12-10");
    let milestones = shuffled["milestones"].as_array_mut().unwrap();
    milestones.reverse();
    milestones.push(json!({"kind": "call", "at": "2020-05-29T20:00:00Z", "label": "One more call"}));
    let second = staff.put(&path, shuffled).await.expect(200);
    assert_eq!(find(&second, "kickoff")["id"], find(&first, "kickoff")["id"]);
    assert_eq!(second["version"].as_i64(), version.as_i64().map(|version| version + 1));
    assert_eq!(kinds(&second)[10..], ["call", "call", "closeout"], "in the order of the year");
    let added = &second["milestones"][11];
    assert_eq!((&added["at"], &added["label"]), (&json!("2020-05-29T20:00:00.000Z"), &json!("One more call")));
    assert!(added.get("on").is_none());
    assert_eq!(staff.get(&path).await.expect(200), second);
}

async fn faults_of_a_timeline_are_told_where_they_are(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/timeline", planned(&staff).await);
    let (before, entries) = (staff.get(&path).await.expect(200), api.entries(coalition).await);

    let disorder = staff.put(&path, moved("signup_opens", "2019-12-24")).await;
    assert_eq!(disorder.problem(422), "timeline_out_of_order");
    assert_eq!(disorder.faults(), [("#/milestones/4/on", "out_of_order"), ("#/milestones/5/on", "out_of_order")]);

    let unclear = json!({"milestones": [
        {"kind": "kickoff"},
        {"kind": "closeout", "on": "2020-06-15", "at": "2020-06-15T20:00:00Z"},
        {"kind": "call", "on": "2020-02-14"},
    ]});
    let unclear = staff.put(&path, unclear).await;
    assert_eq!(unclear.problem(422), "validation_failed");
    assert_eq!(unclear.faults(), [("#/milestones/0", "invalid_value"), ("#/milestones/1", "invalid_value")]);

    let mut twice = dcsc_timeline();
    twice["milestones"].as_array_mut().unwrap().push(json!({"kind": "kickoff", "on": "2019-12-11"}));
    assert_eq!(staff.put(&path, twice).await.faults(), [("#/milestones/12/kind", "duplicate")]);
    let many: Vec<Value> = (0..61).map(|_| json!({"kind": "call", "on": "2020-02-14"})).collect();
    assert_eq!(staff.put(&path, json!({"milestones": many})).await.faults(), [("#/milestones", "too_long")]);
    assert_eq!(
        staff.put(&path, json!({"milestones": [{"kind": "call", "on": "2020-02-30"}]})).await.faults(),
        [("#/milestones/0/on", "invalid_format")]
    );

    assert_eq!(staff.get(&path).await.expect(200), before);
    assert_eq!(api.entries(coalition).await, entries);
}

async fn a_date_that_is_past_changes_only_with_a_reason(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/timeline", published(&staff).await);
    let entries = api.entries(coalition).await;
    let mut wish = moved("signup_soft_deadline", "2019-11-19");
    assert_eq!(staff.put(&path, wish.clone()).await.problem(422), "reason_required");
    assert_eq!(api.entries(coalition).await, entries);
    wish["reason"] = json!("A storm closed the schools");
    let changed = staff.put(&path, wish).await.expect(200);
    assert_eq!(find(&changed, "signup_soft_deadline")["on"], "2019-11-19");
    let ahead = moved("kickoff", "2019-12-11");
    assert_eq!(staff.put(&path, ahead).await.problem(422), "reason_required", "it would move the deadline back");
}

async fn changes_are_kept_with_who_when_and_why(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let program = published(&staff).await;
    let path = format!("{program}/timeline/changes");
    let page = staff.get(&format!("{path}?limit=10&with_total=true")).await.expect(200);
    assert_eq!((&page["total"], &page["items"][0]["change"]), (&json!(12), &json!("added")));

    let mut wish = moved("kickoff", "2019-12-10");
    wish["reason"] = json!("The hall is taken");
    wish["milestones"].as_array_mut().unwrap().retain(|milestone| milestone["kind"] != "in_person_training");
    let _ = staff.put(&format!("{program}/timeline"), wish).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = staff.get(&format!("{path}?limit=10&with_total=true&cursor={cursor}")).await.expect(200);
    let changes: Vec<_> = rest["items"].as_array().unwrap().iter().map(|item| (&item["change"], &item["kind"])).collect();
    let expected = [("added", "call"), ("added", "closeout"), ("moved", "kickoff"), ("removed", "in_person_training")];
    assert_eq!(
        changes,
        expected.map(|(change, kind)| (json!(change), json!(kind))).iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    let kickoff = &rest["items"][2];
    assert_eq!(kickoff["actor"], json!({"kind": "person", "id": staff.person_id().to_string()}));
    assert_eq!((&kickoff["reason"], &kickoff["occurred_at"]), (&json!("The hall is taken"), &json!("2019-11-20T12:00:00.000Z")));
    assert_eq!((&kickoff["from"]["on"], &kickoff["to"]["on"]), (&json!("2019-12-09"), &json!("2019-12-10")));
    assert!(rest["items"][3].get("to").is_none());
    assert_eq!(member.get(&path).await.problem(403), "permission_denied");
}

async fn a_preview_says_what_would_come_and_saves_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let path = published(&staff).await;
    let (before, entries) = (staff.get(&format!("{path}/timeline")).await.expect(200), api.entries(coalition).await);
    let address = format!("{path}/timeline/preview");
    let preview = staff.post(&address, moved("signup_opens", "2019-10-21")).await.expect(200);
    let phases: Vec<_> = preview["phases"].as_array().unwrap().iter().map(|span| (&span["phase"], &span["starts_at"])).collect();
    assert_eq!(phases[5], (&json!("signup_open"), &json!("2019-10-21T04:00:00.000Z")));
    assert_eq!((phases.len(), phases[8].0), (9, &json!("closed")));
    let changes = preview["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["change"], &changes[0]["to"]["on"]), (1, &json!("moved"), &json!("2019-10-21")));
    assert_eq!(preview["reason_required"], false);
    assert_eq!(staff.post(&address, moved("signup_opens", "2019-12-24")).await.problem(422), "timeline_out_of_order");
    assert_eq!(member.post(&address, dcsc_timeline()).await.problem(403), "permission_denied");
    assert_eq!(staff.get(&format!("{path}/timeline")).await.expect(200), before);
    assert_eq!(api.entries(coalition).await, entries);
}

async fn relative_days_follow_what_they_hang_on(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-08-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let mut program = dcsc();
    program["delivery"] = json!("staff_led");
    let made = staff.post("/v1/programs", program).await;
    let path = format!("{}/timeline", made.header("location"));
    let kickoff_id = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
    let wish = |kickoff: &str| {
        json!({"milestones": [
            {"kind": "signup_opens", "relative_to": {"milestone_id": kickoff_id, "days": -28}},
            {"id": kickoff_id, "kind": "kickoff", "on": kickoff},
            {"kind": "closeout", "on": "2020-06-15"},
        ]})
    };
    let first = staff.put(&path, wish("2019-12-09")).await.expect(200);
    let opens = find(&first, "signup_opens");
    assert_eq!((&opens["on"], &opens["starts_at"]), (&json!("2019-11-11"), &json!("2019-11-11T05:00:00.000Z")));
    assert_eq!(opens["relative_to"], json!({"milestone_id": kickoff_id, "days": -28}));
    let second = staff.put(&path, wish("2019-11-20")).await.expect(200);
    assert_eq!(find(&second, "signup_opens")["starts_at"], "2019-10-23T04:00:00.000Z");
    let changes = staff.get(&format!("{path}/changes")).await.expect(200);
    assert_eq!(changes["items"].as_array().unwrap().len(), 5, "three added, two moved");
    let mut circle = wish("2019-12-09");
    circle["milestones"][1] = json!({"id": kickoff_id, "kind": "kickoff", "relative_to": {"milestone_id": kickoff_id, "days": 1}});
    let refused = staff.put(&path, circle).await;
    assert_eq!(refused.problem(422), "validation_failed");
    assert!(refused.faults().contains(&("#/milestones/1/relative_to/milestone_id", "invalid_value")), "{}", refused.text);
}

async fn a_timeline_is_replaced_in_the_version_that_was_read(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let program = planned(&staff).await;
    let path = format!("{program}/timeline");
    let etag = staff.get(&path).await.header("etag").to_owned();
    let put =
        |etag: &str, day: &str| staff.request(Method::PUT, &path).header("if-match", etag).json(&moved("kickoff", day)).send();
    assert_eq!(staff.request(Method::PUT, &path).json(&dcsc_timeline()).send().await.problem(428), "precondition_required");
    let _ = put(&etag, "2019-12-10").await.expect(200);
    assert_eq!(put(&etag, "2019-12-11").await.problem(412), "precondition_failed");
    let stale = staff.request(Method::POST, &format!("{program}/publish")).header("if-match", &etag).send().await;
    assert_eq!(stale.problem(412), "precondition_failed", "honored wherever it is sent");
    assert_eq!(find(&staff.get(&path).await.expect(200), "kickoff")["on"], "2019-12-10");
}

async fn a_phase_follows_the_cohorts_own_dates(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let program = api.program(coalition, "led", STAFF_LED).await;
    cohort(&api, coalition, program, "Early", Some("2019-12-04")).await;
    let late = cohort(&api, coalition, program, "Late", Some("2019-12-12")).await;
    let path = format!("/v1/programs/{program}");
    for (now, phase) in [
        ("2019-12-10T00:00:00Z", "signup_late"),
        ("2019-12-12T04:59:59.999Z", "signup_late"),
        ("2019-12-12T05:00:00Z", "in_session"),
    ] {
        let _ = staff.put("/v1/clock", json!({"now": now})).await.expect(200);
        assert_eq!(staff.get(&path).await.expect(200)["phase"], phase, "{now}");
        assert_eq!(staff.get("/v1/programs").await.expect(200)["items"][0]["phase"], phase, "{now}");
        assert_eq!(api.anonymous().get("/v1/catalog/dcsc").await.expect(200)["programs"][0]["phase"], phase, "{now}");
    }
    let cancelled = staff.post(&format!("{path}/cancel"), json!({"reason": "No funds"})).await.expect(200);
    assert_eq!(cancelled["phase"], "cancelled");
    let late = api.write(coalition, async |tx| tx.cohort(late).await).await;
    assert_eq!(late.decided_state().to_string(), "cancelled", "its cohorts are called off with it");
}

async fn a_preview_counts_whom_it_touches(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let program = api.program(coalition, "led", STAFF_LED).await;
    let own = cohort(&api, coalition, program, "On its own day", Some("2019-12-04")).await;
    let plain = cohort(&api, coalition, program, "On the program's day", None).await;
    apply(&api, coalition, &member, own).await;
    apply(&api, coalition, &member, plain).await;
    let address = format!("/v1/programs/{program}/timeline/preview");
    let touches = async |wish: Value| staff.post(&address, wish).await.expect(200)["touches"].clone();
    assert_eq!(touches(staff_led("2019-12-09")).await, json!({"cohorts": 0, "applications": 0}), "nothing changes");
    assert_eq!(touches(staff_led("2019-12-10")).await, json!({"cohorts": 1, "applications": 1}), "the other has a day of its own");
    let mut later = staff_led("2019-12-09");
    later["milestones"][3]["on"] = json!("2020-06-20");
    assert_eq!(touches(later).await, json!({"cohorts": 2, "applications": 2}));
}
