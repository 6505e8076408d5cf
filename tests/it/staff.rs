//! Grants, and accounts that are put out of use: through HTTP.

use cohortium_domain::access::Grant;
use cohortium_domain::mails::MailKind;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    a_suspended_person_is_out_at_once_and_back_when_reinstated,
    nobody_suspends_themselves_nor_a_person_without_an_account,
    a_grant_counts_at_once_and_once,
    a_coalition_keeps_its_last_owner,
    two_owners_cannot_unmake_each_other_at_once,
    those_who_have_a_grant_are_listed,
    an_owner_ends_a_persons_sessions,
}

const PHRASE: &str = "a rowboat, two figs and tea";

fn because() -> Value {
    json!({"reason": "She has left the school"})
}

async fn a_suspended_person_is_out_at_once_and_back_when_reinstated(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let mia = api.person(coalition, "Mia", &[Grant::Staff]).await;
    api.set_password(coalition, mia.person_id(), PHRASE).await;
    let log_in = || async {
        let login = json!({"coalition": "dcsc", "email": "mia@example.org", "password": PHRASE});
        api.anonymous().post("/v1/auth/login", login).await
    };
    let path = |action: &str| format!("/v1/people/{}/{action}", mia.person_id());
    let before = api.entries(coalition).await;
    assert_eq!(staff.post(&path("suspend"), because()).await.problem(403), "permission_denied");
    assert_eq!(owner.post(&path("suspend"), json!({})).await.faults(), [("#/reason", "required")]);
    assert_eq!(owner.post(&path("reinstate"), because()).await.problem(409), "invalid_state_transition");
    assert_eq!(api.entries(coalition).await, before);

    let suspended = owner.post(&path("suspend"), because()).await.expect(200);
    assert_eq!(
        (&suspended["account_state"], &suspended["grants"], &suspended["allowed_actions"]),
        (&json!("suspended"), &json!(["staff"]), &json!(["reinstate"]))
    );
    assert_eq!(mia.get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(api.mail().await.kind, MailKind::AccountSuspended, "told by mail alone");
    assert_eq!(log_in().await.problem(401), "invalid_credentials", "not told why");
    assert_eq!(owner.post(&path("suspend"), because()).await.problem(409), "invalid_state_transition");

    let reinstated = owner.post(&path("reinstate"), because()).await.expect(200);
    assert_eq!((&reinstated["account_state"], &reinstated["allowed_actions"]), (&json!("active"), &json!(["suspend"])));
    assert_eq!(mia.get("/v1/me").await.problem(401), "token_invalid", "a session that has ended stays ended");
    assert_eq!(api.mail().await.kind, MailKind::AccountReinstated);
    let _ = log_in().await.expect(200);
    let journal = owner.get(&format!("/v1/journal?subject_id={}", mia.person_id())).await.expect(200);
    let told: Vec<(&str, &Value)> =
        journal["items"].as_array().unwrap().iter().map(|entry| (entry["type"].as_str().unwrap(), &entry["reason"])).collect();
    let because = json!("She has left the school");
    assert_eq!(told[told.len() - 2..], [("person.suspended", &because), ("person.reinstated", &because)]);
}

async fn nobody_suspends_themselves_nor_a_person_without_an_account(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let _ = api.person(coalition, "Otto", &[Grant::Owner]).await;
    let known = json!({"given_name": "Ana", "family_name": "Ruiz", "email": "ana@example.org"});
    let known = owner.post("/v1/people", known).await.expect(201);
    let before = api.entries(coalition).await;
    let own = format!("/v1/people/{}/suspend", owner.person_id());
    assert_eq!(owner.post(&own, because()).await.problem(409), "same_person");
    let path = format!("/v1/people/{}/suspend", known["id"].as_str().unwrap());
    assert_eq!(owner.post(&path, because()).await.problem(409), "not_ready");
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_grant_counts_at_once_and_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let mia = api.person(coalition, "Mia", &[]).await;
    let path = |grant: &str| format!("/v1/people/{}/grants/{grant}", mia.person_id());
    assert_eq!(mia.get("/v1/people").await.problem(403), "permission_denied");
    let before = api.entries(coalition).await;
    for _ in 0..2 {
        let access = owner.put(&path("staff"), json!(null)).await.expect(200);
        assert_eq!((&access["grants"], &access["account_state"]), (&json!(["staff"]), &json!("active")));
    }
    assert_eq!(api.entries(coalition).await, before + 1, "given again, it changes nothing");
    let _ = mia.get("/v1/people").await.expect(200);
    assert_eq!(mia.put(&path("owner"), json!(null)).await.problem(403), "permission_denied");
    assert_eq!(owner.put(&path("king"), json!(null)).await.problem(400), "invalid_parameter");
    for _ in 0..2 {
        assert_eq!(owner.delete(&path("staff")).await.status, 204);
    }
    assert_eq!(api.entries(coalition).await, before + 2);
    assert_eq!(mia.get("/v1/people").await.problem(403), "permission_denied");
    let journal = owner.get(&format!("/v1/journal?subject_id={}", mia.person_id())).await.expect(200);
    let entries = journal["items"].as_array().unwrap();
    let last: Vec<(&str, &Value)> =
        entries[entries.len() - 2..].iter().map(|entry| (entry["type"].as_str().unwrap(), &entry["data"]["grant"])).collect();
    assert_eq!(last, [("person.granted", &json!("staff")), ("person.ungranted", &json!("staff"))]);
}

async fn a_coalition_keeps_its_last_owner(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let otto = api.person(coalition, "Otto", &[Grant::Owner]).await;
    let of = |person: &str, rest: &str| format!("/v1/people/{person}/{rest}");
    let (olga_id, otto_id) = (owner.person_id().to_string(), otto.person_id().to_string());
    let _ = owner.post(&of(&otto_id, "suspend"), because()).await.expect(200);
    let before = api.entries(coalition).await;
    let refused = owner.delete(&of(&olga_id, "grants/owner")).await;
    assert_eq!(refused.problem(409), "not_ready", "another owner who cannot sign in is of no help");
    assert!(refused.body["detail"].as_str().unwrap().contains("last owner"), "{}", refused.text);
    assert_eq!(api.entries(coalition).await, before);
    let _ = owner.post(&of(&otto_id, "reinstate"), because()).await.expect(200);
    assert_eq!(owner.delete(&of(&olga_id, "grants/owner")).await.status, 204);
    assert_eq!(owner.get("/v1/staff").await.problem(403), "permission_denied");
}

async fn two_owners_cannot_unmake_each_other_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let (one, other) = (api.person(coalition, "Olga", &[Grant::Owner]).await, api.person(coalition, "Otto", &[Grant::Owner]).await);
    let path = |person: &cohortium_tests::api::Session<'_>| format!("/v1/people/{}/grants/owner", person.person_id());
    let (to_other, to_one) = (path(&other), path(&one));
    let (first, second) = futures_util::future::join(one.delete(&to_other), other.delete(&to_one)).await;
    let mut told = [first.status, second.status];
    told.sort_unstable();
    assert!(told == [204, 403] || told == [204, 409], "{told:?}");
    let grants = api.store().read(coalition).await.unwrap();
    let left = grants.grants_of([one.person_id(), other.person_id()]).await.unwrap();
    assert_eq!(left.len(), 1, "one owner is left");
}

