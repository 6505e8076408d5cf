//! The journal and the change feed, through HTTP; and what becomes of a journal that somebody tampered with.

use cohortium_domain::access::Grant;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::json;

on_both_databases! {
    what_happened_is_told_in_order_without_gaps,
    the_feed_tells_nothing_personal,
    an_entry_cannot_be_changed_or_deleted,
    whatever_somebody_changes_is_found,
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
    assert_eq!(
        told,
        [
            (1, "coalition.created"),
            (2, "person.created"),
            (3, "person.email_proven"),
            (4, "person.granted"),
            (5, "person.password_set"),
            (6, "coalition.updated"),
        ]
    );
    assert_eq!(items[5]["actor"], json!({"kind": "person", "id": owner.person_id()}));
    assert_eq!(items[5]["origin"], "http");

    let later = owner.get("/v1/events?after=2&type=coalition.updated&type=coalition.created").await.expect(200);
    assert_eq!(later["items"].as_array().unwrap().len(), 1);
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200), json!({"intact": true, "checked": 6}));
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

async fn an_entry_cannot_be_changed_or_deleted(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olu", &[Grant::Owner]).await;
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200), json!({"intact": true, "checked": 5}));
    for sql in
        ["UPDATE journal SET type = 'person.erased'", "DELETE FROM journal", "UPDATE journal SET position = NULL, seal = NULL"]
    {
        assert!(database.try_execute(sql).await.is_err_and(|said| said.contains("append-only")), "{sql}");
    }
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200), json!({"intact": true, "checked": 5}));
}

/// As somebody with all rights on the database would do it: the triggers are gone first.
async fn whatever_somebody_changes_is_found(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olu", &[Grant::Owner]).await;
    for name in ["One", "Two", "Three"] {
        let _ = owner.patch("/v1/coalition", json!({"name": name})).await.expect(200);
    }
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200), json!({"intact": true, "checked": 8}));
    let on = if database.is_postgres() { " ON journal" } else { "" };
    database.execute(&format!("DROP TRIGGER journal_is_final{on}; DROP TRIGGER journal_is_kept{on};")).await;

    let tampered = async |sql: &str, undo: &str| {
        database.execute(sql).await;
        let found = owner.get("/v1/journal/verify").await.expect(200);
        database.execute(undo).await;
        assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true, "{undo}");
        (found["intact"].as_bool().unwrap(), found["broken_at"].as_u64().unwrap_or(0))
    };
    let reason =
        tampered("UPDATE journal SET reason = 'x' WHERE position = 5", "UPDATE journal SET reason = NULL WHERE position = 5").await;
    assert_eq!(reason, (false, 5), "changed");
    let swap = "UPDATE journal SET position = -4 WHERE position = 4; UPDATE journal SET position = 4 WHERE position = 5; \
                UPDATE journal SET position = 5 WHERE position = -4";
    assert_eq!(tampered(swap, swap).await, (false, 4), "reordered");
    let gone = "UPDATE journal SET position = -8 WHERE position = 8";
    assert_eq!(tampered(gone, "UPDATE journal SET position = 8 WHERE position = -8").await, (false, 8), "cut off at the end");
    database.execute("DELETE FROM journal WHERE position = 2").await;
    assert_eq!(
        owner.get("/v1/journal/verify").await.expect(200),
        json!({"intact": false, "checked": 1, "broken_at": 2}),
        "deleted"
    );
}
