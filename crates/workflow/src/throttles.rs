//! Throttles on what anybody can try, shared by all copies of the server.

use std::num::NonZeroU16;

use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Slug};
use cohortium_domain::throttles::{
    self, MAILS, MAILS_TO_ADDRESS, PASSWORD_GUESSES, REFRESHES, Throttle, WRONG_PASSWORDS, WRONG_PASSWORDS_FROM_NETWORK,
};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Bucket, Result, Store};
use sha2::{Digest, Sha256};

/// Names buckets, so that nobody who reads them learns whose they are.
pub struct Throttles {
    key: [u8; 32],
    sign_ins: Throttle,
}

/// The buckets of a sign-in by password.
pub struct SignInThrottle {
    tries: Bucket,
    guesses: [Bucket; 3],
}

impl Throttles {
    /// With a key derived from the server's secret, and so many sign-ins a minute from one network.
    #[must_use]
    pub fn new(secret: &[u8], sign_ins_per_minute: NonZeroU16) -> Self {
        let key = Sha256::new().chain_update(b"throttles").chain_update(secret).finalize().into();
        Self { key, sign_ins: throttles::sign_ins(sign_ins_per_minute) }
    }

    /// The buckets of a sign-in from a network to an account, whether or not there is such an account.
    #[must_use]
    pub fn sign_in(&self, network: &str, coalition: &Slug, email: &Email) -> SignInThrottle {
        let (coalition, email) = (coalition.as_str(), &email.normalized());
        SignInThrottle {
            tries: self.bucket(self.sign_ins, &[network]),
            guesses: [
                self.bucket(WRONG_PASSWORDS_FROM_NETWORK, &[network, coalition, email]),
                self.bucket(WRONG_PASSWORDS, &[coalition, email]),
                self.bucket(PASSWORD_GUESSES, &[coalition, email]),
            ],
        }
    }

    /// Takes what a refresh takes.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn refresh(&self, store: &Store, session: &str) -> Result<()> {
        take(store, &[self.bucket(REFRESHES, &[session])]).await
    }

    /// Takes what having a mail sent takes.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn mail(&self, store: &Store, network: &str, coalition: &Slug, email: &Email) -> Result<()> {
        let to_address = self.bucket(MAILS_TO_ADDRESS, &[coalition.as_str(), &email.normalized()]);
        take(store, &[self.bucket(MAILS, &[network]), to_address]).await
    }

    fn bucket(&self, throttle: Throttle, whose: &[&str]) -> Bucket {
        let parts = std::iter::once(throttle.name).chain(whose.iter().copied());
        let hasher = Sha256::new().chain_update(self.key);
        let hasher = parts.fold(hasher, |hasher, part| hasher.chain_update(part.len().to_be_bytes()).chain_update(part));
        (throttle, hasher.finalize().into())
    }
}

impl SignInThrottle {
    /// Takes what a try takes, before the password is looked at.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn admit(&self, store: &Store) -> Result<()> {
        for guess in self.guesses {
            if let Some(again) = store.system().would_wait(guess).await? {
                return Err(too_often(store, again).into());
            }
        }
        take(store, &[self.tries]).await
    }

    /// Takes what a wrong password takes.
    ///
    /// # Errors
    /// The database's.
    pub async fn wrong(&self, store: &Store) -> Result<()> {
        store.system().take(&self.guesses).await.map(drop)
    }

    /// Forgets the wrong passwords, since the right one was shown, or a new one was set.
    ///
    /// # Errors
    /// The database's.
    pub async fn right(&self, store: &Store) -> Result<()> {
        store.system().refill(&self.guesses).await
    }
}

async fn take(store: &Store, buckets: &[Bucket]) -> Result<()> {
    match store.system().take(buckets).await? {
        None => Ok(()),
        Some(again) => Err(too_often(store, again).into()),
    }
}

fn too_often(store: &Store, again: Timestamp) -> Refusal {
    let wait = again.millis().saturating_sub(store.environment().now().millis());
    // Rounded up, and never so long that a client would think it for ever: who has to set a new password is told so by mail.
    Refusal::TooOften { wait_seconds: wait.saturating_add(999).div_euclid(1_000).clamp(1, 86_400) }
}
