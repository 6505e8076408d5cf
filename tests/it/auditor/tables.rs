//! What the tables say at one instant.

use super::{Audit, Within};

/// An application `a` that is open, or an enrollment.
const LIVE: &str = "a.state IN ('draft', 'submitted', 'waitlisted', 'offered', 'enrolled')";
/// One that holds a seat.
const HOLDS: &str = "(a.state = 'enrolled' OR a.lapses_at IS NOT NULL)";

/// The same condition of another application.
fn of(other: &str, condition: &str) -> String {
    condition.replace("a.", &format!("{other}."))
}

pub fn audits(mode: &str, within: &Within) -> Vec<Audit> {
    let seats = Seats { mode, within };
    let mut audits = of_counters(within);
    audits.extend(seats.audits());
    audits.extend(of_moved(within));
    audits.extend(of_one_cohort(within));
    audits.extend(of_journal(within));
    audits
}

/// The place for which each application stands, by the first that was moved; what was moved on stands for the same.
pub fn places(within: &Within) -> String {
    let first = format!(
        "SELECT a.id, a.id AS place FROM applications a JOIN cohorts c ON c.id = a.cohort_id \
         WHERE {} AND COALESCE(a.transferred_from, a.id) = a.id",
        within.cohorts
    );
    format!("places AS ({first} UNION ALL SELECT a.id, p.place FROM applications a JOIN places p ON p.id = a.transferred_from)")
}

fn of_cohorts(within: &Within, fault: &str) -> String {
    format!("SELECT count(*) FROM cohorts c WHERE {} AND ({fault})", within.cohorts)
}

fn of_applications(within: &Within, fault: &str) -> String {
    format!("SELECT count(*) FROM applications a JOIN cohorts c ON c.id = a.cohort_id WHERE {} AND ({fault})", within.cohorts)
}

/// What cohorts count is what there is, and no more than may be.
fn of_counters(within: &Within) -> Vec<Audit> {
    let counted = |column: &str, which: &str| {
        let counted = format!("(SELECT count(*) FROM applications a WHERE a.cohort_id = c.id AND ({which}))");
        of_cohorts(within, &format!("c.{column} <> {counted}"))
    };
    vec![
        ("seats held is not how many hold one", counted("seats_held", HOLDS)),
        ("seats enrolled is not how many are", counted("seats_enrolled", "a.state = 'enrolled'")),
        ("waiting is not how many wait", counted("waiting", "a.state = 'waitlisted'")),
        ("more seats are held than there are", of_cohorts(within, "c.seats_held > c.seats_max")),
        (
            "a hold lapses before the cohort thinks that any does",
            of_applications(within, "a.lapses_at IS NOT NULL AND (c.next_lapse_at IS NULL OR a.lapses_at < c.next_lapse_at)"),
        ),
        (
            "somebody is in a cohort twice",
            of_applications(
                within,
                &format!(
                    "{LIVE} AND EXISTS (SELECT 1 FROM applications b WHERE b.cohort_id = a.cohort_id AND b.person_id = a.person_id \
                     AND b.id <> a.id AND {})",
                    of("b", LIVE)
                ),
            ),
        ),
        ("somebody is left in a cohort that has ended", of_applications(within, &format!("c.state = 'cancelled' AND {LIVE}"))),
    ]
}

/// Who may have a seat, and waits for none that is free.
struct Seats<'a> {
    mode: &'a str,
    within: &'a Within,
}

impl Seats<'_> {
    fn audits(&self) -> Vec<Audit> {
        let free = "c.state = 'open' AND c.seats_held < c.seats_max";
        let waits = "FROM applications a JOIN employments e ON e.id = a.employment_id \
            LEFT JOIN verifications v ON v.id = a.verification_id WHERE a.cohort_id = c.id AND a.state = 'waitlisted'";
        let (fits, alone) = (
            self.not_too_many("1"),
            "NOT EXISTS (SELECT 1 FROM team_applications t WHERE t.id = a.team_id AND t.mode = 'all_or_none')",
        );
        let of_team =
            "SELECT count(*) FROM applications w WHERE w.team_id = t.id AND w.cohort_id = c.id AND w.state = 'waitlisted'";
        let team_fits = self.not_too_many(&format!("({of_team})"));
        let together = format!(
            "SELECT 1 FROM team_applications t WHERE t.cohort_id = c.id AND t.mode = 'all_or_none' AND ({of_team}) BETWEEN 1 AND c.seats_max - c.seats_held \
             AND ({of_team}) = (SELECT count(*) {waits} AND a.team_id = t.id AND {} {team_fits})",
            self.may_be_offered()
        );
        let one = format!("SELECT 1 {waits} AND {} {fits} AND {alone}", self.may_be_offered());
        let mut audits = vec![
            ("somebody waits beside a free seat", of_cohorts(self.within, &format!("{free} AND EXISTS ({one})"))),
            ("a team waits beside as many free seats", of_cohorts(self.within, &format!("{free} AND EXISTS ({together})"))),
        ];
        if let Some(most) = self.within.most_of_one {
            // Whom staff add is not held to it.
            let counts = format!("{HOLDS} AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.id = a.id AND m.added)");
            let of_the_same =
                "SELECT count(*) FROM applications h WHERE h.cohort_id = a.cohort_id AND h.organization_id = a.organization_id";
            let fault = format!("{counts} AND ({of_the_same} AND {}) > {most}", of("h", &counts));
            audits.push(("more of one organization hold a seat than may", of_applications(self.within, &fault)));
        }
        audits
    }

    /// Who works there no more cannot have the seat, nor, where applications are reviewed, who is not verified.
    fn may_be_offered(&self) -> &'static str {
        if self.mode == "first_come" { "e.ends_on IS NULL" } else { "e.ends_on IS NULL AND v.state = 'verified'" }
    }

    /// That with so many more of the organization there would not be too many.
    fn not_too_many(&self, more: &str) -> String {
        let of_the_same = format!(
            "SELECT count(*) FROM applications h WHERE h.cohort_id = c.id AND h.organization_id = a.organization_id AND {}",
            of("h", HOLDS)
        );
        self.within.most_of_one.map(|most| format!("AND ({of_the_same}) + {more} <= {most}")).unwrap_or_default()
    }
}

