//! Accounts and grants: how people come by them, and how owners take them away.
//!
//! What the public asks for here is answered alike whether or not anybody has the address: what follows is found out when the mail
//! is sent. Whoever holds the token of a link is the person to whom it was sent, and acts as that person.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor, Grant, Tie};
use cohortium_domain::accounts::{self, AccountState};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{PersonId, SignInId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::links::{Link, LinkKind, Registration, TokenHash, not_good};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::passwords::Hints;
use cohortium_domain::people::{Person, PersonCreate, PersonUpdate};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Reason};
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::links::{self, Token};
use crate::mails;
use crate::people;

/// The links by which a password is set.
pub const SETS_PASSWORD: &[LinkKind] = &[LinkKind::ResetPassword, LinkKind::SetUpAccount];

/// Somebody asks for an account. There is none, nor a person, until the address is shown to be theirs.
///
/// # Errors
/// The database's.
pub async fn register(tx: &Tx, email: &Email, registration: &Registration) -> Result<()> {
    let link = Link::to_register(tx.make_opaque_id(), email.clone(), registration.clone(), tx.process_now());
    links::send(tx, &link, MailKind::VerifyEmail).await
}

/// Whoever has the address shows it, and chooses the password: the account is there, and the person, when the coalition did not
/// know it. A stranger who registered with the address has left nothing behind by which it could come in.
///
/// # Errors
/// The token is not good; the database's errors.
pub async fn verify_email(tx: &mut Tx, token: &TokenHash, password_hash: &str) -> Result<()> {
    let link = links::use_up(tx, token, &[LinkKind::Register]).await?;
    let Some(registration) = link.registration else { return Err(not_good().into()) };
    let person = match tx.person_by_email(&link.email).await? {
        Some(known) if tx.account(known.id).await?.is_some() => return Err(not_good().into()),
        Some(known) => prove(tx, &known, &link.email).await?.id,
        None => {
            let given = PersonCreate {
                given_name: registration.given_name,
                family_name: registration.family_name,
                email: link.email,
                email_proven: true,
                time_zone: None,
                external_id: None,
            };
            let id = tx.make_id();
            tx.save(Person::create(id, given, tx.now()), &oneself(id)).await?.id
        }
    };
    set_password(tx, &oneself(person), person, password_hash).await
}

/// Somebody has forgotten a password.
///
/// # Errors
/// The database's.
pub async fn forgot_password(tx: &Tx, email: &Email) -> Result<()> {
    let link = Link::ask(tx.make_opaque_id(), LinkKind::ResetPassword, None, email.clone(), tx.process_now());
    links::send(tx, &link, MailKind::ResetPassword).await
}

/// Sets a new password by a link. It ends all sessions, and begins none.
///
/// # Errors
/// The token is not good; the database's errors.
pub async fn reset_password(tx: &mut Tx, token: &TokenHash, password_hash: &str) -> Result<()> {
    let link = links::use_up(tx, token, SETS_PASSWORD).await?;
    let person = link.person_id.ok_or_else(not_good)?;
    let person: Person = tx.get(person).await?;
    let account = tx.account(person.id).await?;
    if account.is_some_and(|account| account.state == AccountState::Suspended) {
        return Err(not_good().into());
    }
    let person = prove(tx, &person, &link.email).await?;
    if account.is_none() {
        return set_password(tx, &oneself(person.id), person.id, password_hash).await;
    }
    replace_password(tx, &oneself(person.id), &person, password_hash, None).await
}

/// Changes one's own password, for somebody who has shown to know the one of this hash: `false` when that is not the password any
/// more. It ends all sessions but this one.
///
/// # Errors
/// The database's.
pub async fn change_password(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonId,
    (known_hash, password_hash): (&str, &str),
    session: Option<SignInId>,
) -> Result<bool> {
    let person: Person = tx.lock(person).await?;
    Tie::to_person(actor, person.id).require(Action::ChangePassword, SubjectKind::Person)?;
    if tx.password_hash(person.id).await?.as_deref() != Some(known_hash) {
        return Ok(false);
    }
    replace_password(tx, actor, &person, password_hash, session).await?;
    Ok(true)
}

