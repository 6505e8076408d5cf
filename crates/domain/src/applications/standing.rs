//! Where an application stands, and what follows from that alone.

use crate::cohorts::Signup;
use crate::ids::ApplicationId;
use crate::seats::Place;
use crate::text::Reason;
use crate::time::Timestamp;

crate::words! {
    /// The states of an application, which is an enrollment from `enrolled` on.
    pub enum ApplicationState {
        /// Begun, and not sent.
        Draft = "draft",
        /// Sent: under review, or waiting for a verification while a seat is held.
        Submitted = "submitted",
        /// Waiting for a seat.
        Waitlisted = "waitlisted",
        /// A seat is offered, and held until it is confirmed.
        Offered = "offered",
        /// Taking part.
        Enrolled = "enrolled",
        /// Took part to the end.
        Completed = "completed",
        /// Its time ran out.
        Expired = "expired",
        /// Declined by staff or a facilitator, or with the cohort.
        Declined = "declined",
        /// Taken back by the person.
        Withdrawn = "withdrawn",
        /// Taken off the cohort by staff, or with the cohort.
        Removed = "removed",
        /// Gone on in another cohort.
        Transferred = "transferred",
    }

    /// Why an application expired.
    pub enum ExpiryCause {
        /// The verification did not come while the seat was held.
        HoldLapsed = "hold_lapsed",
        /// The offer was not confirmed in time.
        OfferLapsed = "offer_lapsed",
        /// Sign-up closed.
        SignupClosed = "signup_closed",
    }

    /// Why an application was declined.
    pub enum DeclineReason {
        /// The cohort is for other people.
        AudienceMismatch = "audience_mismatch",
        /// The employment could not be verified.
        NotVerified = "not_verified",
        /// There is no room.
        Full = "full",
        /// The person has applied otherwise.
        Duplicate = "duplicate",
        /// Sign-up is over.
        SignupClosed = "signup_closed",
        /// The cohort was cancelled.
        CohortCancelled = "cohort_cancelled",
        /// Another reason, which is told.
        Other = "other",
    }

    /// Why somebody was removed.
    pub enum RemovalCause {
        /// Staff decided so.
        StaffDecision = "staff_decision",
        /// The cohort was cancelled.
        CohortCancelled = "cohort_cancelled",
    }
}

/// Where an application stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Begun, and not sent.
    Draft,
    /// Sent.
    Submitted {
        /// Until when a seat is held while the verification is pending; nothing where applications are reviewed.
        hold_until: Option<Timestamp>,
    },
    /// Waiting for a seat.
    Waitlisted {
        /// Since when.
        since: Timestamp,
        /// The place in the order of the waitlist.
        place: Place,
    },
    /// A seat is offered.
    Offered {
        /// Since when.
        since: Timestamp,
        /// Until when it can be confirmed.
        until: Timestamp,
    },
    /// Taking part.
    Enrolled {
        /// Since when.
        enrolled_at: Timestamp,
    },
    /// Took part to the end.
    Completed {
        /// Since when it took part.
        enrolled_at: Timestamp,
        /// When the cohort was completed.
        completed_at: Timestamp,
    },
    /// Its time ran out.
    Expired {
        /// When it did.
        at: Timestamp,
        /// What ran out.
        cause: ExpiryCause,
    },
    /// Declined.
    Declined {
        /// When.
        at: Timestamp,
        /// Why.
        reason: DeclineReason,
        /// What the person is told besides.
        note: Option<Reason>,
    },
    /// Taken back by the person.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Since when it had taken part, where it had.
        enrolled_at: Option<Timestamp>,
    },
    /// Taken off the cohort.
    Removed {
        /// When.
        at: Timestamp,
        /// Since when it had taken part.
        enrolled_at: Timestamp,
        /// Why.
        cause: RemovalCause,
        /// What staff said.
        note: Option<Reason>,
    },
    /// Gone on in another cohort.
    Transferred {
        /// When.
        at: Timestamp,
        /// Since when it had taken part, where it had.
        enrolled_at: Option<Timestamp>,
        /// As which application.
        to: ApplicationId,
    },
}

impl Standing {
    /// The state.
    #[must_use]
    pub fn state(&self) -> ApplicationState {
        match self {
            Self::Draft => ApplicationState::Draft,
            Self::Submitted { .. } => ApplicationState::Submitted,
            Self::Waitlisted { .. } => ApplicationState::Waitlisted,
            Self::Offered { .. } => ApplicationState::Offered,
            Self::Enrolled { .. } => ApplicationState::Enrolled,
            Self::Completed { .. } => ApplicationState::Completed,
            Self::Expired { .. } => ApplicationState::Expired,
            Self::Declined { .. } => ApplicationState::Declined,
            Self::Withdrawn { .. } => ApplicationState::Withdrawn,
            Self::Removed { .. } => ApplicationState::Removed,
            Self::Transferred { .. } => ApplicationState::Transferred,
        }
    }

    /// Whether it holds a seat of its cohort.
    #[must_use]
    pub fn holds_seat(&self) -> bool {
        self.fills_seat() || self.lapses_at().is_some()
    }

    /// Whether it holds a seat for good: who completed the cohort has had it.
    #[must_use]
    pub fn fills_seat(&self) -> bool {
        matches!(self, Self::Enrolled { .. } | Self::Completed { .. })
    }

    /// When the seat that it holds lapses, where it holds one that does.
    #[must_use]
    pub fn lapses_at(&self) -> Option<Timestamp> {
        if let Self::Submitted { hold_until: Some(until) } | Self::Offered { until, .. } = self { Some(*until) } else { None }
    }

    /// The place on the waitlist.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        if let Self::Waitlisted { place, .. } = self { Some(*place) } else { None }
    }

    /// Since when it has been an enrollment, where it is one or was.
    #[must_use]
    pub fn enrolled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Enrolled { enrolled_at } | Self::Completed { enrolled_at, .. } | Self::Removed { enrolled_at, .. } => {
                Some(*enrolled_at)
            }
            Self::Withdrawn { enrolled_at, .. } | Self::Transferred { enrolled_at, .. } => *enrolled_at,
            Self::Draft
            | Self::Submitted { .. }
            | Self::Waitlisted { .. }
            | Self::Offered { .. }
            | Self::Expired { .. }
            | Self::Declined { .. } => None,
        }
    }

    /// As which application it went on, where it did.
    #[must_use]
    pub fn transferred_to(&self) -> Option<ApplicationId> {
        if let Self::Transferred { to, .. } = self { Some(*to) } else { None }
    }

    /// Whether it can still lead to a seat.
    #[must_use]
    pub fn open(&self) -> bool {
        matches!(self, Self::Draft | Self::Submitted { .. } | Self::Waitlisted { .. } | Self::Offered { .. })
    }

    /// Whether it is open, or an enrollment that goes on: at most one is, for a person and a cohort.
    #[must_use]
    pub fn live(&self) -> bool {
        self.open() || matches!(self, Self::Enrolled { .. })
    }

    /// When and why it expires, if nothing else happens before: the end of its hold or offer, or of sign-up, the earlier.
    #[must_use]
    pub fn expiry(&self, signup: &Signup) -> Option<(Timestamp, ExpiryCause)> {
        let closes_at = signup.window.closes_at;
        if let Self::Submitted { hold_until: Some(until) } = self
            && *until < closes_at
        {
            return Some((*until, ExpiryCause::HoldLapsed));
        }
        if let Self::Offered { until, .. } = self
            && *until <= closes_at
        {
            return Some((*until, ExpiryCause::OfferLapsed));
        }
        self.open().then_some((closes_at, ExpiryCause::SignupClosed))
    }
}
