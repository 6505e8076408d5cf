//! Mails about proposals: when each is asked for, whether there still is something to say when it is sent, and what.
//!
//! What always holds: an author is told what was released and nothing else; whoever is asked to facilitate reads nothing that the
//! author typed, since anybody can write to anybody so.

use cohortium_domain::coalitions::Coalition;
use cohortium_domain::facilitator_invitations::{FacilitatorInvitation, InvitationState};
use cohortium_domain::ids::{Id, InvitationId, ProposalId};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{Call, Decision, Proposal, Standing};
use cohortium_domain::text::Title;
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{Read, Result, Tx};

use super::Words;
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
    match Decision::released(released) {
        Decision::Accept => MailKind::ProposalAccepted,
        Decision::Reject => MailKind::ProposalRejected,
        Decision::Reserve => MailKind::ProposalReserved,
    }
}

/// The mail that tells what became of a proposal by time alone, where its author is told: an acceptance that was let lapse is not.
pub(crate) fn told_by_time(settled: &Proposal) -> Option<MailKind> {
    if matches!(settled.standing, Standing::Accepted { .. }) {
        Some(MailKind::ProposalPromoted)
    } else if settled.standing == Standing::Submitted {
        Some(MailKind::RevisionLapsed)
    } else {
        None
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
    let invites = mail.kind == MailKind::FacilitatorInvited;
    let invitation: Option<FacilitatorInvitation> = if invites { read.find(InvitationId::from_uuid(subject)).await? } else { None };
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
            | (MailKind::RevisionRequested, Standing::RevisionRequested { .. })
            | (MailKind::RevisionLapsed, Standing::Submitted | Standing::InReview { .. }) => true,
            (MailKind::SubmissionExtended, _) => self.proposal.still_extended(now),
            (MailKind::FacilitatorInvited, Standing::Draft | Standing::RevisionRequested { .. }) => {
                self.invitation.as_ref().is_some_and(open)
            }
            _ => false,
        }
    }

    pub(super) fn accepted(&self, coalition: &Coalition, zone: Zone) -> Words {
        ("Your proposal was accepted", format!("{} was accepted. {}", self.whose(coalition), self.confirm(coalition, zone)))
    }

    pub(super) fn promoted(&self, coalition: &Coalition, zone: Zone) -> Words {
        let (whose, confirm) = (self.whose(coalition), self.confirm(coalition, zone));
        ("Your proposal was accepted", format!("A place came free, and {whose} is accepted now. {confirm}"))
    }

    pub(super) fn rejected(&self, coalition: &Coalition, _: Zone) -> Words {
        let (whose, letter) = (self.whose(coalition), self.letter());
        ("Your proposal was not accepted", format!("{whose} was not accepted. Thank you for it.\n{letter}"))
    }

    pub(super) fn reserved(&self, coalition: &Coalition, _: Zone) -> Words {
        let (whose, way, letter) = (self.whose(coalition), self.way(coalition), self.letter());
        (
            "Your proposal is in reserve",
            format!("{whose} is in reserve: when a place comes free that falls to it, we write to you again.\n{way}{letter}"),
        )
    }

    pub(super) fn not_placed(&self, coalition: &Coalition, _: Zone) -> Words {
        let whose = self.whose(coalition);
        (
            "No place came free for your proposal",
            format!("{whose} was in reserve. No place came free, and the offerings are final now. Thank you for it.\n"),
        )
    }

    pub(super) fn revision_requested(&self, coalition: &Coalition, zone: Zone) -> Words {
        let (whose, until, way) = (self.whose(coalition), self.until(zone), self.way(coalition));
        let message = self.proposal.revision_requests.last().map_or("", |request| request.message.as_str());
        (
            "Please revise your proposal",
            format!(
                "We have read {whose} and ask you for another text, until {until}:\n\n{message}\n\n\
                 Until you hand it in, the text that you have handed in stands; it does so, too, when you do not.\n{way}"
            ),
        )
    }

    pub(super) fn revision_lapsed(&self, coalition: &Coalition, _: Zone) -> Words {
        let (whose, way) = (self.whose(coalition), self.way(coalition));
        (
            "The time to revise your proposal is over",
            format!(
                "We had asked you to revise {whose} and no other text came in time. The one that you have handed in before stands.\n{way}"
            ),
        )
    }

    pub(super) fn extended(&self, coalition: &Coalition, zone: Zone) -> Words {
        let (whose, until, way) = (self.whose(coalition), self.until(zone), self.way(coalition));
        (
            "You have longer to hand in your proposal",
            format!("You have longer than others to hand in {whose} namely until {until}.\n{way}"),
        )
    }

    pub(super) fn invited(&self, coalition: &Coalition, _: Zone) -> Words {
        let (program, name, way) = (&self.program, &coalition.name, self.way(coalition));
        (
            "You are asked to facilitate",
            format!(
                "Somebody asks you to facilitate a group of {program} of {name} together. Sign in with this e-mail address, or register \
                 with it, to see who it is and what is proposed, and to agree or decline.\n{way}\n\
                 If you do not want to, there is nothing to do.\n"
            ),
        )
    }

    /// The proposal, in the words in which its author knows it.
    fn whose(&self, coalition: &Coalition) -> String {
        format!("“{}”, your proposal for {} of {},", self.proposal.content.title, self.program, coalition.name)
    }

    fn confirm(&self, coalition: &Coalition, zone: Zone) -> String {
        let (until, way, letter) = (self.until(zone), self.way(coalition), self.letter());
        format!("Confirm that you will facilitate, until {until}; after that the place goes to the next.\n{way}{letter}")
    }

    /// Until when somebody has time, by the mail that says so.
    fn until(&self, zone: Zone) -> String {
        let until = self.proposal.lapses_at(&self.call).or(self.proposal.extended_until);
        until.map(|until| instant(until, zone)).unwrap_or_default()
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use cohortium_domain::coalitions::Clock;
    use cohortium_domain::ids::{CoalitionId, PersonId, ProgramId};
    use cohortium_domain::proposals::{Content, RevisionRequest};
    use cohortium_domain::text::{Slug, Text, WebAddress};
    use cohortium_domain::timeline::SubmissionWindow;
    use uuid::Uuid;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    /// A proposal that was accepted.
    pub(in crate::mails) fn matter() -> Matter {
        let author = PersonId::from_uuid(Uuid::nil());
        let content = Content::titled(Text::new("Rural leadership").unwrap());
        let draft = Proposal::create(Uuid::nil().into(), ProgramId::from_uuid(Uuid::nil()), author, content, at(0)).unwrap().value;
        let call = Call {
            window: SubmissionWindow { opens_at: at(0), closes_at: at(100), accepted_until: at(100) },
            confirmations_due_at: at(200),
            days_to_confirm: 3,
            time_zone: Zone::UTC,
            finalized_at: None,
            ended_at: None,
        };
        let accepted = Standing::Accepted { accepted_at: at(120), confirm_until: None };
        let program = Text::new("Communities of Practice").unwrap();
        Matter { proposal: Proposal { standing: accepted, ..draft }, program, call, invitation: None }
    }

    fn standing(standing: Standing) -> Matter {
        let matter = matter();
        Matter { proposal: Proposal { standing, ..matter.proposal }, ..matter }
    }

    fn coalition() -> Coalition {
        let (slug, name) = (Slug::new("dcsc").unwrap(), Text::new("Diverse Charter Schools").unwrap());
        let made = Coalition::create(CoalitionId::from_uuid(Uuid::nil()), slug, name, Zone::UTC, Clock::Live, at(0)).value;
        Coalition { front_end_url: Some(WebAddress::new("https://app.dcsc.example/").unwrap()), ..made }
    }

    #[test]
    fn what_does_not_hold_any_more_is_not_said() {
        let rejected = Standing::Rejected { rejected_at: at(120) };
        let reserved = Standing::InReview { staged: None, reserve: Some(1) };
        let revising = Standing::RevisionRequested { due_at: at(150) };
        for (kind, holds) in [
            (MailKind::ProposalAccepted, matter().proposal.standing),
            (MailKind::ProposalPromoted, matter().proposal.standing),
            (MailKind::ProposalRejected, rejected),
            (MailKind::ProposalNotPlaced, rejected),
            (MailKind::ProposalReserved, reserved),
            (MailKind::RevisionRequested, revising),
            (MailKind::RevisionLapsed, Standing::Submitted),
        ] {
            for other in [matter().proposal.standing, rejected, reserved, revising, Standing::Submitted, Standing::Draft] {
                // A text that was not revised may be in review already.
                if (kind, other) == (MailKind::RevisionLapsed, reserved) {
                    continue;
                }
                assert_eq!(standing(other).holds(kind, at(130)), other == holds, "{kind} of {other:?}");
            }
        }
        let extended = |until| {
            let draft = standing(Standing::Draft);
            Matter { proposal: Proposal { extended_until: Some(at(until)), ..draft.proposal }, ..draft }
        };
        assert!(
            extended(131).holds(MailKind::SubmissionExtended, at(130))
                && !extended(130).holds(MailKind::SubmissionExtended, at(130))
        );
    }

    #[test]
    fn an_acceptance_says_until_when_to_confirm_and_where_and_brings_the_letter() {
        let accepted = matter();
        let letter = Some(Text::new("We liked the plan.\n\nKeep an hour free.").unwrap());
        let accepted = Matter { proposal: Proposal { letter, ..accepted.proposal }, ..accepted };
        let (subject, text) = accepted.accepted(&coalition(), Zone::UTC);
        assert_eq!(subject, "Your proposal was accepted");
        let nobody = Uuid::nil();
        assert_eq!(
            text,
            format!(
                "“Rural leadership”, your proposal for Communities of Practice of Diverse Charter Schools, was accepted. Confirm that you will \
                 facilitate, until 1970-01-09, 08:00 (UTC); after that the place goes to the next.\n\n    \
                 https://app.dcsc.example/proposals/{nobody}\n\nWe liked the plan.\n\nKeep an hour free.\n"
            )
        );
    }

    #[test]
    fn a_request_for_a_revision_says_what_and_until_when() {
        let revising = standing(Standing::RevisionRequested { due_at: at(150) });
        let message = Text::new("Say more of the calls.").unwrap();
        let request = RevisionRequest { submission: 1, message, requested_at: at(120), due_at: at(150), handed_in_at: None };
        let revising = Matter { proposal: Proposal { revision_requests: vec![request], ..revising.proposal }, ..revising };
        let (_, text) = revising.revision_requested(&coalition(), Zone::UTC);
        assert!(text.contains("until 1970-01-07, 06:00 (UTC):\n\nSay more of the calls.\n\n"), "{text}");
    }
}
