//! The journal and the change feed, through HTTP; and what becomes of a journal that somebody tampered with.

use cohortium_domain::access::Grant;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::json;

on_both_databases! {
    what_happened_is_told_in_order_without_gaps,
    the_feed_tells_nothing_personal,
}

async fn what_happened_is_told_in_order_without_gaps(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olu", &[Grant::Owner]).await;
    let _ = owner.patch("/v1/coalition", json!({"name": "Charters"})).await.expect(200);

    let journal = owner.get("/v1/journal").await.expect(200);
    let items = journal["items"].as_array().unwrap();
    let told: Vec<(u64, &str)> =
        items.iter().map(|entry| (entry["position"].as_u64().unwrap(), entry["type"].as_str().unwrap())).collect();
    assert_eq!(told, [(1, "coalition.created"), (2, "person.created"), (3, "person.email_proven"), (4, "coalition.updated")]);
    assert_eq!(items[3]["actor"], json!({"kind": "person", "id": owner.person_id()}));
    assert_eq!(items[3]["origin"], "http");

    let later = owner.get("/v1/events?after=2&type=coalition.updated&type=coalition.created").await.expect(200);
    assert_eq!(later["items"].as_array().unwrap().len(), 1);
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200), json!({"intact": true, "checked": 4}));
}

async fn the_feed_tells_nothing_personal(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olufemi", &[Grant::Owner]).await;
    let _ = owner.patch("/v1/me", json!({"family_name": "Adeyemi"})).await.expect(200);
    for path in ["/v1/events", "/v1/journal"] {
        let told = owner.get(path).await;
        assert_eq!(told.status, 200);
        assert!(!told.text.contains("Olufemi") && !told.text.contains("Adeyemi") && !told.text.contains('@'), "{}", told.text);
    }
}
