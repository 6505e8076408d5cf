//! Many decisions at once.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Answer, Api};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use super::Waiting;
use crate::enrolling::applied;

on_both_databases! {
    each_decision_has_its_own_answer,
    what_was_done_is_not_done_again_under_the_same_key,
}

const NOBODY: &str = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";

/// Several who wait for a decision: their verifications, and Mia's first.
async fn several(world: &Waiting<'_>, names: &[&str]) -> Vec<String> {
    let cohort = world.stage.cohort_of(&world.application).await;
    let mut ids = vec![world.verification.rsplit('/').next().unwrap().to_owned()];
    for name in names {
        let (_, sent) = applied(&world.stage.stranger(name).await, &cohort).await;
        ids.push(sent["verification_id"].as_str().unwrap().to_owned());
    }
    ids
}

fn outcomes(answer: Answer) -> Vec<(u64, String)> {
    let body = answer.expect(200);
    let told = |outcome: &Value| {
        let said = outcome.pointer("/verification/state").or_else(|| outcome.pointer("/problem/code"));
        (outcome["status"].as_u64().unwrap(), said.and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    body["outcomes"].as_array().unwrap().iter().map(told).collect()
}

async fn each_decision_has_its_own_answer(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let ids = several(&world, &["Ana", "Ben", "Cal"]).await;
    let employment = json!({
        "organization_id": world.stage.other_school, "role": "principal", "level": "school", "starts_on": "2018-08-01"
    });
    let sue = api.person(world.stage.coalition, "Sue", &[Grant::Staff]).await;
    let _ = sue.post("/v1/me/employments", employment).await.expect(201);
    let (_, sent) = applied(&sue, &world.stage.cohort_of(&world.application).await).await;
    let reason = "The school has sent a list";
    let decide = |id: &str, decision: &str| json!({"verification_id": id, "decision": decision, "reason": reason});
    let mut stale = decide(&ids[3], "verify");
    stale["version"] = json!(7);
    let body = json!({"decisions": [
        decide(&ids[0], "verify"),
        decide(&ids[1], "revoke"),
        json!({"verification_id": ids[1], "decision": "reject"}),
        decide(&ids[1], "reject"),
        decide(NOBODY, "verify"),
        decide(sent["verification_id"].as_str().unwrap(), "verify"),
        stale,
        decide(&ids[2], "verify"),
        decide(&ids[2], "verify"),
        decide(&ids[1], "reopen"),
    ]});
    let told = outcomes(sue.post("/v1/verifications/decisions", body.clone()).await);
    let told: Vec<(u64, &str)> = told.iter().map(|(status, said)| (*status, said.as_str())).collect();
    assert_eq!(
        told,
        [
            (200, "verified"),
            (409, "invalid_state_transition"),
            (422, "reason_required"),
            (200, "rejected"),
            (404, "not_found"),
            (409, "same_person"),
            (412, "precondition_failed"),
            (200, "verified"),
            (409, "invalid_state_transition"),
            (200, "open"),
        ]
    );
    assert_eq!(world.mia.post("/v1/verifications/decisions", body).await.problem(403), "permission_denied");
    let none = json!({"decisions": []});
    assert_eq!(sue.post("/v1/verifications/decisions", none).await.faults(), [("#/decisions", "too_short")]);
    let many = json!({"decisions": vec![decide(NOBODY, "verify"); 201]});
    assert_eq!(sue.post("/v1/verifications/decisions", many).await.faults(), [("#/decisions", "too_long")]);
}

async fn what_was_done_is_not_done_again_under_the_same_key(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let ids = several(&world, &["Ana"]).await;
    let decide = |decision: &str| {
        let of = |id: &String| json!({"verification_id": id, "decision": decision, "reason": "The school has sent a list"});
        json!({"decisions": ids.iter().map(of).collect::<Vec<_>>()})
    };
    let send = |body: Value| {
        let call = world.stage.staff.request(Method::POST, "/v1/verifications/decisions").header("idempotency-key", "list");
        call.json(&body).send()
    };
    let first = send(decide("verify")).await;
    let entries = api.entries(world.stage.coalition).await;
    let again = send(decide("verify")).await;
    assert_eq!((first.status, &first.text), (200, &again.text));
    assert_eq!(api.entries(world.stage.coalition).await, entries);
    assert_eq!(send(decide("revoke")).await.problem(422), "idempotency_key_reused");
    assert_eq!(api.entries(world.stage.coalition).await, entries);
}
