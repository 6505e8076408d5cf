//! What every operation keeps to, each rule once: the order of answers, problems, preconditions, idempotency.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::jobs;
use reqwest::Method;
use serde_json::json;

on_both_databases! {
    answers_come_in_one_order,
    a_body_is_json_and_nothing_else,
    where_a_fault_is_stands_in_letters_of_a_fragment,
    a_stale_change_is_refused,
    a_repeat_with_its_key_has_one_effect,
    twins_in_flight_have_one_effect,
    a_key_is_kept_for_a_week,
    a_copy_that_is_current_is_not_sent_again,
}

const NOBODY: &str = "/v1/people/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";

async fn answers_come_in_one_order(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let send = |who: &cohortium_tests::api::Session<'_>, method: Method, path: &str, body: &'static str| {
        who.request(method, path).header("content-type", "application/json").body(body).send()
    };
    let nobody = api.anonymous();
    assert_eq!(send(&nobody, Method::PATCH, "/v1/nothing", "{").await.problem(404), "route_not_found");
    let wrong = send(&nobody, Method::DELETE, "/v1/people/x", "{").await;
    assert_eq!((wrong.problem(405), wrong.header("allow")), ("method_not_allowed", "GET, PATCH"));
    assert_eq!(send(&nobody, Method::PATCH, "/v1/people/x", "{").await.problem(401), "authentication_required");
    assert_eq!(send(&member, Method::PATCH, "/v1/people/x", "{").await.problem(403), "permission_denied");
    assert_eq!(send(&staff, Method::PATCH, "/v1/people/x", "{}").await.problem(400), "invalid_parameter");
    assert_eq!(send(&staff, Method::PATCH, NOBODY, "{").await.problem(400), "malformed_json");
    assert_eq!(send(&staff, Method::PATCH, NOBODY, r#"{"nmae": 1}"#).await.problem(404), "not_found");
    let there = format!("/v1/people/{}", member.person_id());
    assert_eq!(send(&staff, Method::PATCH, &there, r#"{"nmae": 1}"#).await.problem(428), "precondition_required");
    let stale = staff.request(Method::PATCH, &there).header("if-match", "\"7-0\"").json(&json!({"nmae": 1})).send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    assert_eq!(staff.patch(&there, json!({"nmae": 1})).await.problem(422), "unknown_field");
    assert_eq!(staff.patch(&there, json!({"email": "sam@example.org"})).await.problem(409), "already_exists");
}

async fn a_body_is_json_and_nothing_else(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let before = api.entries(coalition).await;
    let post = |kind: &'static str, body: Vec<u8>| {
        staff.request(Method::POST, "/v1/people").header("content-type", kind).body(body).send()
    };
    assert_eq!(post("text/plain", b"{}".to_vec()).await.problem(415), "unsupported_media_type");
    assert_eq!(post("application/merge-patch+json", b"{}".to_vec()).await.problem(415), "unsupported_media_type");
    assert_eq!(post("application/json", vec![b' '; 256 * 1024 + 1]).await.problem(413), "payload_too_large");
    assert_eq!(post("application/json", b"[".repeat(100)).await.problem(400), "json_too_deep");
    assert_eq!(post("application/json", br#"{"email":"a@b.org","email":"c@d.org"}"#.to_vec()).await.problem(400), "malformed_json");
    let wrong = post("application/json", br#"{"given_name":7,"family_name":"","email":"ana","time_zone":null}"#.to_vec()).await;
    assert_eq!(wrong.problem(422), "validation_failed");
    let faults = [
        ("#/email", "invalid_format"),
        ("#/family_name", "too_short"),
        ("#/given_name", "invalid_type"),
        ("#/time_zone", "invalid_type"),
    ];
    assert_eq!(wrong.faults(), faults);
    assert_eq!(api.entries(coalition).await, before);
}

async fn where_a_fault_is_stands_in_letters_of_a_fragment(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let person = json!({"given_name": "Ana", "family_name": "Lee", "email": "ana@example.org"});
    let before = api.entries(coalition).await;
    let long = "n".repeat(121);
    for (name, in_query, pointer) in [
        ("b\u{7}%/~ \u{82}", "b%07%25%2F~%20%C2%82", "#/b%07%25~1~0%20%C2%82"),
        ("ä#", "%C3%A4%23", "#/%C3%A4%23"),
        (&long, &long, "#"),
    ] {
        let mut body = person.clone();
        body[name] = json!(1);
        assert_eq!(staff.post("/v1/people", body).await.faults(), [(pointer, "unknown_field")]);
        let asked = staff.get(&format!("/v1/people?{in_query}=1")).await;
        assert_eq!((asked.problem(400), asked.faults()), ("unknown_parameter", vec![(pointer, "unknown_field")]));
    }
    let part = "--x\r\ncontent-disposition: form-data; name=\"b%/~\"\r\n\r\n\r\n--x--\r\n";
    let upload = staff.request(Method::POST, "/v1/me/files").header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(upload.body(part).send().await.faults(), [("#/b%25~1~0", "unknown_field")]);
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_stale_change_is_refused(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("/v1/people/{}", staff.person_id());
    let etag = staff.get(&path).await.header("etag").to_owned();
    let change =
        |name: &str| staff.request(Method::PATCH, &path).header("if-match", &etag).json(&json!({"given_name": name})).send();
    let _ = change("One").await.expect(200);
    assert_eq!(change("Two").await.problem(412), "precondition_failed");
    assert_eq!(staff.get(&path).await.expect(200)["given_name"], "One");
}

async fn a_repeat_with_its_key_has_one_effect(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let other = api.person(coalition, "Sue", &[Grant::Staff]).await;
    let send = |who: &cohortium_tests::api::Session<'_>, key: &str, email: &str| {
        let body = json!({"given_name": "A", "family_name": "B", "email": email});
        who.request(Method::POST, "/v1/people").header("idempotency-key", key).json(&body).send()
    };
    let first = send(&staff, "k1", "a@example.org").await;
    let again = send(&staff, "k1", "a@example.org").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((again.header("location"), again.header("etag")), (first.header("location"), first.header("etag")));
    assert_eq!(again.expect(201), first.expect(201));
    assert_eq!(send(&staff, "k1", "b@example.org").await.problem(422), "idempotency_key_reused");
    assert_eq!(send(&other, "k1", "a@example.org").await.problem(409), "already_exists", "a key is its caller's own");
    assert_eq!(send(&staff, "", "c@example.org").await.problem(400), "idempotency_key_invalid");
    assert_eq!(send(&staff, "k2", "a@example.org").await.problem(409), "already_exists");
    let _ = send(&staff, "k2", "d@example.org").await.expect(201);
}

async fn twins_in_flight_have_one_effect(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let body = json!({"given_name": "A", "family_name": "B", "email": "a@example.org"});
    let twins = (0..20).map(|_| staff.request(Method::POST, "/v1/people").header("idempotency-key", "k").json(&body).send());
    let answers = futures_util::future::join_all(twins).await;
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(replayed, 19);
}

async fn a_key_is_kept_for_a_week(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let person = api.person(coalition, "Sam", &[Grant::Staff]).await.person_id();
    let send = async |email: &str| {
        let body = json!({"given_name": "A", "family_name": "B", "email": email});
        let staff = api.sign_in(coalition, person).await;
        staff.request(Method::POST, "/v1/people").header("idempotency-key", "k").json(&body).send().await
    };
    let _ = send("a@example.org").await.expect(201);
    for (instant, status) in [("2019-11-27T12:00:00Z", 422), ("2019-11-27T12:00:01Z", 201)] {
        api.environment().set(at(instant));
        jobs::forget_old_keys(api.store()).await.unwrap();
        assert_eq!(send("b@example.org").await.status, status, "{instant}");
    }
}

async fn a_copy_that_is_current_is_not_sent_again(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = format!("/v1/people/{}", staff.person_id());
    let etag = staff.get(&path).await.header("etag").to_owned();
    let asked = staff.request(Method::GET, &path).header("if-none-match", &etag).send().await;
    assert_eq!((asked.status, asked.header("etag"), asked.text.as_str()), (304, etag.as_str(), ""));
    let _ = staff.patch(&path, json!({"given_name": "Samuel"})).await.expect(200);
    let asked = staff.request(Method::GET, &path).header("if-none-match", &etag).send().await;
    assert_eq!(asked.status, 200);
}
