//! What staff give an author before they decide: a request for another text, and more time for the first.
//!
//! What always holds: what is asked for is written down and stays, whatever came of it; who was given longer is given nothing less.

use serde::{Deserialize, Serialize};

use super::{Call, MACHINE, Proposal, Standing};
use crate::access::Action;
use crate::journal::Change;
use crate::refusal::{FaultCode, Refusal};
use crate::text::{Reason, Text};
use crate::time::{Date, Timestamp, Zone};

/// What an author is asked to change.
pub type Message = Text<1, 4_000>;

/// How often a proposal can be sent back.
pub const MOST_REVISIONS: usize = 20;

/// Until when somebody is given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of a civil day in the program's zone.
    On(Date),
    /// To an instant.
    At(Timestamp),
}

impl Until {
    /// The instant at which the time is over.
    #[must_use]
    pub fn instant(self, zone: Zone) -> Timestamp {
        match self {
            Self::On(day) => zone.end_of_day(day),
            Self::At(instant) => instant,
        }
    }

    /// The member of a request that said it, of two that are named so.
    fn pointer(self, name: &str) -> String {
        let kind = if matches!(self, Self::On(_)) { "on" } else { "at" };
        format!("#/{name}_{kind}")
    }
}

/// A revision that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevisionRequest {
    /// Of which of the texts that were handed in.
    pub submission: u32,
    /// What its author was asked to change.
    pub message: Message,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it could be handed in.
    pub due_at: Timestamp,
    /// When it was, where it was in time.
    pub handed_in_at: Option<Timestamp>,
}

impl Proposal {
    /// Asks its author for another text. A decision that was staged about the one that is there is dropped.
    ///
    /// # Errors
    /// It was not handed in, has been settled or is in reserve; it was sent back often enough; the day is past.
    pub fn request_revision(self, message: Message, due: Until, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut current = self.as_of(call, now);
        MACHINE.check(current.state(), Action::RequestRevision)?;
        if current.standing.reserve().is_some() {
            return Err(MACHINE.refuse(current.state(), Action::RequestRevision));
        }
        call.check_not_final(now)?;
        if current.revision_requests.len() >= MOST_REVISIONS {
            let what = format!("It was sent back {MOST_REVISIONS} times: decide about it");
            return Err(Refusal::NotReady { what, missing: Vec::new() });
        }
        let due_at = due.instant(call.time_zone);
        if due_at <= now {
            return Err(Refusal::invalid(due.pointer("due"), FaultCode::OutOfRange, "It must be in the future"));
        }
        let submission = current.submission;
        current.revision_requests.push(RevisionRequest { submission, message, requested_at: now, due_at, handed_in_at: None });
        let mut asked = current.moved(Standing::RevisionRequested { due_at }, "revision_requested", now);
        asked.happened = asked.happened.into_iter().map(|happening| happening.with("due_at", due_at.to_rfc3339())).collect();
        Ok(asked)
    }

    /// Gives the author of a draft longer than all others.
    ///
    /// # Errors
    /// It is no draft, nothing can be handed in any more, or it would not be longer.
    pub fn extend(mut self, until: Until, reason: &Reason, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::ExtendProposal)?;
        call.check_not_final(now)?;
        let instant = until.instant(call.time_zone);
        if instant <= now || instant <= call.window.closes_at {
            let detail = "It must be in the future, and later than the end of the call";
            return Err(Refusal::invalid(until.pointer("until"), FaultCode::OutOfRange, detail));
        }
        self.extended_until = Some(instant);
        self.meta = self.meta.changed(now);
        let happening = self.happening("extended").with("until_at", instant.to_rfc3339()).because(Some(reason));
        Ok(Change::one(self, happening))
    }

    /// Whether its author, who was given longer than others, can still hand it in.
    #[must_use]
    pub fn still_extended(&self, now: Timestamp) -> bool {
        self.standing == Standing::Draft && self.extended_until.is_some_and(|until| now < until)
    }
}
