//! The auditor: one query that tells whatever in the tables is as it may never be.

use cohortium_domain::applications::MACHINE;
use cohortium_domain::words::Word;

/// Where the auditor looks: at one cohort, or at all there are.
#[derive(Clone, Debug)]
pub struct Within {
    postgres: bool,
    cohorts: String,
    journal: String,
    /// How many of one organization can hold a seat, where that is limited.
    most_of_one: Option<u32>,
    step: Option<Step>,
}

/// The last step that was taken in a cohort: what came behind these numbers.
#[derive(Clone, Debug)]
struct Step {
    cohort: String,
    entries: i64,
    moves: i64,
}

impl Within {
    /// At everything.
    pub fn everything(postgres: bool) -> Self {
        Self { postgres, cohorts: "1 = 1".to_owned(), journal: "1 = 1".to_owned(), most_of_one: None, step: None }
    }

    /// At a cohort and the entries of its coalition, which was never sequenced; both are given as SQL writes ids. `step` says how many entries
    /// and moves of the waitlist there were before the last step, by their numbers.
    pub fn cohort(postgres: bool, cohort: &str, coalition: &str, step: (i64, i64)) -> Self {
        let journal = format!("coalition_id = {coalition} AND position IS NULL");
        let step = Some(Step { cohort: cohort.to_owned(), entries: step.0, moves: step.1 });
        Self { postgres, cohorts: format!("c.id = {cohort}"), journal, most_of_one: None, step }
    }

    /// The same, where of one organization only so many can hold a seat.
    pub fn at_most_of_one(self, most: Option<u32>) -> Self {
        Self { most_of_one: most, ..self }
    }
}

/// A query that gives a line for each thing that is as it may not be.
pub fn audit(mode: &str, within: &Within) -> String {
    let mut audits = of_tables(mode, within);
    audits.extend(of_moves(mode));
    audits.extend(within.step.as_ref().map(of_step));
    let parts = audits.into_iter().map(|(what, query)| format!("SELECT '{what}' AS what, ({query}) AS times"));
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    format!("WITH {} SELECT times || ' times: ' || what FROM ({parts}) AS found WHERE times > 0", moves(within))
}

/// What the tables say at one instant.
fn of_tables(mode: &str, within: &Within) -> Vec<(&'static str, String)> {
    let Within { cohorts: within, most_of_one, .. } = within;
    let of_cohorts = |fault: &str| format!("SELECT count(*) FROM cohorts c WHERE {within} AND ({fault})");
    let of_applications = |fault: &str| {
        format!("SELECT count(*) FROM applications a JOIN cohorts c ON c.id = a.cohort_id WHERE {within} AND ({fault})")
    };
    let counted = |column: &str, which: &str| {
        of_cohorts(&format!("c.{column} <> (SELECT count(*) FROM applications a WHERE a.cohort_id = c.id AND ({which}))"))
    };
    let waiting = "SELECT 1 FROM applications a JOIN employments e ON e.id = a.employment_id \
        LEFT JOIN verifications v ON v.id = a.verification_id WHERE a.cohort_id = c.id AND a.state = 'waitlisted'";
    // Who works there no more cannot have the seat, nor who would be one too many.
    let verified = if mode == "first_come" { "" } else { "AND v.state = 'verified'" };
    let of_the_same = "SELECT count(*) FROM applications h WHERE h.cohort_id = c.id AND h.organization_id = a.organization_id \
        AND (h.state = 'enrolled' OR h.lapses_at IS NOT NULL)";
    let not_too_many = most_of_one.map(|most| format!("AND ({of_the_same}) < {most}")).unwrap_or_default();
    let may_be_offered = format!("AND e.ends_on IS NULL {verified} {not_too_many}");
    let of_waitlist = "SELECT m.place_after FROM waitlist_moves m WHERE m.application_id = a.id AND m.cause <> 'passed_over' \
        ORDER BY m.number DESC LIMIT 1";
    let live = "a.state IN ('draft', 'submitted', 'waitlisted', 'offered', 'enrolled')";
    vec![
        ("seats held is not how many hold one", counted("seats_held", "a.state = 'enrolled' OR a.lapses_at IS NOT NULL")),
        ("seats enrolled is not how many are", counted("seats_enrolled", "a.state = 'enrolled'")),
        ("waiting is not how many wait", counted("waiting", "a.state = 'waitlisted'")),
        ("more seats are held than there are", of_cohorts("c.seats_held > c.seats_max")),
        (
            "a hold lapses before the cohort thinks that any does",
            of_applications("a.lapses_at IS NOT NULL AND (c.next_lapse_at IS NULL OR a.lapses_at < c.next_lapse_at)"),
        ),
        (
            "somebody waits beside a free seat",
            of_cohorts(&format!(
                "c.state = 'open' AND c.seats_held < c.seats_max AND EXISTS ({waiting} {may_be_offered} AND a.team_id IS NULL)"
            )),
        ),
        (
            "somebody is in a cohort twice",
            of_applications(&format!(
                "{live} AND EXISTS (SELECT 1 FROM applications b WHERE b.cohort_id = a.cohort_id AND b.person_id = a.person_id \
                 AND b.id <> a.id AND {})",
                live.replace("a.", "b.")
            )),
        ),
        (
            "somebody takes part in a cohort and has the place still that was given up for it",
            of_applications(&format!(
                "a.state = 'enrolled' AND EXISTS (SELECT 1 FROM applications b WHERE b.id = a.transferred_from AND {})",
                live.replace("a.", "b.")
            )),
        ),
        (
            "somebody takes part in a cohort and has another place still that was offered for the same one",
            of_applications(&format!(
                "a.state = 'enrolled' AND EXISTS (SELECT 1 FROM applications b WHERE b.transferred_from = a.transferred_from \
                 AND b.id <> a.id AND {})",
                live.replace("a.", "b.")
            )),
        ),
        (
            "the history of the waitlist is not that of the application",
            of_applications(&format!("COALESCE(a.place, -1) <> COALESCE(({of_waitlist}), -1)")),
        ),
        (
            "a change of an application is not in the journal",
            of_applications(
                "a.version > (SELECT count(*) FROM journal j WHERE j.coalition_id = a.coalition_id AND j.subject_id = a.id)",
            ),
        ),
        (
            "an application stands elsewhere than the journal says",
            of_applications("a.state <> (SELECT m.state FROM moves m WHERE m.id = a.id ORDER BY m.number DESC LIMIT 1)"),
        ),
    ]
}

