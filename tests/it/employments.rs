//! Employments and roles, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases! {
    roles_are_replaced_as_one_list,
    the_coalition_keeps_a_persons_employments,
    one_keeps_ones_own_employments_but_not_the_coalitions,
    nobody_holds_a_role_twice_however_many_enter_it_at_once,
    what_is_wrong_with_an_employment_is_told_at_once,
}

async fn set_up(staff: &Session<'_>) -> String {
    let roles = json!({"roles": [{"key": "principal", "label": "Principal"}, {"key": "counselor", "label": "Counselor"}]});
    let _ = staff.put("/v1/roles", roles).await.expect(200);
    let school = json!({"name": "Cedar Hollow", "kind": "charter_school", "state": "DC"});
    staff.post("/v1/organizations", school).await.expect(201)["id"].as_str().unwrap().to_owned()
}

fn employment(organization: &str) -> Value {
    json!({"organization_id": organization, "role": "principal", "level": "school", "starts_on": "2018-08-01"})
}

async fn roles_are_replaced_as_one_list(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let none = member.get("/v1/roles").await;
    assert_eq!((&none.body["roles"], &none.body["version"], &none.body["allowed_actions"]), (&json!([]), &json!(0), &json!([])));

    let put = |etag: &str, keys: &[&str]| {
        let roles: Vec<Value> = keys.iter().map(|key| json!({"key": key, "label": key.to_uppercase()})).collect();
        staff.request(Method::PUT, "/v1/roles").header("if-match", etag).json(&json!({"roles": roles})).send()
    };
    let firsts = futures_util::future::join_all((0..6).map(|_| put(none.header("etag"), &["principal"]))).await;
    assert_eq!(firsts.iter().filter(|answer| answer.status == 200).count(), 1, "only one of them knew what it replaced");
    assert_eq!(firsts.iter().filter(|answer| answer.status == 412).count(), 5);

    let first = staff.put("/v1/roles", json!({"roles": [{"key": "principal", "label": "Principal"}]})).await;
    let etag = first.header("etag").to_owned();
    assert_eq!((&first.body["version"], &first.body["allowed_actions"]), (&json!(2), &json!(["update"])));
    assert_eq!(put(none.header("etag"), &["late"]).await.problem(412), "precondition_failed", "it was set meanwhile");
    let before = api.entries(coalition).await;
    assert_eq!(put(&etag, &["a", "b", "a"]).await.faults(), [("#/roles/2/key", "duplicate")]);
    assert_eq!(
        staff.request(Method::PUT, "/v1/roles").json(&json!({"roles": []})).send().await.problem(428),
        "precondition_required"
    );
    assert_eq!(member.put("/v1/roles", json!({"roles": []})).await.problem(403), "permission_denied");
    assert_eq!(api.entries(coalition).await, before);
    let replaced = put(&etag, &["counselor", "principal"]).await.expect(200);
    assert_eq!(replaced["roles"], json!([{"key": "counselor", "label": "COUNSELOR"}, {"key": "principal", "label": "PRINCIPAL"}]));
    assert_eq!(member.get("/v1/roles").await.expect(200)["roles"], replaced["roles"]);
}

async fn the_coalition_keeps_a_persons_employments(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let school = set_up(&staff).await;
    let list = format!("/v1/people/{}/employments", member.person_id());

    let made = staff.post(&list, employment(&school)).await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!((&made["source"], &made["organization_name"]), (&json!("crm"), &json!("Cedar Hollow")));
    assert!(made.get("ends_on").is_none() && made.get("title").is_none());
    let changed = staff.patch(&location, json!({"title": "Head of School", "ends_on": "2020-06-30"})).await.expect(200);
    assert_eq!(
        (&changed["title"], &changed["ends_on"], &changed["version"]),
        (&json!("Head of School"), &json!("2020-06-30"), &json!(2))
    );
    assert_eq!(staff.get(&list).await.expect(200)["items"], json!([changed]));

    let mine = member.get("/v1/me/employments").await.expect(200);
    assert_eq!((&mine["items"][0]["id"], &mine["items"][0]["allowed_actions"]), (&changed["id"], &json!([])));
    assert_eq!(member.get("/v1/me").await.expect(200)["employments"], mine["items"]);
    assert_eq!(member.get(&list).await.problem(403), "permission_denied");
    let people = staff.get(&format!("/v1/people?organization_id={school}")).await.expect(200);
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
    assert_eq!(people["items"][0]["given_name"], "Mia");
}

