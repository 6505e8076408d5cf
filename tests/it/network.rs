//! What the server takes from the network, and what it tells browsers and proxies: hosts, origins, headers, and HTTP itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use cohortium_api::network::{Hosts, NetworkConfig, Origins};
use cohortium_domain::access::Grant;
use cohortium_tests::api::{Answer, Api, Session, Settings, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::document::Operation;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::json;

on_both_databases! {
    every_answer_carries_the_same_headers,
    only_the_origins_of_the_list_may_call_from_a_browser,
    a_simple_request_of_a_browser_writes_nothing,
    another_host_is_not_answered_as,
    what_two_could_read_differently_is_not_read,
    a_method_is_what_the_request_line_says,
    metrics_are_on_a_port_of_their_own_and_take_no_label_from_a_client,
    swagger_ui_can_be_left_out,
    https_is_asked_for_only_where_there_is_https,
}

const NOBODY: &str = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
const ORIGIN: &str = "https://app.example.org";
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// A server that takes something else from the network.
async fn started(database: &TestDatabase, change: impl FnOnce(&mut NetworkConfig)) -> Api {
    let mut settings = Settings::default();
    change(&mut settings.network);
    Api::start_with(database.url(), settings).await
}

/// Asserts the headers that every answer has, and gives back how it may be kept.
#[track_caller]
fn hardened(answer: &Answer, what: &str) -> String {
    let exact = [
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in exact {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && policy.ends_with("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(policy == API_POLICY || what.starts_with("/docs"), "{what}: {policy}");
    assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("x-powered-by"), "{what}");
    assert_eq!(answer.header("x-request-id").len(), NOBODY.len(), "{what}");
    assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1, "{what}");
    answer.header("cache-control").to_owned()
}

async fn every_answer_carries_the_same_headers(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let person = api.person(coalition, "Sam", &[Grant::Staff]).await.person_id();
    let nobody = api.anonymous();
    for operation in Operation::all() {
        // Anew each time, since some operations end it.
        let staff = api.sign_in(coalition, person).await;
        for who in [&nobody, &staff] {
            let path = operation.path.replace("{coalition}", "dcsc");
            let path = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part }).collect::<Vec<_>>().join("/");
            let answer = who.request(operation.http_method(), &path).send().await;
            let expected = match (answer.status, operation.path) {
                (200, "/.well-known/jwks.json") => "public, max-age=300",
                (200, path) if path.starts_with("/v1/catalog/") => "public, no-cache",
                _ => "no-store",
            };
            assert_eq!(hardened(&answer, operation.id), expected, "{} {}", operation.id, answer.status);
        }
    }
    let staff = api.sign_in(coalition, person).await;
    let json =
        |method, path: &str, body: String| staff.request(method, path).header("content-type", "application/json").body(body).send();
    for (answer, status) in [
        (nobody.get("/v1/nothing").await, 404),
        (nobody.act("/v1/me").await, 405),
        (nobody.get("/v1/me").await, 401),
        (staff.get("/v1/people?nothing=1").await, 400),
        (json(Method::POST, "/v1/people", "{".to_owned()).await, 400),
        (json(Method::POST, "/v1/people", " ".repeat(256 * 1024 + 1)).await, 413),
        (staff.request(Method::POST, "/v1/people").body("{}").send().await, 415),
        (json(Method::POST, "/v1/people", "{}".to_owned()).await, 422),
        (nobody.request(Method::GET, "/version").header("host", "evil.net").send().await, 421),
        (nobody.request(Method::OPTIONS, "/v1/me").send().await, 405),
        (preflight(&nobody, "http://evil.net", "PATCH", "").await, 400),
        (preflight(&nobody, "http://localhost:5173", "PATCH", "").await, 200),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(hardened(&answer, &status.to_string()), "no-store");
    }
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/docs/nothing.js"] {
        hardened(&nobody.get(path).await, path);
    }
    let etag = nobody.get("/v1/catalog/dcsc").await.header("etag").to_owned();
    let unchanged = nobody.request(Method::GET, "/v1/catalog/dcsc").header("if-none-match", &etag).send().await;
    assert_eq!((unchanged.status, hardened(&unchanged, "unchanged").as_str()), (304, "public, no-cache"));
}

async fn preflight(who: &Session<'_>, origin: &str, method: &str, headers: &str) -> Answer {
    let asked =
        who.request(Method::OPTIONS, "/v1/people/x").header("origin", origin).header("access-control-request-method", method);
    let asked = if headers.is_empty() { asked } else { asked.header("access-control-request-headers", headers) };
    asked.send().await
}

