//! What holds for all operations alike, written into the document in one pass.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value adds what is missing, and the document is made once, under test"
)]

use cohortium_domain::access::{Action, ClientScope, Who};
use cohortium_domain::words::Word;
use serde_json::{Map, Value, json};

use super::examples::example;
use crate::extract::LONGEST_KEY;
use crate::problem::{Code, MEDIA_TYPE};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Completes the document.
pub(super) fn polish(document: &mut Value) {
    inline_texts(document);
    only_updates_take_null(document);
    document["components"]["responses"] = responses();
    document["components"]["headers"] = headers();
    document["components"]["parameters"] = parameters();
    document["components"]["securitySchemes"] = security_schemes();
    let mut paths = document["paths"].take();
    for (template, methods) in members(&mut paths) {
        for (method, operation) in members(methods).filter(|(name, _)| METHODS.contains(&name.as_str())) {
            complete(document, template, method, operation);
        }
    }
    document["paths"] = paths;
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Bounded strings are written where they are used: a name for each pair of bounds would tell nobody anything.
fn inline_texts(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let texts: Map<String, Value> = schemas.into_iter().filter(|(name, _)| is_text(name)).collect();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| !is_text(name));
    }
    replace_references(document, &texts);
}

fn is_text(name: &str) -> bool {
    name.strip_prefix("Text").is_some_and(|rest| rest.chars().next().is_some_and(|c| c.is_ascii_digit()))
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

/// A response never holds null, and a request only where a merge patch clears something.
fn only_updates_take_null(document: &mut Value) {
    let schemas = members(&mut document["components"]["schemas"]);
    for (_, schema) in schemas.filter(|(name, _)| !name.ends_with("Update")) {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        properties.into_iter().flatten().for_each(|(_, property)| refuse_null(property));
    }
}

fn refuse_null(property: &mut Value) {
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

fn complete(document: &Value, template: &str, method: &str, operation: &mut Value) {
    let id = camel(operation["operationId"].as_str().unwrap_or_default());
    operation["operationId"] = json!(id);
    let Some(action) = Action::of_operation(&id) else { return };
    let said = operation["description"].as_str().unwrap_or_default().trim().to_owned();
    let who = action.only_for();
    operation["description"] = json!(format!("{said}\n\n**Who may call:** {}.", who.trim_start_matches("Only for ")).trim());
    operation["security"] = security(action);
    let takes_body = operation.get("requestBody").is_some();
    if method == "patch" {
        let content = operation["requestBody"]["content"]["application/json"].clone();
        operation["requestBody"]["content"]["application/merge-patch+json"] = content;
    }
    add_parameters(operation, template, method, action);
    add_examples(document, operation);
    for (status, response) in members(&mut operation["responses"]) {
        add_headers(action, method, status, response);
    }
    for status in problem_statuses(template, method, action, takes_body) {
        operation["responses"][status] = json!({ "$ref": format!("#/components/responses/Problem{status}") });
    }
}

fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let mut letters = part.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
        name + &head.chain(letters).collect::<String>()
    })
}

fn security(action: Action) -> Value {
    if action.public() {
        return json!([]);
    }
    let scopes: Vec<&str> = action.who().iter().copied().filter_map(client_scope).collect();
    let people = action.who().iter().any(|who| client_scope(*who).is_none());
    let mut ways = Vec::new();
    if people {
        ways.push(json!({ "bearer": [] }));
    }
    if !scopes.is_empty() {
        ways.push(json!({ "client": scopes }));
    }
    Value::Array(ways)
}

fn client_scope(who: Who) -> Option<&'static str> {
    if let Who::Client(scope) = who { Some(scope.as_str()) } else { None }
}

fn security_schemes() -> Value {
    let scopes: Map<String, Value> =
        ClientScope::ALL.iter().map(|scope| (scope.to_string(), json!(format!("`{scope}`")))).collect();
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of a person, from `POST /v1/auth/login` (RFC 6750, RFC 9068, RFC 8725)."
        },
        "client": {
            "type": "oauth2",
            "description": "The access token of an API client (RFC 6749).",
            "flows": { "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": scopes } }
        }
    })
}

