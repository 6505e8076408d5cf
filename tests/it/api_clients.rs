//! API clients: how owners keep them, how they get their tokens, and what those are good for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cohortium_domain::access::{ClientScope, Grant};
use cohortium_domain::ids::CoalitionId;
use cohortium_store::Environment;
use cohortium_tests::api::{Answer, Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases! {
    a_client_gets_a_token_by_its_secret,
    a_secret_is_taken_from_basic_authentication_alone,
    what_is_wrong_with_a_client_is_answered_alike,
    a_form_that_is_not_as_oauth_has_it_is_refused,
    a_token_is_for_scopes_that_the_client_has,
    a_missing_scope_is_named,
    a_secret_is_shown_once,
    a_client_has_two_secrets_however_many_are_added_at_once,
    a_secret_is_replaced_without_a_gap,
    a_scope_that_is_taken_away_is_taken_from_tokens_too,
    a_revoked_client_is_gone_with_all_it_had,
    a_sandbox_that_is_reset_knows_its_clients_no_more,
    clients_are_the_owners_and_need_a_fresh_sign_in,
    a_change_of_a_client_is_held_to_its_version,
    clients_are_listed_by_name,
    a_client_revokes_its_own_tokens_and_no_others,
    whoever_holds_a_refresh_token_can_revoke_it,
    the_metadata_tells_where_tokens_are_had,
    old_tokens_are_forgotten,
    a_client_is_given_so_many_tokens,
}

struct Crm {
    id: String,
    secret: String,
}

impl Crm {
    fn of(made: &Value) -> Self {
        Self { id: text(made, "id").to_owned(), secret: text(made, "client_secret").to_owned() }
    }

    fn path(&self) -> String {
        format!("/v1/api-clients/{}", self.id)
    }

    fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }

    async fn token(&self, api: &Api, form: &str) -> Answer {
        send(api, "/oauth/token", Some(&self.basic()), form).await
    }

    async fn session<'a>(&self, api: &'a Api) -> Session<'a> {
        api.bearer(text(&self.token(api, CREDENTIALS).await.expect(200), "access_token"))
    }
}

const CREDENTIALS: &str = "grant_type=client_credentials";

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}"))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

async fn send(api: &Api, path: &str, authorization: Option<&str>, form: &str) -> Answer {
    let call = api.anonymous().request(Method::POST, path).form(form);
    authorization.into_iter().fold(call, |call, value| call.header("authorization", value)).send().await
}

/// The code of a refusal as OAuth has it.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> &str {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/json"), "{}", answer.text);
    assert_eq!(answer.header("www-authenticate").starts_with("Basic "), status == 401);
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = text(&answer.body, "error_description");
    assert!(said.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'), "{said}");
    text(&answer.body, "error")
}

async fn owner(api: &Api) -> (CoalitionId, Session<'_>) {
    let coalition = api.coalition("dcsc").await;
    (coalition, api.person(coalition, "Ada", &[Grant::Owner]).await)
}

async fn crm(owner: &Session<'_>) -> Crm {
    let wish = json!({"name": "CRM", "scopes": ["members:read", "events:read"]});
    Crm::of(&owner.post("/v1/api-clients", wish).await.expect(201))
}

async fn a_client_gets_a_token_by_its_secret(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    assert!(crm.secret.starts_with("coh_cs_") && crm.secret.len() == 50);
    let before = api.entries(coalition).await;
    let given = crm.token(&api, "grant_type=client_credentials&scope=members:read&resource=ignored").await;
    assert_eq!((given.header("cache-control"), given.header("pragma")), ("no-store", "no-cache"));
    let given = given.expect(200);
    assert_eq!(api.entries(coalition).await, before, "the journal would be full of it");
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!((&given["scope"], given.get("refresh_token")), (&json!("members:read"), None));
    let claims = claims(text(&given, "access_token"));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(crm.id), &json!(crm.id)));
    assert_eq!((&claims["scope"], claims.get("sid")), (&json!("members:read"), None));
    let session = api.bearer(text(&given, "access_token"));
    let _ = session.get("/v1/people").await.expect(200);
    api.environment().set(at("2019-11-20T12:10:30Z"));
    assert_eq!(session.get("/v1/people").await.problem(401), "token_expired");
    let used = owner_again(&api, coalition, &owner).await.get(&crm.path()).await.expect(200);
    assert_eq!(used["secrets"][0]["last_used_at"], "2019-11-20T12:00:00.000Z");
}

