//! Passwords: hashed with Argon2id, few at a time.
//!
//! A hash takes 19 MiB and some hundredths of a second on purpose. What always holds: no more run at once than there are
//! processors, so that a storm of sign-ins cannot take the memory or the time of everybody else; and whether or not there is an
//! account, the same work is done.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use cohortium_domain::passwords::{Hints, Password, Strength};
use cohortium_store::{Error, Result};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

const LANES: u32 = 1;
const WAIT: Duration = Duration::from_secs(2);

/// How much work a new hash is. An old one says itself how much it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// How much memory is gone through, in KiB.
    pub memory_kib: u32,
    /// How often.
    pub passes: u32,
}

impl Default for HashCost {
    /// What a server takes: no less is enough for a password.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2 }
    }
}

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    cost: HashCost,
    gate: Arc<Semaphore>,
    /// Checked against when there is no such account, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    /// With room for so many hashes at once, each of this cost.
    ///
    /// # Errors
    /// The hash's parameters cannot be used: a defect.
    pub fn new(at_once: usize, salt: &[u8; 16], cost: HashCost) -> Result<Self> {
        let decoy = hash("no account has this password", salt, cost)?.into();
        Ok(Self { cost, gate: Arc::new(Semaphore::new(at_once)), decoy })
    }

    /// Takes a password that somebody chose, when it is not easily guessed, and hashes it, as a PHC string.
    ///
    /// # Errors
    /// Why it is refused; [`Error::Busy`] when too many wait already.
    pub async fn choose(&self, password: &Password, hints: &Hints, salt: [u8; 16]) -> Result<String> {
        let (password, hints, cost) = (password.clone(), hints.clone(), self.cost);
        let chosen = self.run(move || {
            password.withstands(&hints, strength(&password, &hints))?;
            hash(password.expose(), &salt, cost)
        });
        chosen.await?
    }

    /// Hashes a password, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String> {
        let (password, cost) = (normalized(password), self.cost);
        self.run(move || hash(&password, &salt, cost)).await?
    }

    /// Whether the password belongs to the hash; without a hash, never, and as slowly.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = normalized(password);
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let matches = self.run(move || matches(&password, &hash)).await?;
        Ok(matches && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let waiting = tokio::time::timeout(WAIT, self.gate.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = waiting else { return Err(Error::Busy("too many passwords are being hashed".to_owned())) };
        let hashing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        hashing.await.map_err(|error| Error::Defect(error.to_string()))
    }
}

/// The same password however it was typed: composed and decomposed letters are one (NFKC).
fn normalized(password: &str) -> String {
    password.nfkc().collect()
}

/// How many guesses a password withstands, by zxcvbn.
fn strength(password: &Password, hints: &Hints) -> Strength {
    let known: Vec<&str> = hints.known().collect();
    Strength(zxcvbn::zxcvbn(password.expose(), &known).score().into())
}

fn argon2(cost: HashCost) -> Result<Argon2<'static>> {
    let params = Params::new(cost.memory_kib, cost.passes, LANES, None).map_err(|error| Error::Defect(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: &[u8], cost: HashCost) -> Result<String> {
    let hash =
        argon2(cost)?.hash_password_with_salt(password.as_bytes(), salt).map_err(|error| Error::Defect(error.to_string()))?;
    Ok(hash.to_string())
}

fn matches(password: &str, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    argon2(HashCost::default()).is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cohortium_domain::text::{Email, Slug};

    #[test]
    fn a_hash_names_its_parameters_and_matches_its_password_alone() {
        let hashed = hash("correct horse battery staple", &[7; 16], HashCost::default()).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(matches("correct horse battery staple", &hashed));
        assert!(!matches("correct horse battery stapl", &hashed));
        assert!(!matches("correct horse battery staple", "not a hash"));
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        assert_eq!(normalized("caf\u{e9}"), normalized("cafe\u{301}"));
    }

    #[tokio::test]
    async fn a_password_is_taken_when_it_withstands_guessing() {
        let passwords = Passwords::new(1, &[1; 16], HashCost::default()).unwrap();
        let (email, slug) = (Email::new("ana.ruiz@example.org").unwrap(), Slug::new("dcsc").unwrap());
        let hints = Hints::new(&email, &slug, "Diverse Charter Schools");
        for (password, taken) in [
            ("Password123456!!", false),
            ("aaaaaaaaaaaaaaa", false),
            ("abcabcabcabcabcabc", false),
            ("123456789012345678", false),
            ("qwertyuiopasdfgh", false),
            ("ana.ruiz@example.org", false),
            ("practice makes community", true),
            ("a rowboat, two figs and tea", true),
            ("               🦊 🦉 tulip", true),
            (&"correct horse battery staple ".repeat(4), true),
        ] {
            let chosen = passwords.choose(&Password::new(password).unwrap(), &hints, [7; 16]).await;
            match chosen {
                Ok(hash) => assert!(taken && matches(&normalized(password), &hash), "{password}"),
                Err(Error::Refused(_)) => assert!(!taken, "{password}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn without_an_account_no_password_matches() {
        let passwords = Passwords::new(1, &[1; 16], HashCost::default()).unwrap();
        assert!(!passwords.verify("no account has this password", None).await.unwrap());
    }
}
