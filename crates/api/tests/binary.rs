//! The binary itself, as an operator runs it: when it refuses to start, what it then says and leaves alone; and a disk that is
//! full.

#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cohortium_tests::api::{Answer, must};
use cohortium_tests::database::execute_in;
use cohortium_tests::wire::exchange;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_cohortium");
const SECRET: &str = "5f0c1e9ab27d4c83a6f1e0d2b4c6978a";
/// What a configuration that cannot be used exits with (sysexits.h).
const EX_CONFIG: i32 = 78;

/// The command, with nothing of the environment in which the tests run.
fn cohortium(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    must(cohortium(arguments).output())
}

/// `serve` on a folder, with all that it needs.
fn serve(folder: &Path, listen: &str) -> Command {
    let mut command = cohortium(&["serve", "--public-url", "https://api.example.org", "--secret", SECRET, "--listen", listen]);
    command.arg("--data").arg(folder);
    command
}

/// It has refused: with its exit code, one line beside the log that says what to do, and nothing on stdout.
#[track_caller]
fn refused(output: &Output, said: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(EX_CONFIG), "{stderr}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with('{')).collect();
    assert!(
        lines.len() == 1 && stderr.lines().last().is_some_and(|last| last.starts_with("cohortium: ")),
        "not one line: {stderr}"
    );
    for part in said {
        assert!(stderr.contains(part), "{part} is not in {stderr}");
    }
}

