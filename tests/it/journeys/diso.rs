//! DISO's year: cohorts that the office leads, and applications reviewed as they come.

use cohortium_domain::coalitions::Clock;
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use super::{Year, asked_for, id, path_of, sandbox};

on_both_databases! {
    an_applicant_goes_from_the_catalog_to_a_seat,
    who_is_not_a_leader_of_this_kind_is_told_what_would_help,
    who_works_nowhere_any_more_is_offered_nothing,
    who_is_declined_reads_why,
    a_waitlist_moves_when_somebody_leaves_and_when_an_offer_lapses,
    an_offer_past_its_instant_reads_expired_before_anybody_writes_it_down,
}

const IN_SEPTEMBER: &str = "2024-09-03T15:00:00Z";

/// The year, and two cohorts: one for principals, and one for everybody that has two seats.
struct Diso<'a> {
    year: Year<'a>,
    principals: String,
    everybody: String,
}

fn program() -> Value {
    json!({
        "slug": "cop-2024-25", "name": "Communities of Practice 2024-25", "school_year": "2024-25", "time_zone": "America/Denver",
        "delivery": "staff_led", "enrollment_mode": "rolling_review", "capacity": {"min": 2, "max": 2},
    })
}

fn milestones() -> Value {
    let on = |kind: &str, day: &str| json!({"kind": kind, "on": day});
    json!({"milestones": [
        on("signup_opens", "2024-08-19"),
        on("kickoff", "2024-11-12"),
        on("call", "2025-01-14"),
        on("closeout", "2025-05-13"),
    ]})
}

impl<'a> Diso<'a> {
    async fn in_september(api: &'a Api) -> Self {
        let diso = Self::set_up(Year::begin(api, "diso", sandbox("2024-08-01T15:00:00Z")).await).await;
        diso.year.set_clock(IN_SEPTEMBER).await;
        diso
    }

    async fn set_up(year: Year<'a>) -> Self {
        let program = year.publish(program(), milestones()).await;
        let policy = json!({
            "accepted_kinds": ["email_domain", "staff_override"], "least_strength": 2, "valid_days": 365, "membership_required": false,
        });
        let _ = year.staff.put(&format!("{program}/verification-policy"), policy).await.expect(200);
        let principals = json!({"roles": ["principal"], "levels": ["school"], "organization_kinds": []});
        let principals =
            cohort(&year.staff, &program, json!({"title": "Principals", "delivery": "virtual", "audience": principals}));
        let principals = principals.await;
        let everybody = cohort(&year.staff, &program, json!({"title": "Everybody", "delivery": "virtual"})).await;
        Self { year, principals, everybody }
    }

    async fn applies(&self, who: &Session<'_>, cohort: &str) -> String {
        let sent = who.post(&format!("{cohort}/applications"), json!({"submit": true})).await.expect(201);
        assert_eq!(sent["state"], "submitted");
        path_of(&sent)
    }

    /// Somebody who is enrolled in a cohort; with the application's address.
    async fn enrolled(&self, name: &str, cohort: &str) -> (Session<'a>, String) {
        let person = self.year.works(name, "principal", None).await;
        let application = self.applies(&person, cohort).await;
        let _ = self.year.staff.act(&format!("{application}/offer")).await.expect(200);
        assert_eq!(confirm(&person, &application).await["state"], "enrolled");
        (person, application)
    }

    /// Somebody who waits for a seat; with the application's address.
    async fn waiting(&self, name: &str, cohort: &str) -> (Session<'a>, String) {
        let person = self.year.works(name, "principal", None).await;
        let application = self.applies(&person, cohort).await;
        let waits = self.year.staff.act(&format!("{application}/waitlist")).await.expect(200);
        assert_eq!(waits["state"], "waitlisted");
        (person, application)
    }
}

async fn cohort(staff: &Session<'_>, program: &str, body: Value) -> String {
    let made = staff.post(&format!("{program}/cohorts"), body).await;
    let path = made.header("location").to_owned();
    let _ = made.expect(201);
    let _ = staff.act(&format!("{path}/publish")).await.expect(200);
    path
}

/// Confirms an offer, accepting what is asked for: the refusal says what that is.
async fn confirm(who: &Session<'_>, application: &str) -> Value {
    let path = format!("{application}/confirm");
    let commitments = asked_for(&who.act(&path).await);
    who.post(&path, json!({ "commitments": commitments })).await.expect(200)
}

