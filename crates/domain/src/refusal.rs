//! Why the domain said no: every refusal there is, each with what would help.
//!
//! What always holds: a refusal changes nothing. How one is told to a client (status, code, wording of the title) is not decided
//! here.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::Action;
use crate::time::Timestamp;

crate::words! {
    /// What is wrong with one member of a request.
    pub enum FaultCode {
        /// It must be there.
        Required = "required",
        /// More characters or items than allowed.
        TooLong = "too_long",
        /// Fewer characters or items than needed.
        TooShort = "too_short",
        /// A number or a date beyond its bounds.
        OutOfRange = "out_of_range",
        /// It refers to something that is not there, or not visible to the caller.
        NotFound = "not_found",
        /// Not of the form that it must have.
        InvalidFormat = "invalid_format",
        /// Not of the type that it must have.
        InvalidType = "invalid_type",
        /// Not one of the values that are allowed.
        InvalidValue = "invalid_value",
        /// No such member exists.
        UnknownField = "unknown_field",
        /// The same thing stands twice.
        Duplicate = "duplicate",
        /// Earlier than what must come before it.
        OutOfOrder = "out_of_order",
        /// It cannot be changed any more.
        Frozen = "frozen",
        /// A password that is guessed too easily.
        PasswordTooCommon = "password_too_common",
        /// The token of a link that is not good, or not any more.
        TokenInvalid = "token_invalid",
    }
}

/// One fault of a request, at one place of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// Where, as a JSON pointer in a URI fragment (RFC 6901), for example `#/milestones/2/on`.
    pub pointer: String,
    /// What is wrong.
    pub code: FaultCode,
    /// What to do about it.
    pub detail: String,
    /// The bounds that were broken, by name.
    pub params: Map<String, Value>,
}

impl Fault {
    /// A fault at a pointer.
    #[must_use]
    pub fn new(pointer: impl Into<String>, code: FaultCode, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into(), params: Map::new() }
    }

    /// The same, naming a bound.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// The same, one level deeper: under this prefix, for example `#/milestones/2`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer = format!("{prefix}{}", self.pointer.trim_start_matches('#'));
        self
    }
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It is not there, or the caller may not know that it is.
    #[error("There is no such {0}")]
    Hidden(&'static str),
    /// The caller sees it, but may not do this to it.
    #[error("{0}")]
    Forbidden(String),
    /// The state does not allow this action.
    #[error("The {machine} is {current_state}: it cannot take the action {}", .action.verb())]
    InvalidTransition {
        /// Which machine.
        machine: &'static str,
        /// The state in which it is.
        current_state: &'static str,
        /// What was asked for.
        action: Action,
        /// What that state allows, to anybody.
        from_here: Vec<Action>,
    },
    /// Too early or too late.
    #[error("{what}")]
    WindowClosed {
        /// What is closed, and what would help.
        what: String,
        /// When it opens, where that is still to come.
        opens_at: Option<Timestamp>,
        /// When it closed, where that is past.
        closed_at: Option<Timestamp>,
    },
    /// A person does not meet the rules of a cohort.
    #[error("{} of the rules for joining are not met", .unmet.len())]
    NotEligible {
        /// The rules not met, with a hint for each.
        unmet: Vec<Fault>,
    },
    /// An employment has not been verified as the program asks.
    #[error("{0}")]
    NotVerified(String),
    /// Commitments that must be accepted were not.
    #[error("{} commitments must be accepted", .missing.len())]
    CommitmentsMissing {
        /// Each commitment not accepted, or accepted in an old version.
        missing: Vec<Fault>,
    },
    /// No seat is left.
    #[error("{0}")]
    CohortFull(String),
    /// More seats are held than the new maximum.
    #[error("{held} seats are held: the maximum cannot be less")]
    SeatsBelowHeld {
        /// How many are held.
        held: u32,
    },
    /// A reason must be given.
    #[error("{0}")]
    ReasonRequired(String),
    /// The person has an open application for this cohort.
    #[error("This person has an open application for this cohort already")]
    AlreadyApplied,
    /// Something with this name, key or address is there already.
    #[error("{0}")]
    AlreadyExists(String),
    /// Another thing of this kind has this external id.
    #[error("Another {0} has this external id")]
    ExternalIdConflict(&'static str),
    /// Milestones stand in the wrong order, or are missing.
    #[error("{} milestones are missing or out of order", .faults.len())]
    TimelineOutOfOrder {
        /// Each offending milestone.
        faults: Vec<Fault>,
    },
    /// Something else must be done first.
    #[error("{what}")]
    NotReady {
        /// What would help.
        what: String,
        /// Each thing that is still to be done.
        missing: Vec<Fault>,
    },
    /// The request is understood, but some of its members cannot be taken.
    #[error("{} of the request's members are not valid", .0.len())]
    Invalid(Vec<Fault>),
    /// The thing has changed since the caller read it.
    #[error("It has changed since you read it: read it again, then repeat the change")]
    Stale,
    /// The caller must say which version it changes.
    #[error("Say which version you change: send the ETag that you read, as If-Match")]
    VersionRequired,
    /// It was tried too often.
    #[error("Too often: wait for {wait_seconds} seconds, then try again")]
    TooOften {
        /// How long to wait.
        wait_seconds: i64,
    },
    /// Whoever judges must be free of conflict. It is not said what the conflict is: in a blind program that would tell who the
    /// author is.
    #[error("There is a conflict of interest between the reviewer and this proposal")]
    ConflictOfInterest,
    /// Who is to be paid has no tax form on file that is valid.
    #[error("{0}")]
    TaxFormMissing(String),
    /// A file is of a kind that is not taken.
    #[error("{0}")]
    UnsupportedFile(String),
    /// A file is needed as it is.
    #[error("{0}")]
    FileInUse(String),
    /// A file is larger than is taken.
    #[error("{0}")]
    FileTooLarge(String),
    /// Two things that must differ are the same person.
    #[error("{0}")]
    SamePerson(String),
}

impl Refusal {
    /// It can be tried again at this instant. A longer wait than a day is told as one: whoever reads it would take it for never.
    #[must_use]
    pub fn too_often(again: Timestamp, now: Timestamp) -> Self {
        let wait = again.millis().saturating_sub(now.millis());
        Self::TooOften { wait_seconds: wait.saturating_add(999).div_euclid(1_000).clamp(1, 86_400) }
    }

    /// One fault alone.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, code: FaultCode, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(pointer, code, detail)])
    }
}

/// Gathers faults, so that all are told and not the first alone.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was gathered.
    #[must_use]
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// Goes on when there is none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with all of them.
    pub fn check(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}
