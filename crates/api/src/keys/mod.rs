//! The keys that sign access tokens: ES256, several at a time, so that they can be changed while requests go on.
//!
//! What always holds: a private key never leaves its file but to sign; a key is known by its RFC 7638 thumbprint; a key is
//! published before it signs, and is good for as long as a token that it signed can be.

mod folder;
mod held;
mod ring;

use std::io;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::time::Timestamp;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub use folder::{CannotRotate, KeyFolder, Rotated, write_private};
pub use held::{Keys, check_given};
pub use ring::KeyRing;

/// A key pair.
pub struct SigningKey {
    /// Its thumbprint.
    pub kid: String,
    /// From when it signs.
    pub signs_from: SignsFrom,
    /// Whether the demo made it.
    pub of_demo: bool,
    /// What signs.
    pub private: EncodingKey,
    /// What checks.
    pub public: DecodingKey,
    /// What checks, for everybody.
    pub jwk: Jwk,
}

/// From when a key signs, until the next one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignsFrom {
    /// From this instant on.
    At(Timestamp),
    /// Not as long as nobody says so: it is published, and what it signed elsewhere is good.
    Never,
}

/// A public key (RFC 7517).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Jwk {
    /// The family of the key.
    #[schema(max_length = 2)]
    kty: &'static str,
    /// The curve.
    #[schema(max_length = 5)]
    crv: &'static str,
    /// What the key is for.
    #[serde(rename = "use")]
    #[schema(max_length = 3)]
    usage: &'static str,
    /// How it signs.
    #[schema(max_length = 5)]
    alg: &'static str,
    /// Its name: the thumbprint (RFC 7638).
    #[schema(max_length = 43)]
    kid: String,
    /// The first coordinate.
    #[schema(max_length = 43)]
    x: String,
    /// The second coordinate.
    #[schema(max_length = 43)]
    y: String,
}

impl SigningKey {
    /// Reads a key of the form PKCS #8.
    ///
    /// # Errors
    /// It is not a P-256 key.
    pub fn from_pkcs8(der: &[u8], signs_from: SignsFrom) -> io::Result<Self> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| invalid("not a P-256 key in PKCS #8"))?;
        // SEC 1: a byte that says "not compressed", then both coordinates.
        let point = pair.public_key().as_ref();
        let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else { return Err(invalid("not an uncompressed point")) };
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let kid = thumbprint(&x, &y);
        Ok(Self {
            private: EncodingKey::from_ec_der(der),
            public: DecodingKey::from_ec_components(&x, &y).map_err(|_| invalid("not a point of P-256"))?,
            jwk: Jwk { kty: "EC", crv: "P-256", usage: "sig", alg: "ES256", kid: kid.clone(), x, y },
            kid,
            signs_from,
            of_demo: false,
        })
    }

    /// A new key, of the form PKCS #8.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn generate() -> io::Result<impl AsRef<[u8]>> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| io::Error::other("no randomness for a new key"))
    }
}

fn invalid(said: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, said.to_owned())
}

/// RFC 7638: SHA-256 over the required members, in the order of their names.
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}
