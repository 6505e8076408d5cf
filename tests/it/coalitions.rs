//! The coalition's settings and its clock, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_domain::coalitions::Clock;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::json;

on_both_databases! {
    an_owner_changes_the_coalition,
    a_test_clock_is_moved_forward_by_staff,
    a_live_coalition_runs_by_real_time,
}

async fn an_owner_changes_the_coalition(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olu", &[Grant::Owner]).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;

    let patch = json!({"name": "Charters", "website": "https://dcsc.example"});
    assert_eq!(staff.patch("/v1/coalition", patch.clone()).await.problem(403), "permission_denied");
    let changed = owner.patch("/v1/coalition", patch).await.expect(200);
    assert_eq!((&changed["name"], &changed["website"]), (&json!("Charters"), &json!("https://dcsc.example")));
    assert_eq!(changed["allowed_actions"], json!(["update"]));
    assert_eq!(staff.get("/v1/coalition").await.expect(200)["allowed_actions"], json!([]));

    let bad = owner.patch("/v1/coalition", json!({"time_zone": "Mars/Olympus", "website": "javascript:x", "nmae": "x"})).await;
    assert_eq!(bad.problem(422), "validation_failed");
    assert_eq!(bad.faults(), [("#/nmae", "unknown_field"), ("#/time_zone", "invalid_format"), ("#/website", "invalid_format")]);
}

async fn a_test_clock_is_moved_forward_by_staff(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let member = api.person(coalition, "Mia", &[]).await;

    let clock = member.get("/v1/clock").await.expect(200);
    assert_eq!(clock, json!({"mode": "test", "now": "2019-11-20T12:00:00.000Z"}));
    assert_eq!(member.post("/v1/clock/advance", json!({"days": 1})).await.problem(403), "permission_denied");

    let advanced = staff.post("/v1/clock/advance", json!({"days": 1, "hours": 2, "minutes": 3})).await.expect(200);
    assert_eq!(advanced["now"], "2019-11-21T14:03:00.000Z");
    let set = staff.put("/v1/clock", json!({"now": "2019-12-01T00:00:00+01:00"})).await.expect(200);
    assert_eq!(set["now"], "2019-11-30T23:00:00.000Z");
    let before = api.entries(coalition).await;
    let back = staff.put("/v1/clock", json!({"now": "2019-11-30T22:59:59Z"})).await;
    assert_eq!((back.problem(422), back.faults()), ("validation_failed", vec![("#/now", "out_of_range")]));
    for nothing in [json!({}), json!({"to": "2020-01-01T00:00:00Z", "days": 1})] {
        assert_eq!(staff.post("/v1/clock/advance", nothing).await.problem(422), "validation_failed");
    }
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(member.get("/v1/clock").await.expect(200)["now"], "2019-11-30T23:00:00.000Z");
}

async fn a_live_coalition_runs_by_real_time(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition_with("live", Clock::Live).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    assert_eq!(staff.get("/v1/clock").await.expect(200), json!({"mode": "live", "now": "2019-11-20T12:00:00.000Z"}));
    assert_eq!(staff.post("/v1/clock/advance", json!({"days": 1})).await.problem(403), "permission_denied");
}
