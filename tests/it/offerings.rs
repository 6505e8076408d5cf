//! The finalizing of offerings, through HTTP: the cohorts that come of the confirmed proposals, once.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::proposals::{AFTER_THE_CALL, Setting, setting};

on_both_databases! {
    confirmed_proposals_become_cohorts_with_their_facilitators_and_sessions,
    the_offerings_wait_for_every_decision_and_every_author,
    twenty_who_finalize_at_once_finalize_once,
    each_cohort_of_a_program_with_a_plan_gets_its_stipend_once,
}

impl Setting<'_> {
    fn finalize(&self) -> String {
        format!("{}/finalize-offerings", self.program)
    }

    /// Two who have confirmed, and one in reserve.
    async fn confirmed(&self) -> [(Session<'_>, String); 3] {
        let all = [self.submitted("Ana").await, self.submitted("Ben").await, self.submitted("Cal").await];
        self.clock(AFTER_THE_CALL).await;
        for ((_, path), decision) in all.iter().zip(["accept", "accept", "reserve"]) {
            let _ = self.staff.act(&format!("{path}/{decision}")).await.expect(200);
        }
        let _ = self.release().await;
        for (author, path) in &all[..2] {
            let _ = author.act(&format!("{path}/confirm")).await.expect(200);
        }
        all
    }

    async fn cohorts(&self) -> Vec<Value> {
        let program = self.program.trim_start_matches("/v1/programs/");
        let cohorts = self.staff.get(&format!("/v1/cohorts?program_id={program}")).await.expect(200);
        cohorts["items"].as_array().unwrap().clone()
    }
}

async fn confirmed_proposals_become_cohorts_with_their_facilitators_and_sessions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let [(ana, first), _, (cal, third)] = setting.confirmed().await;
    let finalized = setting.staff.act(&setting.finalize()).await.expect(200);
    assert_eq!((&finalized["phase"], &finalized["finalized_at"]), (&json!("offerings_final"), &json!("2019-10-07T12:00:00.000Z")));

    let cohorts = setting.cohorts().await;
    let slugs: Vec<_> = cohorts.iter().map(|cohort| cohort["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs.len(), 2);
    assert!(slugs.contains(&"what-a-behavior-tells-us") && slugs.contains(&"what-a-behavior-tells-us-2"), "{slugs:?}");
    let became = ana.get(&first).await.expect(200)["cohort_id"].as_str().unwrap().to_owned();
    let cohort = cohorts.iter().find(|cohort| cohort["id"] == became).unwrap();
    assert_eq!((&cohort["state"], &cohort["enrollment_status"]), (&json!("open"), &json!("not_open")));
    assert_eq!((&cohort["seats"]["max"], &cohort["delivery"]), (&json!(15), &json!("hybrid")));
    assert_eq!(cohort["audience"]["roles"], json!(["principal"]));
    let led = ana.get("/v1/cohorts?mine=true").await.expect(200);
    assert_eq!((led["items"].as_array().unwrap().len(), &led["items"][0]["id"]), (1, &json!(became)), "she leads it");

    let sessions = ana.get(&format!("/v1/cohorts/{became}/sessions")).await.expect(200);
    let kinds: Vec<_> = sessions["items"].as_array().unwrap().iter().map(|session| session["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["kickoff", "training", "call", "call", "call", "call", "closeout"]);
    assert_eq!(sessions["items"][0]["starts_at"], "2019-12-09T21:00:00.000Z");

    assert_eq!(cal.get(&third).await.expect(200)["state"], "rejected", "no place came free");
    let again = setting.staff.act(&setting.finalize()).await;
    assert_eq!((again.problem(409), setting.cohorts().await.len()), ("invalid_state_transition", 2));
}

async fn the_offerings_wait_for_every_decision_and_every_author(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, first) = setting.submitted("Ana").await;
    let (_, second) = setting.submitted("Ben").await;
    assert_eq!(setting.staff.act(&setting.finalize()).await.problem(409), "window_closed", "the call is open");
    assert_eq!(ana.act(&setting.finalize()).await.problem(403), "permission_denied");
    setting.clock(AFTER_THE_CALL).await;
    let before = api.entries(setting.coalition).await;
    let undecided = setting.staff.act(&setting.finalize()).await;
    assert_eq!((undecided.problem(409), undecided.faults().len()), ("not_ready", 2));
    assert_eq!(api.entries(setting.coalition).await, before);

    let _ = setting.staff.act(&format!("{first}/accept")).await.expect(200);
    let _ = setting.staff.act(&format!("{second}/reject")).await.expect(200);
    let unreleased = setting.staff.act(&setting.finalize()).await;
    assert_eq!((unreleased.problem(409), unreleased.faults().len()), ("not_ready", 2));
    let _ = setting.release().await;
    let unconfirmed = setting.staff.act(&setting.finalize()).await;
    assert_eq!(unconfirmed.problem(409), "not_ready");
    let params = &unconfirmed.body["errors"][0]["params"];
    assert_eq!(*params, json!({"proposal_id": first.trim_start_matches("/v1/proposals/"), "state": "accepted"}));
    assert!(setting.cohorts().await.is_empty());

    setting.clock("2019-10-12T12:00:00Z").await;
    let _ = setting.staff.act(&setting.finalize()).await.expect(200);
    assert!(setting.cohorts().await.is_empty(), "who said nothing in time has declined");
}

async fn twenty_who_finalize_at_once_finalize_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let [(ana, first), ..] = setting.confirmed().await;
    let finalize = setting.finalize();
    let answers = futures_util::future::join_all((0..20).map(|_| setting.staff.act(&finalize))).await;
    let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((statuses(200), statuses(409)), (1, 19));
    assert_eq!(setting.cohorts().await.len(), 2);
    let cohort = ana.get(&first).await.expect(200)["cohort_id"].as_str().unwrap().to_owned();
    let sessions = ana.get(&format!("/v1/cohorts/{cohort}/sessions?with_total=true")).await.expect(200);
    assert_eq!(sessions["total"], 7);
    let told = setting.staff.get("/v1/events?type=program.offerings_finalized").await.expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
}

async fn each_cohort_of_a_program_with_a_plan_gets_its_stipend_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let _ = setting.staff.put(&format!("{}/stipend-plan", setting.program), crate::stipends::plan()).await.expect(200);
    let [(ana, _), (ben, _), (cal, _)] = setting.confirmed().await;
    let finalize = setting.finalize();
    let answers = futures_util::future::join_all((0..20).map(|_| setting.staff.act(&finalize))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let stipends = setting.staff.get("/v1/stipends?with_total=true").await.expect(200);
    assert_eq!((&stipends["total"], &stipends["ledgers"][0]["pending_minor"]), (&json!(2), &json!(1_000_000)));
    let mut cohorts: Vec<Value> = setting.cohorts().await.iter().map(|cohort| cohort["id"].clone()).collect();
    let mut agreed: Vec<Value> = stipends["items"].as_array().unwrap().iter().map(|one| one["cohort_id"].clone()).collect();
    cohorts.sort_by_key(Value::to_string);
    agreed.sort_by_key(Value::to_string);
    assert_eq!(agreed, cohorts, "one for each");
    for (author, count) in [(&ana, 1), (&ben, 1), (&cal, 0)] {
        let mine = author.get("/v1/me/stipends").await.expect(200);
        assert_eq!(mine["items"].as_array().unwrap().len(), count);
    }
    let told = setting.staff.get("/v1/events?type=stipend.agreed").await.expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 2);
}