fn claims(token: &str) -> Value {
    let encoded = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

/// The same owner, signed in just now.
async fn owner_again<'a>(api: &'a Api, coalition: CoalitionId, owner: &Session<'_>) -> Session<'a> {
    api.sign_in(coalition, owner.person_id()).await
}

async fn a_secret_is_taken_from_basic_authentication_alone(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let in_body = format!("{CREDENTIALS}&client_id={}&client_secret={}", crm.id, crm.secret);
    assert_eq!(refused(&send(&api, "/oauth/token", None, &in_body).await, 400), "invalid_request");
    assert_eq!(refused(&crm.token(&api, &in_body).await, 400), "invalid_request", "not even when it is right in both places");
    let in_query = format!("/oauth/token?client_secret={}", crm.secret);
    assert_eq!(refused(&send(&api, &in_query, Some(&crm.basic()), CREDENTIALS).await, 400), "invalid_request");
    let encoded = basic(&crm.id.replace('-', "%2D"), &crm.secret.replace('_', "%5F"));
    let _ = send(&api, "/oauth/token", Some(&encoded), CREDENTIALS).await.expect(200);
}

async fn what_is_wrong_with_a_client_is_answered_alike(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let (first, second) = (crm(&owner).await, crm(&owner).await);
    let nobody = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
    let mut bodies = Vec::new();
    for wrong in [
        None,
        Some(basic(&first.id, "coh_cs_guessed")),
        Some(basic(&first.id, &second.secret)),
        Some(basic(&first.id, "")),
        Some(basic(nobody, &first.secret)),
        Some(basic("crm", &first.secret)),
        Some(format!("Bearer {}", owner.token())),
        Some("Basic %".to_owned()),
    ] {
        let answer = send(&api, "/oauth/token", wrong.as_deref(), CREDENTIALS).await;
        assert_eq!(refused(&answer, 401), "invalid_client", "{wrong:?}");
        bodies.push(answer.body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

async fn a_form_that_is_not_as_oauth_has_it_is_refused(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    for (form, expected) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=password&username=ada&password=secret", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=1", "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=coh_rt_1", "unsupported_grant_type"),
    ] {
        assert_eq!(refused(&crm.token(&api, form).await, 400), expected, "{form}");
    }
    let call = |kind: &str, body: Vec<u8>| {
        let call = api.anonymous().request(Method::POST, "/oauth/token").header("authorization", &crm.basic());
        call.header("content-type", kind).body(body).send()
    };
    let form = "application/x-www-form-urlencoded";
    let wrong: [(&str, Vec<u8>); 4] = [
        ("application/json", b"{}".into()),
        ("text/plain", CREDENTIALS.into()),
        (form, b"\xff".into()),
        (form, vec![b'a'; 300_000]),
    ];
    for (kind, body) in wrong {
        assert_eq!(refused(&call(kind, body).await, 400), "invalid_request", "{kind}");
    }
    let _ = call("Application/X-WWW-Form-Urlencoded; charset=utf-8", CREDENTIALS.into()).await.expect(200);
    assert_eq!(api.anonymous().get("/oauth/token").await.problem(405), "method_not_allowed");
}

async fn a_token_is_for_scopes_that_the_client_has(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let all = crm.token(&api, "grant_type=client_credentials&scope=").await.expect(200);
    assert_eq!(all["scope"], "members:read events:read");
    for more in ["members:write", "members:read+members:write", "everything"] {
        let form = format!("{CREDENTIALS}&scope={more}");
        assert_eq!(refused(&crm.token(&api, &form).await, 400), "invalid_scope", "{more}");
    }
    let events = crm.token(&api, "grant_type=client_credentials&scope=events:read").await.expect(200);
    let events = api.bearer(text(&events, "access_token"));
    let _ = events.get("/v1/events").await.expect(200);
    assert_eq!(events.get("/v1/people").await.problem(403), "insufficient_scope", "the client has it, the token has not");
}

async fn a_missing_scope_is_named(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, _) = owner(&api).await;
    let reader = api.client(coalition, &[ClientScope::MembersRead]).await;
    let before = api.entries(coalition).await;
    let missing = reader.post("/v1/people", json!({})).await;
    assert_eq!(missing.problem(403), "insufficient_scope");
    let challenge = "Bearer realm=\"cohortium\", error=\"insufficient_scope\", scope=\"members:write\"";
    assert_eq!(missing.header("www-authenticate"), challenge);
    for path in ["/v1/me", "/v1/journal", "/v1/api-clients"] {
        let never = reader.get(path).await;
        assert_eq!(
            (never.problem(403), never.header("www-authenticate")),
            ("permission_denied", ""),
            "no scope would help: {path}"
        );
    }
    assert_eq!(reader.act("/v1/auth/logout").await.problem(403), "permission_denied");
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_secret_is_shown_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let wish = json!({"name": "CRM", "scopes": ["members:read"]});
    let make = || owner.request(Method::POST, "/v1/api-clients").header("idempotency-key", "k").json(&wish).send();
    let made = make().await;
    let (path, before) = (made.header("location").to_owned(), api.entries(coalition).await);
    let crm = Crm::of(&made.expect(201));
    let again = make().await;
    assert_eq!(again.problem(409), "secret_shown_before");
    assert!(text(&again.body, "detail").contains(&path) && !again.text.contains("coh_cs_"), "{}", again.text);
    let add = || owner.request(Method::POST, &format!("{path}/secrets")).header("idempotency-key", "k").send();
    let second = add().await.expect(201);
    assert_eq!(add().await.problem(409), "secret_shown_before");
    assert_eq!(api.entries(coalition).await, before + 1, "one secret was added");
    for read in [owner.get(&path).await, owner.get("/v1/api-clients").await, owner.get("/v1/journal").await] {
        assert!(read.status == 200 && !read.text.contains("coh_cs_"), "{}", read.text);
    }
    let kept = database.texts("SELECT COALESCE(CAST(body AS TEXT), 'nothing') FROM idempotency_keys").await;
    assert_eq!(kept, ["nothing", "nothing"]);
    assert_ne!(text(&second, "client_secret"), crm.secret);
}

async fn a_client_has_two_secrets_however_many_are_added_at_once(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let path = format!("{}/secrets", crm.path());
    let before = api.entries(coalition).await;
    // So that each has a connection of its own to the database when it counts.
    let _ = futures_util::future::join_all((0..16).map(|_| owner.get("/v1/api-clients"))).await;
    let answers = futures_util::future::join_all((0..16).map(|_| owner.act(&path))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(409), "not_ready");
        assert!(text(&answer.body, "detail").contains("revoke"), "{}", answer.text);
    }
    assert_eq!(api.entries(coalition).await, before + 1);
    let read = owner.get(&crm.path()).await.expect(200);
    assert_eq!((read["secrets"].as_array().unwrap().len(), &read["allowed_actions"]), (2, &json!(["update", "revoke"])));
}

