//! Members that the server alone sets, written into every body there is: what an operation answers with and does not take, and the
//! names under which servers keep rights and states.
//!
//! What always holds: each is told by its pointer, and nothing has changed. The rows of the table of authorization give the bodies
//! and who sends them, so a new operation is attacked as soon as it has its row.

use std::collections::BTreeSet;

use cohortium_tests::api::{Answer, Api};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::document::{Operation, members, resolved};
use cohortium_tests::issuer::Issuer;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::authorization::table::{Row, table};
use crate::authorization::world::World;

on_both_databases! {
    no_member_that_the_server_sets_is_taken,
    no_member_is_taken_that_an_object_in_a_body_does_not_have,
}

/// What servers are said to keep, whether an operation answers with it or not.
const WISHED: &[&str] = &[
    "__proto__",
    "account_state",
    "actor",
    "admin",
    "allowed_actions",
    "author_id",
    "coalition_id",
    "cohort_id",
    "constructor",
    "created_at",
    "email_proven_at",
    "enrolled_at",
    "grants",
    "held",
    "id",
    "is_admin",
    "owner",
    "owner_id",
    "password_hash",
    "person_id",
    "rank_at",
    "seats_held",
    "second_factor_at",
    "state",
    "status",
    "submitted_at",
    "tenant_id",
    "updated_at",
    "user_id",
    "verification_state",
    "verified",
    "version",
    "waitlist_position",
];

/// Members whose objects are whatever the coalition says.
const OPEN: &[&str] = &["schema", "answers"];

/// The schema of what an operation takes as JSON.
fn input(operation: &Operation) -> Option<&'static Value> {
    let operation: &'static Value = operation.value;
    operation.pointer("/requestBody/content/application~1json/schema").map(resolved)
}

/// The members that an operation answers with, those of the items of a list among them.
fn output(operation: &Operation) -> BTreeSet<&'static str> {
    let contents = members(operation.value, "/responses").filter(|(status, _)| status.starts_with('2'));
    let schemas = contents.filter_map(|(_, answer)| resolved(answer).pointer("/content/application~1json/schema")).map(resolved);
    let names = schemas.flat_map(|schema| {
        let items = schema.pointer("/properties/items/items").map(resolved).into_iter();
        items.chain([schema]).flat_map(|schema| members(schema, "/properties")).map(|(name, _)| name)
    });
    names.collect()
}

async fn send(world: &World<'_>, row: &Row, body: &Value) -> Answer {
    let session = world.caller(row);
    let call = session.request(row.operation.http_method(), &row.path(row.id_in(&world.ours)));
    let call = if row.operation.answers("428") { call.header("if-match", "*") } else { call };
    call.json(body).send().await
}

/// What is wrong, where the body was not refused for this member.
fn taken(row: &Row, pointer: &str, answer: &Answer) -> Option<String> {
    let refused =
        answer.status == 422 && answer.body["code"] == "unknown_field" && answer.faults().contains(&(pointer, "unknown_field"));
    (!refused).then(|| format!("{} takes {pointer}: {} {}", row.operation.id, answer.status, answer.text))
}

async fn no_member_that_the_server_sets_is_taken(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let before = world.entries().await;
    let (mut wrong, mut operations, mut cases) = (Vec::new(), 0, 0);
    for row in table() {
        let Some(schema) = input(&row.operation) else { continue };
        assert_eq!(schema["additionalProperties"], json!(false), "{}", row.operation.id);
        operations += 1;
        let own: BTreeSet<&str> = members(schema, "/properties").map(|(name, _)| name).collect();
        let names: BTreeSet<&str> = output(&row.operation).into_iter().chain(WISHED.iter().copied()).collect();
        for name in names.difference(&own) {
            let mut body = row.body.map_or_else(|| json!({}), |body| body(&world.ours));
            body[name] = json!("x");
            wrong.extend(taken(&row, &format!("#/{name}"), &send(&world, &row, &body).await));
            cases += 1;
        }
    }
    println!("{cases} members were refused by {operations} operations");
    assert!(wrong.is_empty() && operations > 40, "{}", wrong.join("\n"));
    assert_eq!(world.entries().await, before, "a body that was refused has changed something");
}

async fn no_member_is_taken_that_an_object_in_a_body_does_not_have(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let before = world.entries().await;
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for row in table() {
        if input(&row.operation).is_none() {
            continue;
        }
        // The document's own example has all the objects that there can be.
        let example = row.operation.value.pointer("/requestBody/content/application~1json/example").unwrap();
        for pointer in objects("", example).into_iter().filter(|pointer| !pointer.is_empty()) {
            let mut body = example.clone();
            body.pointer_mut(&pointer).unwrap()["tenant_id"] = json!("x");
            wrong.extend(taken(&row, &format!("#{pointer}/tenant_id"), &send(&world, &row, &body).await));
            cases += 1;
        }
    }
    println!("{cases} members of objects within were refused");
    assert!(wrong.is_empty() && cases > 20, "{}", wrong.join("\n"));
    assert_eq!(world.entries().await, before, "a body that was refused has changed something");
}

/// The pointers to the objects in a body, itself among them.
fn objects(pointer: &str, body: &Value) -> Vec<String> {
    match body {
        Value::Object(members) => {
            let closed = members.iter().filter(|(name, _)| !OPEN.contains(&name.as_str()));
            let within = closed.flat_map(|(name, value)| objects(&format!("{pointer}/{name}"), value));
            [pointer.to_owned()].into_iter().chain(within).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| objects(&format!("{pointer}/{index}"), item)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