/// Asks for another address of one's own. Nothing changes until that is shown to be one's own.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn change_email(tx: &Tx, actor: &Actor, person: PersonId, email: &Email) -> Result<()> {
    Tie::to_person(actor, person).require(Action::ChangeEmail, SubjectKind::Person)?;
    let link = Link::ask(tx.make_opaque_id(), LinkKind::ChangeEmail, Some(person), email.clone(), tx.process_now());
    links::send(tx, &link, MailKind::ConfirmEmail).await
}

/// A new address is the person's own: from now on it is the address, and the old one is told.
///
/// # Errors
/// The token is not good, or another person has the address; the database's errors.
pub async fn confirm_email(tx: &mut Tx, token: &TokenHash) -> Result<()> {
    let link = links::use_up(tx, token, &[LinkKind::ChangeEmail]).await?;
    let person = link.person_id.ok_or_else(not_good)?;
    let before: Person = tx.get(person).await?;
    if tx.account(person).await?.is_none_or(|account| account.state == AccountState::Suspended) {
        return Err(not_good().into());
    }
    let update = PersonUpdate { email: Some(link.email), email_proven: Some(true), ..PersonUpdate::default() };
    people::change(tx, &oneself(person), person, |_| Ok(update.clone())).await?;
    tx.end_links(person, &[LinkKind::ResetPassword]).await?;
    let told = Mail::ask(tx.make_opaque_id(), MailKind::EmailChanged, Some(person), before.email, None, tx.process_now());
    tx.add_mail(&told).await
}

/// What a password of the person with this address must not be made of.
///
/// # Errors
/// The database's.
pub async fn hints(read: &Read, email: &Email) -> Result<Hints> {
    let coalition: Coalition = read.get(read.coalition_id()).await?;
    let hints = Hints::new(email, &coalition.slug, coalition.name.as_str());
    let person = read.person_by_email(email).await?;
    Ok(person.map_or_else(|| hints.clone(), |person| hints.clone().named([&person.given_name, &person.family_name])))
}

/// A link by which a person sets the first password of an account, as it is told to whoever made the account.
///
/// # Errors
/// The database's.
pub async fn set_up(tx: &Tx, person: &Person, token: &Token) -> Result<String> {
    let email = person.email.clone();
    let link = Link::ask(tx.make_opaque_id(), LinkKind::SetUpAccount, Some(person.id), email, tx.process_now());
    tx.add_link(&link).await?;
    tx.give_token(link.id, link.person_id, &token.hash).await?;
    let coalition: Coalition = tx.get(tx.coalition_id()).await?;
    Ok(mails::way(&link, &token.text, &coalition))
}

/// Puts a person's account out of use, and ends its sessions.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn suspend(tx: &mut Tx, actor: &Actor, person: PersonId, input: &Input<'_, Reason>) -> Result<()> {
    let owners = lock(tx, actor, person, Action::SuspendPerson).await?;
    let reason = input.read()?;
    let account = tx.account(person).await?.ok_or_else(no_account)?;
    let change = account.suspend(actor, &owners, &reason)?;
    tx.set_account_state(person, change.value.state).await?;
    tx.end_sessions(person, None).await?;
    mails::note_and_tell(tx, person, change.happened, actor).await
}

/// Lets a person's account be used again.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn reinstate(tx: &mut Tx, actor: &Actor, person: PersonId, input: &Input<'_, Reason>) -> Result<()> {
    lock(tx, actor, person, Action::ReinstatePerson).await?;
    let reason = input.read()?;
    let account = tx.account(person).await?.ok_or_else(no_account)?;
    let change = account.reinstate(&reason)?;
    tx.set_account_state(person, change.value.state).await?;
    mails::note_and_tell(tx, person, change.happened, actor).await
}