async fn a_secret_is_replaced_without_a_gap(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let old = crm(&owner).await;
    let with_old = old.session(&api).await;
    let added = owner.act(&format!("{}/secrets", old.path())).await.expect(201);
    let new = Crm { id: old.id.clone(), secret: text(&added, "client_secret").to_owned() };
    let with_new = new.session(&api).await;
    let _ = with_old.get("/v1/people").await.expect(200);

    let read = owner.get(&old.path()).await.expect(200);
    let secrets = format!("{}/secrets", old.path());
    let first = read["secrets"].as_array().unwrap().iter().find(|secret| secret["id"] != added["id"]).unwrap();
    let other = crm(&owner).await;
    let elsewhere = format!("{}/secrets/{}", other.path(), text(first, "id"));
    assert_eq!(owner.delete(&elsewhere).await.problem(404), "not_found", "it is another client's");
    let revoke = || owner.request(Method::DELETE, &format!("{secrets}/{}", text(first, "id"))).send();
    assert_eq!(revoke().await.status, 204);
    assert_eq!(revoke().await.problem(404), "not_found");

    assert_eq!(refused(&old.token(&api, CREDENTIALS).await, 401), "invalid_client");
    assert_eq!(with_old.get("/v1/people").await.problem(401), "token_invalid", "what was given for it is revoked with it");
    let _ = with_new.get("/v1/people").await.expect(200);
    let _ = owner.act(&secrets).await.expect(201);
}

async fn a_scope_that_is_taken_away_is_taken_from_tokens_too(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let session = crm.session(&api).await;
    let _ = session.get("/v1/people").await.expect(200);
    let changed = owner.patch(&crm.path(), json!({"scopes": ["events:read", "members:write"]})).await.expect(200);
    assert_eq!(changed["scopes"], json!(["members:write", "events:read"]));
    assert_eq!(session.get("/v1/people").await.problem(403), "insufficient_scope");
    let _ = session.get("/v1/events").await.expect(200);
    assert_eq!(session.post("/v1/people", json!({})).await.problem(403), "insufficient_scope", "a new scope is for new tokens");
}

