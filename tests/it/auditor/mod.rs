//! The auditor: one query that tells whatever in the tables is as it may never be.
//!
//! It holds after every commit, so it can be asked at any time, also while others write: what the tables say at that instant ([`tables`]), how the journal
//! says that it came to that ([`history`]), and, where one step is taken after the other, what the last one was ([`step`]).

mod history;
mod step;
mod tables;

use self::step::Step;

/// Where the auditor looks: at one coalition, or at all there are.
#[derive(Clone, Debug)]
pub struct Within {
    postgres: bool,
    cohorts: String,
    journal: String,
    /// How many of one organization can hold a seat, where that is limited.
    most_of_one: Option<u32>,
    step: Option<Step>,
}

impl Within {
    /// At everything.
    pub fn everything(postgres: bool) -> Self {
        Self { postgres, cohorts: "1 = 1".to_owned(), journal: "1 = 1".to_owned(), most_of_one: None, step: None }
    }

    /// At a coalition, which was never sequenced, given as SQL writes ids. `step` says how many entries and moves of waitlists there were before
    /// the last step, by their numbers.
    pub fn coalition(postgres: bool, coalition: &str, step: (i64, i64)) -> Self {
        let journal = format!("coalition_id = {coalition} AND position IS NULL");
        let step = Some(Step { coalition: coalition.to_owned(), entries: step.0, moves: step.1 });
        Self { postgres, cohorts: format!("c.coalition_id = {coalition}"), journal, most_of_one: None, step }
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
    audits.extend(within.step.iter().flat_map(|step| step.audits(mode, within.most_of_one)));
    let parts = audits.into_iter().map(|(what, query)| format!("SELECT '{what}' AS what, ({query}) AS times"));
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    let (moves, places) = (history::moves(within), tables::places(within));
    format!("WITH RECURSIVE {moves}, {places} SELECT times || ' times: ' || what FROM ({parts}) AS found WHERE times > 0")
}
