//! The keys of an outside issuer, as it publishes them (RFC 7517), and when it is asked for them.
//!
//! What always holds: they are asked for every ten minutes while they are needed, and once in half a minute at most, whatever the
//! tokens say that are sent; while the issuer cannot be reached, those that are known are good for a day. One request asks, and the
//! others go on with what is known. Left out on purpose: keys without a name, and those that are no public keys for signatures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Duration;
use cohortium_domain::time::Timestamp;
use cohortium_store::Environment;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::fetch;

/// For how long they are taken as they were fetched.
const FRESH: Duration = Duration::minutes(10);
/// For how long they are good while the issuer cannot be reached.
const STALE: Duration = Duration::hours(24);
/// How long nobody asks again, whatever came of it.
const PAUSE: Duration = Duration::seconds(30);
/// The shortest RSA key that is taken (RFC 7518, section 3.3).
const RSA_BYTES: usize = 256;

/// A public key of an issuer.
pub(super) struct Key {
    kid: String,
    algorithm: Algorithm,
    public: DecodingKey,
    jwk: Jwk,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.jwk == other.jwk
    }
}

impl Key {
    /// The key, when it is one that can check a signature, and has a name.
    fn of(published: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(published).ok()?;
        let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty())?;
        let signs = jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
        let verifies = jwk.common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let algorithm = algorithm(&jwk).filter(|_| signs && verifies)?;
        Some(Self { kid, algorithm, public: DecodingKey::from_jwk(&jwk).ok()?, jwk })
    }

    /// By which it is called.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm with which it is used.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What checks a signature.
    pub(super) fn public(&self) -> &DecodingKey {
        &self.public
    }
}

fn long_enough(modulus: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(modulus).is_ok_and(|modulus| modulus.len() >= RSA_BYTES)
}

/// The algorithm of a key: as it says, where that is one for a key of its kind, else the usual one.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let kinds: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if long_enough(&rsa.n) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => &[ES256],
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => &[ES384],
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[EdDSA],
        AlgorithmParameters::RSA(_)
        | AlgorithmParameters::EllipticCurve(_)
        | AlgorithmParameters::OctetKeyPair(_)
        | AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::Other(_)
        | _ => &[],
    };
    let told = |algorithm: &Algorithm| jwk.common.key_algorithm.is_none_or(|told| told == KeyAlgorithm::from(*algorithm));
    kinds.iter().copied().find(told)
}

/// The keys of one issuer.
pub(super) struct IssuerKeys {
    url: String,
    held: Mutex<Held>,
    /// Held by whoever asks the issuer.
    asking: tokio::sync::Mutex<()>,
}

/// What is known of an issuer's keys.
#[derive(Default)]
struct Held {
    keys: BTreeMap<String, Arc<Key>>,
    /// Where they are, once that was found out.
    place: Option<String>,
    fetched_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

/// What to do for a key.
enum Look {
    /// Take this, or none.
    Take(Option<Arc<Key>>),
    /// Ask the issuer; should that fail, take this.
    Ask(Option<Arc<Key>>),
}

impl Held {
    fn look(&self, kid: &str, now: Timestamp) -> Look {
        let within = |of: Option<Timestamp>, time: Duration| of.is_some_and(|of| of <= now && now < of.plus(time));
        let known = self.keys.get(kid).filter(|_| within(self.fetched_at, STALE)).cloned();
        let fresh = known.is_some() && within(self.fetched_at, FRESH);
        if fresh || within(self.asked_at, PAUSE) { Look::Take(known) } else { Look::Ask(known) }
    }

