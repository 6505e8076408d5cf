//! The auditor: one query that tells whatever in the tables is as it may never be.
//!
//! It holds after every commit, so it can be asked at any time, also while others write: what the tables say at that instant
//! ([`tables`]), how the journal says that it came to that ([`history`]), and, where one step is taken after the other, what the
//! last one was ([`step`]).

mod history;
mod step;
mod tables;

/// Where the auditor looks: at one coalition, or at all there are.
#[derive(Clone, Debug)]
pub struct Within {
    postgres: bool,
    cohorts: String,
    journal: String,
    /// How many of one organization can hold a seat, where that is limited.
    most_of_one: Option<u32>,
    /// Whether one step is taken after the other.
    by_steps: bool,
}

impl Within {
    /// At everything.
    pub fn everything(postgres: bool) -> Self {
        Self { postgres, cohorts: "1 = 1".to_owned(), journal: "1 = 1".to_owned(), most_of_one: None, by_steps: false }
    }

    /// At the coalition `$1`, which was never sequenced, after a step: before it, the last entry of the journal was `$2`, and the
    /// last move of a waitlist `$3`.
    pub fn coalition(postgres: bool) -> Self {
        let (cohorts, journal) = ("c.coalition_id = $1".to_owned(), "coalition_id = $1 AND position IS NULL".to_owned());
        Self { postgres, cohorts, journal, most_of_one: None, by_steps: true }
    }

    /// The same, where of one organization only so many can hold a seat.
    pub fn at_most_of_one(self, most: Option<u32>) -> Self {
        Self { most_of_one: most, ..self }
    }
}

/// What may not be, and the query that counts how often it is.
type Audit = (&'static str, String);

/// A query that gives a line for each thing that is as it may not be.
pub fn audit(mode: &str, within: &Within) -> String {
    let mut audits = tables::audits(mode, within);
    audits.extend(history::audits(mode));
    if within.by_steps {
        audits.extend(step::audits(mode, within));
    }
    let parts = audits.into_iter().map(|(what, query)| format!("SELECT '{what}' AS what, ({query}) AS times"));
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    let (moves, places) = (history::moves(within), tables::places(within));
    format!("WITH RECURSIVE {moves}, {places} SELECT times || ' times: ' || what FROM ({parts}) AS found WHERE times > 0")
}