async fn read(who: &Session<'_>, path: &str) -> Value {
    who.get(path).await.expect(200)
}

async fn an_applicant_goes_from_the_catalog_to_a_seat(database: TestDatabase) {
    let api = Api::start(&database).await;
    let diso = Diso::in_september(&api).await;
    assert_eq!(diso.year.public().await, ("signup_open".to_owned(), "kickoff".to_owned()));
    let seen = diso.year.public_cohort(&diso.principals).await;
    assert_eq!((&seen["title"], &seen["enrollment_status"]), (&json!("Principals"), &json!("open")));
    let mia = diso.year.works("Mia", "principal", None).await;
    let eligibility = read(&mia, &format!("{}/eligibility", diso.principals)).await;
    assert_eq!(eligibility["outcome"], "met");

    let application = diso.applies(&mia, &diso.principals).await;
    let sent = read(&mia, &application).await;
    let verification = read(&mia, &format!("/v1/verifications/{}", sent["verification_id"].as_str().unwrap())).await;
    assert_eq!(verification["state"], "verified", "by her address at the school, which is proven");
    assert_eq!(mia.act(&format!("{application}/offer")).await.problem(403), "permission_denied");

    let offered = diso.year.staff.act(&format!("{application}/offer")).await.expect(200);
    assert_eq!((&offered["state"], &offered["offer_expires_at"]), (&json!("offered"), &json!("2024-09-11T06:00:00.000Z")));
    let enrolled = confirm(&mia, &application).await;
    assert_eq!((&enrolled["state"], &enrolled["enrolled_at"]), (&json!("enrolled"), &json!("2024-09-03T15:00:00.000Z")));
    assert_eq!(enrolled["commitments"][0]["accepted_at"], "2024-09-03T15:00:00.000Z");
    let enrollments = read(&mia, "/v1/me/enrollments").await;
    assert_eq!(enrollments["items"][0]["id"], enrolled["id"]);
    let told = read(&diso.year.staff, "/v1/events").await;
    let told = told["items"].as_array().unwrap().iter().filter(|event| event["subject"]["id"] == enrolled["id"]);
    let types: Vec<_> = told.map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["application.created", "application.submitted", "application.offered", "application.enrolled"]);
}

async fn who_is_not_a_leader_of_this_kind_is_told_what_would_help(database: TestDatabase) {
    let api = Api::start(&database).await;
    let diso = Diso::in_september(&api).await;
    let list = format!("{}/applications", diso.principals);
    let teacher = diso.year.works("Lena", "teacher", None).await;
    let office = diso.year.works("Carl", "principal", None).await;
    let employments = read(&office, "/v1/me/employments").await;
    let job = format!("/v1/employments/{}", id(&employments["items"][0]));
    let _ = diso.year.staff.patch(&job, json!({"level": "district"})).await.expect(200);
    let before = api.entries(diso.year.coalition).await;
    for (who, rule, hint) in [(&teacher, "role", "principal"), (&office, "level", "school")] {
        let refused = who.post(&list, json!({"submit": true})).await;
        assert_eq!(refused.problem(409), "not_eligible");
        let unmet = &refused.body["errors"][0];
        assert_eq!((&unmet["params"]["rule"], &unmet["params"]["outcome"]), (&json!(rule), &json!("unmet")));
        assert!(unmet["detail"].as_str().unwrap().contains(hint), "{}", refused.text);
        assert_eq!(read(who, "/v1/me/applications").await["items"], json!([]), "nothing is left of it");
    }
    assert_eq!(api.entries(diso.year.coalition).await, before);
    let _ = diso.applies(&teacher, &diso.everybody).await;
}

async fn who_works_nowhere_any_more_is_offered_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let diso = Diso::in_september(&api).await;
    let nora = diso.year.works("Nora", "principal", Some("2024-06-30")).await;
    let staff = &diso.year.staff;
    for (cohort, code) in [(&diso.everybody, "not_verified"), (&diso.principals, "not_eligible")] {
        let application = diso.applies(&nora, cohort).await;
        let before = api.entries(diso.year.coalition).await;
        assert_eq!(staff.act(&format!("{application}/offer")).await.problem(409), code);
        assert_eq!(api.entries(diso.year.coalition).await, before);
        assert_eq!(read(&nora, &application).await["state"], "submitted");
    }
}