/// An owner gives a person a grant, when it has it not yet.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn add_grant(tx: &mut Tx, actor: &Actor, person: PersonId, name: Grant) -> Result<()> {
    lock(tx, actor, person, Action::AddGrant).await?;
    grant(tx, actor, person, name).await
}

/// An owner takes a grant from a person, when it has it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn remove_grant(tx: &mut Tx, actor: &Actor, person: PersonId, name: Grant) -> Result<()> {
    let owners = lock(tx, actor, person, Action::RemoveGrant).await?;
    if tx.grants(person).await?.contains(&name) {
        let happened = accounts::ungranted(person, name, &owners)?;
        tx.remove_grant(person, name).await?;
        tx.note([happened], actor);
    }
    Ok(())
}

/// Ends a person's sessions.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn end_sign_ins(tx: &mut Tx, actor: &Actor, person: PersonId) -> Result<()> {
    let person: Person = tx.get(person).await?;
    Tie::none(actor).require(Action::EndSignIns, SubjectKind::Person)?;
    let ended = tx.end_sessions(person.id, None).await?;
    tx.note([accounts::signed_out(person.id, ended)], actor);
    Ok(())
}

/// Gives a person a grant, when it has it not yet.
///
/// # Errors
/// The database's.
pub async fn grant(tx: &mut Tx, actor: &Actor, person: PersonId, grant: Grant) -> Result<()> {
    if tx.grant(person, grant).await? {
        tx.note([accounts::granted(person, grant)], actor);
    }
    Ok(())
}

/// Gives a person a password, and with it an account.
///
/// # Errors
/// The database's.
pub async fn set_password(tx: &mut Tx, actor: &Actor, person: PersonId, password_hash: &str) -> Result<()> {
    tx.set_password(person, password_hash).await?;
    tx.note([accounts::password_set(person)], actor);
    Ok(())
}

/// Gives a person another password: whatever the old one opened is closed, but for this session; and the person is told.
async fn replace_password(
    tx: &mut Tx,
    actor: &Actor,
    person: &Person,
    password_hash: &str,
    session: Option<SignInId>,
) -> Result<()> {
    set_password(tx, actor, person.id, password_hash).await?;
    tx.end_sessions(person.id, session).await?;
    tx.end_links(person.id, &[LinkKind::ResetPassword, LinkKind::SetUpAccount, LinkKind::ChangeEmail]).await?;
    let (id, now) = (tx.make_opaque_id(), tx.process_now());
    tx.add_mail(&Mail::ask(id, MailKind::PasswordChanged, Some(person.id), person.email.clone(), None, now)).await
}

/// Takes the address for proven, of a person who still has it.
async fn prove(tx: &mut Tx, person: &Person, held: &Email) -> Result<Person> {
    let same = |person: &Person| person.email.normalized() == held.normalized();
    if person.email_proven_at.is_some() {
        let person: Person = tx.lock(person.id).await?;
        return if same(&person) { Ok(person) } else { Err(not_good().into()) };
    }
    let update = PersonUpdate { email_proven: Some(true), ..PersonUpdate::default() };
    let decide = |person: &Person| if same(person) { Ok(update.clone()) } else { Err(not_good().into()) };
    people::change(tx, &oneself(person.id), person.id, decide).await
}

/// Goes on when the person is there, and the actor may do this to it. Gives back the owners who can sign in, who stay owners
/// meanwhile.
async fn lock(tx: &Tx, actor: &Actor, person: PersonId, action: Action) -> Result<Vec<PersonId>> {
    let owners = tx.lock_owners().await?;
    let _: Person = tx.lock(person).await?;
    Tie::none(actor).require(action, SubjectKind::Person)?;
    Ok(owners)
}

/// The person itself, which has shown by a link who it is, and no right beside that.
fn oneself(id: PersonId) -> Actor {
    Actor::Person { id, grants: BTreeSet::new() }
}

fn no_account() -> Refusal {
    Refusal::NotReady { what: "This person has no account yet".to_owned(), missing: Vec::new() }
}
