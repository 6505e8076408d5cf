//! Verifications, through HTTP: what verifies by itself, what staff decide, and what takes it back.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::{CoalitionId, EmploymentId, Id, ProgramId};
use cohortium_domain::programs::Program;
use cohortium_domain::verifications::Verification;
use cohortium_tests::api::{Answer, Api, Session, at, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow as workflow;
use serde_json::{Value, json};

use crate::programs::{dcsc, planned};

on_both_databases! {
    a_proven_address_at_the_organization_verifies_by_itself,
    evidence_that_comes_later_verifies_what_waits_for_it,
    staff_decide_with_a_reason_and_never_about_themselves,
    a_verification_is_taken_back_when_the_employment_or_the_membership_ends,
    what_stood_on_a_verification_is_flagged_when_it_is_taken_back_and_stays,
    what_has_run_out_is_expired_at_its_instant,
    what_has_run_out_reads_expired_before_anybody_notices,
    what_a_verification_rests_on_cannot_be_changed_by_the_person,
    a_verification_is_shown_to_the_person_and_staff_alone,
    a_list_is_filtered_by_what_the_states_are_now,
    however_many_ask_at_once_one_verification_is_opened,
    a_verification_does_not_survive_an_employment_that_ends_meanwhile,
}

const NOBODY: &str = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";

/// A coalition with a school, a program, its staff, and a person who works at the school.
struct World<'a> {
    api: &'a Api,
    coalition: CoalitionId,
    staff: Session<'a>,
    mia: Session<'a>,
    school: String,
    program: ProgramId,
    employment: EmploymentId,
}

impl<'a> World<'a> {
    /// Mia's address is at example.org, and proven.
    async fn new(api: &'a Api, domains: &[&str]) -> Self {
        let coalition = api.coalition("dcsc").await;
        Self::in_coalition(api, coalition, domains).await
    }

    async fn in_coalition(api: &'a Api, coalition: CoalitionId, domains: &[&str]) -> Self {
        let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
        let mia = api.person(coalition, "Mia", &[]).await;
        let _ = staff.put("/v1/roles", json!({"roles": [{"key": "principal", "label": "Principal"}]})).await.expect(200);
        let school = json!({"name": "Cedar Hollow", "kind": "charter_school", "state": "DC", "membership": "active", "email_domains": domains});
        let school = staff.post("/v1/organizations", school).await.expect(201)["id"].as_str().unwrap().to_owned();
        let program = id_in(&planned(&staff).await);
        let employment = employ(&mia, &school).await;
        Self { api, coalition, staff, mia, school, program, employment }
    }

    async fn ask(&self) -> String {
        ask(self.api, self.coalition, self.program, self.employment).await.id.to_string()
    }

    async fn require_membership(&self) {
        let path = format!("/v1/programs/{}/verification-policy", self.program);
        let policy =
            json!({"accepted_kinds": ["email_domain"], "least_strength": 2, "valid_days": 300, "membership_required": true});
        let _ = self.staff.put(&path, policy).await.expect(200);
    }

    async fn read(&self, id: &str) -> Value {
        self.staff.get(&format!("/v1/verifications/{id}")).await.expect(200)
    }

    async fn act(&self, id: &str, action: &str) -> Answer {
        self.staff.post(&format!("/v1/verifications/{id}/{action}"), json!({"reason": "The principal was asked"})).await
    }
}

/// The program of an address.
pub fn id_in(path: &str) -> ProgramId {
    ProgramId::from_uuid(path.rsplit('/').next().unwrap().parse().unwrap())
}

async fn employ(who: &Session<'_>, school: &str) -> EmploymentId {
    let employment = json!({"organization_id": school, "role": "principal", "level": "school", "starts_on": "2018-08-01"});
    let made = who.post("/v1/me/employments", employment).await.expect(201);
    EmploymentId::from_uuid(made["id"].as_str().unwrap().parse().unwrap())
}

/// What an application does when it is sent: asks for the verification of an employment.
pub async fn ask(api: &Api, coalition: CoalitionId, program: ProgramId, employment: EmploymentId) -> Verification {
    let asked = api.write(coalition, async |tx| {
        let program: Program = tx.lock(program).await?;
        workflow::verifications::ask(tx, &Actor::Operator, &program, employment).await
    });
    asked.await
}