async fn only_the_origins_of_the_list_may_call_from_a_browser(database: TestDatabase) {
    let list = vec![ORIGIN.to_owned(), "https://admin.example.org".to_owned()];
    let api = started(&database, |network| network.origins = Origins::Only(list)).await;
    let nobody = api.anonymous();
    let asked = |origin: &'static str| nobody.request(Method::GET, "/version").header("origin", origin).send();
    let answer = asked(ORIGIN).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ORIGIN));
    assert!(answer.header("vary").to_ascii_lowercase().contains("origin"), "{}", answer.header("vary"));
    let mut exposed: Vec<String> =
        answer.header("access-control-expose-headers").split(',').map(|name| name.trim().to_owned()).collect();
    exposed.sort();
    let names = [
        "deprecation",
        "etag",
        "idempotent-replayed",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "sunset",
        "x-request-id",
    ];
    assert_eq!(exposed, names);
    assert_eq!(asked("https://admin.example.org").await.header("access-control-allow-origin"), "https://admin.example.org");

    let strangers = [
        "https://app.example.org.evil.net",
        "https://evil-app.example.org",
        "https://evil.net/https://app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.orgs",
        "https://example.org",
        "http://localhost:5173",
        "null",
        "*",
    ];
    for origin in strangers {
        let simple = asked(origin).await;
        let preflight = preflight(&nobody, origin, "PATCH", "if-match").await;
        for answer in [simple, preflight] {
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
            assert!(!answer.headers.contains_key("access-control-allow-methods"), "{origin}");
        }
    }

    let headers = "authorization,content-type,if-match,idempotency-key";
    let allowed = preflight(&nobody, ORIGIN, "PATCH", headers).await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, ORIGIN));
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    let granted = allowed.header("access-control-allow-headers").to_ascii_lowercase();
    assert!(headers.split(',').all(|name| granted.contains(name)), "{granted}");
    for answer in [&allowed, &answer] {
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "bearer tokens alone, no cookies");
    }
    for (method, headers) in [("TRACE", ""), ("PATCH", "x-http-method-override")] {
        let refused = preflight(&nobody, ORIGIN, method, headers).await;
        assert!(!refused.headers.contains_key("access-control-allow-methods"), "{method} {headers}");
    }
    let error = nobody.request(Method::GET, "/v1/me").header("origin", ORIGIN).send().await;
    assert_eq!((error.status, error.header("access-control-allow-origin")), (401, ORIGIN), "a front end can read errors too");
}

async fn a_simple_request_of_a_browser_writes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let before = api.entries(coalition).await;
    let person = json!({"given_name": "A", "family_name": "B", "email": "a@example.org"}).to_string();
    for kind in
        ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    {
        let sent = staff.request(Method::POST, "/v1/people").header("content-type", kind).body(person.clone()).send().await;
        assert_eq!(sent.problem(415), "unsupported_media_type", "{kind}");
    }
    assert_eq!(api.entries(coalition).await, before);
}

async fn another_host_is_not_answered_as(database: TestDatabase) {
    let hosts = Hosts::only(vec!["cohortium.test".to_owned(), "server".to_owned()]);
    let api = started(&database, |network| network.hosts = hosts).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    for given in ["Ana", "Ben"] {
        let _ = api.person(coalition, given, &[]).await;
    }
    let asked = |path: &'static str, host: &'static str| staff.request(Method::GET, path).header("host", host).send();
    for host in ["cohortium.test", "COHORTIUM.test:443", "server:8080"] {
        assert_eq!(asked("/v1/me", host).await.status, 200, "{host}");
    }
    for host in ["evil.net", "cohortium.test.evil.net", "127.0.0.1", "localhost:8080"] {
        for path in ["/v1/me", "/v1/nothing", "/docs/", "/version", "/healthy"] {
            assert_eq!(asked(path, host).await.problem(421), "misdirected_request", "{host} {path}");
        }
        for path in ["/health/live", "/health/ready"] {
            assert_eq!(asked(path, host).await.status, 200, "a probe asks by whatever address it has");
        }
    }
    let page = staff
        .request(Method::GET, "/v1/people?limit=1")
        .header("host", "server")
        .header("x-forwarded-host", "evil.net")
        .header("x-forwarded-proto", "http")
        .header("forwarded", "host=evil.net;proto=http")
        .send()
        .await;
    assert!(page.header("link").starts_with("<https://cohortium.test/v1/people?"), "{}", page.header("link"));
    let written_out = spoken(&api, "GET https://evil.net/version HTTP/1.1\r\nHost: cohortium.test\r\nConnection: close\r\n\r\n");
    assert!(written_out.starts_with("HTTP/1.1 421 "), "{written_out}");
    let nameless = spoken(&api, "GET /version HTTP/1.0\r\n\r\n");
    assert!(nameless.starts_with("HTTP/1.0 421 "), "{nameless}");
}