    fn replace(&mut self, published: &[Value], place: String, now: Timestamp) {
        let keys = published.iter().filter_map(Key::of);
        self.keys = keys.map(|key| (key.kid.clone(), Arc::new(key))).collect();
        self.place = Some(place);
        self.fetched_at = Some(now);
    }
}

impl IssuerKeys {
    /// Those of the issuer at this address.
    pub(super) fn of(url: String) -> Self {
        Self { url, held: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// Whose they are.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The key of this name, when the issuer has one.
    pub(super) async fn key(self: &Arc<Self>, kid: &str, environment: &dyn Environment) -> Option<Arc<Key>> {
        let known = match self.look(kid, environment.now()) {
            Look::Take(key) => return key,
            Look::Ask(known) => known,
        };
        let turn = match self.asking.try_lock() {
            Ok(turn) => turn,
            Err(_) if known.is_some() => return known,
            Err(_) => self.asking.lock().await,
        };
        let now = environment.now();
        // Somebody else may have asked meanwhile.
        if let Look::Take(key) = self.look(kid, now) {
            return key;
        }
        // In a task of its own: a client that hangs up does not keep the others from the answer.
        let asked = tokio::spawn(Arc::clone(self).ask(now)).await;
        drop(turn);
        match (asked, self.look(kid, now)) {
            (Ok(()), Look::Take(key) | Look::Ask(key)) => key,
            (Err(_), _) => known,
        }
    }

    async fn ask(self: Arc<Self>, now: Timestamp) {
        let place = self.with(|held| {
            held.asked_at = Some(now);
            held.place.clone()
        });
        match fetch::keys(&self.url, place).await {
            Ok((place, published)) => self.with(|held| held.replace(&published, place, now)),
            Err(error) => {
                tracing::warn!(issuer = self.url, error, "the keys of an outside issuer cannot be had");
                // It may have moved them.
                self.with(|held| held.place = None);
            }
        }
    }

    fn look(&self, kid: &str, now: Timestamp) -> Look {
        self.with(|held| held.look(kid, now))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn p256(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    fn rsa(bytes: usize) -> Value {
        json!({"kty": "RSA", "kid": "r", "n": BASE64_URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]), "e": "AQAB"})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn held(fetched_at: i64) -> Held {
        let mut held = Held { asked_at: Some(at(fetched_at)), ..Held::default() };
        held.replace(&[p256("a")], "https://id.example.org/keys".to_owned(), at(fetched_at));
        held
    }

    /// Whether the issuer is asked, and whether there is a key without that.
    fn looked(held: &Held, kid: &str, now: i64) -> (bool, bool) {
        match held.look(kid, at(now)) {
            Look::Take(key) => (false, key.is_some()),
            Look::Ask(key) => (true, key.is_some()),
        }
    }

    const MINUTE: i64 = 60;
    const DAY: i64 = 86_400;

    #[test]
    fn keys_are_asked_for_every_ten_minutes_and_known_ones_good_for_a_day() {
        assert_eq!(looked(&Held::default(), "a", 0), (true, false));
        let held = held(0);
        assert_eq!(looked(&held, "a", 10 * MINUTE - 1), (false, true));
        assert_eq!(looked(&held, "a", 10 * MINUTE), (true, true));
        let unreachable = |now| Held { asked_at: Some(at(now)), ..self::held(0) };
        assert_eq!(looked(&unreachable(DAY - 1), "a", DAY - 1), (false, true), "the issuer is down");
        assert_eq!(looked(&unreachable(DAY - 1), "a", DAY), (false, false), "for too long");
        assert_eq!(looked(&unreachable(DAY - 60), "a", DAY), (true, false));
    }

    #[test]
    fn a_name_that_is_not_known_is_asked_for_once_in_half_a_minute() {
        let held = held(0);
        assert_eq!(looked(&held, "b", 29), (false, false));
        assert_eq!(looked(&held, "b", 30), (true, false));
        let asked = Held { asked_at: Some(at(30)), ..held };
        assert_eq!((looked(&asked, "c", 59), looked(&asked, "c", 60)), ((false, false), (true, false)));
    }

    #[test]
    fn a_key_says_with_which_algorithm_it_is_used() {
        let of = |key: &Value| Key::of(key).map(|key| key.algorithm());
        assert_eq!(of(&p256("a")), Some(Algorithm::ES256));
        assert_eq!(of(&rsa(256)), Some(Algorithm::RS256));
        assert_eq!(of(&with(rsa(256), "alg", json!("PS256"))), Some(Algorithm::PS256));
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(of(&ed), Some(Algorithm::EdDSA));
        for (what, bad) in [
            ("a shared secret", json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"})),
            ("a short RSA key", rsa(128)),
            ("RSA that says HS256", with(rsa(256), "alg", json!("HS256"))),
            ("RSA that says none", with(rsa(256), "alg", json!("none"))),
            ("P-256 that says ES384", with(p256("a"), "alg", json!("ES384"))),
            ("for encryption", with(p256("a"), "use", json!("enc"))),
            ("for signing alone", with(p256("a"), "key_ops", json!(["sign"]))),
            ("without a name", with(p256("a"), "kid", Value::Null)),
            ("with an empty name", p256("")),
            ("no key", json!("a")),
        ] {
            assert_eq!(of(&bad), None, "{what}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_hides_no_other() {
        let mut held = Held::default();
        held.replace(&[json!(7), p256("a"), json!({"kty": "new"})], String::new(), at(0));
        assert_eq!(held.keys.keys().collect::<Vec<_>>(), ["a"]);
    }
}
