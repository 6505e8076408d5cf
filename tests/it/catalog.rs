//! The catalog, through HTTP.

use cohortium_domain::access::Grant;
use cohortium_domain::coalitions::Clock;
use cohortium_tests::api::{Api, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::json;

use crate::programs::{planned, published};

on_both_databases! {
    the_public_reads_programs_that_were_published,
    what_is_remembered_is_forgotten_when_it_changes_or_when_time_changes_it,
    a_timeline_is_a_calendar,
}

async fn the_public_reads_programs_that_were_published(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = planned(&staff).await;
    let public = api.anonymous();
    assert_eq!(public.get("/v1/catalog/dcsc").await.expect(200)["programs"], json!([]));
    assert_eq!(public.get("/v1/catalog/dcsc/programs/cop-2019-20").await.problem(404), "not_found");
    assert_eq!(public.get("/v1/catalog/dcsc/programs/cop-2019-20/timeline").await.problem(404), "not_found");
    assert_eq!(public.get("/v1/catalog/nobody").await.problem(404), "not_found");

    let _ = staff.act(&format!("{path}/publish")).await.expect(200);
    let catalog = public.get("/v1/catalog/dcsc").await;
    assert_eq!(catalog.header("cache-control"), "public, no-cache");
    let catalog = catalog.expect(200);
    assert_eq!((&catalog["slug"], &catalog["time_zone"]), (&json!("dcsc"), &json!("America/New_York")));
    let listed = &catalog["programs"][0];
    assert_eq!((&listed["slug"], &listed["phase"]), (&json!("cop-2019-20"), &json!("reviewing_proposals")));
    assert_eq!((&listed["blocked_by"], &listed["next_milestone"]["kind"]), (&json!(["offerings_not_final"]), &json!("kickoff")));
    let program = public.get("/v1/catalog/dcsc/programs/cop-2019-20").await.expect(200);
    assert_eq!((&program["id"], &program["capacity"]), (&listed["id"], &json!({"min": 10, "max": 20})));
    assert!(program.get("terms").is_none() && program.get("allowed_actions").is_none());
    let timeline = public.get("/v1/catalog/dcsc/programs/cop-2019-20/timeline").await.expect(200);
    let of_staff = staff.get(&format!("{path}/timeline")).await.expect(200);
    assert_eq!(timeline["milestones"], of_staff["milestones"]);
}

async fn what_is_remembered_is_forgotten_when_it_changes_or_when_time_changes_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    api.environment().set(at("2019-09-01T12:00:00Z"));
    let coalition = api.coalition_with("live", Clock::Live).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = published(&staff).await;
    let public = api.anonymous();
    let read = async || {
        let answer = public.get("/v1/catalog/live").await;
        let etag = answer.header("etag").to_owned();
        let program = answer.expect(200)["programs"][0].clone();
        (etag, program["phase"].as_str().unwrap().to_owned(), program["name"].as_str().unwrap().to_owned())
    };
    let first = read().await;
    assert_eq!(first.1, "scheduled");
    assert_eq!(read().await, first);
    for address in ["/v1/catalog/live", "/v1/catalog/live/cohorts", "/v1/catalog/live/cohorts?limit=1"] {
        let etag = public.get(address).await.header("etag").to_owned();
        let known = public.request(Method::GET, address).header("if-none-match", &etag).send().await;
        assert_eq!((known.status, known.header("etag")), (304, etag.as_str()), "{address}");
        let unknown = public.request(Method::GET, address).header("if-none-match", "\"0-another\"").send().await;
        assert_eq!(unknown.status, 200, "{address}");
    }
    let _ = staff.patch(&path, json!({"name": "Another name"})).await.expect(200);
    let renamed = read().await;
    assert_eq!(renamed.2, "Another name");
    assert_ne!(renamed.0, first.0);
    api.environment().set(at("2019-09-12T03:59:59.999Z"));
    assert_eq!(read().await.1, "scheduled");
    api.environment().set(at("2019-09-12T04:00:00Z"));
    assert_eq!(read().await.1, "accepting_proposals", "without anybody having written anything");
}

async fn a_timeline_is_a_calendar(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let path = published(&staff).await;
    let timeline = staff.get(&format!("{path}/timeline")).await.expect(200);
    let mut milestones = timeline["milestones"].clone();
    for milestone in milestones.as_array_mut().unwrap() {
        *milestone = json!({"id": milestone["id"], "kind": milestone["kind"], "label": milestone["label"], "on": milestone["on"]});
    }
    milestones[7] = json!({"kind": "call", "at": "2020-02-14T21:00:00Z", "label": "Call, one;\nSUMMARY:another"});
    let _ = staff.put(&format!("{path}/timeline"), json!({"milestones": milestones})).await.expect(200);

    let calendar = api.anonymous().get("/v1/catalog/dcsc/programs/cop-2019-20/timeline.ics").await;
    assert_eq!((calendar.status, calendar.header("content-type")), (200, "text/calendar; charset=utf-8"));
    let lines: Vec<&str> = calendar.text.split("\r\n").collect();
    assert_eq!(lines.iter().filter(|line| **line == "BEGIN:VEVENT").count(), 12);
    for line in ["DTSTART;VALUE=DATE:20191209", "SUMMARY:Kick-off", "DTSTART:20200214T210000Z", "DTSTAMP:20191120T120000Z"] {
        assert!(lines.contains(&line), "{line} in {}", calendar.text);
    }
    assert!(!lines.contains(&"SUMMARY:another"), "a label cannot write lines of its own: {}", calendar.text);
    assert_eq!(api.anonymous().get("/v1/catalog/dcsc/programs/none/timeline.ics").await.problem(404), "not_found");
}