fn add_parameters(operation: &mut Value, template: &str, method: &str, action: Action) {
    let mut references = Vec::new();
    if method == "post" && !action.public() {
        references.push("IdempotencyKey");
    }
    if matches!(method, "put" | "patch" | "delete") {
        references.push("IfMatch");
    }
    if method == "get" && template.contains('}') {
        references.push("IfNoneMatch");
    }
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.iter_mut().filter_map(|parameter| parameter.get_mut("schema")).for_each(refuse_null);
    parameters.extend(references.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
}

fn parameters() -> Value {
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes the request safe to repeat: within seven days a repeat with the same key gets the first answer, and has no second effect.",
            "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$" },
            "example": "7f1b3a52-0a53-4a0e-8c0c-2f9f5d0a9b11"
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true,
            "description": "The `ETag` that you read, or `*`. Only its version is compared (RFC 9110).",
            "schema": { "type": "string", "minLength": 1, "maxLength": 200 },
            "example": "\"3-9f86d081884c7d65\""
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` that you have: 304 when nothing has changed (RFC 9110).",
            "schema": { "type": "string", "minLength": 1, "maxLength": 2000 },
            "example": "\"3-9f86d081884c7d65\""
        }
    })
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string", "maxLength": 2000 }, "example": example });
    json!({
        "X-Request-Id": {
            "description": "Identifies the request in the logs; your own, where you sent a UUID.",
            "schema": { "type": "string", "format": "uuid", "maxLength": 36 },
            "example": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"
        },
        "ETag": text("The version and a digest of the body.", "\"3-9f86d081884c7d65\""),
        "Location": text("Where the new thing is.", "/v1/programs/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"),
        "Link": text("The next page (RFC 8288), where there is one.", "</v1/programs?cursor=abc>; rel=\"next\""),
        "WWW-Authenticate": text("How to sign in (RFC 6750).", "Bearer realm=\"cohortium\""),
        "Allow": text("The methods that the address knows.", "GET, POST"),
        "Retry-After": {
            "description": "How many seconds to wait before asking again.",
            "schema": { "type": "integer", "minimum": 0, "maximum": 86400 },
            "example": 2
        }
    })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn add_headers(action: Action, method: &str, status: &str, response: &mut Value) {
    response["headers"]["X-Request-Id"] = header("X-Request-Id");
    let has_body = response.get("content").is_some();
    if has_body && action.verb() != "list" {
        response["headers"]["ETag"] = header("ETag");
    }
    if has_body && action.verb() == "list" && method == "get" {
        response["headers"]["Link"] = header("Link");
    }
    if status == "201" {
        response["headers"]["Location"] = header("Location");
    }
}

fn add_examples(document: &Value, operation: &mut Value) {
    let bodies = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
    bodies.into_iter().flatten().for_each(|(_, media)| give_example(document, media));
    for (_, response) in members(&mut operation["responses"]) {
        let bodies = response.get_mut("content").and_then(Value::as_object_mut);
        bodies.into_iter().flatten().for_each(|(_, media)| give_example(document, media));
    }
}

fn give_example(document: &Value, media: &mut Value) {
    if media.get("example").is_none() && media.get("examples").is_none() {
        media["example"] = example(document, &media["schema"].clone());
    }
}

fn problem_statuses(template: &str, method: &str, action: Action, takes_body: bool) -> Vec<&'static str> {
    let mut statuses = vec!["400", "429", "500", "503"];
    if !action.public() {
        statuses.extend(["401", "403"]);
    } else if action == Action::Login {
        statuses.push("401");
    }
    if template.contains('}') {
        statuses.push("404");
    }
    if takes_body {
        statuses.extend(["413", "415", "422"]);
    }
    if method != "get" && action != Action::Login {
        statuses.extend(["409", "422"]);
    }
    if matches!(method, "put" | "patch" | "delete") {
        statuses.extend(["412", "428"]);
    } else if method == "post" && !action.public() {
        statuses.push("412");
    }
    if method == "get" && template.contains('}') {
        statuses.push("304");
    }
    statuses
}

fn responses() -> Value {
    let mut responses = Map::new();
    for code in Code::ALL {
        let name = format!("Problem{}", code.status());
        let entry = responses.entry(name).or_insert_with(|| problem_response(*code));
        let description = entry["description"].as_str().unwrap_or_default().to_owned();
        entry["description"] = json!(format!("{description}\n- `{code}`: {}", code.title()).trim());
    }
    responses.insert(
        "Problem304".to_owned(),
        json!({ "description": "Nothing has changed.", "headers": { "X-Request-Id": header("X-Request-Id"), "ETag": header("ETag") } }),
    );
    Value::Object(responses)
}

fn problem_response(code: Code) -> Value {
    let mut headers = json!({ "X-Request-Id": header("X-Request-Id") });
    match code.status() {
        401 => headers["WWW-Authenticate"] = header("WWW-Authenticate"),
        405 => headers["Allow"] = header("Allow"),
        429 | 503 => headers["Retry-After"] = header("Retry-After"),
        _ => {}
    }
    let example = json!({
        "type": format!("https://cohortium.dev/problems/{}", code.as_str().replace('_', "-")),
        "title": code.title(),
        "status": code.status(),
        "code": code.as_str(),
        "instance": "urn:uuid:0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"
    });
    let content = json!({ MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" }, "example": example } });
    json!({ "description": "", "headers": headers, "content": content })
}
