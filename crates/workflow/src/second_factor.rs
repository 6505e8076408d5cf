//! The second factor: enrolled, confirmed, asked for and taken away.
//!
//! What always holds: whoever has one has shown it in each of its sessions, since taking one up and putting it away end all
//! sessions but the one in which that is done.

use aws_lc_rs::aead::NONCE_LEN;
use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{PersonId, SignInId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::second_factor::{Code, Confirmed, Found, RECOVERY_CODES, RecoveryCode, TotpSecret};
use cohortium_domain::sign_ins::SignIn;
use cohortium_domain::text::{SecondFactorCode, TotpCode};
use cohortium_store::{Result, Tx};

use crate::input::Input;
use crate::mails;
use crate::sealing::Sealer;
use crate::sign_ins::Admission;

/// What an authenticator app is to know.
#[derive(Debug)]
pub struct Enrollment {
    /// The secret, to be typed.
    pub secret: TotpSecret,
    /// The same as an address, to be shown as a QR code.
    pub uri: String,
}

/// Asks a person for its second factor, where it has one: grants whether it has shown one. A code that is good is used up; a wrong
/// one is counted.
///
/// # Errors
/// [`Refusal::TooOften`] after too many wrong codes; the server's secret was changed, and with it no code of an app is known; the
/// database's errors.
pub async fn ask(tx: &mut Tx, sealer: &Sealer, person: PersonId, code: Option<&SecondFactorCode>) -> Result<Admission<bool>> {
    let (factor, now) = (tx.lock_second_factor(person).await?, tx.process_now());
    let Some(confirmed) = &factor.confirmed else { return Ok(Admission::Granted(false)) };
    let Some(code) = code else { return Ok(Admission::CodeRequired) };
    if let Some(until) = factor.blocked(now) {
        return Err(Refusal::too_often(until, now).into());
    }
    let found = find(tx, sealer, person, confirmed, &code.into()).await?;
    let judged = factor.judge(found, now);
    tx.save_second_factor(&judged.second_factor).await?;
    let actor = if judged.good { Actor::Person { id: person, grants: tx.grants(person).await? } } else { Actor::Anonymous };
    mails::note_and_tell(tx, person, judged.happened, &actor).await?;
    Ok(if judged.good { Admission::Granted(true) } else { Admission::Wrong })
}

async fn find(tx: &Tx, sealer: &Sealer, person: PersonId, confirmed: &Confirmed, code: &Code) -> Result<Found> {
    let found = match code {
        Code::Totp(code) => sealer.open(&confirmed.secret, person)?.step_of(code, tx.process_now()).map(Found::Step),
        Code::Recovery(code) if tx.use_recovery_code(person, code.hash()).await? => {
            Some(Found::Recovery { left: tx.recovery_codes_left(person).await? })
        }
        Code::Recovery(_) => None,
    };
    Ok(found.unwrap_or(Found::Wrong))
}

/// Gives a person a secret for an authenticator app, which counts once it is confirmed.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn enroll(tx: &mut Tx, sealer: &Sealer, actor: &Actor, id: PersonId) -> Result<Enrollment> {
    let factor = tx.lock_second_factor(id).await?;
    Tie::to_person(actor, id).require(Action::EnrollTotp, SubjectKind::Person)?;
    let secret = TotpSecret::new(random(tx));
    let sealed = sealer.seal(&secret, id, random::<NONCE_LEN>(tx))?;
    tx.save_second_factor(&factor.enroll(sealed)).await?;
    let (coalition, person): (Coalition, Person) = (tx.get(tx.coalition_id()).await?, tx.get(id).await?);
    Ok(Enrollment { uri: secret.uri(&coalition.name, &person.email), secret })
}

/// Takes the secret that a person was given, when the code is one of it; gives recovery codes.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn confirm(
    tx: &mut Tx,
    sealer: &Sealer,
    actor: &Actor,
    id: PersonId,
    session: Option<SignInId>,
    code: &Input<'_, TotpCode>,
) -> Result<Vec<RecoveryCode>> {
    let (factor, now) = (tx.lock_second_factor(id).await?, tx.process_now());
    Tie::to_person(actor, id).require(Action::ConfirmTotp, SubjectKind::Person)?;
    let code = code.read()?;
    let step = sealer.open(factor.to_confirm()?, id)?.step_of(&code, now);
    let change = factor.confirm(step, now)?;
    tx.save_second_factor(&change.value).await?;
    mails::note_and_tell(tx, id, change.happened, actor).await?;
    keep_only(tx, id, session, |session| session.with_second_factor(now)).await?;
    new_recovery_codes(tx, id).await
}

/// Takes a person's second factor away.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn remove(tx: &mut Tx, actor: &Actor, id: PersonId, session: Option<SignInId>) -> Result<()> {
    let factor = tx.lock_second_factor(id).await?;
    Tie::to_person(actor, id).require(Action::RemoveTotp, SubjectKind::Person)?;
    let coalition: Coalition = tx.get(tx.coalition_id()).await?;
    let happened = factor.remove(coalition.second_factor, &tx.grants(id).await?)?;
    tx.remove_second_factor(id).await?;
    if let Some(happened) = happened {
        mails::note_and_tell(tx, id, [happened], actor).await?;
        keep_only(tx, id, session, SignIn::without_second_factor).await?;
    }
    Ok(())
}

/// Takes away the second factor of somebody who has lost the app and the codes: an owner does, and all of the person's sessions
/// end.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn take_away(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<()> {
    let _: Person = tx.lock(id).await?;
    Tie::none(actor).require(Action::TakeSecondFactor, SubjectKind::Person)?;
    let happened = tx.lock_second_factor(id).await?.take_away(actor)?;
    tx.remove_second_factor(id).await?;
    tx.end_sessions(id, None).await?;
    mails::note_and_tell(tx, id, [happened], actor).await
}

/// Gives a person new recovery codes in place of all it had.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn make_recovery_codes(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<Vec<RecoveryCode>> {
    let factor = tx.lock_second_factor(id).await?;
    Tie::to_person(actor, id).require(Action::CreateRecoveryCodes, SubjectKind::Person)?;
    mails::note_and_tell(tx, id, [factor.recovery_codes_made()?], actor).await?;
    new_recovery_codes(tx, id).await
}

async fn new_recovery_codes(tx: &Tx, person: PersonId) -> Result<Vec<RecoveryCode>> {
    let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES).map(|_| RecoveryCode::new(tx.random())).collect();
    let hashes: Vec<[u8; 32]> = codes.iter().map(RecoveryCode::hash).collect();
    tx.replace_recovery_codes(person, &hashes).await?;
    Ok(codes)
}

/// Ends the person's sessions but for this one, which is changed.
async fn keep_only(tx: &mut Tx, person: PersonId, kept: Option<SignInId>, change: impl FnOnce(SignIn) -> SignIn) -> Result<()> {
    tx.end_sessions(person, kept).await?;
    let Some(kept) = kept else { return Ok(()) };
    match tx.lock_sign_in(kept).await? {
        Some(session) => tx.save_sign_in(&change(session)).await,
        None => Ok(()),
    }
}

/// Bytes that nobody can guess.
fn random<const N: usize>(tx: &Tx) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.chunks_mut(16).for_each(|part| part.iter_mut().zip(tx.random()).for_each(|(place, byte)| *place = byte));
    bytes
}
