//! What a program asks for, through HTTP: its application form, its commitments and its verification policy.

use cohortium_domain::access::Grant;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::programs::planned;

on_both_databases! {
    a_form_is_replaced_and_each_version_stays,
    a_form_that_could_run_for_ever_is_refused,
    commitments_keep_their_ids_and_raise_their_versions,
    a_policy_is_replaced_and_never_one_that_nothing_satisfies,
    of_those_who_replace_at_once_one_succeeds,
    what_a_draft_asks_for_is_hidden_and_what_a_program_asks_for_is_staffs_to_change,
}

fn question(least: u64) -> Value {
    json!({"schema": {"type": "object", "properties": {"why": {"type": "string", "minLength": least}}, "required": ["why"]}})
}

async fn a_form_is_replaced_and_each_version_stays(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/application-form", planned(&staff).await);
    let none = staff.get(&path).await;
    assert!(none.header("etag").starts_with("\"0-"));
    let none = none.expect(200);
    assert_eq!((&none["version"], &none["schema"]["additionalProperties"]), (&json!(0), &json!(false)));
    assert!(none.get("updated_at").is_none());

    let first = staff.put(&path, question(10)).await.expect(200);
    assert_eq!((&first["version"], &first["schema"]), (&json!(1), &question(10)["schema"]));
    let second = staff.put(&path, question(20)).await.expect(200);
    assert_eq!(second["version"], 2);
    assert_eq!(staff.get(&path).await.expect(200), second);
    assert_eq!(staff.get(&format!("{path}?version=1")).await.expect(200)["schema"], question(10)["schema"]);
    assert_eq!(staff.get(&format!("{path}?version=3")).await.problem(404), "not_found");
}

async fn a_form_that_could_run_for_ever_is_refused(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/application-form", planned(&staff).await);
    let before = api.entries(coalition).await;
    let circle =
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}});
    let outside = json!({"type": "object", "properties": {"a": {"$ref": "https://example.org/a.json"}}});
    let look_around = json!({"type": "object", "properties": {"a": {"pattern": "^(?=a)"}}});
    for (schema, fault) in [
        (circle, ("#/schema", "invalid_value")),
        (outside, ("#/schema/properties/a/$ref", "invalid_value")),
        (look_around, ("#/schema/properties/a/pattern", "invalid_format")),
        (json!({"type": "string"}), ("#/schema/type", "invalid_value")),
        (json!({"type": "object", "title": "\u{7}"}), ("#/schema/title", "invalid_format")),
        (json!([]), ("#/schema", "invalid_type")),
    ] {
        let refused = staff.put(&path, json!({"schema": schema})).await;
        assert_eq!(refused.problem(422), "validation_failed");
        assert_eq!(refused.faults(), [fault]);
    }
    assert_eq!(staff.put(&path, json!({"shcema": {}})).await.status, 422);
    assert_eq!(api.entries(coalition).await, before);
}

