//! Signing in by password, and going on with a session.

use cohortium_domain::access::Actor;
use cohortium_domain::ids::{PersonId, SignInId, TokenId};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::sign_ins::{Exchange, SignIn, UserAgent, token_reused};
use cohortium_domain::text::{Email, SecondFactorCode};
use cohortium_store::{Credentials, Read, Result, Tx};
use sha2::{Digest, Sha256};

use crate::mails;
use crate::passwords::Passwords;
use crate::sealing::Sealer;
use crate::second_factor;

/// What tokens are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Whose session it is.
    pub person: PersonId,
    /// Which.
    pub session: SignInId,
    /// The refresh token, and the access token given with it.
    pub token: TokenId,
}

/// What came of showing a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// New tokens are given.
    Given(Issued),
    /// It had been used before: the session was ended.
    Reused,
    /// It is good for nothing.
    Refused,
}

/// What came of showing who one is, after the password was right.
#[derive(Clone, Debug, PartialEq)]
pub enum Admission<T> {
    /// It was enough.
    Granted(T),
    /// The person has a second factor, and showed no code of it.
    CodeRequired,
    /// The password or the code is not right.
    Wrong,
}

/// The person whose address and password these are; nobody, when anything about them is not right, however it is not.
///
/// # Errors
/// The database's; too many sign-ins at once.
pub async fn authenticate(read: Option<&Read>, passwords: &Passwords, email: &Email, password: &str) -> Result<Option<PersonId>> {
    let found: Option<Credentials> = match read {
        Some(read) => read.credentials(email).await?,
        None => None,
    };
    let hash = found.as_ref().and_then(|credentials| credentials.password_hash.as_deref());
    let matches = passwords.verify(password, hash).await?;
    Ok(found.filter(|credentials| matches && credentials.active).map(|credentials| credentials.person_id))
}

/// The hash of a person's password, when this is it.
///
/// # Errors
/// The database's; too many sign-ins at once.
pub async fn recognize(read: &Read, passwords: &Passwords, person: PersonId, password: &str) -> Result<Option<String>> {
    let hash = read.password_hash(person).await?;
    let matches = passwords.verify(password, hash.as_deref()).await?;
    Ok(hash.filter(|_| matches))
}

/// Signs in a person whose password was right. A wrong code is counted, and that stands.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn sign_in(
    tx: &mut Tx,
    sealer: &Sealer,
    person: PersonId,
    code: Option<&SecondFactorCode>,
    user_agent: Option<&UserAgent>,
    refresh_token: &str,
) -> Result<Admission<Issued>> {
    Ok(match second_factor::ask(tx, sealer, person, code).await? {
        Admission::Granted(shown) => Admission::Granted(begin_with(tx, person, shown, user_agent, refresh_token).await?),
        Admission::CodeRequired => Admission::CodeRequired,
        Admission::Wrong => Admission::Wrong,
    })
}

/// Makes fresh again the session of a person whose password was right. A wrong code is counted, and that stands.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn step_up(
    tx: &mut Tx,
    sealer: &Sealer,
    person: PersonId,
    session: SignInId,
    code: Option<&SecondFactorCode>,
) -> Result<Admission<SignIn>> {
    let shown = match second_factor::ask(tx, sealer, person, code).await? {
        Admission::Granted(shown) => shown,
        Admission::CodeRequired => return Ok(Admission::CodeRequired),
        Admission::Wrong => return Ok(Admission::Wrong),
    };
    let now = tx.process_now();
    let session = tx.lock_sign_in(session).await?.filter(|session| session.person_id == person && session.lives(now));
    let session = session.ok_or(Refusal::Hidden("session"))?.stepped_up(now);
    let session = if shown { session.with_second_factor(now) } else { session };
    tx.save_sign_in(&session).await?;
    Ok(Admission::Granted(session))
}

/// Begins a session for a person who has shown who it is, without a second factor.
///
/// # Errors
/// The database's.
pub async fn begin(tx: &mut Tx, person: PersonId, user_agent: Option<&UserAgent>, refresh_token: &str) -> Result<Issued> {
    begin_with(tx, person, false, user_agent, refresh_token).await
}

async fn begin_with(
    tx: &mut Tx,
    person: PersonId,
    second_factor: bool,
    user_agent: Option<&UserAgent>,
    refresh_token: &str,
) -> Result<Issued> {
    let (session, token, now) = (tx.make_id(), tx.make_opaque_id(), tx.process_now());
    let grants = tx.grants(person).await?;
    let begun = SignIn::begin(session, person, &grants, user_agent.cloned(), now);
    tx.begin_sign_in(&if second_factor { begun.with_second_factor(now) } else { begun }).await?;
    tx.add_refresh_token(token, session, token_hash(refresh_token), true).await?;
    Ok(Issued { person, session, token })
}

/// Exchanges a refresh token of a session for the next one. One that was used before ends the session, and that stands.
///
/// # Errors
/// The database's.
pub async fn refresh(tx: &mut Tx, session: SignInId, shown: &str, next: &str) -> Result<Refreshed> {
    let Some(session) = tx.lock_sign_in(session).await? else { return Ok(Refreshed::Refused) };
    let Some(token) = tx.refresh_token(&token_hash(shown)).await? else { return Ok(Refreshed::Refused) };
    let successor = match token.successor() {
        Some(id) => tx.refresh_token_by_id(id).await?,
        None => None,
    };
    let now = tx.process_now();
    match session.exchange(&token, successor.as_ref(), now) {
        Exchange::Ended => Ok(Refreshed::Refused),
        Exchange::Reused => {
            tx.end_session(session.person_id, session.id).await?;
            let happened = [token_reused(session.person_id, session.id)];
            mails::note_and_tell(tx, session.person_id, happened, &Actor::Anonymous).await?;
            Ok(Refreshed::Reused)
        }
        Exchange::Rotated { revoked } => {
            if let Some(revoked) = revoked {
                tx.revoke_token(revoked).await?;
            }
            let grants = tx.grants(session.person_id).await?;
            let session = session.refreshed(&grants, now);
            tx.save_sign_in(&session).await?;
            let id = tx.make_opaque_id();
            tx.exchange_token(&token, id).await?;
            tx.add_refresh_token(id, session.id, token_hash(next), false).await?;
            Ok(Refreshed::Given(Issued { person: session.person_id, session: session.id, token: id }))
        }
    }
}

/// Ends the session of a refresh token, for whoever holds one: good for more or not.
///
/// # Errors
/// The database's.
pub async fn revoke(tx: &mut Tx, session: SignInId) -> Result<()> {
    if let Some(session) = tx.lock_sign_in(session).await? {
        tx.end_session(session.person_id, session.id).await?;
    }
    Ok(())
}

/// What is kept of a token: not the token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
