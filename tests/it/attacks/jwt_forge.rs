//! Access tokens that nobody issued: others' algorithms, keys, headers, claims and signatures, most of them signed with the
//! server's own key.
//!
//! What always holds: the token that they are made of is good, and so is one that was made over again without a change.

use std::net::TcpListener;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use cohortium_api::keys::SigningKey;
use cohortium_domain::access::ClientScope;
use cohortium_domain::words::Word;
use cohortium_store::Environment;
use cohortium_tests::api::{Api, Session, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

on_both_databases! {
    no_forged_token_is_taken,
    no_form_of_the_header_lets_a_forged_token_in,
    no_address_in_a_token_is_asked_for_a_key,
    the_clocks_may_differ_by_half_a_minute,
}

/// What a `SubjectPublicKeyInfo` of P-256 begins with (RFC 5480).
const SPKI: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";

/// Who makes tokens of a good one.
struct Forge<'a> {
    api: &'a Api,
    session: Session<'a>,
    header: Value,
    claims: Value,
}

impl<'a> Forge<'a> {
    async fn new(api: &'a Api) -> Self {
        let coalition = api.coalition("dcsc").await;
        let session = api.person(coalition, "Mia", &[]).await;
        let mut parts = session.token().split('.').map(decoded);
        let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
        let forge = Self { api, session, header, claims };
        assert_eq!(forge.ask(&forge.with_claim("exp", &forge.claims["exp"])).await, 200, "made over again, and good");
        forge
    }

    fn now(&self) -> i64 {
        self.api.environment().now().millis() / 1_000
    }

    /// Runs `work` with the key that signs.
    fn with_key<T>(&self, work: impl FnOnce(&SigningKey) -> T) -> T {
        let ring = must(self.api.key_folder().read());
        work(ring.current(self.api.environment().now()).unwrap())
    }

