//! The outbox: mails are asked for where their reason is given, and sent from here.
//!
//! What always holds: a mail is taken, and its link's token made, in a transaction that is committed before the mail server is
//! called; what became of it is written down in another. So a crash between the two sends it once more, with the same id and a new
//! token. What a mail says is found out when it is taken: whoever asked for it got an answer that told nothing. Left out on
//! purpose: how a letter travels, which a [`Mailer`] knows.

mod letters;
pub(crate) mod moves;
pub(crate) mod proposals;
pub(crate) mod reviews;

pub(crate) use letters::way;

use cohortium_domain::access::Actor;
use cohortium_domain::accounts::AccountState;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{CoalitionId, MailId, PersonId};
use cohortium_domain::journal::Happening;
use cohortium_domain::links::Link;
use cohortium_domain::mails::{Mail, MailKind, MailState, Unsent};
use cohortium_domain::people::Person;
use cohortium_domain::text::Email;
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{Origin, Read, Result, Store, Tx};

use self::moves::Passage;
use self::proposals::Matter;
use self::reviews::Stack;
use crate::links::Token;

/// The subject of a mail, and its text.
type Words = (&'static str, String);

/// What a mail is about, as it is now.
#[derive(Clone, Debug, PartialEq)]
enum Topic {
    /// A proposal.
    Proposal(Box<Matter>),
    /// Going on in another cohort.
    Passage(Box<Passage>),
    /// Proposals to be reviewed.
    Stack(Stack),
}

/// What brings letters to people.
pub trait Mailer: Sync {
    /// Sends a letter.
    ///
    /// # Errors
    /// Why it was not sent.
    fn send(&self, letter: &Letter) -> impl Future<Output = Result<(), Unsent>> + Send;
}

/// A mail as it is sent: plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which mail it is: the same in every attempt.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// In whose name it comes.
    pub from_name: String,
    /// Where an answer goes.
    pub reply_to: Option<Email>,
    /// To which address.
    pub to: Email,
    /// In a line.
    pub subject: &'static str,
    /// What it says.
    pub text: String,
    /// When it was asked for.
    pub written_at: Timestamp,
}

/// Writes down what happened to a person's ways in, and tells the person by mail.
///
/// # Errors
/// The database's.
pub(crate) async fn note_and_tell(
    tx: &mut Tx,
    person: PersonId,
    happened: impl IntoIterator<Item = Happening>,
    actor: &Actor,
) -> Result<()> {
    for happened in happened {
        if let Some(kind) = MailKind::telling(&happened) {
            let Person { email, .. } = tx.get(person).await?;
            tx.add_mail(&Mail::ask(tx.make_opaque_id(), kind, Some(person), email, None, tx.process_now())).await?;
        }
        tx.note([happened], actor);
    }
    Ok(())
}

const ORIGIN: Origin = Origin { door: "job", request_id: None };

/// Sends the mails of a coalition that are due, until none is left or the mail server cannot be reached. Several can do so at once.
///
/// # Errors
/// The database's.
pub async fn deliver(store: &Store, coalition: CoalitionId, mailer: &impl Mailer) -> Result<()> {
    loop {
        let token = Token::make(&**store.environment());
        let taken = store.write(coalition, ORIGIN, async |tx| take(tx, &token).await).await?;
        let Some((mail, letter)) = taken else { return Ok(()) };
        let sent = mailer.send(&letter).await;
        let (now, [chance, ..]) = (store.environment().now(), store.environment().random());
        let lease = mail.lease_until;
        let after = match sent {
            Ok(()) => mail.sent(now),
            Err(why) => mail.unsent(why, chance, now),
        };
        if after.state == MailState::Failed {
            tracing::warn!(mail = %after.id, kind = %after.kind, attempts = after.attempts, "a mail was given up");
        }
        store.write(coalition, ORIGIN, async |tx| tx.save_mail(&after, lease).await).await?;
        if sent == Err(Unsent::Unreachable) {
            return Ok(());
        }
    }
}

/// Takes a mail that is due and has something to say, and finds out what. Its link gets this token.
async fn take(tx: &mut Tx, token: &Token) -> Result<Option<(Mail, Letter)>> {
    let now = tx.process_now();
    while let Some(due) = tx.lock_mail_due(now).await? {
        let lease = due.lease_until;
        let topic = topic(tx, &due).await?;
        let Some((mail, link)) = settle(tx, due.clone(), topic.is_some(), now).await? else {
            tx.save_mail(&due.dropped(), lease).await?;
            continue;
        };
        let mail = mail.taken(now);
        tx.save_mail(&mail, lease).await?;
        if let Some(link) = &link {
            tx.give_token(link.id, mail.person_id, &token.hash).await?;
        }
        let letter = write(tx, &mail, link.as_ref().map(|link| (link, token.text.as_str())), topic.as_ref()).await?;
        return Ok(Some((mail, letter)));
    }
    Ok(None)
}

