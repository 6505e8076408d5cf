//! Examples, made from the schemas: each member's own example where it has one, else the plainest value that its schema allows.

use serde_json::{Map, Value, json};

/// An example of a schema.
pub(super) fn example(document: &Value, schema: &Value) -> Value {
    if let Some(given) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
        return given.clone();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return document.pointer(reference.trim_start_matches('#')).map_or(Value::Null, |target| example(document, target));
    }
    for combination in ["oneOf", "anyOf"] {
        if let Some(first) = schema.get(combination).and_then(Value::as_array).and_then(|options| options.iter().find(|option| !is_null(option))) {
            return example(document, first);
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(parts.iter().map(|part| example(document, part)));
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    match type_of(schema) {
        Some("object") => object(document, schema),
        Some("array") => Value::Array(schema.get("items").map(|items| vec![example(document, items)]).unwrap_or_default()),
        Some("string") => string(schema),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => json!({}),
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn object(document: &Value, schema: &Value) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    Value::Object(properties.iter().map(|(name, property)| (name.clone(), example(document, property))).collect())
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let members = parts.filter_map(|part| part.as_object().cloned());
    Value::Object(members.fold(Map::new(), |mut all, part| {
        all.extend(part);
        all
    }))
}

fn string(schema: &Value) -> Value {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => json!("0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"),
        Some("date-time") => json!("2019-10-17T04:00:00.000Z"),
        Some("date") => json!("2019-10-17"),
        Some("email") => json!("ana.ruiz@example.org"),
        Some("uri") => json!("https://example.org/communities"),
        Some("hostname") => json!("example.org"),
        _ => {
            let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
            json!("text".repeat(usize::try_from(least / 4 + 1).unwrap_or(1)))
        }
    }
}