/// All that comes back for these bytes, until the server closes.
fn spoken(api: &Api, bytes: &str) -> String {
    let mut stream = must(TcpStream::connect(api.address()));
    must(stream.set_read_timeout(Some(std::time::Duration::from_secs(10))));
    must(stream.write_all(bytes.as_bytes()));
    let mut answer = Vec::new();
    must(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn what_two_could_read_differently_is_not_read(database: TestDatabase) {
    let api = Api::start(&database).await;
    let smuggled = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
        "Content-Length: +5\r\n\r\n",
        "Content-Length: 5, 5\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Host: evil.net\r\nContent-Length: 0\r\n\r\n",
    ] {
        let answers = spoken(&api, &format!("{head}{framing}{smuggled}"));
        assert!(answers.starts_with("HTTP/1.1 400 "), "{framing:?}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "what follows is not taken for a request: {framing:?}: {answers}");
    }
    assert!(spoken(&api, "GET /version HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "), "HTTP/1.1 needs a host");
}

async fn a_method_is_what_the_request_line_says(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    for method in ["BREW", "TRACE", "PROPFIND", "get", "POST"] {
        let answer = staff.request(must(Method::from_bytes(method.as_bytes())), "/v1/me").send().await;
        assert_eq!((answer.problem(405), answer.header("allow")), ("method_not_allowed", "GET, PATCH"), "{method}");
    }
    let before = api.entries(coalition).await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = staff.request(Method::GET, "/v1/me").header(name, "PATCH").json(&json!({"given_name": "Eve"})).send().await;
        assert_eq!(answer.expect(200)["person"]["given_name"], "Sam", "{name}");
        let answer =
            staff.request(Method::POST, "/v1/me").header(name, "PATCH").header("if-match", "*").json(&json!({})).send().await;
        assert_eq!(answer.problem(405), "method_not_allowed", "{name}");
    }
    assert_eq!(staff.get("/v1/people?_method=DELETE").await.problem(400), "unknown_parameter");
    assert_eq!(api.entries(coalition).await, before);
}

async fn metrics_are_on_a_port_of_their_own_and_take_no_label_from_a_client(database: TestDatabase) {
    let api = Api::start(&database).await;
    let nobody = api.anonymous();
    assert_eq!(nobody.get("/metrics").await.problem(404), "route_not_found");
    let series =
        || api.ctx().metrics().render().lines().filter(|line| line.contains("_count{")).map(str::to_owned).collect::<Vec<_>>();
    let ask = async |n: u32| {
        let invented =
            [format!("/wp-{n}.php"), format!("/v1/people/{n}/{n}"), format!("/docs/{n}.js"), format!("/v1/catalog/c{n}?q={n}")];
        for path in invented {
            nobody.get(&path).await;
        }
        let method = must(Method::from_bytes(format!("BREW{n}").as_bytes()));
        assert_eq!(nobody.request(method, "/v1/me").send().await.status, 405);
    };
    ask(0).await;
    let told = series();
    let labels: Vec<&str> = told.iter().map(|line| line.split_once(' ').unwrap().0).collect();
    for n in 1..20 {
        ask(n).await;
    }
    let after = series();
    assert_eq!(after.iter().map(|line| line.split_once(' ').unwrap().0).collect::<Vec<_>>(), labels);
    assert!(labels.iter().any(|label| label.contains(r#"route="/v1/catalog/{coalition}""#)), "{labels:?}");
    assert!(labels.iter().any(|label| label.contains(r#"method="other",route="/v1/me""#)), "{labels:?}");
    assert!(labels.iter().all(|label| !label.contains("BREW") && !label.contains("wp-")), "{labels:?}");
}

async fn https_is_asked_for_only_where_there_is_https(database: TestDatabase) {
    let api = started(&database, |network| network.public_url = "http://127.0.0.1:8080".to_owned()).await;
    assert!(!api.anonymous().get("/version").await.headers.contains_key("strict-transport-security"));
}

async fn swagger_ui_can_be_left_out(database: TestDatabase) {
    let api = started(&database, |network| network.docs = false).await;
    for path in ["/docs", "/docs/", "/docs/swagger-ui-bundle.js"] {
        assert_eq!(api.anonymous().get(path).await.problem(404), "route_not_found");
    }
    assert_eq!(api.anonymous().get("/openapi/v1.json").await.status, 200, "clients are still generated from the document");
}