async fn a_proven_address_at_the_organization_verifies_by_itself(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    let id = world.ask().await;
    let read = world.mia.get(&format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!((&read["state"], &read["valid_until"]), (&json!("verified"), &json!("2020-11-20T05:00:00.000Z")));
    let kinds: Vec<_> = read["evidence"].as_array().unwrap().iter().map(|piece| (&piece["kind"], &piece["strength"])).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&(&json!("self_declared"), &json!(1))) && kinds.contains(&(&json!("email_domain"), &json!(2))));
    assert_eq!(read["allowed_actions"], json!(["ask_for_attestation", "upload_evidence"]));
    assert_eq!(world.read(&id).await["allowed_actions"], json!(["revoke"]));
    assert_eq!(world.ask().await, id, "another application asks for the same one");
    assert_eq!(world.mia.get("/v1/me/verifications").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

async fn evidence_that_comes_later_verifies_what_waits_for_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &[]).await;
    let id = world.ask().await;
    assert_eq!(world.read(&id).await["state"], "open", "the school has no domain yet");
    let school = format!("/v1/organizations/{}", world.school);
    let _ = world.staff.patch(&school, json!({"email_domains": ["example.org"]})).await.expect(200);
    assert_eq!(world.read(&id).await["state"], "verified");

    let olu = api.person(world.coalition, "Olu", &[]).await;
    let path = format!("/v1/people/{}", olu.person_id());
    let _ = world.staff.patch(&path, json!({"email_proven": false})).await.expect(200);
    let employment = employ(&olu, &world.school).await;
    let waiting = ask(&api, world.coalition, world.program, employment).await.id.to_string();
    assert_eq!(world.read(&waiting).await["state"], "open", "the address is not proven yet");
    let _ = world.staff.patch(&path, json!({"email_proven": true})).await.expect(200);
    assert_eq!(world.read(&waiting).await["state"], "verified");
}

async fn staff_decide_with_a_reason_and_never_about_themselves(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &[]).await;
    let id = world.ask().await;
    let before = api.entries(world.coalition).await;
    let verify = format!("/v1/verifications/{id}/verify");
    assert_eq!(world.staff.post(&verify, json!({})).await.faults(), [("#/reason", "required")]);
    assert_eq!(world.staff.post(&verify, json!({"reason": "ok"})).await.faults(), [("#/reason", "too_short")]);
    let refused = world.act(&id, "revoke").await;
    assert_eq!(refused.problem(409), "invalid_state_transition");
    assert_eq!(
        (&refused.body["current_state"], &refused.body["allowed_actions"]),
        (&json!("open"), &json!(["verify", "reject", "ask_for_attestation", "upload_evidence"]))
    );
    assert_eq!(api.entries(world.coalition).await, before);

    let verified = world.act(&id, "verify").await.expect(200);
    assert_eq!((&verified["state"], &verified["evidence"][1]["kind"]), (&json!("verified"), &json!("staff_override")));
    assert_eq!(verified["evidence"][1]["reason"], "The principal was asked");
    let own = world.mia.get(&format!("/v1/verifications/{id}")).await.expect(200);
    assert!(own["evidence"][1].get("reason").is_none(), "that is for staff");
    assert_eq!(world.act(&id, "verify").await.problem(409), "invalid_state_transition");

    let revoked = world.act(&id, "revoke").await.expect(200);
    assert_eq!(
        (&revoked["state"], &revoked["cause"], &revoked["reason"]),
        (&json!("revoked"), &json!("decision"), &json!("The principal was asked"))
    );
    let reopened = world.staff.act(&format!("/v1/verifications/{id}/reopen")).await.expect(200);
    assert_eq!(
        (&reopened["state"], &reopened["allowed_actions"]),
        (&json!("open"), &json!(["verify", "reject"])),
        "older evidence does not count"
    );
    let rejected = world.act(&id, "reject").await.expect(200);
    assert_eq!((&rejected["state"], &rejected["reason"]), (&json!("rejected"), &json!("The principal was asked")));

    let sams = ask(&api, world.coalition, world.program, employ(&world.staff, &world.school).await).await.id.to_string();
    let before = api.entries(world.coalition).await;
    assert_eq!(world.act(&sams, "verify").await.problem(409), "same_person");
    assert_eq!(api.entries(world.coalition).await, before);
}

async fn a_verification_is_taken_back_when_the_employment_or_the_membership_ends(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    world.require_membership().await;
    let id = world.ask().await;
    assert_eq!(world.read(&id).await["state"], "verified");

    let school = format!("/v1/organizations/{}", world.school);
    let _ = world.staff.patch(&school, json!({"membership_ends_on": "2020-01-31"})).await.expect(200);
    assert_eq!(world.read(&id).await["valid_until"], "2020-02-01T05:00:00.000Z", "it ends with the membership");
    let _ = world.staff.patch(&school, json!({"membership": "lapsed"})).await.expect(200);
    let revoked = world.read(&id).await;
    assert_eq!((&revoked["state"], &revoked["cause"]), (&json!("revoked"), &json!("membership_ended")));
    assert!(revoked.get("valid_until").is_none());
    assert_eq!(world.staff.act(&format!("/v1/verifications/{id}/reopen")).await.expect(200)["state"], "open");
    assert_eq!(world.act(&id, "verify").await.problem(409), "not_verified", "the program is for members");
    let back = json!({"membership": "active", "membership_ends_on": null});
    let _ = world.staff.patch(&school, back).await.expect(200);
    assert_eq!(world.read(&id).await["state"], "verified", "the address still shows it");

    let employment = format!("/v1/employments/{}", world.employment);
    let _ = world.staff.patch(&employment, json!({"ends_on": "2019-11-19"})).await.expect(200);
    let revoked = world.read(&id).await;
    assert_eq!((&revoked["state"], &revoked["cause"]), (&json!("revoked"), &json!("employment_ended")));
    let types: Vec<Value> = world.staff.get("/v1/events?limit=200").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["subject"]["id"] == json!(id))
        .map(|event| event["type"].clone())
        .collect();
    let verbs = ["opened", "verified", "shortened", "revoked", "reopened", "verified", "revoked"];
    assert_eq!(types, verbs.map(|verb| json!(format!("verification.{verb}"))));
}