async fn who_is_declined_reads_why(database: TestDatabase) {
    let api = Api::start(&database).await;
    let diso = Diso::in_september(&api).await;
    let omar = diso.year.works("Omar", "principal", None).await;
    let application = diso.applies(&omar, &diso.everybody).await;
    let decline = format!("{application}/decline");
    let reason = json!({"reason_code": "audience_mismatch", "note": "The principals' group fits your work better"});
    assert_eq!(omar.post(&decline, reason.clone()).await.problem(403), "permission_denied");
    let _ = diso.year.staff.post(&decline, reason.clone()).await.expect(200);
    let declined = read(&omar, &application).await;
    assert_eq!((&declined["state"], &declined["reason_code"]), (&json!("declined"), &reason["reason_code"]));
    assert_eq!((&declined["note"], &declined["allowed_actions"]), (&reason["note"], &json!([])));
    let _ = diso.applies(&omar, &diso.principals).await;
}

async fn a_waitlist_moves_when_somebody_leaves_and_when_an_offer_lapses(database: TestDatabase) {
    let api = Api::start(&database).await;
    let diso = Diso::in_september(&api).await;
    let (gail, first) = diso.enrolled("Gail", &diso.everybody).await;
    let _ = diso.enrolled("Hank", &diso.everybody).await;
    let (joan, second) = diso.waiting("Joan", &diso.everybody).await;
    let (kent, third) = diso.waiting("Kent", &diso.everybody).await;
    assert_eq!(read(&joan, &second).await["waitlist_position"], 1);
    assert_eq!(read(&kent, &third).await["waitlist_position"], 2);

    let leave = first.replace("/applications/", "/enrollments/");
    assert_eq!(gail.act(&format!("{leave}/withdraw")).await.expect(200)["state"], "withdrawn");
    let offered = read(&joan, &second).await;
    assert_eq!((&offered["state"], &offered["offer_expires_at"]), (&json!("offered"), &json!("2024-09-11T06:00:00.000Z")));
    assert_eq!(read(&kent, &third).await["waitlist_position"], 1);
    let cohort = diso.year.public_cohort(&diso.everybody).await;
    assert_eq!((&cohort["seats"]["held"], &cohort["seats"]["left"], &cohort["waitlist_length"]), (&json!(2), &json!(0), &json!(1)));

    let there = diso.year.second_before("2024-09-11T06:00:00Z").await;
    assert_eq!(read(&joan, &second).await["state"], "offered");
    diso.year.advance(there).await;
    let lapsed = read(&joan, &second).await;
    assert_eq!((&lapsed["state"], &lapsed["expiry_cause"]), (&json!("expired"), &json!("offer_lapsed")));
    assert_eq!(joan.act(&format!("{second}/confirm")).await.problem(409), "invalid_state_transition");
    assert_eq!(read(&kent, &third).await["state"], "offered");
    assert_eq!(confirm(&kent, &third).await["state"], "enrolled");
    assert_eq!(read(&kent, &diso.everybody).await["waitlist_length"], 0);
}

/// By real time, and no job runs in a test.
async fn an_offer_past_its_instant_reads_expired_before_anybody_writes_it_down(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at(IN_SEPTEMBER));
    let diso = Diso::set_up(Year::begin(&api, "diso", Clock::Live).await).await;
    let joan = diso.year.works("Joan", "principal", None).await;
    let application = diso.applies(&joan, &diso.everybody).await;
    let _ = diso.year.staff.act(&format!("{application}/offer")).await.expect(200);
    let before = api.entries(diso.year.coalition).await;
    for (now, state, held) in [("2024-09-11T05:59:59.999Z", "offered", 1), ("2024-09-11T06:00:00Z", "expired", 0)] {
        api.environment().set(at(now));
        let joan = api.sign_in(diso.year.coalition, joan.person_id()).await;
        assert_eq!(read(&joan, &application).await["state"], state, "{now}");
        assert_eq!(read(&joan, &diso.everybody).await["seats"]["held"], held, "{now}");
        assert_eq!(diso.year.public_cohort(&diso.everybody).await["seats"]["held"], held, "{now}");
    }
    assert_eq!(api.entries(diso.year.coalition).await, before);
}
