//! Organizations, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    an_organization_is_made_read_and_changed,
    a_list_is_filtered_and_sorted,
    no_organization_stands_under_itself_however_many_move_at_once,
    what_is_wrong_is_told_at_once_and_changes_nothing,
    only_staff_know_organizations,
}

async fn make(staff: &Session<'_>, body: Value) -> String {
    let made = staff.post("/v1/organizations", body).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn school(name: &str) -> Value {
    json!({"name": name, "kind": "charter_school", "state": "DC"})
}

async fn an_organization_is_made_read_and_changed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let staff = api.person(api.coalition("dcsc").await, "Sam", &[Grant::Staff]).await;
    let district = make(&staff, json!({"name": "District Seven", "kind": "district", "state": "CO", "nces_id": "0803360"})).await;
    let mut whole = school("Cedar Hollow");
    whole["parent_id"] = json!(district);
    whole["email_domains"] = json!(["cedarhollow.org", "chcs.example"]);
    whole["membership"] = json!("active");
    whole["membership_ends_on"] = json!("2020-06-30");
    let made = staff.post("/v1/organizations", whole).await;
    let (location, etag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let made = made.expect(201);
    assert_eq!((&made["membership"], &made["parent_id"]), (&json!("active"), &json!(district)));
    assert!(made.get("locale").is_none() && made.get("membership_starts_on").is_none());
    let read = staff.get(&location).await;
    assert_eq!((read.header("etag"), &read.body), (etag.as_str(), &made));

    let changed = staff.patch(&location, json!({"membership_ends_on": "2019-11-19", "parent_id": null})).await.expect(200);
    assert_eq!(changed["membership"], "lapsed", "a membership is over when its last day is");
    assert!(changed.get("parent_id").is_none());
    assert_eq!(staff.get("/v1/organizations?membership=lapsed").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

async fn a_list_is_filtered_and_sorted(database: TestDatabase) {
    let api = Api::start(&database).await;
    let staff = api.person(api.coalition("dcsc").await, "Sam", &[Grant::Staff]).await;
    let with = |name: &str, members: Value| {
        let mut body = school(name);
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let _ = make(&staff, with("birch", json!({"external_id": "crm-1", "membership": "active"}))).await;
    let _ = make(&staff, with("Alder", json!({"state": "CO", "membership": "active", "membership_starts_on": "2020-01-01"}))).await;
    let _ =
        make(&staff, with("Cedar", json!({"kind": "district", "membership": "active", "membership_ends_on": "2019-11-20"}))).await;
    let _ = make(&staff, with("Dogwood", json!({"membership": "lapsed"}))).await;

    let names = async |query: &str| -> Vec<String> {
        let page = staff.get(&format!("/v1/organizations{query}")).await.expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await, ["Alder", "birch", "Cedar", "Dogwood"]);
    assert_eq!(names("?sort=-updated_at&limit=2").await.len(), 2);
    assert_eq!(
        names("?membership=active").await,
        ["birch", "Cedar"],
        "today is the last day of one, and before the first of another"
    );
    assert_eq!(names("?membership=prospective&membership=lapsed").await, ["Alder", "Dogwood"]);
    assert_eq!(names("?kind=district&kind=school").await, ["Cedar"]);
    assert_eq!(names("?state=CO").await, ["Alder"]);
    assert_eq!(names("?external_id=crm-1").await, ["birch"]);
    assert_eq!(names("?q=ED").await, ["Cedar"]);
    assert_eq!(names("?updated_from=2199-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(staff.get("/v1/organizations?kind=castle").await.faults(), [("#/kind/0", "invalid_value")]);
}

async fn no_organization_stands_under_itself_however_many_move_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let staff = api.person(api.coalition("dcsc").await, "Sam", &[Grant::Staff]).await;
    let (a, b, c) = (make(&staff, school("A")).await, make(&staff, school("B")).await, make(&staff, school("C")).await);
    let path = |id: &str| format!("/v1/organizations/{id}");
    let under = |parent: &str| json!({"parent_id": parent});
    assert_eq!(staff.patch(&path(&a), under(&a)).await.faults(), [("#/parent_id", "invalid_value")]);
    assert_eq!(
        staff.patch(&path(&a), under("0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e")).await.faults(),
        [("#/parent_id", "not_found")]
    );

    let moves = [(&a, &b), (&b, &c), (&c, &a)].map(|(child, parent)| {
        let (path, body) = (path(child), under(parent));
        let staff = staff.clone();
        async move { staff.patch(&path, body).await.status }
    });
    let mut statuses = futures_util::future::join_all(moves).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 422], "one of three would close the circle");
}

async fn what_is_wrong_is_told_at_once_and_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let _ = make(&staff, json!({"name": "A", "kind": "school", "state": "DC", "external_id": "crm-1"})).await;
    let before = api.entries(coalition).await;

    let bad = json!({"name": " ", "kind": "castle", "state": "dc", "nces_id": "7", "email_domains": ["Gmail.com"], "owner": true});
    let refused = staff.post("/v1/organizations", bad).await;
    assert_eq!(refused.problem(422), "validation_failed");
    let mut faults = refused.faults();
    faults.sort_unstable();
    let expected = [
        ("#/email_domains/0", "invalid_format"),
        ("#/kind", "invalid_value"),
        ("#/name", "invalid_format"),
        ("#/nces_id", "too_short"),
        ("#/owner", "unknown_field"),
        ("#/state", "invalid_format"),
    ];
    assert_eq!(faults, expected);
    let mut free = school("B");
    free["email_domains"] = json!(["b.org", "gmail.com"]);
    free["membership_starts_on"] = json!("2020-01-01");
    free["membership_ends_on"] = json!("2019-01-01");
    let refused = staff.post("/v1/organizations", free).await;
    assert_eq!(refused.faults(), [("#/email_domains/1", "invalid_value"), ("#/membership_ends_on", "out_of_order")]);
    let twin = json!({"name": "A", "kind": "school", "state": "DC", "external_id": "crm-1"});
    assert_eq!(staff.post("/v1/organizations", twin).await.problem(409), "external_id_conflict");
    assert_eq!(api.entries(coalition).await, before);
}

async fn only_staff_know_organizations(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[Grant::Reviewer]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Owner]).await;
    let path = format!("/v1/organizations/{}", make(&staff, school("A")).await);
    let before = api.entries(coalition).await;
    for answer in [member.get("/v1/organizations").await, member.get(&path).await, member.patch(&path, json!({})).await] {
        assert_eq!(answer.problem(403), "permission_denied");
    }
    assert_eq!(stranger.get(&path).await.problem(404), "not_found");
    assert_eq!(stranger.patch(&path, json!({"name": "Mine"})).await.problem(404), "not_found");
    assert_eq!(stranger.get("/v1/organizations").await.expect(200)["items"], json!([]));
    let under = json!({"name": "B", "kind": "school", "state": "CO", "parent_id": path.rsplit('/').next().unwrap()});
    assert_eq!(stranger.post("/v1/organizations", under).await.faults(), [("#/parent_id", "not_found")]);
    assert_eq!(api.anonymous().get(&path).await.problem(401), "authentication_required");
    assert_eq!(api.entries(coalition).await, before);
}
