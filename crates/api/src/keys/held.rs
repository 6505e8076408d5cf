//! The keys that a running server holds, which follow those that are kept.
//!
//! What always holds: a server that has keys keeps them until it has read others whole; a folder that is broken, or gone, changes
//! nothing but the log.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use cohortium_domain::time::Timestamp;

use super::{KeyFolder, KeyRing, SigningKey, SignsFrom, invalid};

/// What a PEM block of PKCS #8 is called.
const TAG: &str = "PRIVATE KEY";

/// The keys of a running server.
pub struct Keys {
    folder: Option<KeyFolder>,
    ring: RwLock<Arc<KeyRing>>,
}

impl Keys {
    /// Those of a folder, of which the first is made where there is none.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn of_folder(folder: KeyFolder, now: Timestamp, of_demo: bool) -> io::Result<Self> {
        let ring = folder.read_or_begin(now, of_demo)?;
        Ok(Self { folder: Some(folder), ring: RwLock::new(Arc::new(ring)) })
    }

    /// These, as PEM: the first signs, and what the others signed is good.
    ///
    /// # Errors
    /// One is not a P-256 key, or there is none.
    pub fn given(pem: &str) -> io::Result<Self> {
        Ok(Self { folder: None, ring: RwLock::new(Arc::new(check_given(pem)?)) })
    }

    /// The keys as they were last read.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the folder again.
    pub fn follow(&self) {
        let Some(folder) = &self.folder else { return };
        match folder.read() {
            Ok(ring) if ring.is_empty() => {
                tracing::error!("the signing keys are gone: those that were there are kept until the end");
            }
            Ok(ring) if ring.is_same(&self.ring()) => {}
            Ok(ring) => {
                tracing::info!("the signing keys have changed");
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
            }
            Err(error) => tracing::error!(%error, "the signing keys cannot be read: those that were there are kept"),
        }
    }
}

/// Reads keys as PEM.
///
/// # Errors
/// One is not a P-256 key of the form PKCS #8, or stands there twice, or there is none.
pub fn check_given(pem: &str) -> io::Result<KeyRing> {
    // What the library would say can hold parts of the key.
    let blocks = pem::parse_many(pem).map_err(|_| invalid("not PEM"))?;
    let mut keys: Vec<SigningKey> = Vec::new();
    for block in &blocks {
        if block.tag() != TAG {
            return Err(invalid("not a PRIVATE KEY: `openssl pkcs8 -topk8 -nocrypt` makes one of an EC PRIVATE KEY"));
        }
        let signs_from = if keys.is_empty() { SignsFrom::At(Timestamp::from_millis(0)) } else { SignsFrom::Never };
        let key = SigningKey::from_pkcs8(block.contents(), signs_from)?;
        if keys.iter().any(|other| other.kid == key.kid) {
            return Err(invalid("the same key stands there twice"));
        }
        keys.push(key);
    }
    if keys.is_empty() { Err(invalid("no PRIVATE KEY in it")) } else { Ok(KeyRing::new(keys)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(tag: &str) -> String {
        pem::encode(&pem::Pem::new(tag, SigningKey::generate().unwrap().as_ref().to_vec()))
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_574_251_200_000)
    }

    #[test]
    fn of_keys_that_are_given_the_first_signs_and_all_are_good() {
        let (one, two) = (pem(TAG), pem(TAG));
        let before = check_given(&one).unwrap();
        let first = &before.current(now()).unwrap().kid;
        let published = check_given(&format!("{one}\n{two}")).unwrap();
        assert_eq!((&published.current(now()).unwrap().kid, published.published(now()).len()), (first, 2));
        let changed = check_given(&format!("{two}\n{one}")).unwrap();
        assert_ne!(&changed.current(now()).unwrap().kid, first);
        assert!(changed.good(first, now()).is_some());
    }

    #[test]
    fn what_is_no_key_is_not_taken_and_not_shown() {
        let key = pem(TAG);
        let touched = key.replacen('\n', "\n!", 1);
        for wrong in ["", "changeme", &pem("EC PRIVATE KEY"), &touched, &format!("{key}{key}")] {
            let said = check_given(wrong).err().unwrap_or_else(|| panic!("{wrong} was taken")).to_string();
            assert!(key.lines().all(|line| line.starts_with("---") || !said.contains(line)), "{said}");
        }
    }

    #[test]
    fn a_folder_that_is_broken_or_gone_changes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = KeyFolder::new(place.path().join("keys"));
        let keys = Keys::of_folder(folder.clone(), now(), false).unwrap();
        let before = keys.ring();
        std::fs::write(folder.path().join("8-broken.pk8"), b"broken").unwrap();
        keys.follow();
        assert!(Arc::ptr_eq(&keys.ring(), &before));
        std::fs::remove_dir_all(folder.path()).unwrap();
        keys.follow();
        assert!(Arc::ptr_eq(&keys.ring(), &before));
        folder.rotate(now(), chrono::Duration::zero()).unwrap();
        keys.follow();
        assert!(!keys.ring().is_same(&before), "a folder that can be read again is followed");
    }
}