/// What a mail is about, where it is about something and what it tells still holds.
async fn topic(read: &Read, mail: &Mail) -> Result<Option<Topic>> {
    if matches!(mail.kind, MailKind::TransferOffered | MailKind::CohortChanged) {
        return Ok(moves::passage(read, mail).await?.map(Box::new).map(Topic::Passage));
    }
    if mail.kind == MailKind::ReviewsAssigned {
        return Ok(reviews::stack(read, mail).await?.map(Topic::Stack));
    }
    Ok(proposals::matter(read, mail).await?.map(Box::new).map(Topic::Proposal))
}

/// The letter that a mail is.
async fn write(tx: &Tx, mail: &Mail, way: Option<(&Link, &str)>, topic: Option<&Topic>) -> Result<Letter> {
    let coalition: Coalition = tx.get(tx.coalition_id()).await?;
    let person = match mail.person_id {
        Some(person) => tx.find::<Person>(person).await?,
        None => None,
    };
    let zone = person.and_then(|person| person.time_zone).unwrap_or(coalition.time_zone);
    Ok(letters::letter(mail, &coalition, zone, way, topic))
}

/// What a mail about a proposal would say: its subject and its text.
pub(crate) fn written(kind: MailKind, matter: Matter, coalition: &Coalition, zone: Zone) -> (&'static str, String) {
    let topic = Topic::Proposal(Box::new(matter));
    let (subject, text) = letters::words(kind, &letters::Context { coalition, zone, topic: Some(&topic) }, "", "");
    (subject, letters::wrapped(&text))
}

/// What there is to say now, and to whom: the mail as it is to be sent, and the link that it brings. Nothing, when there is nothing
/// to say. `holds` says whether the thing that it is about still is as it says.
async fn settle(tx: &Tx, mail: Mail, holds: bool, now: Timestamp) -> Result<Option<(Mail, Option<Link>)>> {
    let link = match mail.link_id {
        Some(id) => tx.link(id).await?.filter(|link| link.good(now)),
        None => None,
    };
    Ok(match (mail.kind, link) {
        (MailKind::VerifyEmail, Some(link)) => Some(registering(tx, mail, link).await?),
        (MailKind::ResetPassword, Some(link)) => resetting(tx, mail).await?.map(|mail| (mail, Some(link))),
        (MailKind::ConfirmEmail, Some(link)) => Some((mail, Some(link))),
        // Somebody else may have been asked meanwhile.
        (MailKind::AttestEmployment, Some(link)) => tx.attestation_by_link(link.id).await?.map(|_| (mail, Some(link))),
        (MailKind::VerifyEmail | MailKind::ResetPassword | MailKind::ConfirmEmail | MailKind::AttestEmployment, None) => None,
        (
            MailKind::ProposalAccepted
            | MailKind::ProposalRejected
            | MailKind::ProposalReserved
            | MailKind::ProposalPromoted
            | MailKind::ProposalNotPlaced
            | MailKind::RevisionRequested
            | MailKind::RevisionLapsed
            | MailKind::SubmissionExtended
            | MailKind::FacilitatorInvited
            | MailKind::ReviewsAssigned
            | MailKind::TransferOffered
            | MailKind::CohortChanged,
            _,
        ) => holds.then_some((mail, None)),
        // What has happened is told, whatever has happened since.
        _ => Some((mail, None)),
    })
}

/// To whoever registers: a link; or that there is an account already, where there is, and then the link is good for nothing.
async fn registering(tx: &Tx, mail: Mail, link: Link) -> Result<(Mail, Option<Link>)> {
    let Some(person) = tx.person_by_email(&link.email).await? else { return Ok((mail, Some(link))) };
    if tx.account(person.id).await?.is_none() {
        return Ok((mail, Some(link)));
    }
    tx.use_up(link.id).await?;
    let mail = Mail { kind: MailKind::AccountExists, person_id: Some(person.id), address: person.email, link_id: None, ..mail };
    Ok((mail, None))
}

/// To whoever has forgotten a password: to the address that we know, however it was written in the request. Nothing, when nobody
/// here has it.
async fn resetting(tx: &Tx, mail: Mail) -> Result<Option<Mail>> {
    let Some(person) = tx.person_by_email(&mail.address).await? else { return Ok(None) };
    let active = tx.account(person.id).await?.is_some_and(|account| account.state == AccountState::Active);
    Ok(active.then_some(Mail { person_id: Some(person.id), address: person.email, ..mail }))
}
