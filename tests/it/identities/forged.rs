//! Tokens that say they are an outside issuer's, and are not, or not for us: held to what our own are.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use cohortium_store::Environment;
use cohortium_tests::api::must;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::issuer::Issuer;
use cohortium_tests::on_both_databases;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::World;

on_both_databases! {
    no_forged_token_of_an_issuer_is_taken,
    an_issuer_speaks_for_itself_alone,
    a_shared_secret_is_no_key,
    a_token_for_two_coalitions_is_for_none,
}

/// An object with one member more, or another, or (for null) one less.
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

async fn no_forged_token_of_an_issuer_is_taken(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    let now = world.api.environment().now();
    let (header, claims) = (world.issuer.header(), world.issuer.claims("dcsc", "7", now));
    let seconds = now.millis() / 1_000;
    let mut tokens = Vec::new();
    for (name, value) in [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("id_token")),
        ("typ", json!("logout+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!("ES384")),
        ("alg", Value::Null),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("kid", json!("../keys")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        tokens.push((format!("header {name} {value}"), world.issuer.sign(&changed(&header, name, &value), &claims)));
    }
    for (name, value) in [
        ("aud", Value::Null),
        ("aud", json!("https://elsewhere.test")),
        ("aud", json!([])),
        ("aud", json!("https://cohortium.test")),
        ("iss", json!(format!("{}/", world.issuer.url()))),
        ("iss", json!([world.issuer.url()])),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("front-end")),
        ("client_id", Value::Null),
        ("client_id", json!("7")),
        ("jti", Value::Null),
        ("iat", Value::Null),
        ("iat", json!(seconds + 31)),
        ("nbf", json!(seconds + 31)),
        ("exp", Value::Null),
        ("exp", json!(seconds - 30)),
        ("exp", json!(0)),
        ("exp", json!(1e300)),
        ("exp", json!("later")),
    ] {
        tokens.push((format!("claim {name} {value}"), world.issuer.sign(&header, &changed(&claims, name, &value))));
    }
    let good = world.issuer.sign(&header, &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    tokens.push(("without a signature".to_owned(), format!("{message}.")));
    tokens.push(("too long".to_owned(), format!("{good}{}", "A".repeat(8_192))));
    let other = BASE64.encode(changed(&claims, "sub", &json!("8")).to_string());
    tokens.push(("another payload".to_owned(), format!("{}.{other}.{signature}", message.split_once('.').unwrap().0)));
    let none = BASE64.encode(changed(&header, "alg", &json!("none")).to_string());
    tokens.push(("none, without a signature".to_owned(), format!("{none}.{}.", message.split_once('.').unwrap().1)));
    for (what, token) in &tokens {
        let code = world.api.bearer(token).get("/v1/me").await;
        assert!(["token_invalid", "token_expired"].contains(&code.problem(401)), "{what}");
    }
    assert!(tokens.len() >= 40);
    assert_eq!(world.api.bearer(&good).get("/v1/me").await.status, 200, "the token that they were made of");
    for (name, value) in [("exp", json!(seconds - 29)), ("nbf", json!(seconds + 30)), ("iat", json!(seconds + 30))] {
        let token = world.issuer.sign(&header, &changed(&claims, name, &value));
        assert_eq!(world.api.bearer(&token).get("/v1/me").await.status, 200, "the clocks may differ: {name} {value}");
    }
}

async fn an_issuer_speaks_for_itself_alone(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    let (other, now) = (Issuer::start(), world.api.environment().now());
    let theirs = other.sign(&other.header(), &world.issuer.claims("dcsc", "7", now));
    let their_kid = other.sign(&world.issuer.header(), &world.issuer.claims("dcsc", "7", now));
    let own_name = other.token("dcsc", "7", now);
    let ours = world
        .issuer
        .sign(&world.issuer.header(), &changed(&world.issuer.claims("dcsc", "7", now), "iss", &json!("https://cohortium.test")));
    for (what, token) in [
        ("with its own key", theirs),
        ("under the other's name of a key", their_kid),
        ("in its own name", own_name),
        ("in ours", ours),
    ] {
        assert_eq!(world.api.bearer(&token).get("/v1/me").await.problem(401), "token_invalid", "{what}");
    }
    assert_eq!(other.asked(), 0);
}

async fn a_shared_secret_is_no_key(database: TestDatabase) {
    let world = World::start(&database).await;
    let secret = b"a secret that the issuer has published";
    let jwk = json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": BASE64.encode(secret)});
    let public = must(serde_json::to_value(&world.issuer.key().jwk));
    world.issuer.publish(&json!([jwk, public]));
    let _ = world.linked("Ana", "7", &[]).await;
    let claims = world.issuer.claims("dcsc", "7", world.api.environment().now());
    for (kid, secret) in [("s", secret.to_vec()), (public["kid"].as_str().unwrap(), public.to_string().into_bytes())] {
        let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": kid});
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = must(crypto::sign(message.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256));
        let answer = world.api.bearer(&format!("{message}.{signature}")).get("/v1/me").await;
        assert_eq!(answer.problem(401), "token_invalid", "{kid}");
    }
}

async fn a_token_for_two_coalitions_is_for_none(database: TestDatabase) {
    let world = World::start(&database).await;
    let _ = world.linked("Ana", "7", &[]).await;
    let now = world.api.environment().now();
    let [ours, theirs] = ["dcsc", "diso"].map(|coalition| world.issuer.claims(coalition, "7", now)["aud"].clone());
    let claims = world.issuer.claims("dcsc", "7", now);
    let with =
        |audiences: &Value| world.api.bearer(&world.issuer.sign(&world.issuer.header(), &changed(&claims, "aud", audiences)));
    assert_eq!(with(&json!([ours, theirs])).get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(with(&json!([ours, "https://elsewhere.test"])).get("/v1/me").await.status, 200);
}
