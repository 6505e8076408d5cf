//! The call for proposals: its instants, as they follow from the timeline and from the decisions about the program.

use crate::programs::{Decisions, Delivery};
use crate::refusal::Refusal;
use crate::time::{Timestamp, Zone, earliest};
use crate::timeline::{Calendar, SubmissionWindow, Timeline};

/// A program's call for proposals, as it follows from the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When proposals are taken.
    pub window: SubmissionWindow,
    /// Until here an accepted author confirms: the end of `confirmations_due`, or of `offerings_final` where there is none.
    pub confirmations_due_at: Timestamp,
    /// For how many civil days whoever is accepted from the reserve, or after that, may at least take to confirm.
    pub days_to_confirm: u16,
    /// The zone of those days.
    pub time_zone: Zone,
    /// When the offerings became final: from then on nothing is handed in or decided.
    pub finalized_at: Option<Timestamp>,
    /// When staff closed or cancelled the program: from then on nothing is handed in, decided or confirmed.
    pub ended_at: Option<Timestamp>,
}

impl Call {
    /// The call of a program.
    ///
    /// # Errors
    /// [`Refusal::WindowClosed`] when the program has none: its cohorts are led by staff, or it is not published.
    pub fn of(timeline: &Timeline, decisions: &Decisions) -> Result<Self, Refusal> {
        let Calendar { time_zone, delivery, terms } = *timeline.calendar();
        let window = timeline.proposal_window();
        let (Some(window), Some(confirmations_due_at), Some(_), Delivery::CallForProposals) =
            (window, timeline.confirmations_due_at(), decisions.published_at, delivery)
        else {
            let what = "This program makes no call for proposals".to_owned();
            return Err(Refusal::WindowClosed { what, opens_at: None, closed_at: None });
        };
        let ended_at = earliest([decisions.closed_at, decisions.cancelled_at()]);
        let finalized_at = decisions.finalized_at;
        Ok(Self { window, confirmations_due_at, days_to_confirm: terms.offer_days, time_zone, finalized_at, ended_at })
    }

    /// When the draft of an author can be handed in who may have been given longer.
    #[must_use]
    pub fn window_until(&self, extended_until: Option<Timestamp>) -> SubmissionWindow {
        extended_until.map_or(self.window, |until| self.window.extended(until))
    }

    /// Goes on while proposals are taken from an author who may have been given longer.
    pub(super) fn check_open(&self, extended_until: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
        self.check_not_final(now)?;
        self.window_until(extended_until).check(now)
    }

    /// Goes on once no more proposals are taken: before, a decision could still be overtaken by a better proposal.
    pub(super) fn check_over(&self, now: Timestamp) -> Result<(), Refusal> {
        self.check_not_ended(now)?;
        if now >= self.window.accepted_until {
            return Ok(());
        }
        Err(Refusal::WindowClosed {
            what: "Proposals can still be handed in: wait until the call for proposals is over".to_owned(),
            opens_at: Some(self.window.accepted_until),
            closed_at: None,
        })
    }

    /// Goes on unless the offerings are final, or staff have ended the program.
    pub(super) fn check_not_final(&self, now: Timestamp) -> Result<(), Refusal> {
        self.check_not_ended(now)?;
        match self.finalized_at.filter(|finalized_at| *finalized_at <= now) {
            None => Ok(()),
            closed_at => Err(Refusal::WindowClosed { what: "The offerings are final".to_owned(), opens_at: None, closed_at }),
        }
    }

    /// Goes on unless staff have ended the program.
    pub(super) fn check_not_ended(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.ended_at.filter(|ended_at| *ended_at <= now) {
            None => Ok(()),
            closed_at => Err(Refusal::WindowClosed { what: "The program is over".to_owned(), opens_at: None, closed_at }),
        }
    }

    /// When an acceptance lapses.
    pub(super) fn lapses_at(&self, confirm_until: Option<Timestamp>) -> Timestamp {
        let due_at = confirm_until.map_or(self.confirmations_due_at, |own| own.max(self.confirmations_due_at));
        self.ended_at.map_or(due_at, |ended_at| ended_at.min(due_at))
    }

    /// Until when somebody accepted at an instant may confirm at least, whatever the program's day.
    pub(super) fn days_from(&self, accepted_at: Timestamp) -> Timestamp {
        self.time_zone.end_of_day(self.time_zone.date_of(accepted_at).plus_days(self.days_to_confirm.into()))
    }
}