    /// Signed with the server's own key, whatever the header says.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        self.signed_text(header, &claims.to_string())
    }

    fn signed_text(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims));
        let signature = self.with_key(|key| must(crypto::sign(message.as_bytes(), &key.private, Algorithm::ES256)));
        format!("{message}.{signature}")
    }

    /// Signed with a secret, under a header that says so.
    fn keyed(&self, secret: &[u8]) -> String {
        let mut header = self.header.clone();
        header["alg"] = json!("HS256");
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(self.claims.to_string()));
        let signature = must(crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256));
        format!("{message}.{signature}")
    }

    /// With this claim instead; null takes it out.
    fn with_claim(&self, name: &str, value: &Value) -> String {
        self.signed(&self.header, &changed(&self.claims, name, value))
    }

    /// With this member of the header instead; null takes it out.
    fn with_header(&self, name: &str, value: &Value) -> String {
        self.signed(&changed(&self.header, name, value), &self.claims)
    }

    async fn ask(&self, token: &str) -> u16 {
        self.api.bearer(token).get("/v1/me").await.status
    }

    /// Shows each, and asserts that it is refused as RFC 6750 says.
    async fn refused(&self, tokens: &[(String, String)]) {
        for (what, token) in tokens {
            let answer = self.api.bearer(token).get("/v1/me").await;
            let code = answer.problem(401);
            assert!(["token_invalid", "token_expired"].contains(&code), "{what}: {code}");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#), "{what}: {challenge}");
        }
        println!("{} forged tokens were refused", tokens.len());
        assert_eq!(self.session.get("/v1/me").await.status, 200, "the token that they were made of is good still");
    }

    fn algorithms(&self) -> Vec<(String, String)> {
        let mut tokens = Vec::new();
        let payload = self.session.token().split('.').nth(1).unwrap();
        for algorithm in ["none", "None", "nOnE", "NONE", ""] {
            let header = BASE64.encode(changed(&self.header, "alg", &json!(algorithm)).to_string());
            tokens.push((format!("alg {algorithm:?}, without a signature"), format!("{header}.{payload}.")));
            tokens.push((format!("alg {algorithm:?}, signed"), self.with_header("alg", &json!(algorithm))));
        }
        for algorithm in ["HS256", "RS256", "PS256", "ES384", "EdDSA", "es256"] {
            tokens.push((format!("alg {algorithm}, signed with ES256"), self.with_header("alg", &json!(algorithm))));
        }
        tokens.push(("without an algorithm".into(), self.with_header("alg", &Value::Null)));
        let jwk = self.with_key(|key| must(serde_json::to_value(&key.jwk)));
        let coordinate = |name: &str| must(BASE64.decode(jwk[name].as_str().unwrap()));
        let point = [coordinate("x"), coordinate("y")].concat();
        let der = [must(BASE64_STANDARD.decode(SPKI)), point.clone()].concat();
        let text = BASE64_STANDARD.encode(&der);
        let (line, rest) = text.split_at(64);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{line}\n{rest}\n-----END PUBLIC KEY-----\n");
        let secrets = [
            ("PEM", pem.clone().into_bytes()),
            ("PEM without its last line's end", pem.trim_end().as_bytes().to_vec()),
            ("DER", der),
            ("point", point),
            ("JWK", jwk.to_string().into_bytes()),
            ("name", jwk["kid"].as_str().unwrap().as_bytes().to_vec()),
        ];
        tokens.extend(secrets.iter().map(|(what, secret)| (format!("HS256 with the public key's {what}"), self.keyed(secret))));
        tokens.push(("HS256 with an empty secret".into(), self.keyed(b"")));
        tokens
    }

    fn headers(&self) -> Vec<(String, String)> {
        let kids = ["../../etc/passwd", "/dev/null", "' OR 1=1 --", "", "\0", "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e", "*"];
        let mut wrong: Vec<(&str, Value)> = kids.iter().map(|kid| ("kid", json!(kid))).collect();
        wrong.extend([("kid", Value::Null), ("kid", json!(7)), ("kid", json!([self.header["kid"]]))]);
        wrong.extend(["JWT", "jwt", "", "id+jwt", "logout+jwt", "at+jwt "].map(|typ| ("typ", json!(typ))));
        wrong.extend([
            ("typ", Value::Null),
            ("typ", json!(7)),
            ("crit", json!(["b64"])),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
        ]);
        wrong.iter().map(|(name, value)| (format!("header {name} {value}"), self.with_header(name, value))).collect()
    }

    fn all_claims(&self) -> Vec<(String, String)> {
        let (now, ours) = (self.now(), &self.claims["aud"]);
        let nobody = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";
        let wrong = [
            ("aud", json!("https://elsewhere.test")),
            ("aud", json!(["https://elsewhere.test"])),
            ("aud", json!([])),
            ("aud", json!("")),
            ("aud", json!(format!("{}/", ours.as_str().unwrap()))),
            ("aud", Value::Null),
            ("iss", json!("https://elsewhere.test")),
            ("iss", json!(["https://elsewhere.test"])),
            ("iss", json!("")),
            ("iss", Value::Null),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!(nobody)),
            ("sub", json!("*")),
            ("sid", Value::Null),
            ("sid", json!(nobody)),
            ("sid", json!("")),
            ("jti", Value::Null),
            ("jti", json!(nobody)),
            ("exp", json!(now - 30)),
            ("exp", json!(now - 31)),
            ("exp", json!(0)),
            ("exp", json!(-1)),
            ("exp", json!(i64::MIN)),
            ("exp", json!(1e300)),
            ("exp", json!(u64::MAX)),
            ("exp", json!((now + 600).to_string())),
            ("exp", json!([now + 600])),
            ("exp", json!(true)),
            ("exp", Value::Null),
            ("iat", json!(now + 31)),
            ("iat", json!(i64::MAX)),
            ("iat", json!("now")),
            ("iat", Value::Null),
            ("nbf", json!(now + 31)),
            ("nbf", json!(i64::MAX)),
            ("nbf", json!("later")),
        ];
        let claims = wrong.iter().map(|(name, value)| (format!("claim {name} {value}"), self.with_claim(name, value)));
        let text = self.claims.to_string();
        let twice = text.replacen('{', r#"{"exp":9999999999,"#, 1);
        let broken =
            [("no object", "[]"), ("empty", ""), ("null", "null"), ("cut off", &text[..text.len() - 1]), ("twice", &twice)];
        let broken = broken.map(|(what, claims)| (format!("claims: {what}"), self.signed_text(&self.header, claims)));
        claims.chain(broken).collect()
    }

    fn signatures(&self) -> Vec<(String, String)> {
        let token = self.session.token();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        let bytes = must(BASE64.decode(signature));
        let with = |bytes: &[u8]| format!("{message}.{}", BASE64.encode(bytes));
        let flipped = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            with(&bytes)
        };
        let other = BASE64.encode(changed(&self.claims, "exp", &json!(self.now() + 6_000)).to_string());
        let another = must(
            SigningKey::generate().and_then(|der| SigningKey::from_pkcs8(der.as_ref(), cohortium_api::keys::SignsFrom::Never)),
        );
        let others = must(crypto::sign(message.as_bytes(), &another.private, Algorithm::ES256));
        let tokens = [
            ("an empty signature", format!("{message}.")),
            ("no signature", message.to_owned()),
            ("half a signature", with(&bytes[..32])),
            ("a signature that lacks a byte", with(&bytes[..63])),
            ("a signature with a byte more", with(&[&bytes[..], &[0]].concat())),
            ("a signature of zeros", with(&[0; 64])),
            ("a flipped bit at the beginning", flipped(0)),
            ("a flipped bit at the end", flipped(63)),
            ("both halves exchanged", with(&[&bytes[32..], &bytes[..32]].concat())),
            ("another payload", format!("{header}.{other}.{signature}")),
            ("another's signature", format!("{message}.{others}")),
            ("a padded signature", format!("{token}==")),
            ("a fourth part", format!("{token}.{signature}")),
            ("an empty first part", format!(".{payload}.{signature}")),
            ("an empty second part", format!("{header}..{signature}")),
            ("dots", "..".to_owned()),
            ("a refresh token", self.session.refresh_token().to_owned()),
            ("too long a token", format!("{token}{}", "A".repeat(8_192))),
            ("too long a header", self.with_header("x", &json!("x".repeat(7_000)))),
        ];
        tokens.map(|(what, token)| (what.to_owned(), token)).into()
    }
}