/// What is moved from one cohort to another is there once.
fn of_moved(within: &Within) -> Vec<Audit> {
    vec![
        (
            "somebody takes part in a cohort and has the place still that was given up for it",
            of_applications(
                within,
                &format!(
                    "a.state = 'enrolled' AND EXISTS (SELECT 1 FROM applications b WHERE b.id = a.transferred_from AND {})",
                    of("b", LIVE)
                ),
            ),
        ),
        (
            "somebody takes part in a cohort and has another place still that was offered for the same one",
            of_applications(
                within,
                &format!(
                    "a.state = 'enrolled' AND EXISTS (SELECT 1 FROM applications b WHERE b.transferred_from = a.transferred_from \
                     AND b.id <> a.id AND {})",
                    of("b", LIVE)
                ),
            ),
        ),
        (
            "a place that was moved is held twice",
            "SELECT count(*) FROM (SELECT p.place FROM places p JOIN applications a ON a.id = p.id WHERE a.state = 'enrolled' \
             GROUP BY p.place HAVING count(*) > 1) AS twice"
                .to_owned(),
        ),
        (
            "somebody was moved to nowhere, or into a place that is not theirs",
            of_applications(
                within,
                "a.state = 'transferred' AND NOT EXISTS (SELECT 1 FROM applications b WHERE b.id = a.transferred_to \
                 AND b.person_id = a.person_id AND b.cohort_id <> a.cohort_id)",
            ),
        ),
        (
            "a team is in another cohort than who applies with it",
            of_applications(
                within,
                "a.state IN ('draft', 'waitlisted') \
                 AND EXISTS (SELECT 1 FROM team_applications t WHERE t.id = a.team_id AND t.cohort_id <> a.cohort_id)",
            ),
        ),
    ]
}

/// Where everybody takes part in one cohort at most, who does so has nothing else but what is on offer for that place.
fn of_one_cohort(within: &Within) -> Vec<Audit> {
    let beside = "a.state = 'enrolled' AND EXISTS (SELECT 1 FROM programs g WHERE g.id = c.program_id AND g.one_cohort) \
        AND EXISTS (SELECT 1 FROM applications b JOIN cohorts d ON d.id = b.cohort_id \
        WHERE d.program_id = c.program_id AND b.person_id = a.person_id AND b.id <> a.id";
    let same_place = "(SELECT p.place FROM places p WHERE p.id = a.id) = (SELECT p.place FROM places p WHERE p.id = b.id)";
    vec![
        (
            "somebody takes part in two cohorts of a program in which everybody takes part in one",
            of_applications(within, &format!("{beside} AND b.state = 'enrolled')")),
        ),
        (
            "somebody takes part in the one cohort, and has not given up what else they have applied to",
            of_applications(within, &format!("{beside} AND {} AND NOT {same_place})", of("b", LIVE))),
        ),
    ]
}

/// What the journal and the waitlist say last is what the tables say.
fn of_journal(within: &Within) -> Vec<Audit> {
    let of_waitlist = "SELECT m.place_after FROM waitlist_moves m WHERE m.application_id = a.id AND m.cause <> 'passed_over' \
        ORDER BY m.number DESC LIMIT 1";
    vec![
        (
            "the history of the waitlist is not that of the application",
            of_applications(within, &format!("COALESCE(a.place, -1) <> COALESCE(({of_waitlist}), -1)")),
        ),
        (
            "a change of an application is not in the journal",
            of_applications(
                within,
                "a.version > (SELECT count(*) FROM journal j WHERE j.coalition_id = a.coalition_id AND j.subject_id = a.id)",
            ),
        ),
        (
            "an application stands elsewhere than the journal says",
            of_applications(within, "a.state <> (SELECT m.state FROM moves m WHERE m.id = a.id ORDER BY m.number DESC LIMIT 1)"),
        ),
    ]
}
