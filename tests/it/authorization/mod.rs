//! Who may call what, asked of the running server: every operation of the document, as each of eight callers, and as API clients.
//!
//! | caller | is told |
//! | --- | --- |
//! | without a token, with a bad one, with one that ran out | 401, also where the thing is not there and the body is none |
//! | of the coalition, but not allowed | 403; 404 where it may not see the thing |
//! | who would be allowed, but of another coalition | 404 |
//! | allowed, asking for another coalition's thing | 404 |
//! | allowed, asking for a thing that is not there | 404, in the same words |
//! | allowed | 2xx, so that the rest proves something |
//!
//! What always holds: an operation that the table does not know fails the test; whoever is refused changes nothing. To add an
//! operation, add its row to `table.rs`, and what it is done to, to `world.rs`.

pub mod table;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::ClientScope;
use cohortium_domain::words::Word;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::document::Operation;
use cohortium_tests::issuer::Issuer;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::Value;

use self::table::{Row, table};
use self::world::{Place, World};
use crate::evidence::files::PDF;

on_both_databases! {
    every_operation_tells_its_eight_callers_apart,
    a_client_may_what_its_scopes_say_and_nothing_else,
    no_list_holds_anything_of_another_coalition,
    no_body_names_anything_of_another_coalition,
    an_address_knows_its_own_methods_and_no_other,
}

const NOBODYS_ID: &str = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";

#[test]
fn the_table_knows_every_operation() {
    let documented: BTreeSet<&str> = Operation::all().iter().map(|operation| operation.id).collect();
    let rows: Vec<&str> = table().iter().map(|row| row.operation.id).collect();
    let known: BTreeSet<&str> = rows.iter().copied().collect();
    let missing: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty(), "authorization/table.rs has no row for {missing:?}");
    assert_eq!(known.len(), rows.len(), "an operation stands twice");
}

