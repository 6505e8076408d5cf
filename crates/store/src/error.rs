//! What can go wrong between asking and remembering.

use cohortium_domain::refusal::Refusal;

use crate::idempotency::KeptAnswer;

/// Why something was not done: the domain refused, or the database could not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule of the domain.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The same request is being worked on, and did not end in time.
    #[error("a request with the same idempotency key is in flight")]
    InFlight,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The request was carried out before: this was the answer. The transaction is rolled back.
    #[error("the request was carried out before")]
    Replay(Box<KeptAnswer>),
    /// The database cannot be reached, or is shutting down.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Too much is going on.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// No connection came free in time: the database is busy, or not there
    /// ([`Store::without_connection`](crate::Store::without_connection)).
    #[error("no connection to the database came free: {0}")]
    NoConnection(String),
    /// A lock was not had in time, or a statement took too long.
    #[error("the database took too long: {0}")]
    TimedOut(String),
    /// The disk is full.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The database asks to run the transaction again.
    #[error("a conflict between transactions: {0}")]
    Conflict(String),
    /// A uniqueness rule that is not a rule of the domain.
    #[error("not unique: {0}")]
    NotUnique(String),
    /// A row that cannot be what the domain says it is, or a statement that cannot be: a defect.
    #[error("defect: {0}")]
    Defect(String),
}

impl Error {
    /// A row holds what the domain does not know.
    pub(crate) fn corrupt(table: &str, column: &str) -> Self {
        Self::Defect(format!("{table}.{column} holds a value that the domain does not know"))
    }
}

/// What came of it.
pub type Result<T, E = Error> = std::result::Result<T, E>;