async fn what_stood_on_a_verification_is_flagged_when_it_is_taken_back_and_stays(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    let program = format!("/v1/programs/{}", world.program);
    let _ = world.staff.act(&format!("{program}/publish")).await.expect(200);
    let cohort = json!({"title": "Principals", "delivery": "virtual"});
    let cohort = world.staff.post(&format!("{program}/cohorts"), cohort).await.header("location").to_owned();
    let _ = world.staff.act(&format!("{cohort}/publish")).await.expect(200);
    let sent = world.mia.post(&format!("{cohort}/applications"), json!({"submit": true})).await.expect(201);
    assert_eq!(sent["state"], "enrolled", "verified, and a seat was free");

    let employment = format!("/v1/employments/{}", world.employment);
    let _ = world.staff.patch(&employment, json!({"ends_on": "2019-11-19"})).await.expect(200);
    let flagged = world.staff.get("/v1/events?type=application.flagged").await.expect(200);
    let flags: Vec<_> = flagged["items"].as_array().unwrap().iter().map(|event| &event["subject"]["id"]).collect();
    assert_eq!(flags, [&sent["id"]]);
    assert_eq!(flagged["items"][0]["data"]["verification_id"], sent["verification_id"]);
    let found = world.staff.get("/v1/applications?verification=revoked").await.expect(200);
    assert_eq!((&found["items"][0]["id"], &found["items"][0]["state"]), (&sent["id"], &json!("enrolled")), "nobody is thrown out");
}

async fn what_has_run_out_is_expired_at_its_instant(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    let id = world.ask().await;
    let _ = world.staff.put("/v1/clock", json!({"now": "2020-11-20T04:59:59.999Z"})).await.expect(200);
    assert_eq!(world.read(&id).await["state"], "verified");
    let _ = world.staff.put("/v1/clock", json!({"now": "2020-12-01T00:00:00.000Z"})).await.expect(200);
    let expired = world.read(&id).await;
    assert_eq!((&expired["state"], &expired["settled_at"]), (&json!("expired"), &json!("2020-11-20T05:00:00.000Z")));
    let events = world.staff.get("/v1/events?type=verification.expired").await.expect(200);
    assert_eq!(events["items"][0]["occurred_at"], "2020-11-20T05:00:00.000Z", "the clock passed by that instant on its way");
    assert_eq!(expired["allowed_actions"], json!(["reopen"]));
    assert_eq!(world.act(&id, "revoke").await.problem(409), "invalid_state_transition");
    assert_eq!(world.act(&id, "reopen").await.expect(200)["state"], "open", "the proof of the address has run out as well");
}

