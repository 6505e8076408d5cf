//! Mails about proposals: when each is asked for, whether there still is something to say when it is sent, and what.
//!
//! What always holds: an author is told what was released and nothing else; whoever is asked to facilitate reads nothing that the author
//! typed, since anybody can write to anybody so.

use cohortium_domain::coalitions::Coalition;
use cohortium_domain::facilitator_invitations::{FacilitatorInvitation, InvitationState};
use cohortium_domain::ids::{Id, InvitationId, ProposalId};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{Call, Proposal, ProposalState, Standing};
use cohortium_domain::text::Title;
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{Read, Result, Tx};

use super::letters::{INDENT, instant};

/// What a mail about a proposal is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matter {
    /// The proposal as it is now.
    pub proposal: Proposal,
    /// The name of its program.
    pub program: Title,
    /// The call that it answers.
    pub call: Call,
    /// The invitation, where it is one.
    pub invitation: Option<FacilitatorInvitation>,
}

/// The mail that tells what was released about a proposal.
pub(crate) fn told_by(released: &Proposal) -> MailKind {
    match released.state() {
        ProposalState::Accepted => MailKind::ProposalAccepted,
        ProposalState::Rejected => MailKind::ProposalRejected,
        _ => MailKind::ProposalReserved,
    }
}

/// Asks for a mail to the author of a proposal.
pub(crate) async fn to_author(tx: &Tx, kind: MailKind, proposal: &Proposal) -> Result<()> {
    let author: Person = tx.get(proposal.author_id).await?;
    let mail = Mail::ask(tx.make_opaque_id(), kind, Some(author.id), author.email, None, tx.process_now());
    tx.add_mail(&mail.about(proposal.id)).await
}

/// Asks for the mail that brings an invitation to facilitate.
pub(crate) async fn to_invited(tx: &Tx, invitation: &FacilitatorInvitation) -> Result<()> {
    let (id, address) = (tx.make_opaque_id(), invitation.email.clone());
    let mail = Mail::ask(id, MailKind::FacilitatorInvited, None, address, None, tx.process_now());
    tx.add_mail(&mail.about(invitation.id)).await
}

/// What a mail is about, while there is something to say: what it tells still holds.
pub(super) async fn matter(read: &Read, mail: &Mail) -> Result<Option<Matter>> {
    let Some(subject) = mail.subject_id else { return Ok(None) };
    let invitation: Option<FacilitatorInvitation> = match mail.kind {
        MailKind::FacilitatorInvited => read.find(InvitationId::from_uuid(subject)).await?,
        _ => None,
    };
    let id = invitation.as_ref().map_or_else(|| ProposalId::from_uuid(subject), |invitation| invitation.proposal_id);
    let Some(proposal) = read.find::<Proposal>(id).await? else { return Ok(None) };
    let program: Program = read.get(proposal.program_id).await?;
    let call = Call::of(&read.timeline(&program).await?, &program.decisions)?;
    let proposal = crate::proposals::as_it_is(read, &call, proposal).await?;
    let matter = Matter { proposal, program: program.name, call, invitation };
    Ok(Some(matter).filter(|matter| matter.holds(mail.kind, read.now())))
}

impl Matter {
    fn holds(&self, kind: MailKind, now: Timestamp) -> bool {
        let open = |invitation: &FacilitatorInvitation| invitation.state == InvitationState::Pending;
        match (kind, self.proposal.standing) {
            (MailKind::ProposalAccepted | MailKind::ProposalPromoted, Standing::Accepted { .. })
            | (MailKind::ProposalRejected | MailKind::ProposalNotPlaced, Standing::Rejected { .. })
            | (MailKind::ProposalReserved, Standing::InReview { reserve: Some(_), .. })
            | (MailKind::RevisionRequested, Standing::RevisionRequested { .. }) => true,
            (MailKind::SubmissionExtended, _) => self.proposal.still_extended(now),
            (MailKind::FacilitatorInvited, Standing::Draft | Standing::RevisionRequested { .. }) => {
                self.invitation.as_ref().is_some_and(open)
            }
            _ => false,
        }
    }

    /// What a mail about it says: its subject and its text.
    pub(super) fn words(&self, kind: MailKind, coalition: &Coalition, zone: Zone) -> (&'static str, String) {
        let (program, name) = (&self.program, &coalition.name);
        let whose = format!("“{}”, your proposal for {program} of {name},", self.proposal.content.title);
        let until = self.until().map(|until| instant(until, zone)).unwrap_or_default();
        let (way, letter) = (self.way(coalition), self.letter());
        let confirm =
            format!("Confirm that you will facilitate, until {until}; after that the place goes to the next.\n{way}{letter}");
        match kind {
            MailKind::ProposalAccepted => ("Your proposal was accepted", format!("{whose} was accepted. {confirm}")),
            MailKind::ProposalPromoted => {
                ("Your proposal was accepted", format!("A place came free, and {whose} is accepted now. {confirm}"))
            }
            MailKind::ProposalRejected => {
                ("Your proposal was not accepted", format!("{whose} was not accepted. Thank you for it.\n{letter}"))
            }
            MailKind::ProposalReserved => (
                "Your proposal is in reserve",
                format!("{whose} is in reserve: when a place comes free that falls to it, we write to you again.\n{way}{letter}"),
            ),
            MailKind::ProposalNotPlaced => (
                "No place came free for your proposal",
                format!("{whose} was in reserve. No place came free, and the offerings are final now. Thank you for it.\n"),
            ),
            MailKind::RevisionRequested => (
                "Please revise your proposal",
                format!(
                    "We have read {whose} and ask you for another text, until {until}:\n\n{}\n\n\
                     Until you hand it in, the text that you have handed in stands; it does so, too, when you do not.\n{way}",
                    self.message()
                ),
            ),
            MailKind::SubmissionExtended => (
                "You have longer to hand in your proposal",
                format!("You have longer than others to hand in {whose} namely until {until}.\n{way}"),
            ),
            _ => (
                "You are asked to facilitate",
                format!(
                    "Somebody asks you to facilitate a group of {program} of {name} together. Sign in with this e-mail address, or register \
                     with it, to see who it is and what is proposed, and to agree or decline.\n{way}\n\
                     If you do not want to, there is nothing to do.\n"
                ),
            ),
        }
    }

    /// Until when somebody has time, by the mail that says so.
    fn until(&self) -> Option<Timestamp> {
        self.proposal.lapses_at(&self.call).or(self.proposal.extended_until)
    }

    fn message(&self) -> &str {
        self.proposal.revision_requests.last().map_or("", |request| request.message.as_str())
    }

    fn letter(&self) -> String {
        self.proposal.letter.as_ref().map(|letter| format!("\n{letter}\n")).unwrap_or_default()
    }

    /// Where on the coalition's front end it is, where there is one.
    fn way(&self, coalition: &Coalition) -> String {
        let Some(url) = &coalition.front_end_url else { return String::new() };
        let page = match &self.invitation {
            Some(invitation) => format!("facilitator-invitations/{}", invitation.id),
            None => format!("proposals/{}", self.proposal.id),
        };
        format!("\n{INDENT}{}/{page}\n", url.as_str().trim_end_matches('/'))
    }
}
