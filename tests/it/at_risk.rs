//! Cohorts with too few people, and how full a cohort is, through HTTP.

use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, cohort};

on_both_databases! {
    a_cohort_at_risk_is_found_and_given_longer,
    who_runs_a_cohort_reads_how_full_it_is,
}

async fn a_cohort_at_risk_is_found_and_given_longer(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (lead, ana) = (stage.principal("Lea").await, stage.principal("Ana").await);
    let full = stage.cohort_named("Has enough", 5).await;
    let mut wish = cohort(5);
    wish["capacity"]["min"] = json!(3);
    wish["facilitator_ids"] = json!([lead.person_id()]);
    let path = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await.header("location").to_owned();
    let _ = stage.staff.act(&format!("{path}/publish")).await.expect(200);
    let _ = applied(&ana, &full).await;
    let titles = async |query: &str| {
        let page = stage.staff.get(&format!("/v1/cohorts?{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|cohort| cohort["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let extend = async |until: &str| {
        stage.staff.post(&format!("{path}/extend"), json!({"until_on": until, "reason": "Two schools asked for it"})).await
    };
    assert!(titles("at_risk=true").await.is_empty());
    assert_eq!(extend("2019-12-01").await.problem(409), "not_ready", "it has time to find its people");

    stage.reach("2019-11-15T05:00:00Z").await;
    assert_eq!(titles("at_risk=true").await, ["Rural Leadership"]);
    assert_eq!(titles("at_risk=false").await, ["Has enough"]);
    let read = stage.staff.get(&path).await.expect(200);
    assert_eq!((&read["at_risk"], &read["enrollment_status"]), (&json!(true), &json!("closing_soon")));
    let allowed = read["allowed_actions"].as_array().unwrap();
    assert!(allowed.contains(&json!("extend")) && allowed.contains(&json!("cancel")), "{allowed:?}");
    assert!(!stage.staff.get(&full).await.expect(200)["allowed_actions"].as_array().unwrap().contains(&json!("extend")));
    let before = stage.entries().await;
    assert_eq!(lead.post(&format!("{path}/extend"), json!({})).await.problem(403), "permission_denied");
    for late in ["2019-11-14", "2019-12-10"] {
        assert_eq!(extend(late).await.faults(), [("#/until_on", "out_of_range")]);
    }
    assert_eq!(stage.entries().await, before);

    let extended = extend("2019-11-30").await.expect(200);
    assert_eq!((&extended["at_risk"], &extended["enrollment_status"]), (&json!(false), &json!("open")));
    assert_eq!(extended["signup_soft_deadline_at"], "2019-12-01T05:00:00.000Z");
    assert_eq!(extended["signup_extended_until_on"], "2019-11-30");
    assert_eq!(extended["signup_closes_at"], "2019-12-09T05:00:00.000Z");
    assert_eq!(stage.staff.get(&path).await.expect(200), extended);
    let own = json!({"milestones": [{"kind": "call", "on": "2020-02-14"}]});
    let changed = stage.staff.patch(&path, own).await.expect(200);
    assert_eq!(changed["signup_extended_until_on"], "2019-11-30", "other dates leave it as it is");
    stage.reach("2019-12-01T05:00:00Z").await;
    assert_eq!(titles("at_risk=true").await, ["Rural Leadership"]);
    let _ = extend("2019-12-09").await.expect(200);
}

async fn who_runs_a_cohort_reads_how_full_it_is(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(4).await;
    let lead = stage.principal("Lea").await;
    let _ = stage.staff.patch(&path, json!({"facilitator_ids": [lead.person_id()], "capacity": {"min": 3}})).await.expect(200);
    let (ana, ben, cy, di, eve) = (
        stage.principal("Ana").await,
        stage.principal("Ben").await,
        stage.employed("Cy", &stage.other_school, "principal").await,
        stage.principal("Di").await,
        stage.principal("Eve").await,
    );
    let mut applications = Vec::new();
    for who in [&ana, &ben, &cy, &di, &eve] {
        applications.push(applied(who, &path).await.0);
    }
    let _ = di.act(&format!("{}/withdraw", applications[3].replace("applications", "enrollments"))).await.expect(200);
    for who in [&lead, &stage.staff] {
        let counts = who.get(&format!("{path}/roster")).await.expect(200)["counts"].clone();
        let number = |member: &str| counts[member].as_u64().unwrap();
        assert_eq!((number("enrolled"), number("offered"), number("unverified"), number("waiting")), (2, 1, 1, 0));
        assert_eq!(counts["minimum_reached"], false);
        let of_one = json!({"organization_id": stage.school, "organization_name": "Cedar Hollow", "enrolled": 2});
        assert_eq!(counts["organizations"], json!([of_one]), "who is not verified yet takes no part");
    }
    assert_eq!(ana.get(&format!("{path}/roster")).await.expect(200).get("counts"), None::<&Value>);
    let _ = eve.act(&format!("{}/confirm", applications[4])).await.expect(200);
    let counts = lead.get(&format!("{path}/roster")).await.expect(200)["counts"].clone();
    assert_eq!((&counts["enrolled"], &counts["minimum_reached"]), (&json!(3), &json!(true)));
}
