//! Callers: as many threads as there are callers, each with a connection that stays open. They share the machine with the server,
//! so they do as little as they can: the bytes of a request are made before, and of an answer only the status and the length are
//! looked at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Done;

/// The bytes of a request.
pub type Request = Vec<u8>;

/// A GET, with these headers more.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Request {
    request("GET", path, headers, "")
}

/// A POST of JSON, with these headers more.
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let length = body.len().to_string();
    let all = [headers, &[("content-type", "application/json"), ("content-length", &length)]].concat();
    request("POST", path, &all, body)
}

/// The header that says who calls.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut lines = vec![format!("{method} {path} HTTP/1.1"), "host: load.test".to_owned()];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}

/// What came back.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header; empty, when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Done<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, received: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request, and reads the whole answer; tells its status.
    pub fn send(&mut self, request: &[u8]) -> Done<u16> {
        self.stream.write_all(request)?;
        self.received.clear();
        let head = loop {
            self.receive()?;
            if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let text = std::str::from_utf8(self.received.get(..head).unwrap_or_default())?;
        let status = text.get(9..12).unwrap_or_default().parse()?;
        let whole = head + 4 + content_length(text)?;
        while self.received.len() < whole {
            self.receive()?;
        }
        Ok(status)
    }

    /// The same, and gives the answer.
    pub fn ask(&mut self, request: &[u8]) -> Done<Answer> {
        let status = self.send(request)?;
        let text = String::from_utf8_lossy(&self.received);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Ok(Answer { status, headers, body: body.as_bytes().to_vec() })
    }

    fn receive(&mut self) -> Done {
        let mut part = [0; 16 * 1024];
        let length = self.stream.read(&mut part)?;
        self.received.extend_from_slice(part.get(..length).unwrap_or_default());
        if length == 0 { Err("the server hung up".into()) } else { Ok(()) }
    }
}

/// The length that a head tells: none, of an answer without a body.
fn content_length(head: &str) -> Done<usize> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let told = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    told.map_or(Ok(0), |(_, length)| Ok(length.trim().parse()?))
}

/// What a turn of load was like.
pub struct Load {
    /// How long it took.
    pub elapsed: Duration,
    /// How long each request took, the shortest first.
    pub latencies: Vec<Duration>,
}

/// Sends one request again and again.
pub fn repeat(address: SocketAddr, clients: usize, duration: Duration, request: &[u8], expected: u16) -> Done<Load> {
    let until = Instant::now() + duration;
    run(address, clients, expected, &|| (Instant::now() < until).then_some(request))
}

/// Sends each of these requests once.
pub fn each(address: SocketAddr, clients: usize, requests: &[Request], expected: u16) -> Done<Load> {
    let next = AtomicUsize::new(0);
    run(address, clients, expected, &|| requests.get(next.fetch_add(1, Ordering::Relaxed)).map(Vec::as_slice))
}

/// Sends each of these requests once, all at the same time as far as there are callers. Whoever is asked to come again does, after
/// as long as it was told; gives how often that was.
pub fn rush(address: SocketAddr, clients: usize, requests: &[Request], expected: u16) -> Done<(Load, usize)> {
    let (next, again) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let call = || -> Done<Vec<Duration>> {
        let mut connection = Connection::open(address)?;
        let mut latencies = Vec::new();
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let began = Instant::now();
            let answer = loop {
                let answer = connection.ask(request)?;
                let Ok(seconds) = answer.header("retry-after").parse() else { break answer };
                again.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs(seconds));
                // Who is too busy closes the connection.
                connection = Connection::open(address)?;
            };
            latencies.push(began.elapsed());
            if answer.status != expected {
                return Err(format!("the answer is {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
            }
        }
        Ok(latencies)
    };
    let load = together(clients, &call)?;
    Ok((load, again.into_inner()))
}

fn run<'a>(address: SocketAddr, clients: usize, expected: u16, next: &(impl Fn() -> Option<&'a [u8]> + Sync)) -> Done<Load> {
    together(clients, &|| call(address, expected, next))
}

/// So many callers at the same time, each of which tells how long its requests took.
fn together(clients: usize, call: &(impl Fn() -> Done<Vec<Duration>> + Sync)) -> Done<Load> {
    let began = Instant::now();
    let call = || call().map_err(|error| error.to_string());
    let called = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..clients).map(|_| scope.spawn(call)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or_else(|_| Err("a caller panicked".to_owned()))).collect::<Vec<_>>()
    });
    let elapsed = began.elapsed();
    let mut latencies = called.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    latencies.sort_unstable();
    Ok(Load { elapsed, latencies })
}

/// One caller, until there is no next request.
fn call<'a>(address: SocketAddr, expected: u16, next: &impl Fn() -> Option<&'a [u8]>) -> Done<Vec<Duration>> {
    let mut connection = Connection::open(address)?;
    let mut latencies = Vec::new();
    while let Some(request) = next() {
        let began = Instant::now();
        let status = connection.send(request)?;
        latencies.push(began.elapsed());
        if status != expected {
            return Err(format!("the answer is {status}: {}", String::from_utf8_lossy(&connection.received)).into());
        }
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_and_an_answer_s_length_is_found_in_any_case() {
        let sent = String::from_utf8(post("/x", &[("a", "b")], "{}")).unwrap();
        assert_eq!(
            sent,
            "POST /x HTTP/1.1\r\nhost: load.test\r\na: b\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        assert_eq!(content_length("HTTP/1.1 200 OK\r\nContent-Length: 12").unwrap(), 12);
        assert_eq!(content_length("HTTP/1.1 304 Not Modified\r\netag: \"1\"").unwrap(), 0);
    }
}
