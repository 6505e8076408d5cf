//! The binary as an operator starts it: what it says, with which code it ends, and that no secret is in what it says.

#![cfg(test)]

use std::path::Path;
use std::process::{Command, Output};

/// A configuration that cannot be used (sysexits.h).
const EX_CONFIG: i32 = 78;
const PASSWORD: &str = "hunter2hunter2";
const SECRET: &str = "5f0c1e9ab27d4c83a6f1e0d2b4c6978a";

fn cohortium(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cohortium"));
    command.args(arguments).env_clear().env("COHORTIUM_DATA", data).envs(variables.iter().copied());
    command.output().unwrap()
}

/// What it said, on both streams.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned()).concat()
}

#[test]
fn what_is_unsafe_is_refused_whole_with_a_line_for_each() {
    let place = tempfile::tempdir().unwrap();
    let variables = [
        ("COHORTIUM_SECRET", "changeme"),
        ("COHORTIUM_DATABASE_URL", "mysql://ada:hunter2hunter2@localhost/x"),
        ("COHORTIUM_PUBLIC_URL", "http://api.example.org"),
        ("COHORTIUM_ALLOW_ORIGINS", "*,https://app.example.org,null"),
        ("COHORTIUM_ALLOW_HOSTS", ""),
        ("COHORTIUM_SIGNING_KEYS", "changeme"),
    ];
    let refused = cohortium(place.path(), &["serve"], &variables);
    let said = said(&refused);
    assert_eq!(refused.status.code(), Some(EX_CONFIG), "{said}");
    let flags: Vec<&str> =
        said.trim().lines().filter_map(|line| line.trim_start_matches("cohortium: ").split([':', ' ']).next()).collect();
    let expected = ["--database-url", "--secret", "--signing-keys", "--public-url", "--allow-origin", "--allow-origin"];
    assert_eq!(flags, expected, "{said}");
    assert!(!said.contains("changeme") && !said.contains(PASSWORD), "{said}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "nothing is made before it is right");
}

#[test]
fn no_secret_is_in_what_is_said() {
    let place = tempfile::tempdir().unwrap();
    let url = format!("postgres://ada:{PASSWORD}@127.0.0.1:1/x?connect_timeout=1");
    let variables = [
        ("COHORTIUM_SECRET", SECRET),
        ("COHORTIUM_DATABASE_URL", url.as_str()),
        ("COHORTIUM_SIGNING_KEYS", SECRET),
        ("COHORTIUM_PUBLIC_URL", "https://api.example.org"),
    ];
    let without_keys: Vec<_> = variables.iter().copied().filter(|(name, _)| *name != "COHORTIUM_SIGNING_KEYS").collect();
    for (arguments, variables, code) in [
        (["--help"].as_slice(), variables.as_slice(), 0),
        (&["serve", "--help"], &variables, 0),
        (&["keys", "rotate", "--help"], &variables, 0),
        (&["serve", "--nothing"], &variables, 2),
        (&["serve"], &variables, EX_CONFIG),
        (&["serve"], &without_keys, EX_CONFIG),
        (&["migrate"], &variables, EX_CONFIG),
    ] {
        let output = cohortium(place.path(), arguments, variables);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(!said.is_empty() && !said.contains(SECRET) && !said.contains(PASSWORD), "{arguments:?}: {said}");
    }
}

#[test]
fn a_rotation_says_from_when_the_next_key_signs_and_makes_one_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let rotate = |arguments: &[&str]| cohortium(place.path(), &[&["keys", "rotate"], arguments].concat(), &[]);
    let first = rotate(&[]);
    assert!(first.status.success() && said(&first).contains(" signs from "), "{}", said(&first));
    let next = rotate(&["--after", "2d"]);
    assert!(next.status.success(), "{}", said(&next));
    let refused = rotate(&["--now"]);
    assert_eq!(refused.status.code(), Some(EX_CONFIG));
    let kid = said(&next).split(' ').next().unwrap().to_owned();
    assert!(said(&refused).contains(&kid) && said(&refused).contains("wait until then"), "{}", said(&refused));
    let keys = std::fs::read_dir(place.path().join("keys")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(keys.filter(|path| path.extension().is_some_and(|kind| kind == "pk8")).count(), 2);
    for wrong in ["24", "-1h", "1w", "400d", ""] {
        assert_eq!(rotate(&["--after", wrong]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_demo_does_not_touch_what_is_real() {
    let place = tempfile::tempdir().unwrap();
    assert!(cohortium(place.path(), &["keys", "rotate"], &[]).status.success());
    let database = place.path().join("cohortium.sqlite");
    std::fs::write(&database, "of somebody").unwrap();
    let refused = cohortium(place.path(), &["demo", "--fresh"], &[]);
    assert_eq!(refused.status.code(), Some(EX_CONFIG));
    assert!(said(&refused).contains("choose another folder with --data"), "{}", said(&refused));
    assert_eq!(std::fs::read(database).unwrap(), b"of somebody");
}
