//! What the document keeps to, walked over every operation and every schema of it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::sync::{LazyLock, Mutex};

use cohortium_api::openapi::{self, DOCUMENT};
use cohortium_domain::access::Who;
use cohortium_tests::document::{Operation, members, resolved, text};
use jsonschema::Validator;
use serde_json::{Value, json};

#[test]
fn the_committed_document_is_what_the_server_serves() {
    let committed = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/v1.json")).unwrap();
    assert!(committed == openapi::text(), "it differs: cargo run -- openapi > openapi/v1.json");
}

#[test]
fn every_operation_is_an_action_of_its_own() {
    let operations = Operation::all();
    let actions: BTreeSet<_> = operations.iter().map(Operation::action).collect();
    assert_eq!(actions.len(), operations.len(), "an operationId stands twice");
}

#[test]
fn every_operation_says_what_it_does_and_who_may_call_it() {
    for operation in Operation::all() {
        let (id, said) = (operation.id, text(operation.value, "description"));
        let summary = text(operation.value, "summary");
        assert!(!summary.is_empty() && summary.len() <= 80 && !summary.ends_with('.'), "{id}: {summary}");
        for who in operation.action().who() {
            assert!(said.contains("**Who may call:** ") && said.contains(&who.to_string()), "{id} does not tell {who}: {said}");
        }
        let tags = operation.value["tags"].as_array().unwrap();
        let declared = DOCUMENT["tags"].as_array().unwrap().iter().any(|tag| tags.first() == tag.get("name"));
        assert!(tags.len() == 1 && declared, "{id}: {tags:?}");
    }
}

#[test]
fn every_operation_asks_for_the_token_that_the_table_asks_for() {
    for operation in Operation::all() {
        let action = operation.action();
        let scopes = |who: &Who| if let Who::Client(scope) = who { Some(scope.to_string()) } else { None };
        let clients: Vec<String> = action.who().iter().filter_map(scopes).collect();
        let mut expected = Vec::new();
        if clients.len() < action.who().len() {
            expected.push(json!({ "bearer": [] }));
        }
        if !clients.is_empty() {
            expected.push(json!({ "client": clients }));
        }
        let expected = match operation.id {
            "issueToken" => json!([{ "client_secret": [] }]),
            "revokeToken" => json!([{ "client_secret": [] }, {}]),
            _ if action.public() => json!([]),
            _ => Value::Array(expected),
        };
        assert_eq!(operation.value["security"], expected, "{}", operation.id);
    }
}

/// What is only made and ended has no version that a caller could name.
fn without_version(operation: &str) -> bool {
    matches!(
        operation,
        "endMySignIn"
            | "endSignIns"
            | "changePassword"
            | "addGrant"
            | "removeGrant"
            | "revokeClientSecret"
            | "removeTotp"
            | "takeSecondFactor"
            | "unlinkMyIdentity"
            | "setClock"
    )
}

/// The token endpoints, which refuse as OAuth has it.
fn token_endpoint(operation: &Operation) -> bool {
    operation.path.starts_with("/oauth/")
}

#[test]
fn every_failure_is_a_problem_and_every_operation_tells_those_that_it_can_have() {
    for operation in Operation::all() {
        let mut expected = vec!["400", "429", "500", "503"];
        if !operation.action().public() {
            expected.extend(["401", "403"]);
        }
        if operation.on_a_thing() {
            expected.push("404");
        }
        if operation.value.get("requestBody").is_some() && !token_endpoint(&operation) {
            expected.extend(["413", "415", "422"]);
        }
        if matches!(operation.method, "put" | "patch" | "delete") && !without_version(operation.id) {
            expected.extend(["412", "428"]);
        }
        for status in expected {
            assert!(operation.answers(status), "{} does not tell {status}", operation.id);
        }
        for (status, response) in members(operation.value, "/responses").filter(|(status, _)| *status >= "400") {
            let body = if token_endpoint(&operation) && status < "402" { "OAuthError" } else { "Problem" };
            assert_eq!(response["$ref"], json!(format!("#/components/responses/{body}{status}")), "{} {status}", operation.id);
        }
    }
    for (name, response) in members(&DOCUMENT, "/components/responses").filter(|(name, _)| *name != "Problem304") {
        let (media, body) =
            if name.starts_with("OAuth") { ("application/json", "OAuthError") } else { ("application/problem+json", "Problem") };
        assert_eq!(members(response, "/content").map(|(media, _)| media).collect::<Vec<_>>(), [media], "{name}");
        assert_eq!(response["content"][media]["schema"]["$ref"], format!("#/components/schemas/{body}"), "{name}");
        assert!(text(response, "description").contains("- `"), "{name} does not tell its codes");
    }
}