async fn every_operation_tells_its_eight_callers_apart(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let before = world.entries().await;
    let mut wrong = Vec::new();
    for row in table().iter().filter(|row| !row.operation.action().public()) {
        let told = strangers(&world, row).await.into_iter().chain(outsiders(&world, row).await);
        wrong.extend(told.filter_map(|asked| asked.fault(row)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.entries().await, before, "whoever was refused has changed something");
    for row in table() {
        let answer = ask(&row, &world.caller(&row), &world.ours, row.id_in(&world.ours)).await;
        if !(200..300).contains(&answer.status) {
            wrong.push(format!("{} as {:?}, who may: {} {}", row.operation.id, row.may, answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn a_client_may_what_its_scopes_say_and_nothing_else(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let clients = Clients::of(&world).await;
    let before = world.entries().await;
    let mut wrong = Vec::new();
    for row in table().iter().filter(|row| !row.operation.action().public()) {
        let told = clients.refused(&world, row).await;
        wrong.extend(told.into_iter().filter_map(|(who, expected, answer)| {
            let told = (answer.status, answer.body["code"].as_str().unwrap_or_default());
            (told != expected).then(|| format!("{} {who}: {told:?} where {expected:?} was expected", row.operation.id))
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.entries().await, before, "whoever was refused has changed something");
    let mut allowed = 0;
    for row in table() {
        for scope in row.operation.action().client_scopes() {
            let answer = ask(&row, &clients.with[&scope], &world.ours, row.id_in(&world.ours)).await;
            assert!((200..300).contains(&answer.status), "{} with {scope}: {}", row.operation.id, answer.text);
            let foreign: Vec<_> = world.theirs.things().filter(|(_, id)| answer.text.contains(id)).collect();
            assert!(foreign.is_empty(), "{} shows another coalition's {foreign:?}", row.operation.id);
            allowed += 1;
        }
    }
    assert!(allowed > 0);
}

/// The clients that can call.
struct Clients<'a> {
    /// Of our coalition, with this scope alone.
    with: BTreeMap<ClientScope, Session<'a>>,
    /// With every other.
    without: BTreeMap<ClientScope, Session<'a>>,
    with_all: Session<'a>,
    /// Of their coalition.
    foreign: Session<'a>,
}

impl<'a> Clients<'a> {
    async fn of(world: &World<'a>) -> Self {
        let (mut with, mut without) = (BTreeMap::new(), BTreeMap::new());
        for scope in ClientScope::ALL {
            let others: Vec<ClientScope> = ClientScope::ALL.iter().copied().filter(|other| other != scope).collect();
            with.insert(*scope, world.ours.client(&[*scope]).await);
            without.insert(*scope, world.ours.client(&others).await);
        }
        let (with_all, foreign) = (world.ours.client(ClientScope::ALL).await, world.theirs.client(ClientScope::ALL).await);
        Self { with, without, with_all, foreign }
    }

    /// Who may not do what the row says: who, what it is to be told, and what it was.
    async fn refused(&self, world: &World<'a>, row: &Row) -> Vec<(String, (u16, &'static str), Answer)> {
        let id = row.id_in(&world.ours);
        let scopes: Vec<ClientScope> = row.operation.action().client_scopes().collect();
        if scopes.is_empty() {
            let answer = ask(row, &self.with_all, &world.ours, id).await;
            return vec![("a client with every scope".to_owned(), (403, "permission_denied"), answer)];
        }
        let mut told = Vec::new();
        for scope in scopes {
            let answer = ask(row, &self.without[&scope], &world.ours, id).await;
            told.push((format!("a client with all but {scope}"), (403, "insufficient_scope"), answer));
        }
        if id.is_some() {
            let answer = ask(row, &self.foreign, &world.ours, id).await;
            told.push(("a client of another coalition".to_owned(), (404, "not_found"), answer));
        }
        told
    }
}

/// What somebody was told, and what was expected.
struct Asked {
    who: &'static str,
    expected: u16,
    answer: Answer,
}

impl Asked {
    fn fault(&self, row: &Row) -> Option<String> {
        let Self { who, expected, answer } = self;
        let fits = answer.status == *expected && (*expected != 404 || answer.body["code"] == "not_found");
        (!fits).then(|| format!("{} {who}: {} where {expected} was expected: {}", row.operation.id, answer.status, answer.text))
    }
}

/// Those whom nobody knows. The thing need not be there, nor the body be one: who calls is settled first.
async fn strangers(world: &World<'_>, row: &Row) -> Vec<Asked> {
    let callers =
        [("without a token", world.nobody()), ("with garbage", world.garbage()), ("with an expired token", world.expired(row))];
    let mut asked = Vec::new();
    for (who, session) in callers {
        let answer = ask(row, &session, &world.ours, row.id_in(&world.ours)).await;
        asked.push(Asked { who, expected: 401, answer });
        let path = row.path(Some(NOBODYS_ID));
        let answer =
            session.request(row.operation.http_method(), &path).header("content-type", "text/plain").body("{").send().await;
        asked.push(Asked { who, expected: 401, answer });
    }
    asked
}

/// Those who are known, but may not.
async fn outsiders(world: &World<'_>, row: &Row) -> Vec<Asked> {
    let mut asked = Vec::new();
    let ours = row.id_in(&world.ours);
    for (role, expected) in &row.may_not {
        let answer = ask(row, world.ours.session(*role), &world.ours, ours).await;
        asked.push(Asked { who: "of a role that may not", expected: *expected, answer });
    }
    if ours.is_none() {
        return asked;
    }
    let other = ask(row, world.theirs.session(row.may), &world.ours, ours).await;
    let foreign = ask(row, world.ours.session(row.may), &world.ours, row.id_in(&world.theirs)).await;
    let random = ask(row, world.ours.session(row.may), &world.ours, Some(NOBODYS_ID)).await;
    assert_eq!(without_instance(&foreign), without_instance(&random), "{}: they can be told apart", row.operation.id);
    asked.push(Asked { who: "of another coalition", expected: 404, answer: other });
    asked.push(Asked { who: "for another coalition's thing", expected: 404, answer: foreign });
    asked.push(Asked { who: "for a thing that is not there", expected: 404, answer: random });
    asked
}

async fn ask(row: &Row, session: &Session<'_>, place: &Place<'_>, id: Option<&str>) -> Answer {
    let call = session.request(row.operation.http_method(), &row.path(id));
    let call = if row.operation.answers("428") { call.header("if-match", "*") } else { call };
    let call = if let Some(body) = row.body { call.json(&body(place)) } else { call };
    let call = if let Some(form) = row.form { call.form(form).header("authorization", place.basic()) } else { call };
    let call = if row.file { call.file("letter.pdf", "application/pdf", PDF) } else { call };
    call.send().await
}

fn without_instance(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("instance");
    body
}

async fn no_list_holds_anything_of_another_coalition(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let readable = |row: &Row| row.operation.method == "get" && !row.operation.on_a_thing() && !row.operation.action().public();
    for row in table().iter().filter(|row| readable(row)) {
        let answer = ask(row, world.theirs.session(row.may), &world.theirs, None).await;
        assert_eq!(answer.status, 200, "{}: {}", row.operation.id, answer.text);
        for (name, id) in world.ours.things() {
            assert!(!answer.text.contains(id), "{} shows another coalition's {name}: {}", row.operation.id, answer.text);
        }
    }
}

async fn no_body_names_anything_of_another_coalition(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let before = world.entries().await;
    let mut asked = 0;
    for row in table() {
        let Some(body) = row.body else { continue };
        let (body, theirs) = (body(&world.ours), body(&world.theirs));
        for pointer in ids_in("", &body) {
            let mut foreign = body.clone();
            *foreign.pointer_mut(&pointer).unwrap() = theirs.pointer(&pointer).unwrap().clone();
            let session = world.ours.session(row.may);
            let call = session.request(row.operation.http_method(), &row.path(row.id_in(&world.ours))).header("if-match", "*");
            let answer = call.json(&foreign).send().await;
            assert_eq!(answer.problem(422), "validation_failed", "{} {pointer}", row.operation.id);
            assert_eq!(answer.faults(), [(format!("#{pointer}").as_str(), "not_found")], "{}", row.operation.id);
            asked += 1;
        }
    }
    assert!(asked > 0 && world.entries().await == before);
}

/// The pointers to the members of a body that name things.
fn ids_in(pointer: &str, body: &Value) -> Vec<String> {
    let members = body.as_object().into_iter().flatten();
    let found = members.flat_map(|(name, value)| {
        let pointer = format!("{pointer}/{name}");
        if name.ends_with("_id") && name != "external_id" && value.is_string() { vec![pointer] } else { ids_in(&pointer, value) }
    });
    found.collect()
}

async fn an_address_knows_its_own_methods_and_no_other(database: TestDatabase) {
    let api = Api::start(&database).await;
    let operations = Operation::all();
    for path in operations.iter().map(|operation| operation.path).collect::<BTreeSet<_>>() {
        let known: BTreeSet<String> =
            operations.iter().filter(|one| one.path == path).map(|one| one.method.to_uppercase()).collect();
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE", "TRACE", "BREW"].iter().filter(|method| !known.contains(**method)) {
            let method: Method = method.parse().unwrap();
            let answer = api.anonymous().request(method.clone(), &path.replace(['{', '}'], "")).send().await;
            assert_eq!(answer.problem(405), "method_not_allowed", "{method} {path}");
            let allowed: BTreeSet<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
            assert_eq!(allowed, known, "{method} {path}");
        }
    }
}
