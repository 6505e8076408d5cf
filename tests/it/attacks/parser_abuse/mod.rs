//! Bytes that are no request, or hardly one, written to the socket as they are.
//!
//! What always holds: they are refused or the connection is closed; nobody is told of a defect, nothing has changed, and the server
//! lives on. What two servers could read differently is tried in `network`, what is too large or too slow in `limits`.

mod bodies;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;

use self::bodies::{broken, odd};

on_both_databases! {
    no_body_breaks_the_parser_of_bodies,
    no_framing_breaks_the_parser_of_bodies,
    no_head_breaks_the_parser_of_heads,
}

/// All that comes back for these bytes, after which nothing more is sent; empty, where the connection is closed without a word.
fn said(api: &Api, bytes: &[u8]) -> String {
    let mut stream = must(TcpStream::connect(api.address()));
    must(stream.set_read_timeout(Some(Duration::from_secs(20))));
    // Who is refused early may find the connection closed before all is written.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "it hangs: {error}");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; none, where there is none.
fn status(answer: &str) -> Option<u16> {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok())
}

fn shortened(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned()
}

/// A request that makes a person, with these headers and this body.
fn request(who: &Session<'_>, headers: &str, body: &[u8]) -> Vec<u8> {
    let token = who.token();
    let head = format!("POST /v1/people HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{headers}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A server and who may make people.
macro_rules! stage {
    ($database:ident, $api:ident, $staff:ident, $entries:ident) => {
        let $api = Api::start(&$database).await;
        let coalition = $api.coalition("dcsc").await;
        let $staff = $api.person(coalition, "Sam", &[Grant::Staff]).await;
        let before = $api.entries(coalition).await;
        let $entries = async || assert_eq!($api.entries(coalition).await, before, "something has changed");
    };
}

async fn no_body_breaks_the_parser_of_bodies(database: TestDatabase) {
    stage!(database, api, staff, nothing_has_changed);
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for (bodies, statuses) in [(broken(), &[400][..]), (odd(), &[400, 422][..])] {
        for body in bodies {
            let headers = format!("Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
            let answer = said(&api, &request(&staff, &headers, &body));
            let refused = status(&answer).is_some_and(|status| statuses.contains(&status));
            if !refused || !answer.contains("application/problem+json") {
                wrong.push(format!("{:?}: {answer}", shortened(&body)));
            }
            assert_eq!(api.anonymous().get("/health/live").await.status, 200, "dead after {:?}", shortened(&body));
            cases += 1;
        }
    }
    println!("{cases} bodies were refused");
    assert!(wrong.is_empty() && cases > 120, "{}", wrong.join("\n"));
    nothing_has_changed().await;
}

async fn no_framing_breaks_the_parser_of_bodies(database: TestDatabase) {
    stage!(database, api, staff, nothing_has_changed);
    let body = r#"{"given_name":"A","family_name":"B","email":"a@example.org"}"#;
    let json = "Content-Type: application/json";
    let length = |said: &str| request(&staff, &format!("{json}\r\nContent-Length: {said}"), body.as_bytes());
    let mut requests: Vec<Vec<u8>> = [
        "1",
        "59",
        "1000",
        "-1",
        "0x3c",
        "60.0",
        "6 0",
        "",
        "99999999999999999999",
        "18446744073709551616",
        "6e1",
        "60;60",
        "\"60\"",
    ]
    .map(length)
    .into();
    for chunks in [
        "3c",
        "3c\r\n",
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "0x3c\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n{}\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "5\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2;\0\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nX",
        "2\r\n{}\r\n0\r\nX: \0\r\n\r\n",
        "0\r\n\r\n",
    ] {
        requests.push(request(&staff, &format!("{json}\r\nTransfer-Encoding: chunked"), chunks.as_bytes()));
    }
    let extension = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(100_000));
    requests.push(request(&staff, &format!("{json}\r\nTransfer-Encoding: chunked"), extension.as_bytes()));
    for kind in [
        "",
        "json",
        "application/",
        "/json",
        "application/json/",
        "application/json; charset=utf-16",
        "application/json; charset=\"",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "application/xml",
        "\u{ff}",
    ] {
        requests.push(request(&staff, &format!("Content-Type: {kind}\r\nContent-Length: 1"), b"{"));
    }
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "nonsense"] {
        requests.push(request(&staff, &format!("{json}\r\nContent-Encoding: {encoding}\r\nContent-Length: 4"), b"\x1f\x8b\x08\0"));
    }
    let cases = requests.len();
    survives(&api, requests).await;
    println!("{cases} framings were refused");
    nothing_has_changed().await;
}

async fn no_head_breaks_the_parser_of_heads(database: TestDatabase) {
    stage!(database, api, staff, nothing_has_changed);
    let mut requests: Vec<Vec<u8>> = Vec::new();
    for line in [
        "",
        "\r\n",
        "\0",
        "GET",
        "GET ",
        "GET /",
        "GET / HTTP",
        "GET / HTTP/",
        "GET / HTTP/9.9",
        "GET / HTTP/0.9",
        "GET / HTTP/1.1.1",
        "GET / http/1.1",
        "GET  / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "GET / HTTP/1.1 x",
        " GET / HTTP/1.1",
        "G\0T / HTTP/1.1",
        "G(T / HTTP/1.1",
        "get /v1/me HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT localhost:80 HTTP/1.1",
        "GET http://localhost/v1/me HTTP/1.1",
        "GET http://evil.net/v1/me HTTP/1.1",
        "GET //evil.net/v1/me HTTP/1.1",
        "GET http:///v1/me HTTP/1.1",
        "GET ftp://localhost/ HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET javascript:alert(1) HTTP/1.1",
        "GET v1/me HTTP/1.1",
        "GET ?x HTTP/1.1",
        "GET #x HTTP/1.1",
        "GET /v1/me#x HTTP/1.1",
        "GET /../../etc/passwd HTTP/1.1",
        "GET /v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
        "GET /v1/people/..%2f..%2fme HTTP/1.1",
        "GET /v1/people/%00 HTTP/1.1",
        "GET /v1/people/%ff HTTP/1.1",
        "GET /v1/people/%zz HTTP/1.1",
        "GET /v1/people/% HTTP/1.1",
        "GET /v1/people?limit=%00 HTTP/1.1",
        "GET /v1/people?%ff=%fe HTTP/1.1",
        "GET /v1/people?limit=1&limit=2 HTTP/1.1",
        "GET /v1/people?limit=99999999999999999999 HTTP/1.1",
        "GET /v1/people?cursor=%F0%9F%92%A9 HTTP/1.1",
        "GET /v1/people?&&&=&= HTTP/1.1",
        "GET /v1/people?q=%0d%0aX:%20y HTTP/1.1",
        "GET /v1/catalog/%0d%0aSet-Cookie:%20a=b HTTP/1.1",
        "GET /v1/pe\u{f6}ple HTTP/1.1",
        "GET /v1/\u{7f} HTTP/1.1",
        "\u{16}\u{3}\u{1}\u{2}",
        "SSH-2.0-OpenSSH_9.9",
        "EHLO localhost",
        "*1\r\n$4\r\nPING",
    ] {
        requests.push(format!("{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes());
    }
    let token = staff.token();
    for header in [
        ": x",
        "X",
        "X :y",
        "X\0: y",
        "X: \0",
        "X: a\rb",
        "X: a\nb",
        "X: a\u{1}b",
        "X: \u{7f}",
        " X: y",
        "\tX: y",
        "X: a\r\n b",
        "X\u{f6}: y",
        "(X): y",
        "X: \u{f6}",
        "Host: a b",
        "Host: localhost:99999",
        "Host: localhost:x",
        "Host: [::1",
        "Host: @localhost",
        "Host: localhost/../x",
        "Authorization: \u{f6}",
        "Authorization: Bearer \u{1}",
        "Authorization: Bearer",
        "Idempotency-Key: \u{f6}",
        "If-Match: \"",
        "If-Match: \u{f6}",
        "If-None-Match: W/",
        "Accept: \u{f6}",
        "Accept: */*;q=x",
        "Accept-Encoding: \u{f6}",
        "Accept-Encoding: gzip;q=-1",
        "Expect: 200-ok",
        "Expect: 100-continue",
        "Upgrade: websocket\r\nConnection: upgrade",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Range: bytes=-99999999999999999999",
        "Origin: \u{f6}",
        "Origin: null",
        "Origin: http://[",
        "Forwarded: for=\"",
        "X-Forwarded-For: \u{f6}, 1.1.1.1",
        "X-Forwarded-For: 999.999.999.999",
        "X-Request-Id: \u{f6}",
        "X-Request-Id: a\r\nX-Request-Id: b",
        "Traceparent: 00-zz-zz-zz",
        "Cookie: \u{f6}",
        "Connection: \u{f6}",
        "Content-Type: \u{f6}",
        "TE: trailers, \0",
    ] {
        requests.push(
            format!("GET /v1/people HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{header}\r\n\r\n").into_bytes(),
        );
    }
    let long = "x".repeat(300_000);
    for (line, header) in [
        (format!("{long} / HTTP/1.1"), String::new()),
        (format!("GET /{long} HTTP/1.1"), String::new()),
        (format!("GET / {long}"), String::new()),
        ("GET / HTTP/1.1".to_owned(), format!("{long}: x")),
        ("GET / HTTP/1.1".to_owned(), format!("X: {long}")),
        ("GET / HTTP/1.1".to_owned(), "X: y\r\n".repeat(5_000)),
        ("GET / HTTP/1.1".to_owned(), long.clone()),
    ] {
        requests.push(format!("{line}\r\nHost: localhost\r\n{header}\r\n\r\n").into_bytes());
    }
    requests.push(b"\r\n".repeat(100_000));
    requests.push(vec![0; 300_000]);
    requests.push(vec![0xff; 300_000]);
    let cases = requests.len();
    survives(&api, requests).await;
    println!("{cases} heads were refused, or answered");
    assert!(cases > 100);
    nothing_has_changed().await;
}

/// Sends each on a connection of its own: whatever it is told, it is told of no defect, nothing of its own comes back as a header,
/// and the server lives.
async fn survives(api: &Api, requests: Vec<Vec<u8>>) {
    let mut wrong = Vec::new();
    for request in requests {
        let answer = said(api, &request);
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
        let defect = status(&answer).is_some_and(|status| status >= 500);
        if defect || !(answer.is_empty() || answer.starts_with("HTTP/1.")) || head.contains("\r\nset-cookie") {
            wrong.push(format!("{:?}: {answer}", shortened(&request)));
        }
        assert_eq!(api.anonymous().get("/health/live").await.status, 200, "dead after {:?}", shortened(&request));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