async fn those_who_have_a_grant_are_listed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner, Grant::Reviewer]).await;
    let _ = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let _ = api.person(coalition, "Mia", &[]).await;
    let known = json!({"given_name": "Ana", "family_name": "Tester", "email": "ana@example.org"});
    let known = owner.post("/v1/people", known).await.expect(201);
    let path = format!("/v1/people/{}/grants/reviewer", known["id"].as_str().unwrap());
    let _ = owner.put(&path, json!(null)).await.expect(200);
    let staff = owner.get("/v1/staff?with_total=true").await.expect(200);
    let rows: Vec<Value> = staff["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["given_name"], one["grants"], one["account_state"]]))
        .collect();
    assert_eq!(
        rows,
        [json!(["Ana", ["reviewer"], null]), json!(["Olga", ["reviewer", "owner"], "active"]), json!(["Sam", ["staff"], "active"])]
    );
    assert_eq!(staff["total"], 3);
    let first = owner.get("/v1/staff?limit=1").await.expect(200);
    let next = owner.get(&format!("/v1/staff?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200);
    assert_eq!(next["items"][0]["given_name"], "Olga");
}

async fn an_owner_ends_a_persons_sessions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let mia = api.person(coalition, "Mia", &[]).await;
    let elsewhere = api.sign_in(coalition, mia.person_id()).await;
    let before = api.entries(coalition).await;
    let path = format!("/v1/people/{}/sessions", mia.person_id());
    assert_eq!(mia.delete(&path).await.problem(403), "permission_denied");
    let _ = mia.get("/v1/me").await.expect(200);
    assert_eq!(owner.delete(&path).await.status, 204);
    for session in [&mia, &elsewhere] {
        assert_eq!(session.get("/v1/me").await.problem(401), "token_invalid");
    }
    assert_eq!(api.entries(coalition).await, before + 1);
    let _ = owner.get("/v1/me").await.expect(200);
}
