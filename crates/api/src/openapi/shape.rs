//! What every schema says, though its type in the code did not: bounds, forms, one object for each name.
//!
//! What always holds afterwards: no object is put together from parts; nothing but a merge patch holds null; a text without a form
//! of its own holds no control characters, as the domain has it. Left out on purpose: the length of a text, which only its type can
//! know.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value adds what is missing, and the document is made once, under test"
)]

use cohortium_domain::text::NO_CONTROLS;
use serde_json::{Map, Value, json};

/// The greatest integer that every client reads exactly (RFC 8259, section 6).
const GREATEST: i64 = 9_007_199_254_740_991;
const UUID_LENGTH: u64 = 36;
const DATE_LENGTH: u64 = 10;
const LONGEST_WORD: u64 = 80;

/// Gives the document's schemas their shape.
pub(super) fn shape(document: &mut Value) {
    inline_texts(document);
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for (name, schema) in members(&mut document["components"]["schemas"]) {
        join_parts(schema, &schemas);
        if !name.ends_with("Update") {
            schema.get_mut("properties").into_iter().flat_map(members).for_each(|(_, property)| refuse_null(property));
        }
    }
    bound(document);
}

/// The members of an object, to be changed.
pub(super) fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Bounded strings and bare numbers are written where they are used: a name for each pair of bounds would tell nobody anything.
fn inline_texts(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let texts: Map<String, Value> = schemas.into_iter().filter(|(name, _)| is_text(name)).collect();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| !is_text(name));
    }
    replace_references(document, &texts);
}

fn is_text(name: &str) -> bool {
    let text = name.strip_prefix("Text").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    text || name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn replace_references(value: &mut Value, texts: &Map<String, Value>) {
    match value {
        Value::Object(object) => {
            let name =
                object.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            if let Some(Value::Object(text)) = name.and_then(|name| texts.get(name)) {
                object.remove("$ref");
                for (key, member) in text {
                    object.entry(key).or_insert_with(|| member.clone());
                }
            }
            object.values_mut().for_each(|member| replace_references(member, texts));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_references(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A type that takes in another one's members is one object, not a combination: clients get one type of it.
fn join_parts(schema: &mut Value, schemas: &Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf")) else { return };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in &parts {
        let name = part.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let part = schemas.get(name).unwrap_or(part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    schema["type"] = json!("object");
    schema["properties"] = Value::Object(properties);
    schema["required"] = Value::Array(required);
}

/// A response never holds null, and a request only where a merge patch clears something.
pub(super) fn refuse_null(property: &mut Value) {
    if let Some(several) = property.get_mut("type").and_then(Value::as_array_mut) {
        several.retain(|name| name != "null");
        if let [only] = several.as_slice() {
            property["type"] = only.clone();
        }
    }
    let options = property.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let kept: Vec<Value> = options.into_iter().filter(|option| option != &json!({ "type": "null" })).collect();
    if let ([Value::Object(only)], Some(object)) = (kept.as_slice(), property.as_object_mut()) {
        object.remove("oneOf");
        for (name, member) in only {
            object.entry(name).or_insert_with(|| member.clone());
        }
    }
}

/// Goes through all schemas, and gives bounds where the type leaves no doubt about them.
fn bound(value: &mut Value) {
    match value {
        Value::Object(schema) => {
            if says_type(schema, "string") {
                bound_string(schema);
            }
            if says_type(schema, "array") {
                bound_items(schema);
            }
            if says_type(schema, "object") {
                bound_map(schema);
            }
            schema.values_mut().for_each(bound);
        }
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn says_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn bound_string(schema: &mut Map<String, Value>) {
    let length = match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => Some(UUID_LENGTH),
        Some("date") => Some(DATE_LENGTH),
        _ => None,
    };
    if let Some(length) = length {
        schema.insert("maxLength".to_owned(), json!(length));
    }
    let formed = ["format", "pattern", "enum", "const"].iter().any(|keyword| schema.contains_key(*keyword));
    if !formed {
        schema.insert("pattern".to_owned(), json!(NO_CONTROLS));
    }
}

/// A list of strings is one of words, unless its type says more.
fn bound_items(schema: &mut Map<String, Value>) {
    if let Some(Value::Object(items)) = schema.get_mut("items").filter(|items| items["type"] == "string") {
        let bounded = ["maxLength", "format", "enum", "const"].iter().any(|keyword| items.contains_key(*keyword));
        if !bounded {
            items.insert("maxLength".to_owned(), json!(LONGEST_WORD));
        }
    }
}

/// A map's keys are words, and its numbers are exact.
fn bound_map(schema: &mut Map<String, Value>) {
    if let Some(keys) = schema.get_mut("propertyNames").and_then(Value::as_object_mut) {
        keys.insert("maxLength".to_owned(), json!(LONGEST_WORD));
        keys.insert("pattern".to_owned(), json!("^[a-z][a-z0-9_]*$"));
    }
    if let Some(Value::Object(numbers)) = schema.get_mut("additionalProperties").filter(|values| values["type"] == "integer") {
        numbers.entry("minimum").or_insert(json!(-GREATEST));
        numbers.entry("maximum").or_insert(json!(GREATEST));
    }
}

/// The schema of an id.
pub(super) fn uuid_schema() -> Value {
    json!({ "type": "string", "format": "uuid", "maxLength": UUID_LENGTH })
}

/// Takes away what nothing refers to.
pub(super) fn prune(document: &mut Value) {
    loop {
        let text = document["paths"].to_string() + &document["components"].to_string();
        let mut removed = false;
        for kind in ["schemas", "responses", "headers", "parameters"] {
            let Some(components) = document["components"][kind].as_object_mut() else { continue };
            let before = components.len();
            components.retain(|name, _| text.contains(&format!("\"#/components/{kind}/{name}\"")));
            removed |= components.len() < before;
        }
        if !removed {
            return;
        }
    }
}