#[test]
fn every_body_and_every_answer_has_an_example_that_its_schema_takes() {
    let mut wrong = Vec::new();
    for operation in Operation::all() {
        let bodies = members(operation.value, "/requestBody/content").map(|(media, content)| (format!("takes {media}"), content));
        let answers = members(operation.value, "/responses").flat_map(|(status, response)| {
            members(resolved(response), "/content").map(move |(media, content)| (format!("answers {status} {media}"), content))
        });
        for (place, content) in bodies.chain(answers) {
            let place = format!("{} {place}", operation.id);
            match content.get("example") {
                None => wrong.push(format!("{place}: there is no example")),
                Some(example) => wrong.extend(faults(&content["schema"], example).iter().map(|fault| format!("{place}: {fault}"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_of_a_parameter_is_one_that_its_schema_takes() {
    for (place, parameter) in parameters() {
        let examples = parameter.get("example").or_else(|| parameter.pointer("/schema/example")).into_iter();
        let wrong: Vec<String> = examples.flat_map(|example| faults(&parameter["schema"], example)).collect();
        assert!(wrong.is_empty(), "{place}: {wrong:?}");
    }
}

#[test]
fn every_example_tells_the_story_and_none_is_made_of_filler() {
    let mut filler = Vec::new();
    for operation in Operation::all() {
        let contents = members(operation.value, "/requestBody/content")
            .chain(members(operation.value, "/responses").flat_map(|(_, response)| members(resolved(response), "/content")));
        for (_, content) in contents {
            find_filler(operation.id, &content["example"], &mut filler);
        }
    }
    assert!(filler.is_empty(), "openapi/examples.rs has no story for\n{}", filler.join("\n"));
}

/// Where the story is silent, the examples fall back to `filler`, repeated.
fn find_filler(place: &str, example: &Value, found: &mut Vec<String>) {
    match example {
        Value::Object(object) => {
            // A kind is one of an enum's words, of which `text` is one.
            let told = object.iter().filter(|(name, _)| *name != "kind");
            told.for_each(|(name, value)| find_filler(&format!("{place} {name}"), value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| find_filler(place, item, found)),
        Value::String(text) if text.contains("filler") => found.push(place.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_text_number_and_list_has_bounds() {
    let unbounded = |schema: &Value| {
        let has = |keyword: &str| schema.get(keyword).is_some();
        let closed = has("enum") || has("const");
        (is(schema, "string") && !closed && !has("maxLength"))
            || ((is(schema, "integer") || is(schema, "number")) && !closed && !(has("minimum") && has("maximum")))
            || (is(schema, "array") && !has("maxItems"))
    };
    let found: Vec<String> = schemas().into_iter().filter(|(_, schema)| unbounded(schema)).map(|(place, _)| place).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_object_has_a_name() {
    let named = |place: &str| place.matches('/').count() == 3 && place.starts_with("/components/schemas/");
    let inline = |place: &str, schema: &Value| schema.get("properties").is_some() && !named(place);
    let found: Vec<String> =
        schemas().into_iter().filter(|(place, schema)| inline(place, schema)).map(|(place, _)| place).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for operation in Operation::all() {
        let bodies = members(operation.value, "/requestBody/content");
        let answers = members(operation.value, "/responses").flat_map(|(_, response)| members(resolved(response), "/content"));
        for (media, content) in bodies.chain(answers).filter(|(media, _)| media.ends_with("json")) {
            assert!(content.pointer("/schema/$ref").is_some(), "{} {media}: {}", operation.id, content["schema"]);
        }
    }
}

#[test]
fn every_name_is_snake_case_and_every_schema_and_parameter_is_described() {
    for (name, schema) in members(&DOCUMENT, "/components/schemas") {
        let pascal = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(pascal, "{name}");
        assert!(!text(schema, "description").is_empty(), "{name} says not what it is");
        for (property, _) in members(schema, "/properties") {
            assert!(is_snake_case(property), "{name}.{property}");
        }
    }
    for (place, parameter) in parameters() {
        assert!(!text(parameter, "description").is_empty(), "{place} says not what it is");
        let name = text(parameter, "name");
        assert!(is_snake_case(name) || text(parameter, "in") == "header", "{place} {name}");
    }
    for operation in Operation::all() {
        let segments = operation.path.split('/').skip(1);
        let kebab = |segment: &str| segment.starts_with('.') || is_snake_case(&segment.replace(['-', '.'], "_"));
        let braced = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
        assert!(segments.clone().all(|segment| kebab(segment) || braced(segment)), "{}", operation.path);
    }
}

#[test]
fn nothing_but_a_merge_patch_takes_or_gives_null() {
    let null = |schema: &Value| {
        is(schema, "null") || schema.get("enum").and_then(Value::as_array).is_some_and(|of| of.contains(&Value::Null))
    };
    let in_update = |place: &str| place.split('/').nth(3).is_some_and(|name| name.ends_with("Update"));
    let found: Vec<String> =
        schemas().into_iter().filter(|(place, schema)| null(schema) && !in_update(place)).map(|(place, _)| place).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What a schema of the document has against a value. A schema is made ready once, since many operations answer alike.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    static READY: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);
    let mut ready = READY.lock().unwrap();
    let validator = ready.entry(schema.to_string()).or_insert_with(|| {
        let mut root = schema.as_object().cloned().unwrap_or_default();
        root.insert("components".to_owned(), DOCUMENT["components"].clone());
        jsonschema::draft202012::options().should_validate_formats(true).build(&Value::Object(root)).unwrap()
    });
    validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

/// Every parameter, and where it stands.
fn parameters() -> Vec<(String, &'static Value)> {
    let shared = members(&DOCUMENT, "/components/parameters").map(|(name, parameter)| (name.to_owned(), parameter));
    let own = Operation::all().into_iter().flat_map(|operation| {
        let parameters = operation.value.get("parameters").and_then(Value::as_array).into_iter().flatten();
        parameters.map(move |parameter| (operation.id.to_owned(), resolved(parameter)))
    });
    shared.chain(own).collect()
}

/// Every schema, those inside of others too, and where it stands.
fn schemas() -> Vec<(String, &'static Value)> {
    let mut found = Vec::new();
    for (name, schema) in members(&DOCUMENT, "/components/schemas") {
        collect(format!("/components/schemas/{name}"), schema, &mut found);
    }
    for (name, header) in members(&DOCUMENT, "/components/headers") {
        collect(format!("/components/headers/{name}"), &header["schema"], &mut found);
    }
    for (place, parameter) in parameters() {
        collect(format!("{place} {}", text(parameter, "name")), &parameter["schema"], &mut found);
    }
    found
}

fn collect(place: String, schema: &'static Value, found: &mut Vec<(String, &'static Value)>) {
    for (name, property) in members(schema, "/properties") {
        collect(format!("{place}/{name}"), property, found);
    }
    for keyword in ["items", "additionalProperties", "propertyNames"] {
        if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
            collect(format!("{place}/{keyword}"), inner, found);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for inner in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            collect(format!("{place}/{keyword}"), inner, found);
        }
    }
    found.push((place, schema));
}

/// Whether a schema names this type.
fn is(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        one => one.is_some_and(|one| one == name),
    }
}

fn is_snake_case(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.split('_').all(part)
}
