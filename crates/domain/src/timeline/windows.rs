//! The windows of time that follow from a timeline. What is advertised is told; what is accepted may reach a little further.

use chrono::Duration;

use super::{MilestoneKind, Timeline};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp, Zone};

/// When people can sign up to a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignupWindow {
    /// From here on.
    pub opens_at: Timestamp,
    /// From here on it is late, where there is a soft deadline.
    pub soft_deadline_at: Option<Timestamp>,
    /// Until here: the cohort's kick-off, or its start where that came earlier.
    pub closes_at: Timestamp,
}

/// When proposals can be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmissionWindow {
    /// From here on.
    pub opens_at: Timestamp,
    /// Until here, as it is advertised.
    pub closes_at: Timestamp,
    /// Until here in truth: with the grace that is not advertised, or the extension of this author.
    pub accepted_until: Timestamp,
}

impl SubmissionWindow {
    /// The same, for an author who was given until an instant; nobody is given less by it.
    #[must_use]
    pub fn extended(self, until: Timestamp) -> Self {
        if until <= self.accepted_until { self } else { Self { closes_at: until, accepted_until: until, ..self } }
    }

    /// Goes on while proposals are taken.
    ///
    /// # Errors
    /// [`Refusal::WindowClosed`], with the advertised instants.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let (what, opens_at, closed_at) = if now < self.opens_at {
            ("The call for proposals has not opened yet", Some(self.opens_at), None)
        } else if now >= self.accepted_until {
            ("The call for proposals is over", None, Some(self.closes_at))
        } else {
            return Ok(());
        };
        Err(Refusal::WindowClosed { what: what.to_owned(), opens_at, closed_at })
    }
}

impl Timeline {
    /// When proposals can be handed in. None where the timeline has no call.
    #[must_use]
    pub fn proposal_window(&self) -> Option<SubmissionWindow> {
        let opens_at = self.effective_at(MilestoneKind::ProposalsOpen)?;
        let closes_at = self.effective_at(MilestoneKind::ProposalsDue)?;
        let accepted_until = closes_at.plus(Duration::minutes(self.calendar.terms.grace_minutes.into()));
        Some(SubmissionWindow { opens_at, closes_at, accepted_until })
    }

    /// Until when accepted authors confirm: `confirmations_due`, or `offerings_final` where there is none.
    #[must_use]
    pub fn confirmations_due_at(&self) -> Option<Timestamp> {
        self.effective_at(MilestoneKind::ConfirmationsDue).or_else(|| self.effective_at(MilestoneKind::OfferingsFinal))
    }
}

/// When a hold or an offer ends: with the n-th civil day after the day on which it was made, and never later than `at_latest`.
#[must_use]
pub fn end_of_nth_civil_day(zone: Zone, from: Timestamp, days: u16, at_latest: Timestamp) -> Timestamp {
    let day: Date = zone.date_of(from).plus_days(days.into());
    zone.end_of_day(day).min(at_latest)
}