async fn a_revoked_client_is_gone_with_all_it_had(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let session = crm.session(&api).await;
    let _ = session.get("/v1/people").await.expect(200);
    assert_eq!(owner.request(Method::DELETE, &crm.path()).send().await.problem(428), "precondition_required");
    let _ = session.get("/v1/people").await.expect(200);
    assert_eq!(owner.delete(&crm.path()).await.status, 204);
    assert_eq!(session.get("/v1/people").await.problem(401), "token_invalid");
    assert_eq!(refused(&crm.token(&api, CREDENTIALS).await, 401), "invalid_client");
    let before = api.entries(coalition).await;
    assert_eq!(owner.get(&crm.path()).await.problem(404), "not_found");
    assert_eq!(owner.delete(&crm.path()).await.problem(404), "not_found");
    assert_eq!(owner.patch(&crm.path(), json!({"name": "CRM"})).await.problem(404), "not_found");
    assert_eq!(owner.act(&format!("{}/secrets", crm.path())).await.problem(404), "not_found");
    assert_eq!(owner.get("/v1/api-clients").await.expect(200)["items"], json!([]));
    assert_eq!(api.entries(coalition).await, before);
    let told =
        owner.get("/v1/journal?type=api_client.created&type=api_client.secret_added&type=api_client.revoked").await.expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 3);
}

async fn a_sandbox_that_is_reset_knows_its_clients_no_more(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let session = crm.session(&api).await;
    let _ = session.get("/v1/people").await.expect(200);
    let _ = owner.act("/v1/sandbox/reset").await.expect(200);
    assert_eq!(session.get("/v1/people").await.problem(401), "token_invalid");
    assert_eq!(refused(&crm.token(&api, CREDENTIALS).await, 401), "invalid_client");
}

async fn clients_are_the_owners_and_need_a_fresh_sign_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let secret = owner.get(&crm.path()).await.expect(200)["secrets"][0]["id"].as_str().unwrap().to_owned();
    let before = api.entries(coalition).await;
    // A quarter of an hour later, with new tokens of the same session.
    api.environment().set(at("2019-11-20T12:14:59Z"));
    let refreshed = api.anonymous().post("/v1/auth/refresh", json!({"refresh_token": owner.refresh_token()})).await.expect(200);
    let stale = api.bearer(text(&refreshed, "access_token"));
    let _ = stale.patch(&crm.path(), json!({"name": "The CRM"})).await.expect(200);
    api.environment().set(at("2019-11-20T12:15:00Z"));
    let calls = [
        (Method::POST, "/v1/api-clients".to_owned()),
        (Method::PATCH, crm.path()),
        (Method::DELETE, crm.path()),
        (Method::POST, format!("{}/secrets", crm.path())),
        (Method::DELETE, format!("{}/secrets/{secret}", crm.path())),
    ];
    for (method, path) in calls {
        let answer = stale.request(method.clone(), &path).json(&json!({})).send().await;
        assert_eq!(answer.problem(401), "insufficient_user_authentication", "{method} {path}");
        assert!(answer.header("www-authenticate").contains("max_age=\"900\""));
    }
    let _ = stale.get(&crm.path()).await.expect(200);
    assert_eq!(api.entries(coalition).await, before + 1);
}

async fn a_change_of_a_client_is_held_to_its_version(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let crm = crm(&owner).await;
    let etag = owner.get(&crm.path()).await.header("etag").to_owned();
    let rename = || owner.request(Method::PATCH, &crm.path()).header("if-match", &etag).json(&json!({"name": "The CRM"})).send();
    let _ = owner.act(&format!("{}/secrets", crm.path())).await.expect(201);
    let _ = rename().await.expect(200);
    assert_eq!(rename().await.problem(412), "precondition_failed");
    let before = api.entries(coalition).await;
    for (body, pointer, code) in [
        (json!({"scopes": []}), "#/scopes", "too_short"),
        (json!({"scopes": ["members:read", "members:read"]}), "#/scopes", "duplicate"),
        (json!({"scopes": ["everything"]}), "#/scopes/0", "invalid_value"),
        (json!({"name": ""}), "#/name", "too_short"),
        (json!({"client_secret": "coh_cs_mine"}), "#/client_secret", "unknown_field"),
    ] {
        let answer = owner.patch(&crm.path(), body).await;
        assert_eq!((answer.status, answer.faults()), (422, vec![(pointer, code)]));
    }
    assert_eq!(api.entries(coalition).await, before);
}