/// What the journal tells of how it came to that.
fn of_moves(mode: &str) -> Vec<(&'static str, String)> {
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

/// Whoever was given a seat in the last step passed over those who waited before and still do, each with an entry of that step.
fn of_step(step: &Step) -> (&'static str, String) {
    let Step { cohort, entries, moves } = step;
    let new = format!("SELECT 1 FROM moves s WHERE s.id = e.id AND s.type = 'application.submitted' AND s.number > {entries}");
    let query = format!(
        "SELECT count(*) FROM applications x JOIN (\
           SELECT m.application_id AS id, m.place_before AS place FROM waitlist_moves m \
           WHERE m.cohort_id = {cohort} AND m.number > {moves} AND m.cause = 'offered' \
           UNION ALL SELECT e.id, 9223372036854775807 FROM moves e WHERE e.number > {entries} AND (\
             (e.type = 'application.offered' AND e.before <> 'waitlisted') OR (e.type = 'application.submitted' AND e.until IS NOT NULL) \
             OR (e.type = 'application.enrolled' AND (e.before = 'draft' OR EXISTS ({new}))))\
         ) AS given ON x.id <> given.id AND x.place < given.place \
         WHERE x.cohort_id = {cohort} AND x.state = 'waitlisted' \
         AND EXISTS (SELECT 1 FROM waitlist_moves j WHERE j.application_id = x.id AND j.cause = 'joined' AND j.number <= {moves}) \
         AND NOT EXISTS (SELECT 1 FROM waitlist_moves w WHERE w.application_id = x.id AND w.cause = 'passed_over' AND w.number > {moves})"
    );
    ("somebody on the waitlist was passed over in this step without a word", query)
}

/// What happened to applications, each with the state before, and with until when a seat was held by it.
fn moves(within: &Within) -> String {
    let happened = if within.postgres {
        "to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at)"
    };
    format!(
        "moves AS (SELECT number, subject_id AS id, type, data->>'cohort_id' AS cohort, data->>'state' AS state, data->>'until' AS until, \
         {happened} AS happened, lag(data->>'state') OVER (PARTITION BY subject_id ORDER BY number) AS before \
         FROM journal WHERE subject_kind = 'application' AND {})",
        within.journal
    )
}

/// That nothing (of this kind) was written of those who waited, from when they did until then: neither that they left, nor that they
/// were passed over.
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
