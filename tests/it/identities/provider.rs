//! A real provider of sign-ins: its metadata, its keys of three kinds and its tokens are those of a library that many run, and none
//! of ours.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use cohortium_api::issuers::OutsideIssuer;
use cohortium_domain::text::Slug;
use cohortium_domain::time::Timestamp;
use cohortium_tests::api::{Api, Settings, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    a_real_providers_access_tokens_let_people_in,
}

const AUDIENCE: &str = "https://dcsc.cohortium.test";

/// The provider, for as long as this is kept.
struct Provider {
    url: String,
    process: Child,
    /// It ends when it says something that nobody takes.
    _said: BufReader<ChildStdout>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Provider {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider");
        assert!(folder.join("node_modules").is_dir(), "the provider is not here: `tests/run --only tests` fetches it");
        let mut command = Command::new("node");
        command.arg("provider.mjs").arg(AUDIENCE).current_dir(folder);
        let mut process = must(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn());
        let mut url = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        must(said.read_line(&mut url));
        Self { url: url.trim().to_owned(), process, _said: said }
    }

    /// The tokens of somebody who has signed in there.
    async fn sign_in(&self, subject: &str, algorithm: &str) -> Value {
        let url = format!("{}/sign-in?subject={subject}&alg={algorithm}", self.url);
        must(serde_json::from_str(&must(must(reqwest::get(url).await).text().await)))
    }

    /// The token of a program that has signed in there for itself.
    async fn client_token(&self) -> Value {
        let request =
            reqwest::Client::new().post(format!("{}/token", self.url)).basic_auth("crm", Some("a%20secret%20of%20the%20tests"));
        let form =
            request.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials&scope=api");
        must(serde_json::from_str(&must(must(form.send().await).text().await)))
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        let coalition = Slug::new("dcsc").unwrap();
        settings.network.issuers = vec![OutsideIssuer { coalition, url: self.url.clone(), audiences: vec![AUDIENCE.to_owned()] }];
        settings
    }
}

/// When a token was issued.
fn issued_at(token: &str) -> Timestamp {
    let claims: Value = must(serde_json::from_slice(&must(BASE64.decode(token.split('.').nth(1).unwrap()))));
    Timestamp::from_millis(claims["iat"].as_i64().unwrap() * 1_000)
}

async fn a_real_providers_access_tokens_let_people_in(database: TestDatabase) {
    let provider = Provider::start();
    let tokens = provider.sign_in("ana-7", "ES256").await;
    let access_token = tokens["access_token"].as_str().unwrap();
    let api = Api::start_with(database.url(), provider.settings()).await;
    api.environment().set(issued_at(access_token));
    let coalition = api.coalition("dcsc").await;
    let ana = api.person(coalition, "Ana", &[]).await;
    assert_eq!(api.bearer(access_token).get("/v1/me").await.problem(401), "token_invalid", "it is linked to nobody");
    let id_token = tokens["id_token"].as_str().unwrap();
    let client_token = provider.client_token().await;
    let client_token = client_token["access_token"].as_str().unwrap();
    for (what, other) in [("an ID token", id_token), ("a program's", client_token)] {
        let linked = ana.post("/v1/me/identities", json!({ "access_token": other })).await;
        assert_eq!(linked.faults(), [("#/access_token", "token_invalid")], "{what}");
        assert_eq!(api.bearer(other).get("/v1/me").await.problem(401), "token_invalid", "{what}");
    }
    let _ = ana.post("/v1/me/identities", json!({ "access_token": access_token })).await.expect(201);
    for algorithm in ["ES256", "RS256", "EdDSA"] {
        let tokens = provider.sign_in("ana-7", algorithm).await;
        let me = api.bearer(tokens["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        assert_eq!(me["person"]["id"], json!(ana.person_id()), "{algorithm}");
    }
    let stranger = provider.sign_in("bo-8", "RS256").await;
    assert_eq!(api.bearer(stranger["access_token"].as_str().unwrap()).get("/v1/me").await.problem(401), "token_invalid");
    drop(provider);
    assert_eq!(api.bearer(access_token).get("/v1/me").await.status, 200, "it is down, and its keys are known");
}
