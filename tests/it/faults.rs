//! What clients are told while the database fails, and that nothing is lost or done twice by it.

use std::time::{Duration, Instant};

use cohortium_api::config::Limits;
use cohortium_domain::access::Grant;
use cohortium_tests::api::{Answer, Api, Session, must};
use cohortium_tests::database::{TestDatabase, on_postgres};
use cohortium_tests::on_both_databases;
use cohortium_tests::wire::Wire;
use reqwest::Method;
use serde_json::json;

on_both_databases! {
    whoever_writes_waits_for_a_lock_and_not_for_ever,
}

/// For how long a database that is back may not have been noticed: what a slow machine needs and more, for the bound is not the
/// point.
const PATIENCE: Duration = Duration::from_secs(30);

fn make(who: &Session<'_>, number: usize) -> impl Future<Output = Answer> + use<> {
    let body = json!({"given_name": "A", "family_name": "B", "email": format!("{number}@example.org")});
    who.request(Method::POST, "/v1/people").header("idempotency-key", &format!("key-{number}")).json(&body).send()
}

/// Whatever is asked of a database that is not there is told so, and to come again.
#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!((answer.problem(503), answer.header("retry-after")), ("database_unavailable", "2"));
}

#[test]
fn while_postgres_is_gone_nobody_is_told_of_success_and_afterwards_nothing_is_missing() {
    on_postgres(async |database: TestDatabase| {
        let mut wire = Wire::to(&database).await;
        let api = Api::start_with(wire.url(), Limits::default()).await;
        let coalition = api.coalition("dcsc").await;
        let (staff, nobody) = (api.person(coalition, "Sam", &[Grant::Staff]).await, api.anonymous());
        let (first, remembered) = (make(&staff, 0).await.expect(201), api.anonymous().get("/v1/catalog/dcsc").await.expect(200));
        let people = async || database.number("SELECT count(*) FROM people").await;
        assert_eq!(people().await, 2);

        wire.cut().await;
        let cut = Instant::now();
        let requests = futures_util::future::join_all((1..20).map(|number| make(&staff, number)));
        let (written, read, live, ready, catalog) = tokio::join!(
            requests,
            staff.get("/v1/people"),
            nobody.get("/health/live"),
            nobody.get("/health/ready"),
            nobody.get("/v1/catalog/dcsc"),
        );
        written.iter().chain([&read, &ready]).for_each(refused);
        println!("all were refused within {:?}", cut.elapsed());
        assert_eq!((live.status, catalog.expect(200)), (200, remembered), "who lives, lives; what is remembered is told");
        assert_eq!(people().await, 2);

        wire.mend().await;
        let mended = Instant::now();
        while api.anonymous().get("/health/ready").await.status != 200 {
            assert!(mended.elapsed() < PATIENCE);
        }
        let mut answers = Vec::new();
        for number in 0..20 {
            let mut answer = make(&staff, number).await;
            while answer.status == 503 && mended.elapsed() < PATIENCE {
                answer = make(&staff, number).await;
            }
            answers.push(answer.expect(201));
        }
        println!("all were served {:?} after it was back", mended.elapsed());
        assert_eq!(answers.first(), Some(&first));
        assert_eq!(people().await, 21, "each once");
    });
}

#[test]
fn when_postgres_ends_connections_each_write_is_done_once_or_refused() {
    on_postgres(async |database: TestDatabase| {
        let api = Api::start(&database).await;
        let coalition = api.coalition("dcsc").await;
        let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
        let before = api.entries(coalition).await;
        let write = async |number: usize| {
            let mut refusals = 0;
            loop {
                let answer = make(&staff, number).await;
                match answer.status {
                    201 => return refusals,
                    503 => refusals += 1,
                    _ => panic!("{}", answer.text),
                }
            }
        };
        let end = async || {
            let backends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'cohortium'";
            for _ in 0..20 {
                let _ = database.number(backends).await;
                let _ = api.anonymous().get("/health/live").await.expect(200);
            }
        };
        let (refusals, ()) = tokio::join!(futures_util::future::join_all((0..100).map(write)), end());
        println!("{} of 100 writes were refused at first", refusals.iter().filter(|refusals| **refusals > 0).count());
        assert_eq!(database.number("SELECT count(*) FROM people").await, 101);
        assert_eq!(api.entries(coalition).await, before + 100);
    });
}

async fn whoever_writes_waits_for_a_lock_and_not_for_ever(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let before = api.entries(coalition).await;
    let mut in_the_way = database.connection().await;
    let lock = if database.is_postgres() { "BEGIN; LOCK TABLE people" } else { "BEGIN IMMEDIATE" };
    must(in_the_way.execute(lock).await);
    let began = Instant::now();
    let nobody = api.anonymous();
    let (refused, read, ready) = tokio::join!(make(&staff, 1), nobody.get("/v1/catalog/dcsc"), nobody.get("/health/ready"));
    println!("it was refused after {:?}", began.elapsed());
    assert_eq!((refused.problem(503), refused.header("retry-after")), ("timeout", "2"));
    assert_eq!((read.status, ready.status), (200, 200), "who does not want the lock does not wait for it");
    must(in_the_way.execute("ROLLBACK").await);
    assert_eq!(api.entries(coalition).await, before);
    let _ = make(&staff, 1).await.expect(201);
}