async fn what_has_run_out_reads_expired_before_anybody_notices(database: TestDatabase) {
    let api = Api::start(&database).await;
    let live = api.coalition_with("dcsc", Clock::Live).await;
    let world = World::in_coalition(&api, live, &["example.org"]).await;
    let id = world.ask().await;
    api.environment().set(at("2020-11-20T05:00:00Z"));
    let (staff, before) = (api.sign_in(live, world.staff.person_id()).await, api.entries(live).await);
    let expired = staff.get(&format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!((&expired["state"], &expired["allowed_actions"]), (&json!("expired"), &json!(["reopen"])));
    assert_eq!(staff.get("/v1/verifications?state=expired").await.expect(200)["items"][0]["id"], json!(id));
    assert_eq!(api.entries(live).await, before, "nobody has written it down");
    must(workflow::jobs::settle(api.store(), false).await);
    assert_eq!(api.entries(live).await, before + 1);
    assert_eq!(staff.get(&format!("/v1/verifications/{id}")).await.expect(200)["state"], "expired");
}

async fn what_a_verification_rests_on_cannot_be_changed_by_the_person(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    let path = format!("/v1/me/employments/{}", world.employment);
    let _ = world.mia.patch(&path, json!({"level": "district"})).await.expect(200);
    let id = world.ask().await;
    let before = api.entries(world.coalition).await;
    let climb = world.mia.patch(&path, json!({"level": "network", "starts_on": "2000-01-01"})).await;
    assert_eq!(climb.faults(), [("#/level", "frozen"), ("#/starts_on", "frozen")]);
    assert_eq!(api.entries(world.coalition).await, before);
    let _ = world.mia.patch(&path, json!({"ends_on": "2019-11-01"})).await.expect(200);
    assert_eq!(world.read(&id).await["cause"], "employment_ended", "whoever says that they left has left");
}

async fn a_verification_is_shown_to_the_person_and_staff_alone(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &[]).await;
    let id = world.ask().await;
    let other = api.person(world.coalition, "Olu", &[Grant::Reviewer]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Staff]).await;
    let path = format!("/v1/verifications/{id}");
    let verify = format!("{path}/verify");
    let before = api.entries(world.coalition).await;
    assert_eq!(other.get(&path).await.problem(404), "not_found");
    assert_eq!(stranger.get(&path).await.problem(404), "not_found");
    assert_eq!(stranger.post(&verify, json!({"reason": "I say so"})).await.problem(404), "not_found");
    assert_eq!(world.mia.post(&verify, json!({"reason": "I say so"})).await.problem(403), "permission_denied");
    assert_eq!(world.mia.get("/v1/verifications").await.problem(403), "permission_denied");
    assert_eq!(other.get("/v1/me/verifications").await.expect(200)["items"], json!([]));
    assert_eq!(world.staff.get(&format!("/v1/verifications/{NOBODY}")).await.problem(404), "not_found");
    assert_eq!(api.entries(world.coalition).await, before);
}

async fn a_list_is_filtered_by_what_the_states_are_now(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    let verified = world.ask().await;
    let _ = world.staff.post("/v1/clock/advance", json!({"minutes": 1})).await.expect(200);
    let mut second = dcsc();
    second["slug"] = json!("another");
    let other = world.staff.post("/v1/programs", second).await.header("location").to_owned();
    let path = format!("{other}/verification-policy");
    let other = id_in(&other);
    let policy = json!({"accepted_kinds": ["staff_override"], "least_strength": 5, "valid_days": 9, "membership_required": false});
    let _ = world.staff.put(&path, policy).await.expect(200);
    let open = ask(&api, world.coalition, other, world.employment).await.id.to_string();

    let ids = async |query: &str| -> Vec<String> {
        let page = world.staff.get(&format!("/v1/verifications{query}")).await.expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let both = [verified.clone(), open.clone()];
    assert_eq!(ids("").await, both, "the oldest first");
    assert_eq!(ids("?sort=-created_at").await, [open.clone(), verified.clone()]);
    assert_eq!(ids("?state=open&state=verified").await, both);
    assert_eq!(ids("?state=open").await, std::slice::from_ref(&open));
    assert_eq!(ids(&format!("?program_id={other}")).await, std::slice::from_ref(&open));
    let _ = world.staff.put("/v1/clock", json!({"now": "2021-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(ids("?state=verified").await, [""; 0]);
    assert_eq!(ids("?state=expired").await, [verified]);
    assert_eq!(world.staff.get("/v1/verifications?state=lost").await.problem(400), "invalid_parameter");
}

async fn however_many_ask_at_once_one_verification_is_opened(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &[]).await;
    let asked = futures_util::future::join_all((0..6).map(|_| world.ask())).await;
    assert!(asked.iter().all(|id| *id == asked[0]), "{asked:?}");
    let decisions = ["verify", "reject", "verify", "reject"].map(|action| world.act(&asked[0], action));
    let answers = futures_util::future::join_all(decisions).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "and one of those who decide at once decides");
}

async fn a_verification_does_not_survive_an_employment_that_ends_meanwhile(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = World::new(&api, &["example.org"]).await;
    world.require_membership().await;
    let id = world.ask().await;
    let (employment, school) = (format!("/v1/employments/{}", world.employment), format!("/v1/organizations/{}", world.school));
    for round in 0..4 {
        let _ = world.staff.patch(&employment, json!({"ends_on": null})).await.expect(200);
        let _ = world.staff.patch(&school, json!({"membership": "active"})).await.expect(200);
        let _ = world.act(&id, "reopen").await;
        let ends = async {
            if round % 2 == 0 {
                world.staff.patch(&employment, json!({"ends_on": "2019-11-19"})).await
            } else {
                world.staff.patch(&school, json!({"membership": "lapsed"})).await
            }
        };
        let meanwhile = futures_util::future::join4(ends, world.act(&id, "verify"), world.act(&id, "reopen"), world.ask());
        let (ended, ..) = meanwhile.await;
        let _ = ended.expect(200);
        assert_ne!(world.read(&id).await["state"], "verified", "round {round}");
    }
}
