//! Throttles on what anybody can try, shared by all copies of the server.

use std::num::NonZeroU16;

use cohortium_domain::ids::{ClientId, PersonId};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Slug};
use cohortium_domain::throttles::{
    self, ATTESTATIONS, CLIENT_TOKENS, MAILS, MAILS_TO_ADDRESS, PASSWORD_GUESSES, REFRESHES, Throttle, WRONG_PASSWORDS,
    WRONG_PASSWORDS_FROM_NETWORK,
};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Bucket, Result, Store};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::sealing::derived_key;

/// How many lines there are in which tries at passwords wait for their turn: accounts that share one only wait for each other.
const LINES: usize = 64;

/// Names buckets, so that nobody who reads them learns whose they are.
pub struct Throttles {
    key: [u8; 32],
    sign_ins: Throttle,
    lines: [Mutex<()>; LINES],
}

/// The buckets of a try at an account's password.
pub struct PasswordThrottle<'a> {
    tries: Bucket,
    guesses: [Bucket; 3],
    line: &'a Mutex<()>,
}

impl Throttles {
    /// With a key derived from the server's secret, and so many sign-ins a minute from one network.
    #[must_use]
    pub fn new(secret: &[u8], sign_ins_per_minute: NonZeroU16) -> Self {
        Self {
            key: derived_key("throttles", secret),
            sign_ins: throttles::sign_ins(sign_ins_per_minute),
            lines: [const { Mutex::const_new(()) }; LINES],
        }
    }

    /// The buckets of a try from a network at the password of an account, whether or not there is such an account.
    #[must_use]
    pub fn password(&self, network: &str, coalition: &Slug, email: &Email) -> PasswordThrottle<'_> {
        let (coalition, email) = (coalition.as_str(), &email.normalized());
        let of_account = self.bucket(WRONG_PASSWORDS, &[coalition, email]);
        let [first, ..] = of_account.1;
        PasswordThrottle {
            tries: self.bucket(self.sign_ins, &[network]),
            guesses: [
                self.bucket(WRONG_PASSWORDS_FROM_NETWORK, &[network, coalition, email]),
                of_account,
                self.bucket(PASSWORD_GUESSES, &[coalition, email]),
            ],
            line: self.line(first),
        }
    }

    /// Takes what a refresh takes.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn refresh(&self, store: &Store, session: &str) -> Result<()> {
        take(store, &[self.bucket(REFRESHES, &[session])]).await
    }

    /// Takes what a token for an API client takes.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn client_token(&self, store: &Store, client: ClientId) -> Result<()> {
        take(store, &[self.bucket(CLIENT_TOKENS, &[&client.to_string()])]).await
    }

    /// Takes what having a mail sent takes.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn mail(&self, store: &Store, network: &str, coalition: &Slug, email: &Email) -> Result<()> {
        let to_address = self.bucket(MAILS_TO_ADDRESS, &[coalition.as_str(), &email.normalized()]);
        take(store, &[self.bucket(MAILS, &[network]), to_address]).await
    }

    /// Takes what asking a supervisor takes: of the person who asks, and of the address.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the database's.
    pub async fn attestation(&self, store: &Store, person: PersonId, coalition: &Slug, email: &Email) -> Result<()> {
        let to_address = self.bucket(MAILS_TO_ADDRESS, &[coalition.as_str(), &email.normalized()]);
        take(store, &[self.bucket(ATTESTATIONS, &[&person.to_string()]), to_address]).await
    }

    fn line(&self, byte: u8) -> &Mutex<()> {
        let [first, ..] = &self.lines;
        self.lines.get(usize::from(byte) % LINES).unwrap_or(first)
    }

    fn bucket(&self, throttle: Throttle, whose: &[&str]) -> Bucket {
        let parts = std::iter::once(throttle.name).chain(whose.iter().copied());
        let hasher = Sha256::new().chain_update(self.key);
        let hasher = parts.fold(hasher, |hasher, part| hasher.chain_update(part.len().to_be_bytes()).chain_update(part));
        (throttle, hasher.finalize().into())
    }
}

impl PasswordThrottle<'_> {
    /// Looks at a password, when it is not too often; gives what the right one opens. A wrong one is counted, the right one forgets
    /// those before.
    ///
    /// Tries at one account wait for each other, so that many at once are looked at no more than one after the other would be.
    ///
    /// # Errors
    /// [`Refusal::TooOften`]; the look's own; the database's.
    pub async fn look<T>(&self, store: &Store, look: impl Future<Output = Result<Option<T>>>) -> Result<Option<T>> {
        take(store, &[self.tries]).await?;
        let _turn = self.line.lock().await;
        if let Some(again) = store.system().would_wait(&self.guesses).await? {
            return Err(too_often(store, again).into());
        }
        let opened = look.await?;
        if opened.is_some() {
            self.forget(store).await?;
        } else {
            store.system().take(&self.guesses).await?;
        }
        Ok(opened)
    }

    /// Forgets the wrong passwords, since a new one was set.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&self, store: &Store) -> Result<()> {
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
    Refusal::too_often(again, store.environment().now())
}
