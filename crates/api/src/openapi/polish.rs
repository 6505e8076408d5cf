//! What holds for all operations alike, written into the document in one pass.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value adds what is missing, and the document is made once, under test"
)]

use cohortium_domain::access::{Action, ClientScope};
use cohortium_domain::words::Word;
use serde_json::{Map, Value, json};

use super::examples::example;
use super::shape::{members, prune, refuse_null, shape, uuid_schema};
use crate::config::LONGEST_HEADER;
use crate::extract::{LONGEST_KEY, takes_key};
use crate::problem::oauth::OAuthErrorCode;
use crate::problem::{Code, MEDIA_TYPE};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The parts of the document, in the order in which they are shown; those without an operation are left out.
const TAGS: &[(&str, &str)] = &[
    ("Catalog", "What a coalition offers, for everybody: its programs, their timelines and the cohorts that one can join."),
    ("Access", "Signing in, oneself, and the coalition's settings."),
    ("Members", "Organizations, people and their employments, which the coalition's CRM may own."),
    (
        "Programs",
        "A year of communities of practice: its dates, its form, its commitments, what must be verified and what is paid.",
    ),
    ("Clock", "What time it is in the coalition; in a sandbox, moved by hand."),
    ("Proposals", "The call for proposals: from a draft to a confirmed offering."),
    ("Reviews", "How proposals are judged: the rubric, who reviews what, the reviews, and the ranking that comes of them."),
    ("Cohorts", "The groups, who belongs to them, and who may join."),
    ("Applications", "How a person joins a cohort, with seats and a waitlist."),
    ("Files", "What people upload to answer an application form with."),
    ("Enrollments", "Who has joined."),
    ("Verifications", "That people work where they say."),
    ("Sessions", "When a cohort meets."),
    ("Stipends", "What those who lead a cohort are paid, in which installments, and whether they were."),
    ("Oversight", "What happened: the change feed, the journal and its seals, and the state machines."),
    ("Operation", "For whoever runs the server."),
];

/// Completes the document.
pub(super) fn polish(document: &mut Value) {
    shape(document);
    document["servers"][0]["x-internal"] = json!(false);
    document["components"]["responses"] = responses();
    document["components"]["headers"] = headers();
    document["components"]["parameters"] = parameters();
    document["components"]["securitySchemes"] = security_schemes(document);
    let mut paths = document["paths"].take();
    for (template, methods) in members(&mut paths) {
        for (method, operation) in members(methods).filter(|(name, _)| METHODS.contains(&name.as_str())) {
            complete(document, template, method, operation);
        }
    }
    document["paths"] = paths;
    prune(document);
    document["tags"] = tags(document);
}

fn complete(document: &Value, template: &str, method: &str, operation: &mut Value) {
    let id = camel(operation["operationId"].as_str().unwrap_or_default());
    operation["operationId"] = json!(id);
    let Some(action) = Action::of_operation(&id) else { return };
    let said = operation["description"].as_str().unwrap_or_default().trim().to_owned();
    let who = action.only_for();
    let fresh = match (action.needs_fresh_sign_in(), action.needs_sign_in_here()) {
        (false, _) => String::new(),
        (true, false) => format!("{FRESH} At an outside issuer, `auth_time` tells it."),
        (true, true) => format!("{FRESH} A sign-in at an outside issuer does not count for it."),
    };
    operation["description"] = json!(format!("{said}\n\n**Who may call:** {}.{fresh}", who.trim_start_matches("Only for ")).trim());
    operation["security"] = security(action);
    let takes_body = operation.get("requestBody").is_some();
    if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
        // A body that can be left out is absent, not null.
        refuse_null(schema);
    }
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
    if template.starts_with(TOKEN_ENDPOINTS) {
        for status in ["400", "401"] {
            operation["responses"][status] = json!({ "$ref": format!("#/components/responses/OAuthError{status}") });
        }
    }
}

/// What is said of an operation that needs a fresh sign-in.
const FRESH: &str = "\n\n**Needs** that one has shown in the last 15 minutes who one is: `POST /v1/auth/step-up`.";