async fn one_keeps_ones_own_employments_but_not_the_coalitions(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let other = api.person(coalition, "Olu", &[]).await;
    let school = set_up(&staff).await;

    let made = member.post("/v1/me/employments", employment(&school)).await;
    let own = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!((&made["source"], &made["allowed_actions"]), (&json!("self"), &json!(["update"])));
    assert_eq!(member.patch(&own, json!({"role": "counselor"})).await.expect(200)["role"], "counselor");

    let list = format!("/v1/people/{}/employments", member.person_id());
    let entered = staff.post(&list, employment(&school)).await.expect(201);
    let entered = format!("/v1/me/employments/{}", entered["id"].as_str().unwrap());
    let before = api.entries(coalition).await;
    assert_eq!(member.patch(&entered, json!({"title": "Head"})).await.problem(403), "permission_denied");
    assert_eq!(other.patch(&own, json!({"title": "Head"})).await.problem(404), "not_found");
    assert_eq!(member.patch(&own, json!({"external_id": "x"})).await.problem(422), "unknown_field");
    let by_office = format!("/v1/employments/{}", made["id"].as_str().unwrap());
    assert_eq!(member.patch(&by_office, json!({"title": "Head"})).await.problem(403), "permission_denied");
    assert_eq!(api.entries(coalition).await, before);
    let _ = staff.patch(&by_office, json!({"ends_on": "2019-06-30"})).await.expect(200);
}

async fn nobody_holds_a_role_twice_however_many_enter_it_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let school = set_up(&staff).await;
    let list = format!("/v1/people/{}/employments", member.person_id());
    let twins = (0..8).map(|number| {
        let (who, path) = if number % 2 == 0 { (&staff, list.as_str()) } else { (&member, "/v1/me/employments") };
        who.post(path, employment(&school))
    });
    let answers = futures_util::future::join_all(twins).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 201).all(|answer| answer.problem(409) == "already_exists"));
    let mut later = employment(&school);
    later["role"] = json!("counselor");
    let later = member.post("/v1/me/employments", later).await.expect(201);
    let back = json!({"role": "principal"});
    let path = format!("/v1/me/employments/{}", later["id"].as_str().unwrap());
    assert_eq!(member.patch(&path, back).await.problem(409), "already_exists");
}

async fn what_is_wrong_with_an_employment_is_told_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let school = set_up(&staff).await;
    let before = api.entries(coalition).await;
    let post = async |change: Value| {
        let mut body = employment(&school);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        member.post("/v1/me/employments", body).await
    };
    assert_eq!(
        post(json!({"role": "astronaut", "ends_on": "2018-07-31"})).await.faults(),
        [("#/ends_on", "out_of_order"), ("#/role", "not_found")]
    );
    let nowhere = json!({"organization_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"});
    assert_eq!(post(nowhere).await.faults(), [("#/organization_id", "not_found")]);
    let mut faults: Vec<(String, String)> = Vec::new();
    let refused = post(json!({"level": "galaxy", "starts_on": "2018-13-01", "organization_id": 7})).await;
    faults.extend(refused.faults().into_iter().map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    faults.sort();
    let told: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(told, [("#/level", "invalid_value"), ("#/organization_id", "invalid_type"), ("#/starts_on", "invalid_format")]);
    let of_nobody = "/v1/people/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e/employments";
    assert_eq!(staff.post(of_nobody, employment(&school)).await.problem(404), "not_found");
    assert_eq!(staff.get(of_nobody).await.problem(404), "not_found");
    assert_eq!(api.entries(coalition).await, before);
}