fn decoded(part: &str) -> Value {
    BASE64.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn changed(object: &Value, name: &str, value: &Value) -> Value {
    let mut object = object.clone();
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name)
    } else {
        members.insert(name.to_owned(), value.clone())
    };
    object
}

async fn no_forged_token_is_taken(database: TestDatabase) {
    let api = Api::start(&database).await;
    let forge = Forge::new(&api).await;
    let mut tokens = [forge.algorithms(), forge.headers(), forge.all_claims(), forge.signatures()].concat();
    let coalition = api.coalition("diso").await;
    let other = api.person(coalition, "Eve", &[]).await;
    let client = api.client(coalition, &[ClientScope::ALL[0]]).await;
    let [others, of_client] = [&other, &client].map(|session| decoded(session.token().split('.').nth(1).unwrap()));
    for name in ["sub", "sid", "jti"] {
        tokens.push((format!("another person's {name}"), forge.with_claim(name, &others[name])));
    }
    for name in ["sub", "jti"] {
        tokens.push((format!("a client's {name}"), forge.with_claim(name, &of_client[name])));
    }
    let in_a_session = changed(&of_client, "sid", &forge.claims["sid"]);
    tokens.push(("a client's token with a session".into(), forge.signed(&forge.header, &in_a_session)));
    let of_person = changed(&in_a_session, "sub", &forge.claims["sub"]);
    tokens.push(("a client's token with a session and its person".into(), forge.signed(&forge.header, &of_person)));
    assert!(tokens.len() >= 40);
    forge.refused(&tokens).await;
}

