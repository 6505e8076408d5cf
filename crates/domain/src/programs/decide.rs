//! The decisions about a program.

use super::{Delivery, MACHINE, Program};
use crate::access::{Action, Actor, Tie};
use crate::journal::Change;
use crate::refusal::Refusal;
use crate::text::Reason;
use crate::time::Timestamp;
use crate::timeline::{MilestoneKind, Phase, Timeline};
use crate::words::Word;

impl Program {
    /// Makes it public.
    ///
    /// # Errors
    /// It is no draft, or its timeline is incomplete or out of order.
    pub fn publish(mut self, timeline: &Timeline, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::PublishProgram)?;
        timeline.check()?;
        self.decisions.published_at = Some(now);
        Ok(self.decided("published", None, now))
    }

    /// Settles which cohorts there are. Whether the proposals are settled, and which cohorts come of them, is for
    /// [`Round::finalize`](crate::proposals::Round::finalize).
    ///
    /// # Errors
    /// There is no call, or it was done; the call is not over, or the program is.
    pub fn finalize_offerings(mut self, timeline: &Timeline, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::FinalizeOfferings)?;
        self.check_call_over(timeline, now)?;
        self.decisions.finalized_at = Some(now);
        Ok(self.decided("offerings_finalized", None, now))
    }

    /// Closes it before its time, or for good after it.
    ///
    /// # Errors
    /// It was never published, or is over.
    pub fn close(mut self, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::CloseProgram)?;
        self.decisions.closed_at = Some(now);
        Ok(self.decided("closed", None, now))
    }

    /// Calls it off.
    ///
    /// # Errors
    /// It is over.
    pub fn cancel(mut self, reason: &Reason, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::CancelProgram)?;
        self.decisions.cancelled = Some((now, reason.clone()));
        Ok(self.decided("cancelled", Some(reason), now))
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, actor: &Actor, phase: Phase) -> Vec<&'static str> {
        MACHINE.allowed(self.state(), &Tie::none(actor), |action| {
            action != Action::FinalizeOfferings || phase == Phase::ReviewingProposals
        })
    }

    fn decided(mut self, verb: &'static str, reason: Option<&Reason>, now: Timestamp) -> Change<Self> {
        self.meta = self.meta.changed(now);
        let happened = self.happening(verb).because(reason);
        Change::one(self, happened)
    }

    /// Goes on once a call was held and no more proposals are taken: before, one could still be handed in that nobody has judged.
    fn check_call_over(&self, timeline: &Timeline, now: Timestamp) -> Result<(), Refusal> {
        let window = timeline.proposal_window().filter(|_| self.delivery == Delivery::CallForProposals);
        let Some(window) = window else {
            return Err(Refusal::InvalidTransition {
                machine: MACHINE.name,
                current_state: self.state().as_str(),
                action: Action::FinalizeOfferings,
                from_here: MACHINE.actions_from(self.state()).filter(|action| *action != Action::FinalizeOfferings).collect(),
            });
        };
        let over_at = timeline.first(MilestoneKind::Closeout).and_then(|closeout| closeout.closes_at);
        let (what, opens_at, closed_at) = if now < window.accepted_until {
            ("The offerings can be finalized once proposals are due", Some(window.accepted_until), None)
        } else if over_at.is_some_and(|over_at| over_at <= now) {
            ("The program is over: its offerings cannot be finalized any more", None, over_at)
        } else {
            return Ok(());
        };
        Err(Refusal::WindowClosed { what: what.to_owned(), opens_at, closed_at })
    }
}