async fn commitments_keep_their_ids_and_raise_their_versions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/commitments", planned(&staff).await);
    let two = json!({"commitments": [{"label": "Calls", "text": "Come to every call"}, {"label": "Product", "text": "Share"}]});
    let made = staff.put(&path, two).await.expect(200);
    let (calls, product) = (made["commitments"][0]["id"].clone(), made["commitments"][1]["id"].clone());
    assert_eq!((&made["commitments"][0]["kind"], &made["commitments"][0]["version"]), (&json!("text"), &json!(1)));

    let next = json!({"commitments": [
        {"label": "Feedback", "text": "Give it"},
        {"id": calls, "label": "All calls", "text": "Come to every call"},
        {"id": product, "label": "Product", "text": "Share in the final product"},
    ]});
    let replaced = staff.put(&path, next).await.expect(200);
    let told: Vec<_> = replaced["commitments"].as_array().unwrap().iter().map(|one| (&one["label"], &one["version"])).collect();
    assert_eq!(told, [(&json!("Feedback"), &json!(1)), (&json!("All calls"), &json!(1)), (&json!("Product"), &json!(2))]);
    assert_eq!((&replaced["commitments"][1]["id"], &replaced["commitments"][2]["id"]), (&calls, &product));
    assert_eq!(staff.get(&path).await.expect(200), replaced);

    let retired = json!({"commitments": [{"id": product, "label": "Product", "text": "Share in the final product"}]});
    let _ = staff.put(&path, retired).await.expect(200);
    let before = api.entries(coalition).await;
    let back = json!({"commitments": [{"id": calls, "label": "Calls", "text": "Come"}, {"id": product, "label": "a", "text": "b"},
        {"id": product, "label": "a", "text": "b"}]});
    assert_eq!(staff.put(&path, back).await.faults(), [("#/commitments/0/id", "not_found"), ("#/commitments/2/id", "duplicate")]);
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_policy_is_replaced_and_never_one_that_nothing_satisfies(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/verification-policy", planned(&staff).await);
    let initial = staff.get(&path).await.expect(200);
    assert_eq!(
        (&initial["version"], &initial["membership_required"], &initial["valid_days"]),
        (&json!(0), &json!(false), &json!(365))
    );
    let policy = |kinds: &[&str], strength: u8, days: u32| json!({"accepted_kinds": kinds, "least_strength": strength, "valid_days": days, "membership_required": true});
    let replaced = staff.put(&path, policy(&["email_domain"], 2, 300)).await.expect(200);
    assert_eq!((&replaced["accepted_kinds"], &replaced["version"]), (&json!(["email_domain"]), &json!(1)));
    let before = api.entries(coalition).await;
    assert_eq!(staff.put(&path, policy(&["self_declared"], 2, 300)).await.faults(), [("#/accepted_kinds", "invalid_value")]);
    assert_eq!(
        staff.put(&path, policy(&["email_domain", "email_domain"], 2, 1)).await.faults(),
        [("#/accepted_kinds/1", "duplicate")]
    );
    let refused = staff.put(&path, policy(&["telephone"], 6, 1097)).await;
    let mut faults = refused.faults();
    faults.sort_unstable();
    let expected =
        [("#/accepted_kinds/0", "invalid_value"), ("#/least_strength", "out_of_range"), ("#/valid_days", "out_of_range")];
    assert_eq!(faults, expected);
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(staff.get(&path).await.expect(200), replaced);
}

async fn of_those_who_replace_at_once_one_succeeds(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("{}/application-form", planned(&staff).await);
    let etag = staff.get(&path).await.header("etag").to_owned();
    let puts = (0..6).map(|least| staff.request(Method::PUT, &path).header("if-match", &etag).json(&question(least)).send());
    let answers = futures_util::future::join_all(puts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem(412) == "precondition_failed"));
    assert_eq!(staff.request(Method::PUT, &path).json(&question(1)).send().await.problem(428), "precondition_required");
}

async fn what_a_draft_asks_for_is_hidden_and_what_a_program_asks_for_is_staffs_to_change(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Owner]).await;
    let program = planned(&staff).await;
    let before = api.entries(coalition).await;
    let policy = json!({"accepted_kinds": ["email_domain"], "least_strength": 2, "valid_days": 1, "membership_required": false});
    for (name, body) in
        [("application-form", question(1)), ("commitments", json!({"commitments": []})), ("verification-policy", policy)]
    {
        let path = format!("{program}/{name}");
        assert_eq!(staff.get(&path).await.expect(200)["allowed_actions"], json!(["update"]));
        assert_eq!(member.get(&path).await.problem(404), "not_found", "a draft");
        assert_eq!(stranger.get(&path).await.problem(404), "not_found");
        assert_eq!(stranger.put(&path, body.clone()).await.problem(404), "not_found");
        assert_eq!(member.put(&path, body).await.problem(403), "permission_denied");
        assert_eq!(api.anonymous().get(&path).await.problem(401), "authentication_required");
    }
    assert_eq!(api.entries(coalition).await, before);
    let _ = staff.act(&format!("{program}/publish")).await.expect(200);
    for name in ["application-form", "commitments", "verification-policy"] {
        let path = format!("{program}/{name}");
        assert_eq!(member.get(&path).await.expect(200)["allowed_actions"], json!([]));
        assert_eq!(stranger.get(&path).await.problem(404), "not_found");
    }
}
