//! People, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases! {
    a_person_is_made_read_and_changed,
    a_list_comes_in_pages_and_is_filtered,
    an_address_and_an_external_id_belong_to_one_person,
    whoever_is_not_staff_changes_nothing,
    one_changes_ones_own_names_and_nothing_else,
}

async fn a_person_is_made_read_and_changed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;

    let made = staff.post("/v1/people", json!({"given_name": " Ana ", "family_name": "Ruiz", "email": "Ana@Example.org"})).await;
    let location = made.header("location").to_owned();
    let etag = made.header("etag").to_owned();
    let person = made.expect(201);
    assert_eq!(location, format!("/v1/people/{}", person["id"].as_str().unwrap()));
    assert_eq!((&person["given_name"], &person["email_proven"], &person["version"]), (&json!("Ana"), &json!(false), &json!(1)));
    assert!(person.get("time_zone").is_none(), "what has no value is absent");

    let read = staff.get(&location).await;
    assert_eq!(read.header("etag"), etag, "what was answered is what is read");
    assert_eq!(read.expect(200), person);

    let patch = json!({"family_name": "Ruiz Vega", "time_zone": "America/Denver"});
    let changed = staff.request(Method::PATCH, &location).header("if-match", &etag).json(&patch).send().await;
    assert_ne!(changed.header("etag"), etag);
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["family_name"], &changed["time_zone"], &changed["version"]),
        (&json!("Ruiz Vega"), &json!("America/Denver"), &json!(2))
    );
    let cleared = staff.patch(&location, json!({"time_zone": null})).await.expect(200);
    assert!(cleared.get("time_zone").is_none());
}

async fn a_list_comes_in_pages_and_is_filtered(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    for (given, family) in [("Ana", "Ruiz"), ("Ben", "Ruiz"), ("Cy", "100%"), ("Di", "Öz"), ("Eve", "adams")] {
        let email = format!("{given}@example.com").to_lowercase();
        let _ = staff.post("/v1/people", json!({"given_name": given, "family_name": family, "email": email})).await.expect(201);
    }

    let names = |body: &Value| -> Vec<String> {
        body["items"].as_array().unwrap().iter().map(|person| person["given_name"].as_str().unwrap().to_owned()).collect()
    };
    let (mut path, mut seen) = ("/v1/people?limit=2&with_total=true".to_owned(), Vec::new());
    loop {
        let page = staff.get(&path).await.expect(200);
        assert_eq!(page["total"], 6);
        seen.extend(names(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/people?limit=2&with_total=true&cursor={cursor}");
    }
    assert_eq!(seen, ["Cy", "Eve", "Ana", "Ben", "Sam", "Di"], "by code point, the same on every database");
    let backwards = staff.get("/v1/people?sort=-name").await.expect(200);
    assert_eq!(names(&backwards), ["Di", "Sam", "Ben", "Ana", "Eve", "Cy"]);

    assert_eq!(names(&staff.get("/v1/people?q=RUIZ").await.expect(200)), ["Ana", "Ben"]);
    assert_eq!(names(&staff.get("/v1/people?q=%25").await.expect(200)), ["Cy"], "a percent sign means itself");
    assert_eq!(names(&staff.get("/v1/people?email=ANA@example.com").await.expect(200)), ["Ana"]);

    let first = staff.get("/v1/people?limit=1").await;
    let cursor = first.body["next_cursor"].as_str().unwrap().to_owned();
    assert!(first.header("link").contains("rel=\"next\""));
    assert_eq!(staff.get(&format!("/v1/people?limit=1&q=ruiz&cursor={cursor}")).await.problem(400), "invalid_cursor");
    assert_eq!(staff.get("/v1/people?limit=0").await.problem(400), "invalid_parameter");
    assert_eq!(staff.get("/v1/people?limit=201").await.faults(), [("#/limit", "out_of_range")]);
    assert_eq!(staff.get("/v1/people?nmae=x&limit=2").await.problem(400), "unknown_parameter");
}

async fn an_address_and_an_external_id_belong_to_one_person(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let person =
        |email: &str, external_id: &str| json!({"given_name": "A", "family_name": "B", "email": email, "external_id": external_id});
    let _ = staff.post("/v1/people", person("a@example.org", "crm-1")).await.expect(201);
    let before = api.entries(coalition).await;
    assert_eq!(staff.post("/v1/people", person("A@Example.org", "crm-2")).await.problem(409), "already_exists");
    assert_eq!(staff.post("/v1/people", person("b@example.org", "crm-1")).await.problem(409), "external_id_conflict");
    assert_eq!(api.entries(coalition).await, before);

    let other = api.coalition("diso").await;
    let elsewhere = api.person(other, "Sam", &[Grant::Staff]).await;
    let _ = elsewhere.post("/v1/people", person("a@example.org", "crm-1")).await.expect(201);
}

async fn whoever_is_not_staff_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;
    let stranger = api.person(api.coalition("diso").await, "Sid", &[Grant::Staff]).await;
    let path = format!("/v1/people/{}", member.person_id());
    let before = api.entries(coalition).await;

    let patch = json!({"given_name": "Eve"});
    assert_eq!(member.patch(&path, patch.clone()).await.problem(403), "permission_denied");
    assert_eq!(member.get(&path).await.problem(403), "permission_denied", "her own page is GET /v1/me");
    let foreign = stranger.patch(&path, patch.clone()).await;
    let random = stranger.patch("/v1/people/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e", patch.clone()).await;
    assert_eq!((foreign.problem(404), random.problem(404)), ("not_found", "not_found"));
    let without_instance = |mut body: Value| body.as_object_mut().map(|object| object.remove("instance")).map(|_| body.clone());
    assert_eq!(without_instance(foreign.body), without_instance(random.body));
    assert_eq!(api.anonymous().patch(&path, patch).await.problem(401), "authentication_required");
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(staff.get(&path).await.expect(200)["given_name"], "Mia");
}

async fn one_changes_ones_own_names_and_nothing_else(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let member = api.person(coalition, "Mia", &[Grant::Reviewer]).await;
    let me = member.get("/v1/me").await.expect(200);
    assert_eq!(
        (&me["person"]["given_name"], &me["coalition"]["slug"], &me["grants"]),
        (&json!("Mia"), &json!("dcsc"), &json!(["reviewer"]))
    );

    let changed = member.patch("/v1/me", json!({"given_name": "Maria"})).await.expect(200);
    assert_eq!(changed["person"]["given_name"], "Maria");
    let refused = member.patch("/v1/me", json!({"given_name": "Eve", "email": "eve@example.org", "grants": ["owner"]})).await;
    assert_eq!(refused.problem(422), "unknown_field");
    assert_eq!(refused.faults(), [("#/email", "unknown_field"), ("#/grants", "unknown_field")]);
    assert_eq!(member.get("/v1/me").await.expect(200), changed);
}
