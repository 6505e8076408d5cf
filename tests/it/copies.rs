//! Several copies of the server on one PostgreSQL: what one writes, the others show within a second.

use std::time::{Duration, Instant};

use cohortium_api::demo::{PASSWORD, play_diso};
use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, at, must};
use cohortium_tests::database::{TestDatabase, on_postgres};
use cohortium_tests::on_both_databases;
use cohortium_workflow::jobs;
use serde_json::json;

use crate::programs::published;

on_both_databases! {
    after_a_sandbox_was_reset_the_jobs_go_on,
}

/// What is promised is a second; what is asserted is what the slowest machine keeps to.
const BOUND: Duration = Duration::from_secs(20);
const CATALOG: &str = "/v1/catalog/dcsc";

/// The name of the program in a copy's catalog, and the catalog's `ETag`.
async fn told(copy: &Api) -> (String, String) {
    let catalog = copy.anonymous().get(CATALOG).await;
    let etag = catalog.header("etag").to_owned();
    (catalog.expect(200)["programs"][0]["name"].as_str().unwrap().to_owned(), etag)
}

/// Asks a copy until it tells this name; says how long that took.
async fn tells(copy: &Api, name: &str) {
    let began = Instant::now();
    while told(copy).await.0 != name {
        assert!(began.elapsed() < BOUND, "the other copy never tells {name}");
    }
    println!("the other copy told {name:?} after {:?}", began.elapsed());
}

#[test]
fn what_one_copy_writes_is_told_by_it_at_once_and_by_another_soon() {
    on_postgres(async |database: TestDatabase| {
        let (one, other) = (Api::start(&database).await, Api::start(&database).await);
        other.run_jobs();
        let coalition = one.coalition("dcsc").await;
        let staff = one.person(coalition, "Sam", &[Grant::Staff]).await;
        let path = published(&staff).await;
        for name in ["First", "Second", "Third"] {
            let (before, before_elsewhere) = (told(&one).await, told(&other).await);
            let _ = staff.patch(&path, json!({ "name": name })).await.expect(200);
            let here = told(&one).await;
            assert_eq!(here.0, name, "at once where it was written");
            tells(&other, name).await;
            assert_eq!(told(&other).await, here, "and the same, by its ETag");
            assert!(here.1 != before.1 && here.1 != before_elsewhere.1);
        }
    });
}

/// A transaction draws its number in the journal before it commits, and another that draws a greater one can commit before it.
#[test]
fn a_write_that_commits_behind_a_later_one_is_told_too() {
    on_postgres(async |database: TestDatabase| {
        let (one, other) = (Api::start(&database).await, Api::start(&database).await);
        let coalition = one.coalition("dcsc").await;
        let staff = one.person(coalition, "Sam", &[Grant::Staff]).await;
        let _ = published(&staff).await;
        let mut slow = database.connection().await;
        let write = "BEGIN; UPDATE programs SET name = 'Late'; \
            INSERT INTO journal (id, coalition_id, type, occurred_at, actor_kind, origin, subject_kind, subject_id, data) \
            SELECT gen_random_uuid(), coalition_id, type, occurred_at, actor_kind, origin, subject_kind, subject_id, data \
            FROM journal WHERE type = 'program.published'";
        must(slow.execute(write).await);
        let _ = staff.patch("/v1/me", json!({"family_name": "Later"})).await.expect(200);
        let mut seen = 0;
        must(jobs::round(other.store(), &mut seen).await);
        assert_ne!(told(&other).await.0, "Late");

        must(slow.execute("COMMIT").await);
        // Whoever places it is another copy, so that this one must learn of it.
        must(jobs::place(one.store()).await);
        must(jobs::round(other.store(), &mut seen).await);
        assert_eq!(told(&other).await.0, "Late");
    });
}

async fn after_a_sandbox_was_reset_the_jobs_go_on(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_diso(api.ctx(), at("2024-08-20T12:00:00Z")).await);
    let coalition = api.coalition("dcsc").await;
    let login = json!({"coalition": "diso", "email": "owner@diso.example", "password": PASSWORD});
    let grant = api.anonymous().post("/v1/auth/login", login).await.expect(200);
    let owner = api.bearer(grant["access_token"].as_str().unwrap());
    let _ = owner.act("/v1/sandbox/reset").await.expect(200);
    let _ = api.person(coalition, "Sam", &[Grant::Staff]).await;
    must(jobs::place(api.store()).await);
    must(jobs::settle(api.store(), true).await);
    let unplaced = "SELECT count(*) FROM journal WHERE position IS NULL \
        AND coalition_id IN (SELECT id FROM coalitions WHERE retired_at IS NULL)";
    assert_eq!(database.number(unplaced).await, 0);
}
