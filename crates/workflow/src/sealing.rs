//! Secrets sealed at rest: AES-256-GCM, under a key derived from the server's secret.
//!
//! What always holds: what was sealed for one person opens for nobody else; what was sealed under another secret does not open.
//! Left out on purpose: changing the server's secret and keeping what was sealed; whoever does that lets people show recovery
//! codes, and enroll anew.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::second_factor::{Sealed, TotpSecret};
use cohortium_store::{Error, Result};
use sha2::{Digest, Sha256};

/// A key for one purpose, derived from the server's secret: who learns one learns neither another nor the secret.
#[must_use]
pub fn derived_key(purpose: &str, secret: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(purpose).chain_update(secret).finalize().into()
}

/// Seals and opens secrets.
pub struct Sealer {
    key: [u8; 32],
}

impl Sealer {
    /// With a key derived from the server's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { key: derived_key("second factors", secret) }
    }

    /// Seals a person's secret. The nonce must be new.
    ///
    /// # Errors
    /// It cannot be sealed: a defect.
    pub fn seal(&self, secret: &TotpSecret, person: PersonId, nonce: [u8; NONCE_LEN]) -> Result<Sealed> {
        let mut bytes = secret.expose().to_vec();
        let sealed = self.key().and_then(|key| {
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(person.uuid().into_bytes()), &mut bytes)
        });
        sealed.map_err(|_| Error::Defect("a secret cannot be sealed".to_owned()))?;
        Ok(Sealed([nonce.as_slice(), &bytes].concat()))
    }

    /// Opens a person's secret.
    ///
    /// # Errors
    /// [`Refusal::NotReady`] when it was not sealed for this person under this server's secret.
    pub fn open(&self, sealed: &Sealed, person: PersonId) -> Result<TotpSecret> {
        self.opened(sealed, person).map_err(|_| {
            tracing::error!(%person, "the secret of a second factor does not open: was the server's secret changed?");
            let what = "The authenticator app cannot be checked, since the server's secret was changed: show a recovery code, and enroll the app anew";
            Refusal::NotReady { what: what.to_owned(), missing: Vec::new() }.into()
        })
    }

    fn opened(&self, Sealed(sealed): &Sealed, person: PersonId) -> Result<TotpSecret, Unspecified> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let mut bytes = bytes.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let secret = self.key()?.open_in_place(nonce, Aad::from(person.uuid().into_bytes()), &mut bytes)?;
        <[u8; 20]>::try_from(&*secret).map(TotpSecret::new).map_err(|_| Unspecified)
    }

    fn key(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, &self.key).map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn what_was_sealed_opens_for_its_person_and_its_server_alone() {
        let (sealer, secret) = (Sealer::new(b"secret"), TotpSecret::new([7; 20]));
        let sealed = sealer.seal(&secret, person(1), [1; 12]).unwrap();
        assert_eq!(sealer.open(&sealed, person(1)).unwrap(), secret);
        assert!(!sealed.0.windows(20).any(|part| part == secret.expose()), "it cannot be read");
        assert_ne!(sealer.seal(&secret, person(1), [2; 12]).unwrap(), sealed);
        let mut touched = sealed.clone();
        touched.0[20] ^= 1;
        let refused =
            |sealer: &Sealer, sealed: &Sealed, of| matches!(sealer.open(sealed, of), Err(Error::Refused(Refusal::NotReady { .. })));
        assert!(refused(&sealer, &sealed, person(2)));
        assert!(refused(&Sealer::new(b"another"), &sealed, person(1)));
        assert!(refused(&sealer, &touched, person(1)));
        assert!(refused(&sealer, &Sealed(vec![1, 2, 3]), person(1)));
    }
}
