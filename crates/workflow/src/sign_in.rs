//! Signing in by password.

use cohortium_domain::ids::{PersonId, SignInId};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Credentials, Read, Result, SignIn, Tx};
use sha2::{Digest, Sha256};

use crate::accounts;
use crate::passwords::Passwords;

/// The person whose address and password these are; nobody, when anything about them is not right, however it is not.
///
/// # Errors
/// They are right, but the address has not been shown to be theirs yet; the database's; too many sign-ins at once.
pub async fn authenticate(
    read: Option<&Read>,
    passwords: &Passwords,
    email: &Email,
    password: &str,
    now: Timestamp,
) -> Result<Option<PersonId>> {
    let found: Option<Credentials> = match read {
        Some(read) => read.credentials(email).await?,
        None => None,
    };
    let registering = match (&found, read) {
        (None, Some(read)) => accounts::registering(read, email, now).await?,
        _ => None,
    };
    let hash = found.as_ref().and_then(|credentials| credentials.password_hash.as_deref()).or(registering.as_deref());
    let matches = passwords.verify(password, hash).await?;
    if matches && registering.is_some() {
        return Err(Refusal::EmailNotVerified.into());
    }
    Ok(found.filter(|credentials| matches && credentials.active).map(|credentials| credentials.person_id))
}

/// Begins a sign-in session for a person who has shown who it is.
///
/// # Errors
/// The database's.
pub async fn begin(tx: &mut Tx, person_id: PersonId, refresh_token: &str, expires_at: Timestamp) -> Result<SignInId> {
    let id: SignInId = tx.make_id();
    let session = SignIn { id, person_id, refresh_hash: token_hash(refresh_token), expires_at };
    tx.begin_sign_in(&session).await?;
    Ok(id)
}

/// What is kept of a token: not the token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