async fn no_form_of_the_header_lets_a_forged_token_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let forge = Forge::new(&api).await;
    let (good, bad) = (forge.session.token(), forge.with_claim("exp", &json!(0)));
    let ask = |authorization: String| {
        api.anonymous().request(reqwest::Method::GET, "/v1/me").header("authorization", &authorization).send()
    };
    for authorization in [
        format!("Bearer {bad} {good}"),
        format!("Bearer {good} {bad}"),
        format!("Bearer {bad}, Bearer {good}"),
        format!("Bearer {good},{bad}"),
        format!("Bearer \"{good}\""),
        format!("Bearer token={good}"),
        format!("Basic {good}"),
        format!("Token {good}"),
        format!("DPoP {good}"),
        format!("Bearer{good}"),
        good.to_owned(),
        "Bearer".to_owned(),
    ] {
        assert_eq!(ask(authorization.clone()).await.status, 401, "{authorization}");
    }
    for (first, second) in [(good, bad.as_str()), (&bad, good), (good, good)] {
        let two = api.bearer(first).request(reqwest::Method::GET, "/v1/me").header("authorization", &format!("Bearer {second}"));
        assert_eq!(two.send().await.problem(401), "token_invalid", "two headers are none");
    }
    for path in [format!("/v1/me?access_token={good}"), format!("/v1/me?token={good}")] {
        assert_eq!(api.anonymous().get(&path).await.status, 401, "a token in the address is none");
    }
    assert_eq!(ask(format!("bearer {good}")).await.status, 200, "a scheme is the same in small letters (RFC 9110, 11.1)");
}

async fn no_address_in_a_token_is_asked_for_a_key(database: TestDatabase) {
    let api = Api::start(&database).await;
    let forge = Forge::new(&api).await;
    let listener = must(TcpListener::bind("127.0.0.1:0"));
    must(listener.set_nonblocking(true));
    let url = format!("http://{}/keys", must(listener.local_addr()));
    let der = must(SigningKey::generate());
    let own = must(SigningKey::from_pkcs8(der.as_ref(), cohortium_api::keys::SignsFrom::Never));
    let jwk = must(serde_json::to_value(&own.jwk));
    let mut tokens = Vec::new();
    for (name, value) in
        [("jku", json!(url)), ("x5u", json!(url)), ("jwk", jwk), ("x5c", json!([BASE64_STANDARD.encode(der.as_ref())]))]
    {
        for kid in [json!(own.kid), forge.header["kid"].clone(), Value::Null, json!(url)] {
            let header = changed(&changed(&forge.header, name, &value), "kid", &kid);
            let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(forge.claims.to_string()));
            let signature = must(crypto::sign(message.as_bytes(), &own.private, Algorithm::ES256));
            tokens.push((format!("{name} with kid {kid}"), format!("{message}.{signature}")));
        }
    }
    forge.refused(&tokens).await;
    assert!(listener.accept().is_err(), "the server has asked the address");
}

async fn the_clocks_may_differ_by_half_a_minute(database: TestDatabase) {
    let api = Api::start(&database).await;
    let forge = Forge::new(&api).await;
    let now = forge.now();
    for (claim, seconds) in [("exp", -29), ("iat", 30), ("nbf", 30), ("nbf", -600)] {
        assert_eq!(forge.ask(&forge.with_claim(claim, &json!(now + seconds))).await, 200, "{claim} {seconds}");
    }
    assert_eq!(forge.ask(&forge.with_header("typ", &json!("application/at+jwt"))).await, 200, "the long form (RFC 9068)");
}
