//! What the server takes on: the size of a request, the time that it may take to come in and to be worked on, and how many at once.

use std::time::Duration;

use cohortium_api::config::Limits;
use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_tests::wire::exchange;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

on_both_databases! {
    a_body_is_no_larger_and_no_deeper_than_is_taken,
    a_head_is_no_larger_than_is_taken,
    a_body_that_does_not_come_is_given_up,
    a_head_that_does_not_come_is_given_up,
    who_sends_slowly_takes_nobodys_place,
    what_takes_too_long_is_given_up_and_its_repeat_has_one_effect,
    who_comes_beyond_is_asked_to_come_again,
}

/// Long enough for whatever is to be in time on a slow machine, and short enough to be waited for.
const SHORT: Duration = Duration::from_millis(500);

/// The head of a request that makes a person, up to its own headers.
fn head(who: &Session<'_>, more: &str) -> String {
    let token = who.token();
    format!(
        "POST /v1/people HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n{more}\r\n"
    )
}

async fn a_body_is_no_larger_and_no_deeper_than_is_taken(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let before = api.entries(coalition).await;
    let send =
        |body: Vec<u8>| staff.request(Method::POST, "/v1/people").header("content-type", "application/json").body(body).send();
    assert_eq!(send(vec![b' '; 256 * 1024]).await.problem(400), "malformed_json", "as large as is taken, and empty");
    assert_eq!(send(vec![b' '; 256 * 1024 + 1]).await.problem(413), "payload_too_large");
    let nested = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
    assert_eq!(send(nested(32)).await.problem(422), "validation_failed", "as deep as is taken, and no person");
    assert_eq!(send(nested(33)).await.problem(400), "json_too_deep");

    // One that does not say how large it is.
    let chunk = format!("{:x}\r\n{}\r\n", 128 * 1024, " ".repeat(128 * 1024));
    let chunked = format!("{}{}0\r\n\r\n", head(&staff, "transfer-encoding: chunked\r\n"), chunk.repeat(3));
    assert_eq!(exchange(api.address(), chunked.as_bytes()).await.problem(413), "payload_too_large");
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_head_is_no_larger_than_is_taken(database: TestDatabase) {
    let api = Api::start(&database).await;
    let nobody = api.anonymous();
    let address = |bytes: usize| format!("/v1/nothing?{}", "x".repeat(bytes - "/v1/nothing?".len()));
    assert_eq!(nobody.get(&address(8 * 1024)).await.problem(404), "route_not_found");
    assert_eq!(nobody.get(&address(8 * 1024 + 1)).await.problem(414), "address_too_long");

    let with = |count: usize, bytes: usize| {
        let headers = format!("x: {}\r\n", "x".repeat(bytes)).repeat(count);
        let request = format!("GET /v1/nothing HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let address = api.address();
        async move { exchange(address, request.as_bytes()).await }
    };
    // Each request also names its host.
    assert_eq!(with(63, 1).await.problem(404), "route_not_found");
    assert_eq!(with(64, 1).await.problem(431), "headers_too_large");
    assert_eq!(with(1, 16 * 1024).await.problem(404), "route_not_found");
    assert_eq!(with(1, 16 * 1024 + 1).await.problem(431), "headers_too_large");
    assert_eq!(with(2, 16 * 1024).await.problem(431), "headers_too_large");
}

async fn a_body_that_does_not_come_is_given_up(database: TestDatabase) {
    let api = Api::start_with(database.url(), Limits { body_time: SHORT, ..Api::limits() }).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let before = api.entries(coalition).await;
    let begun = format!("{}{{", head(&staff, "content-length: 100\r\n"));
    let given_up = exchange(api.address(), begun.as_bytes()).await;
    assert_eq!((given_up.problem(408), given_up.header("connection")), ("request_timeout", "close"));
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_head_that_does_not_come_is_given_up(database: TestDatabase) {
    let api = Api::start_with(database.url(), Limits { head_time: SHORT, ..Api::limits() }).await;
    assert_eq!(exchange(api.address(), b"GET /v1/me HTTP/1.1\r\nhost").await.status, 408);
}

async fn who_sends_slowly_takes_nobodys_place(database: TestDatabase) {
    let api = Api::start_with(database.url(), Limits { requests: 1, ..Api::limits() }).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut stream = must(TcpStream::connect(api.address()).await);
        must(stream.write_all(format!("{}{{", head(&staff, "content-length: 100\r\n")).as_bytes()).await);
        slow.push(stream);
    }
    // The slow ones may still be asked for their tokens; then the one place is free, for as long as their bodies take to come.
    let free = async {
        let mut answered = 0;
        while answered < 20 {
            answered = if staff.get("/v1/me").await.status == 200 { answered + 1 } else { 0 };
        }
    };
    must(tokio::time::timeout(Limits::default().body_time, free).await);
}

async fn what_takes_too_long_is_given_up_and_its_repeat_has_one_effect(database: TestDatabase) {
    let api = Api::start_with(database.url(), Limits { work_time: SHORT, ..Api::limits() }).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let body = json!({"given_name": "A", "family_name": "B", "email": "a@example.org"});
    let send = || staff.request(Method::POST, "/v1/people").header("idempotency-key", "k").json(&body).send();
    let before = api.entries(coalition).await;
    let in_the_way = database.connection().await.stand_in_the_way().await;
    let given_up = send().await;
    assert_eq!((given_up.problem(503), given_up.header("retry-after")), ("timeout", "2"));
    assert_eq!(staff.get("/v1/me").await.status, 200, "who reads is not in the way of it");
    drop(in_the_way);
    assert_eq!(api.entries(coalition).await, before);
    let _ = send().await.expect(201);
    assert_eq!(send().await.header("idempotent-replayed"), "true");
    assert_eq!(api.entries(coalition).await, before + 1);
}

async fn who_comes_beyond_is_asked_to_come_again(database: TestDatabase) {
    let api = Api::start_with(database.url(), Limits { requests: 2, ..Api::limits() }).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    // Known already, so that the two that follow take their places once, to write.
    let _ = staff.get("/v1/me").await.expect(200);
    let remembered = api.anonymous().get("/v1/catalog/dcsc").await.expect(200);
    let body = |name: &str| json!({"given_name": name, "family_name": "B", "email": format!("{name}@example.org")});
    let in_the_way = database.connection().await.stand_in_the_way().await;
    let meanwhile = async {
        while api.ctx().places_left() > 0 {
            tokio::task::yield_now().await;
        }
        let beyond = staff.get("/v1/me").await;
        assert_eq!((beyond.problem(503), beyond.header("retry-after")), ("overloaded", "2"));
        assert_eq!(api.anonymous().get("/v1/nothing").await.problem(404), "route_not_found", "for which nothing is to be done");
        assert_eq!(api.anonymous().get("/v1/catalog/dcsc").await.expect(200), remembered, "from memory");
        for path in ["/health/live", "/health/ready", "/version"] {
            let _ = api.anonymous().get(path).await.expect(200);
        }
        drop(in_the_way);
    };
    let (one, other, ()) = tokio::join!(staff.post("/v1/people", body("one")), staff.post("/v1/people", body("other")), meanwhile);
    assert_eq!((one.status, other.status), (201, 201), "who was in time is served");
    let _ = staff.get("/v1/me").await.expect(200);
}