/// A folder with a database that was brought up to date.
fn migrated() -> TempDir {
    let folder = must(tempfile::tempdir());
    let output = run(&["migrate", "--data", &shown(folder.path())]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn database(folder: &Path) -> PathBuf {
    folder.join("cohortium.sqlite")
}

fn free_address() -> String {
    let listener = must(TcpListener::bind("127.0.0.1:0"));
    must(listener.local_addr()).to_string()
}

/// A server that runs until this is dropped.
struct Running(Child);

impl Running {
    /// Starts it, and returns when it listens.
    fn start(mut command: Command) -> Self {
        let mut child = must(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn());
        let log = child.stderr.take().map_or_else(|| panic!("no log"), BufReader::new);
        let running = Self(child);
        let mut lines = log.lines();
        let mut heard = String::new();
        let listens = lines.by_ref().map_while(Result::ok).any(|line| {
            heard.push_str(&line);
            line.contains("starting service")
        });
        assert!(listens, "it does not start: {heard}");
        // What it has to say goes on to be read, or it would wait for somebody who does.
        std::thread::spawn(move || lines.for_each(drop));
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_server_is_kept_off_the_folder_of_the_first() {
    let folder = must(tempfile::tempdir());
    let _first = Running::start(serve(folder.path(), &free_address()));
    let second = must(serve(folder.path(), &free_address()).output());
    refused(&second, &["another cohortium uses the folder", &shown(folder.path()), "--data"]);
    refused(&run(&["migrate", "--data", &shown(folder.path())]), &["another cohortium uses the folder"]);
    let other = run(&["journal", "verify", "--data", &shown(folder.path())]);
    assert!(other.status.success(), "who only looks may: {}", String::from_utf8_lossy(&other.stderr));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let folder = must(tempfile::tempdir());
    let taken = must(TcpListener::bind("127.0.0.1:0"));
    let address = must(taken.local_addr()).to_string();
    refused(&must(serve(folder.path(), &address).output()), &[&address, "--listen"]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = migrated();
    let file = database(folder.path());
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('9999_future', 0)";
    execute_in(&file, newer).await;
    let before = must(fs::read(&file));
    for output in [must(serve(folder.path(), &free_address()).output()), run(&["migrate", "--data", &shown(folder.path())])] {
        refused(&output, &["made by a newer version", "9999_future", "run that version"]);
    }
    assert!(must(fs::read(&file)) == before, "the file has changed");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = must(tempfile::tempdir());
    let file = folder.path().join("file");
    must(fs::write(&file, "in the way"));
    let below = file.join("data");
    refused(&must(serve(&below, &free_address()).output()), &[&shown(&below), "cannot be written", "--data"]);
    refused(&run(&["migrate", "--data", &shown(&below)]), &[&shown(&below), "cannot be written", "--data"]);
    assert_eq!(must(fs::read_to_string(&file)), "in the way");
}

#[tokio::test]
async fn a_damaged_database_is_left_alone() {
    let whole = migrated();
    // What is still in the log of the database goes into its file.
    execute_in(&database(whole.path()), "SELECT 1").await;
    let bytes = must(fs::read(database(whole.path())));
    let truncated = bytes.get(..bytes.len() / 2).unwrap_or_default();
    for damaged in [truncated, &b"This is no database, but it is there. ".repeat(200)] {
        let folder = must(tempfile::tempdir());
        must(fs::write(database(folder.path()), damaged));
        refused(&must(serve(folder.path(), &free_address()).output()), &["the database", "damaged", "backup"]);
        assert!(must(fs::read(database(folder.path()))) == damaged, "the file has changed");
    }
}

#[test]
fn every_fault_of_the_configuration_is_told_at_once() {
    let folder = must(tempfile::tempdir());
    let flags = ["--database-url", "mysql://x", "--public-url", "http://a.example", "--secret", "short", "--allow-origin", "*"];
    let mut command = cohortium(&["serve", "--max-requests", "0"]);
    let output = must(command.args(flags).arg("--data").arg(folder.path().join("data")).output());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(EX_CONFIG), "{stderr}");
    for flag in ["--database-url", "--public-url", "--secret", "--allow-origin", "--max-requests"] {
        assert_eq!(stderr.lines().filter(|line| line.contains(flag)).count(), 1, "{flag}: {stderr}");
    }
    assert_eq!(stderr.lines().count(), 5, "{stderr}");
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_worker_is_for_postgres_alone() {
    let folder = must(tempfile::tempdir());
    let data = folder.path().join("data");
    refused(&run(&["worker", "--data", &shown(&data)]), &["cohortium serve", "--database-url"]);
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn a_postgres_that_is_not_there_is_told_of_and_its_password_is_not() {
    let folder = must(tempfile::tempdir());
    let url = format!("postgres://ada:terribly-secret@{}/cohortium", free_address());
    let output = run(&["migrate", "--data", &shown(folder.path()), "--database-url", &url]);
    refused(&output, &["the database", "--database-url"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("terribly-secret"));
}

/// One request to a running server.
async fn ask(address: SocketAddr, method: &str, path: &str, token: &str, body: &str) -> Answer {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: api.example.org\r\nauthorization: Bearer {token}\r\nconnection: close\r\n");
    let body = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
    exchange(address, format!("{head}{body}").as_bytes()).await
}

/// A folder with a coalition and its owner, who can sign in.
fn owned() -> TempDir {
    let folder = migrated();
    let data = shown(folder.path());
    let password = shown(&folder.path().join("password"));
    must(fs::write(&password, "practice makes community"));
    let coalition = ["coalition", "create", "--slug", "dcsc", "--name", "DCSC", "--time-zone", "America/New_York", "--data", &data];
    let owner = ["owner", "create", "--coalition", "dcsc", "--email", "ada@example.org", "--given-name", "Ada"];
    let owner = [&owner[..], &["--family-name", "Park", "--password-file", &password, "--data", &data]].concat();
    for arguments in [&coalition[..], &owner] {
        let output = run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

/// `serve` on a small disk of its own that holds what a folder does: mounted where nobody but the server sees it.
fn serve_on_a_small_disk(folder: &Path, listen: &str) -> Option<Command> {
    let as_root = Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|output| output.status.success());
    let rights: &[&str] = if as_root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let possible = Command::new("unshare").args(rights).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let script = r#"cp -r "$1" "$1.copy" && mount -t tmpfs -o size=8m none "$1" && cp -r "$1.copy/." "$1" && rm -r "$1.copy" && shift && exec "$@""#;
    let serve = serve(folder, listen);
    let mut command = Command::new("unshare");
    command.args(rights).args(["sh", "-c", script, "sh"]).arg(folder).arg(BINARY).args(serve.get_args());
    Some(command)
}

#[tokio::test]
async fn on_a_full_disk_who_writes_is_refused_and_who_reads_is_not() {
    let folder = owned();
    let address: SocketAddr = must(free_address().parse());
    let Some(command) = serve_on_a_small_disk(folder.path(), &address.to_string()) else {
        println!("NOT TESTED: nothing can be mounted here; tests/it/problems.rs has what SQLite says of a full disk");
        return;
    };
    let server = Running::start(command);
    let login = r#"{"coalition":"dcsc","email":"ada@example.org","password":"practice makes community"}"#;
    let grant = ask(address, "POST", "/v1/auth/login", "", login).await.expect(200);
    let token = grant["access_token"].as_str().unwrap();
    let make = async |number: u32| {
        let body = format!(r#"{{"given_name":"A","family_name":"B","email":"{number}@example.org"}}"#);
        ask(address, "POST", "/v1/people", token, &body).await
    };
    let people = async || ask(address, "GET", "/v1/people?limit=1&with_total=true", token, "").await.expect(200)["total"].as_u64();
    let _ = make(0).await.expect(201);

    let disk = PathBuf::from(format!("/proc/{}/root{}", server.0.id(), folder.path().display()));
    let filler = disk.join("filler");
    let mut file = must(fs::File::create(&filler));
    while file.write_all(&[0; 4096]).is_ok() {}
    // What the log of the database has room for is still written.
    let mut made = 1;
    let refused = loop {
        let answer = make(made).await;
        if answer.status != 201 {
            break answer;
        }
        made += 1;
    };
    assert_eq!((refused.problem(503), refused.header("retry-after")), ("storage_full", "2"));
    // However often it is tried: nobody is told of a success that is none.
    for number in 1_000..1_020 {
        assert_eq!(make(number).await.problem(503), "storage_full");
    }
    assert_eq!(people().await, Some(1 + u64::from(made)), "those that were told of success, and the owner");
    let _ = ask(address, "GET", "/health/live", "", "").await.expect(200);
    println!("{made} were written, and the next was refused");

    drop(file);
    must(fs::remove_file(&filler));
    let freed = Instant::now();
    while make(made).await.status != 201 {
        assert!(freed.elapsed() < Duration::from_secs(10), "there is room again");
    }
    assert_eq!(people().await, Some(2 + u64::from(made)));
}
