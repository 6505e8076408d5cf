//! One-time links: made, mailed and used up.
//!
//! A link is locked before anything else in the order of locks, by being used up; nobody who holds anything else waits for one.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::links::{Link, LinkKind, TokenHash, not_good};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Environment, Read, Result, Tx};
use sha2::{Digest, Sha256};

/// The token of a link: 256 bits that nobody can guess, of which only the digest is kept.
#[derive(Clone)]
pub struct Token {
    /// The token itself.
    pub text: String,
    /// What is kept of it.
    pub hash: TokenHash,
}

impl Token {
    /// Makes one.
    #[must_use]
    pub fn make(environment: &dyn Environment) -> Self {
        let text = BASE64_URL_SAFE_NO_PAD.encode([environment.random(), environment.random()].concat());
        Self { hash: hash(&text), text }
    }
}

/// What is kept of a token.
#[must_use]
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// The link with this token, when it is good for one of these.
///
/// # Errors
/// It is not; the database's errors.
pub async fn good(read: &Read, token: &TokenHash, kinds: &[LinkKind], now: Timestamp) -> Result<Link> {
    let found = read.link_by_token(token).await?.ok_or_else(not_good)?;
    Ok(found.admit(kinds, now)?)
}

/// Uses up the link with this token.
///
/// # Errors
/// It is not good for any of these; the database's errors.
pub(crate) async fn use_up(tx: &Tx, token: &TokenHash, kinds: &[LinkKind]) -> Result<Link> {
    let link = good(tx, token, kinds, tx.process_now()).await?;
    if tx.use_up(link.id).await? { Ok(link) } else { Err(not_good().into()) }
}

/// Keeps a link, and asks for the mail that brings it.
///
/// # Errors
/// The database's.
pub(crate) async fn send(tx: &Tx, link: &Link, kind: MailKind) -> Result<()> {
    tx.add_link(link).await?;
    let mail = Mail::ask(tx.make_opaque_id(), kind, link.person_id, link.email.clone(), Some(link.id), tx.process_now());
    tx.add_mail(&mail).await
}
