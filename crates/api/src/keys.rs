//! The keys that sign access tokens: ES256, each in a file of its own.
//!
//! What always holds: a private key never leaves its file but to sign; a key is known by its RFC 7638 thumbprint.

use std::io;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

const EXTENSION: &str = "pk8";

/// A key pair.
pub struct SigningKey {
    /// Its thumbprint.
    pub kid: String,
    /// What signs.
    pub private: EncodingKey,
    /// What checks.
    pub public: DecodingKey,
    /// What checks, for everybody.
    pub jwk: Jwk,
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
    pub fn from_pkcs8(der: &[u8]) -> io::Result<Self> {
        let invalid = |said: &str| io::Error::new(io::ErrorKind::InvalidData, said.to_owned());
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
        })
    }

    /// Makes a new key, and keeps it in a file of the folder that only its owner can read.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn generate_in(folder: &Path) -> io::Result<Self> {
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| io::Error::other("no randomness for a new key"))?;
        let key = Self::from_pkcs8(der.as_ref())?;
        std::fs::create_dir_all(folder)?;
        write_private(&folder.join(format!("{}.{EXTENSION}", key.kid)), der.as_ref())?;
        Ok(key)
    }

    /// The keys of a folder, the newest first.
    ///
    /// # Errors
    /// The folder or one of its keys cannot be read.
    pub fn load_from(folder: &Path) -> io::Result<Vec<Self>> {
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                files.push((std::fs::metadata(&path)?.modified()?, path));
            }
        }
        files.sort_by(|one, other| other.cmp(one));
        files.iter().map(|(_, path)| Self::from_pkcs8(&std::fs::read(path)?)).collect()
    }
}

/// RFC 7638: SHA-256 over the required members, in the order of their names.
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