fn tags(document: &Value) -> Value {
    let text = document["paths"].to_string();
    let used = TAGS.iter().filter(|(name, _)| text.contains(&format!("\"tags\":[\"{name}\"]")));
    used.map(|(name, description)| json!({ "name": name, "description": description })).collect()
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
    // Open to everybody at the gate, since they find out by themselves who calls.
    if action == Action::IssueToken {
        return json!([{ "client_secret": [] }]);
    }
    if action == Action::RevokeToken {
        return json!([{ "client_secret": [] }, {}]);
    }
    if action.public() {
        return json!([]);
    }
    let scopes: Vec<&str> = action.client_scopes().map(Word::as_str).collect();
    let people = scopes.len() < action.who().len();
    let mut ways = Vec::new();
    if people {
        ways.push(json!({ "bearer": [] }));
    }
    if !scopes.is_empty() {
        ways.push(json!({ "client": scopes }));
    }
    Value::Array(ways)
}

fn security_schemes(document: &Value) -> Value {
    let said = document["components"]["schemas"]["ClientScope"]["description"].as_str().unwrap_or_default();
    let meaning =
        |scope: &ClientScope| said.lines().find_map(|line| line.strip_prefix(&format!("- `{scope}`: "))).unwrap_or_default();
    let scopes: Map<String, Value> = ClientScope::ALL.iter().map(|scope| (scope.to_string(), json!(meaning(scope)))).collect();
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of a person, from `POST /v1/auth/login` (RFC6750, RFC9068, RFC8725)."
        },
        "client": {
            "type": "oauth2",
            "description": "The access token of an API client (RFC6749, RFC9068, RFC8725).",
            "flows": { "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": scopes } }
        },
        "client_secret": {
            "type": "http", "scheme": "basic",
            "description": "The id of an API client and one of its secrets, for the token endpoints alone (RFC6749, RFC7617)."
        }
    })
}

/// Operations on oneself that signing in consists of: what they do to things stands in no conflict.
const ONCE_ANYWAY: &str = "/v1/auth/";
/// The token endpoints, whose forms and refusals are as OAuth has them.
const TOKEN_ENDPOINTS: &str = "/oauth/";

/// Whether an operation needs to be told which version it changes. What is only made and ended has none.
fn needs_version(method: &str, action: Action) -> bool {
    matches!(method, "put" | "patch" | "delete") && !WITHOUT_VERSION.contains(&action)
}

/// What changes or ends a thing that has no version.
const WITHOUT_VERSION: &[Action] = &[
    Action::EndMySignIn,
    Action::EndSignIns,
    Action::ChangePassword,
    Action::AddGrant,
    Action::RemoveGrant,
    Action::RevokeClientSecret,
    Action::RemoveTotp,
    Action::TakeSecondFactor,
    Action::UnlinkMyIdentity,
    Action::SetClock,
];

fn add_parameters(operation: &mut Value, template: &str, method: &str, action: Action) {
    let mut references = Vec::new();
    if method == "post" && !action.public() && takes_key(template) {
        references.push("IdempotencyKey");
    }
    if needs_version(method, action) {
        references.push("IfMatch");
    }
    if method == "get" && template.contains('}') {
        references.push("IfNoneMatch");
    }
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let told = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let missing: Vec<Value> = path_parameters(template).filter(|(name, _)| !told(name)).map(|(_, parameter)| parameter).collect();
    parameters.splice(0..0, missing);
    parameters.iter_mut().filter_map(|parameter| parameter.get_mut("schema")).for_each(refuse_null);
    parameters.extend(references.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
}

/// The parameters of an address, by name: ids, and slugs.
fn path_parameters(template: &str) -> impl Iterator<Item = (&str, Value)> {
    let names = template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    names.map(|name| {
        let (description, schema) = match name.strip_suffix("_id") {
            Some(noun) => (format!("The id of the {}.", noun.replace('_', " ")), uuid_schema()),
            None if name == "slug" => ("The slug.".to_owned(), json!({ "$ref": "#/components/schemas/Slug" })),
            None => (format!("The slug of the {name}."), json!({ "$ref": "#/components/schemas/Slug" })),
        };
        (name, json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }))
    })
}

/// The form of an ETag.
const ETAG: &str = "^\"[0-9]+-[0-9A-Za-z_-]{16}\"$";
/// The form of what If-Match takes: ETags, strong or weak, or any.
const ETAGS: &str = "^(\\*|(W/)?\"[^\"]*\"(, *(W/)?\"[^\"]*\")*)$";

