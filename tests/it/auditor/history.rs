//! What the journal tells of how it came to what the tables say.

use cohortium_domain::applications::MACHINE;
use cohortium_domain::words::Word;

use super::{Audit, Within};

pub fn audits(mode: &str) -> Vec<Audit> {
    let mut audits = vec![
        (
            "an application moved as the machine does not",
            format!("SELECT count(*) FROM moves WHERE before <> state AND before || ' ' || state NOT IN ({})", transitions()),
        ),
        (
            "somebody on the waitlist was passed over without a word",
            format!(
                "SELECT count(*) FROM moves p JOIN moves mine ON mine.id = p.id AND mine.type = 'application.waitlisted' \
                 JOIN moves theirs ON theirs.cohort = p.cohort AND theirs.type = 'application.waitlisted' AND theirs.number < mine.number \
                 WHERE p.type = 'application.offered' AND p.before = 'waitlisted' \
                 AND NOT EXISTS (SELECT 1 FROM moves f WHERE f.id = p.id AND f.type = 'application.prioritized' AND f.number < p.number) AND {}",
                nothing_since("p", "")
            ),
        ),
        (
            "who came over from another cohort was given a seat while somebody waited, without a word",
            format!(
                "SELECT count(*) FROM moves p JOIN moves theirs ON theirs.cohort = p.cohort \
                 AND theirs.type = 'application.waitlisted' AND theirs.number < p.number \
                 WHERE p.type = 'application.offered' AND p.before IS NULL AND {}",
                nothing_since("p", "")
            ),
        ),
        (
            "an offer or a hold past its time was honored",
            "SELECT count(*) FROM moves e WHERE e.type = 'application.enrolled' AND e.before IN ('submitted', 'offered') \
             AND (SELECT o.until FROM moves o WHERE o.id = e.id AND o.number < e.number AND o.until IS NOT NULL \
                  ORDER BY o.number DESC LIMIT 1) <= e.happened"
                .to_owned(),
        ),
    ];
    if mode == "first_come" {
        let newcomer = format!(
            "SELECT count(*) FROM moves n JOIN moves theirs ON theirs.cohort = n.cohort AND theirs.type = 'application.waitlisted' \
             AND theirs.number < n.number WHERE n.type = 'application.submitted' \
             AND NOT EXISTS (SELECT 1 FROM moves w WHERE w.id = n.id AND w.type = 'application.waitlisted') AND {}",
            nothing_since("n", " AND m.state <> 'waitlisted'")
        );
        audits.push(("a newcomer was given a seat while somebody waited", newcomer));
    }
    audits
}

/// What happened to applications, each with the state before, with until when a seat was held by it, and with what else its entry
/// says.
pub fn moves(within: &Within) -> String {
    let happened = if within.postgres {
        "to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at)"
    };
    format!(
        "moves AS (SELECT number, subject_id AS id, type, actor_kind AS actor, data->>'person_id' AS person, data->>'cohort_id' AS cohort, \
         data->>'state' AS state, data->>'until' AS until, data->>'added' IS NOT NULL AS added, \
         data->>'enrolled_cohort_id' AS given_up_for, {happened} AS happened, \
         lag(data->>'state') OVER (PARTITION BY subject_id ORDER BY number) AS before \
         FROM journal WHERE subject_kind = 'application' AND {})",
        within.journal
    )
}

/// That nothing (of this kind) was written of those who waited, from when they did until then: neither that they left, nor that
/// they were passed over.
fn nothing_since(then: &str, kind: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM moves m WHERE m.id = theirs.id AND m.number > theirs.number AND m.number < {then}.number{kind})"
    )
}

/// The machine's transitions, as texts of SQL.
fn transitions() -> String {
    let pairs = MACHINE.transitions.iter().flat_map(|transition| {
        let to = transition.to.iter();
        to.flat_map(|to| transition.from.iter().map(move |from| format!("'{} {}'", from.as_str(), to.as_str())))
    });
    pairs.collect::<Vec<_>>().join(", ")
}
