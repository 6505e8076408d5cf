//! What the last step was, where one is taken after the other: what came behind the numbers `$2` of the journal and `$3` of the
//! moves of waitlists.

use super::{Audit, Within};

pub fn audits(mode: &str, within: &Within) -> Vec<Audit> {
    let mut audits = vec![of_waitlists(), of_teams()];
    // Where another rule could stand in the way, what is dearest cannot always be had.
    if mode == "first_come" && within.most_of_one.is_none() {
        audits.push(of_choices());
    }
    audits
}

/// Whoever was given a seat passed over those who waited before and still do, each with an entry of this step.
fn of_waitlists() -> Audit {
    let new = "SELECT 1 FROM moves s WHERE s.id = e.id AND s.type = 'application.submitted' AND s.number > $2";
    let query = format!(
        "SELECT count(*) FROM applications x JOIN (\
               SELECT m.application_id AS id, m.cohort_id AS cohort, m.place_before AS place FROM waitlist_moves m \
               WHERE m.coalition_id = $1 AND m.number > $3 AND m.cause = 'offered' \
               UNION ALL SELECT e.id, o.cohort_id, 9223372036854775807 FROM moves e JOIN applications o ON o.id = e.id \
               WHERE e.number > $2 AND (\
                 (e.type = 'application.offered' AND COALESCE(e.before, '') <> 'waitlisted') \
                 OR (e.type = 'application.submitted' AND e.until IS NOT NULL) \
                 OR (e.type = 'application.enrolled' AND (e.before = 'draft' OR EXISTS ({new}))))\
             ) AS given ON x.cohort_id = given.cohort AND x.id <> given.id AND x.place < given.place \
             WHERE x.state = 'waitlisted' \
             AND EXISTS (SELECT 1 FROM waitlist_moves j WHERE j.application_id = x.id AND j.cause = 'joined' AND j.number <= $3) \
             AND NOT EXISTS (SELECT 1 FROM waitlist_moves w WHERE w.application_id = x.id AND w.cause = 'passed_over' AND w.number > $3)"
    );
    ("somebody on the waitlist was passed over in this step without a word", query)
}

/// Of a team that wants all seats or none, nobody waits beside one who was given a seat: but where staff decided about one of them,
/// or another place of theirs went on in this one.
fn of_teams() -> Audit {
    let query = "SELECT count(*) FROM moves e JOIN applications a ON a.id = e.id \
             JOIN team_applications t ON t.id = a.team_id AND t.mode = 'all_or_none' \
             JOIN applications x ON x.team_id = a.team_id AND x.cohort_id = a.cohort_id AND x.state = 'waitlisted' \
             WHERE e.number > $2 AND (a.state = 'enrolled' OR a.lapses_at IS NOT NULL) \
             AND ((e.type = 'application.offered' AND e.actor = 'time') OR (e.type = 'application.submitted' AND e.before = 'draft')) \
             AND NOT EXISTS (SELECT 1 FROM applications z WHERE z.transferred_to = a.id)";
    ("a part of a team was given seats", query.to_owned())
}

/// Who is admitted to one of several cohorts, and can take part in one, is so to the one that they like best, or else sent first.
fn of_choices() -> Audit {
    let query = "SELECT count(*) FROM moves e JOIN moves w ON w.number > $2 AND w.type = 'application.withdrawn' \
             AND w.before = 'submitted' AND w.person = e.person AND w.given_up_for = e.cohort \
             JOIN applications kept ON kept.id = e.id JOIN applications given_up ON given_up.id = w.id \
             LEFT JOIN choices k ON k.person_id = kept.person_id AND k.cohort_id = kept.cohort_id \
             LEFT JOIN choices g ON g.person_id = given_up.person_id AND g.cohort_id = given_up.cohort_id \
             WHERE e.number > $2 AND e.type = 'application.enrolled' AND e.before = 'submitted' \
             AND NOT EXISTS (SELECT 1 FROM moves s WHERE s.id = e.id AND s.type = 'application.submitted' AND s.number > $2) \
             AND (COALESCE(g.rank, 9) < COALESCE(k.rank, 9) \
               OR (COALESCE(g.rank, 9) = COALESCE(k.rank, 9) AND given_up.submitted_at < kept.submitted_at))";
    ("somebody was admitted to one cohort, and gave up another that they like better", query.to_owned())
}