/// The form of what If-None-Match takes, which is that of any header (RFC 9110, 5.5): what is no ETag names no copy that anybody
/// has.
const ANY_TEXT: &str = "^[^\\x00-\\x08\\x0A-\\x1F\\x7F]*$";

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
            "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": ETAGS },
            "example": "\"3-9f86d081884c7d65\""
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` that you have: 304 when nothing has changed (RFC 9110).",
            "schema": { "type": "string", "maxLength": LONGEST_HEADER, "pattern": ANY_TEXT },
            "example": "\"3-9f86d081884c7d65\""
        }
    })
}

fn headers() -> Value {
    let text = |description: &str, pattern: &str, example: &str| {
        let schema = json!({ "type": "string", "maxLength": 2000, "pattern": pattern });
        json!({ "description": description, "schema": schema, "example": example })
    };
    json!({
        "X-Request-Id": {
            "description": "Identifies the request in the logs; your own, where you sent a UUID.",
            "schema": { "type": "string", "format": "uuid", "maxLength": 36 },
            "example": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"
        },
        "ETag": text("The version and a digest of the body.", ETAG, "\"3-9f86d081884c7d65\""),
        "Location": text("Where the new thing is.", "^/", "/v1/programs/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"),
        "Link": text("The next page (RFC 8288), where there is one.", "^<[^>]*>; rel=", "</v1/programs?cursor=abc>; rel=\"next\""),
        "WWW-Authenticate": text("How to sign in, or which scope is missing (RFC 6750).", "^Bearer ", "Bearer realm=\"cohortium\""),
        "WWW-Authenticate-Basic": text("How a client shows who it is (RFC 7617).", "^Basic ", "Basic realm=\"cohortium\", charset=\"UTF-8\""),
        "RateLimit": text("How many requests are left, and for how many seconds.", "^\"[a-z]+\";r=[0-9]+;t=[0-9]+$", "\"default\";r=599;t=60"),
        "RateLimit-Policy": text("How many requests are allowed, in how many seconds.", "^\"[a-z]+\";q=[0-9]+;w=[0-9]+$", "\"default\";q=600;w=60"),
        "Retry-After": {
            "description": "How many seconds to wait before asking again.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 86400 },
            "example": 2
        }
    })
}

fn headers_of_every_answer() -> Value {
    ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
        .iter()
        .map(|name| ((*name).to_owned(), header(name)))
        .collect::<Map<_, _>>()
        .into()
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn add_headers(action: Action, method: &str, status: &str, response: &mut Value) {
    response["headers"] = headers_of_every_answer();
    let has_body = response.get("content").is_some();
    // Of the lists only the catalog's is asked for so often.
    if has_body && (!matches!(action.verb(), "list" | "issue") || action == Action::ListCatalogCohorts) {
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
    let mut statuses = vec!["400", "414", "429", "431", "500", "503"];
    if template.starts_with(TOKEN_ENDPOINTS) {
        return statuses;
    }
    if !action.public() {
        statuses.extend(["401", "403"]);
    } else if matches!(action, Action::Login | Action::RefreshTokens) {
        statuses.push("401");
    }
    // The address may be somebody's by now; and a program without a call has nothing to rank or release.
    if matches!(action, Action::ConfirmEmail | Action::GetRanking | Action::PreviewRelease) {
        statuses.push("409");
    }
    if template.contains('}') || action == Action::RemoveTotp {
        statuses.push("404");
    }
    // The server's secret may have been changed, and no code can be checked.
    if matches!(action, Action::Login | Action::StepUp) {
        statuses.push("409");
    }
    if takes_body {
        statuses.extend(["408", "413", "415", "422"]);
    }
    if method != "get" && !template.starts_with(ONCE_ANYWAY) {
        statuses.extend(["409", "422"]);
    }
    if needs_version(method, action) {
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
    responses
        .insert("Problem304".to_owned(), json!({ "description": "Nothing has changed.", "headers": headers_of_every_answer() }));
    responses["Problem304"]["headers"]["ETag"] = header("ETag");
    for code in OAuthErrorCode::ALL {
        let status = code.status();
        let entry = responses.entry(format!("OAuthError{}", status.as_u16())).or_insert_with(|| oauth_response(*code));
        let description = entry["description"].as_str().unwrap_or_default().to_owned();
        entry["description"] = json!(format!("{description}\n- `{code}`").trim());
    }
    Value::Object(responses)
}

fn oauth_response(code: OAuthErrorCode) -> Value {
    let mut headers = headers_of_every_answer();
    if code == OAuthErrorCode::InvalidClient {
        headers["WWW-Authenticate"] = header("WWW-Authenticate-Basic");
    }
    let example = json!({ "error": code, "error_description": "What would help" });
    let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/OAuthError" }, "example": example } });
    json!({ "description": "", "headers": headers, "content": content })
}

fn problem_response(code: Code) -> Value {
    let mut headers = headers_of_every_answer();
    match code.status() {
        401 | 403 => headers["WWW-Authenticate"] = header("WWW-Authenticate"),
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