async fn clients_are_listed_by_name(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    for name in ["website", "CRM", "Émile's reports", "crm 2"] {
        let _ = owner.post("/v1/api-clients", json!({"name": name, "scopes": ["programs:read"]})).await.expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/v1/api-clients?limit=3&with_total=true".to_owned();
    loop {
        let page = owner.get(&path).await.expect(200);
        assert_eq!(page["total"], 4);
        names.extend(page["items"].as_array().unwrap().iter().map(|client| text(client, "name").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/api-clients?limit=3&with_total=true&cursor={next}");
    }
    assert_eq!(names, ["CRM", "crm 2", "website", "Émile's reports"]);
}

async fn a_client_revokes_its_own_tokens_and_no_others(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let (first, second) = (crm(&owner).await, crm(&owner).await);
    let (one, other) = (first.session(&api).await, first.session(&api).await);
    let revoke = async |by: Option<String>, token: &str| {
        send(&api, "/oauth/revoke", by.as_deref(), &format!("token={token}&token_type_hint=access_token")).await
    };
    assert_eq!(refused(&revoke(None, one.token()).await, 401), "invalid_client");
    assert_eq!(refused(&revoke(Some(basic(&first.id, "coh_cs_guessed")), one.token()).await, 401), "invalid_client");
    assert_eq!(refused(&send(&api, "/oauth/revoke", Some(&first.basic()), "token=").await, 400), "invalid_request");
    for unknown in ["nonsense", owner.token(), one.token()] {
        let answer = revoke(Some(second.basic()), unknown).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{unknown}");
    }
    let _ = owner.get("/v1/me").await.expect(200);
    let _ = one.get("/v1/people").await.expect(200);
    for _ in 0..2 {
        assert_eq!(revoke(Some(first.basic()), one.token()).await.status, 200);
        assert_eq!(one.get("/v1/people").await.problem(401), "token_invalid");
    }
    let _ = other.get("/v1/people").await.expect(200);
}

async fn whoever_holds_a_refresh_token_can_revoke_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, owner) = owner(&api).await;
    let other = api.sign_in(coalition, owner.person_id()).await;
    let revoke = async |token: &str| send(&api, "/oauth/revoke", None, &format!("token={token}")).await.status;
    assert_eq!(revoke("coh_rt_unknown").await, 200);
    let _ = owner.get("/v1/me").await.expect(200);
    assert_eq!(revoke(owner.refresh_token()).await, 200);
    assert_eq!(owner.get("/v1/me").await.problem(401), "token_invalid");
    let refresh = api.anonymous().post("/v1/auth/refresh", json!({"refresh_token": owner.refresh_token()})).await;
    assert_eq!(refresh.problem(401), "token_invalid");
    let _ = other.get("/v1/me").await.expect(200);
}

async fn the_metadata_tells_where_tokens_are_had(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, _) = owner(&api).await;
    let metadata = api.anonymous().get("/.well-known/oauth-authorization-server").await.expect(200);
    let token = api.client(coalition, &[ClientScope::MembersRead]).await;
    assert_eq!(claims(token.token())["iss"], metadata["issuer"]);
    assert_eq!(text(&metadata, "token_endpoint"), format!("{}/oauth/token", text(&metadata, "issuer")));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["client_secret_basic"]));
    assert_eq!(metadata["response_types_supported"], json!([]));
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("members:read")));
}

async fn old_tokens_are_forgotten(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (coalition, _) = owner(&api).await;
    let _ = api.client(coalition, &[ClientScope::MembersRead]).await;
    // A token lasts ten minutes, and its row ten more.
    for (instant, kept) in [("2019-11-20T12:20:00Z", 1), ("2019-11-20T12:20:01Z", 0)] {
        api.environment().set(at(instant));
        cohortium_workflow::jobs::forget_old_client_tokens(api.store()).await.unwrap();
        assert_eq!(database.texts("SELECT CAST(expires_at AS TEXT) FROM client_tokens").await.len(), kept, "{instant}");
    }
    assert_eq!(api.environment().now(), at("2019-11-20T12:20:01Z"));
}

async fn a_client_is_given_so_many_tokens(database: TestDatabase) {
    let api = Api::start(&database).await;
    let (_, owner) = owner(&api).await;
    let (crm, other) = (crm(&owner).await, crm(&owner).await);
    let stranger = basic(&crm.id, &other.secret);
    for _ in 0..60 {
        let _ = crm.token(&api, CREDENTIALS).await.expect(200);
        assert_eq!(refused(&send(&api, "/oauth/token", Some(&stranger), CREDENTIALS).await, 401), "invalid_client");
    }
    let beyond = crm.token(&api, CREDENTIALS).await;
    assert_eq!((beyond.problem(429), beyond.header("retry-after")), ("rate_limited", "10"));
    let _ = other.token(&api, CREDENTIALS).await.expect(200);
    api.environment().pass(chrono::Duration::seconds(10));
    let _ = crm.token(&api, CREDENTIALS).await.expect(200);
}
