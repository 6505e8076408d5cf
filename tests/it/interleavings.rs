//! Random sequences of what people, staff and time do to a cohort, several at once; after each round an auditor looks at the tables.
//!
//! A seed that fails is printed. `COHORTIUM_SEED=7` runs that one alone, with the same deeds in the same rounds (in which order the
//! deeds of a round meet is the machine's); `COHORTIUM_SEEDS=1000` runs so many of each kind.

use std::cell::RefCell;

use cohortium_domain::applications::MACHINE;
use cohortium_domain::words::Word;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::{TestDatabase, on_postgres, on_sqlite};
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::{Stage, apply};

const SEEDS: u64 = 10;
const ROUNDS: usize = 12;
const DEEDS_AT_ONCE: usize = 8;
/// Half of them are verified as soon as it is asked for, the others when staff do it.
const PEOPLE: usize = 8;

mod where_the_first_come_are_the_first_served_the_auditor_finds_nothing {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(async |_| run("first_come", TestDatabase::sqlite).await);
    }

    #[test]
    fn postgres() {
        on_postgres(async |_| run("first_come", TestDatabase::postgres).await);
    }
}

mod where_applications_are_reviewed_the_auditor_finds_nothing {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(async |_| run("rolling_review", TestDatabase::sqlite).await);
    }

    #[test]
    fn postgres() {
        on_postgres(async |_| run("rolling_review", TestDatabase::postgres).await);
    }
}

/// Runs the seeds, each on a database of its own.
async fn run(mode: &str, database: impl AsyncFn() -> TestDatabase) {
    let variable = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = variable("COHORTIUM_SEED").map_or(0..variable("COHORTIUM_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    for seed in seeds {
        let database = database().await;
        let api = Api::start(&database).await;
        let (served, refused) = Play::new(&database, &api, mode, seed).await.play().await;
        println!("COHORTIUM_SEED={seed}: {served} deeds were done, {refused} refused");
    }
}

/// Numbers that follow from a seed (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    /// One that is less.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// The person applies.
    Apply,
    /// The person applies to the other cohort.
    ApplyThere,
    /// The person and two colleagues apply as one, all or none.
    Team,
    /// Staff offer the person a place in the other of the two cohorts.
    Transfer,
    /// Staff merge the other cohort into the first, and make a new one.
    Merge,
    /// The person does this to the application.
    Person(&'static str),
    /// The person leaves the cohort.
    Leave,
    /// Staff do this to the application.
    Staff(&'static str),
    /// Staff do this to the verification.
    Verification(&'static str),
    /// Staff write down that the person works there no more, or does again.
    Employment {
        /// Whether it ended.
        ended: bool,
    },
    /// Staff remove the person.
    Remove,
    /// Staff change the number of seats.
    Seats(usize),
    /// Time passes.
    Hours(usize),
}

impl Deed {
    fn any(mode: &str, numbers: &mut Numbers) -> Self {
        let of_time = |numbers: &mut Numbers| match numbers.below(4) {
            0 => Self::Hours(1 + numbers.below(48)),
            1 => Self::Remove,
            _ => Self::Seats(1 + numbers.below(4)),
        };
        let shared = numbers.below(26);
        match (mode, shared) {
            (_, 0..=4) => Self::Apply,
            (_, 5) => Self::Person("withdraw"),
            (_, 6) | ("first_come", 15 | 16) => Self::Leave,
            (_, 7 | 8) => Self::Person("confirm"),
            (_, 9 | 10) => Self::Verification("verify"),
            (_, 11) => Self::Verification("revoke"),
            (_, 12) | ("first_come", 17 | 18) => Self::Employment { ended: numbers.below(3) > 0 },
            (_, 13 | 14) => of_time(numbers),
            (_, 20) => Self::ApplyThere,
            (_, 21 | 22) => Self::Transfer,
            (_, 23) => Self::Merge,
            (_, 24 | 25) => Self::Team,
            ("first_come", _) => Self::Staff("decline"),
            (_, 15..=17) => Self::Staff("waitlist"),
            _ => Self::Staff("offer"),
        }
    }
}

/// One seed being played.
struct Play<'a> {
    database: &'a TestDatabase,
    stage: Stage<'a>,
    cohort: String,
    /// The other cohort.
    other: RefCell<String>,
    people: Vec<Session<'a>>,
    /// The address of each person's employment.
    employments: Vec<String>,
    /// What each person has applied with last.
    applications: RefCell<Vec<Option<Value>>>,
    numbers: RefCell<Numbers>,
    seed: u64,
    mode: &'a str,
}

impl<'a> Play<'a> {
    async fn new(database: &'a TestDatabase, api: &'a Api, mode: &'a str, seed: u64) -> Self {
        let stage = Stage::new(api, mode).await;
        let cohort = stage.cohort(2).await;
        let other = RefCell::new(stage.another_cohort("other", 3).await);
        let (mut people, mut employments) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            let name = format!("P{number}");
            let person = if number % 2 == 0 { stage.principal(&name).await } else { stage.stranger(&name).await };
            let list = person.get("/v1/me/employments").await.expect(200);
            employments.push(format!("/v1/employments/{}", list["items"][0]["id"].as_str().unwrap()));
            people.push(person);
        }
        let applications = RefCell::new(vec![None; PEOPLE]);
        Self { database, stage, cohort, other, people, employments, applications, numbers: RefCell::new(Numbers(seed)), seed, mode }
    }

    /// Plays all rounds, and lets sign-up close. Tells how many deeds were done, and how many refused.
    async fn play(self) -> (usize, usize) {
        let (mut done, mut refused) = (0, 0);
        for round in 0..ROUNDS {
            let deeds: Vec<(usize, Deed)> = {
                let mut numbers = self.numbers.borrow_mut();
                (0..DEEDS_AT_ONCE).map(|_| (numbers.below(PEOPLE), Deed::any(self.mode, &mut numbers))).collect()
            };
            let answers = futures_util::future::join_all(deeds.iter().map(|(person, deed)| self.act(*person, *deed))).await;
            for (deed, answer) in deeds.iter().zip(answers) {
                match answer.map(|answer| (answer.status, answer.text)) {
                    Some((200..300, _)) => done += 1,
                    None | Some((400..500, _)) => refused += 1,
                    Some((_, text)) => panic!("COHORTIUM_SEED={}, round {round}: {deed:?}: {text}", self.seed),
                }
            }
            self.audit(&format!("round {round}, {deeds:?}")).await;
        }
        self.stage.reach("2019-12-10T12:00:00Z").await;
        self.audit("the kick-off").await;
        let open = "SELECT count(*) FROM applications WHERE state IN ('draft', 'submitted', 'waitlisted', 'offered')";
        assert_eq!(self.database.number(open).await, 0, "COHORTIUM_SEED={}: nobody waits past the kick-off", self.seed);
        (done, refused)
    }

    /// Does something; nothing, where there is nothing yet to do it to.
    async fn act(&self, person: usize, deed: Deed) -> Option<Answer> {
        let (who, staff) = (&self.people[person], &self.stage.staff);
        let application = self.applications.borrow()[person].clone();
        let path = |kind: &str| Some(format!("/v1/{kind}/{}", application.as_ref()?["id"].as_str()?));
        let reason = json!({"reason": "It was looked into"});
        Some(match deed {
            Deed::Apply => self.keep(person, apply(who, &self.cohort).await),
            Deed::ApplyThere => {
                let other = self.other.borrow().clone();
                self.keep(person, apply(who, &other).await)
            }
            Deed::Team => self.apply_together(person).await,
            Deed::Transfer => {
                let here = application.as_ref()?["cohort_id"].as_str()?.to_owned();
                let other = self.other.borrow().clone();
                let to = if self.cohort.ends_with(&here) { other } else { self.cohort.clone() };
                let wish = json!({"to_cohort_id": to.rsplit('/').next()?, "reason": "It was looked into"});
                self.keep(person, staff.post(&format!("{}/transfer", path("applications")?), wish).await)
            }
            Deed::Merge => {
                let other = self.other.borrow().clone();
                let wish = json!({"into_cohort_id": self.cohort.rsplit('/').next()?, "reason": "Too few people"});
                let answer = staff.post(&format!("{other}/merge"), wish).await;
                if answer.status == 200 {
                    let another = self.stage.another_cohort(&format!("after-{}", other.rsplit('/').next()?), 3).await;
                    *self.other.borrow_mut() = another;
                }
                answer
            }
            Deed::Person(verb) => who.act(&format!("{}/{verb}", path("applications")?)).await,
            Deed::Leave => who.act(&format!("{}/withdraw", path("enrollments")?)).await,
            Deed::Staff("decline") => {
                staff.post(&format!("{}/decline", path("applications")?), json!({"reason_code": "full"})).await
            }
            Deed::Staff(verb) => staff.act(&format!("{}/{verb}", path("applications")?)).await,
            Deed::Employment { ended } => {
                let ends_on = if ended { json!("2019-10-31") } else { Value::Null };
                staff.patch(&self.employments[person], json!({ "ends_on": ends_on })).await
            }
            Deed::Remove => staff.post(&format!("{}/remove", path("enrollments")?), reason).await,
            Deed::Verification(verb) => {
                let verification = application.as_ref()?["verification_id"].as_str()?;
                staff.post(&format!("/v1/verifications/{verification}/{verb}"), reason).await
            }
            Deed::Seats(max) => staff.patch(&self.cohort, json!({"capacity": {"max": max}})).await,
            Deed::Hours(hours) => staff.request(Method::POST, "/v1/clock/advance").json(&json!({ "hours": hours })).send().await,
        })
    }

    /// One after the other: it is begun, everybody agrees, and it is sent. Something else can come between.
    async fn apply_together(&self, person: usize) -> Answer {
        let colleagues = [(person + 2) % PEOPLE, (person + 4) % PEOPLE];
        let wish = json!({"colleagues": colleagues.map(|number| format!("p{number}@example.org"))});
        let made = self.people[person].post(&format!("{}/team-applications", self.cohort), wish).await;
        if made.status != 201 {
            return made;
        }
        let path = made.header("location").to_owned();
        for colleague in colleagues {
            let _ = self.people[colleague].act(&format!("{path}/agree")).await;
        }
        let sent = self.people[person].act(&format!("{path}/submit")).await;
        for member in made.body["members"].as_array().unwrap() {
            let id = member["person_id"].as_str().unwrap();
            let number = self.people.iter().position(|person| person.person_id().to_string() == id).unwrap();
            let path = format!("/v1/applications/{}", member["application_id"].as_str().unwrap());
            let application = self.people[number].get(&path).await.expect(200);
            self.applications.borrow_mut()[number] = Some(application);
        }
        sent
    }

    /// Keeps in mind what a person has applied with last.
    fn keep(&self, person: usize, answer: Answer) -> Answer {
        if answer.status == 201 {
            self.applications.borrow_mut()[person] = Some(answer.body.clone());
        }
        answer
    }

    /// Asks the tables whether anything is as it may not be.
    async fn audit(&self, when: &str) {
        let mut found = Vec::new();
        for (what, query) in audits(self.mode) {
            let count = self.database.number(&query).await;
            if count > 0 {
                found.push(format!("{count}: {what}"));
            }
        }
        assert!(found.is_empty(), "COHORTIUM_SEED={}, {}, after {when}:\n{}", self.seed, self.mode, found.join("\n"));
    }
}

/// What may never be, as a query that counts it.
fn audits(mode: &str) -> Vec<(&'static str, String)> {
    let counted = |column: &str, which: &str| {
        format!(
            "SELECT count(*) FROM cohorts c WHERE c.{column} <> \
             (SELECT count(*) FROM applications a WHERE a.cohort_id = c.id AND ({which}))"
        )
    };
    let of_cohorts = |fault: &str| format!("SELECT count(*) FROM cohorts c WHERE {fault}");
    let waiting = "SELECT 1 FROM applications a JOIN employments e ON e.id = a.employment_id \
        LEFT JOIN verifications v ON v.id = a.verification_id WHERE a.cohort_id = c.id AND a.state = 'waitlisted'";
    // Who works there no more cannot have the seat.
    let may_be_offered =
        if mode == "first_come" { "AND e.ends_on IS NULL" } else { "AND e.ends_on IS NULL AND v.state = 'verified'" };
    let mut audits = vec![
        ("seats held is not how many hold one", counted("seats_held", "a.state = 'enrolled' OR a.lapses_at IS NOT NULL")),
        ("seats enrolled is not how many are", counted("seats_enrolled", "a.state = 'enrolled'")),
        ("waiting is not how many wait", counted("waiting", "a.state = 'waitlisted'")),
        ("more seats are held than there are", of_cohorts("c.seats_held > c.seats_max")),
        (
            "a hold lapses before the cohort thinks that any does",
            of_cohorts(
                "EXISTS (SELECT 1 FROM applications a WHERE a.cohort_id = c.id \
                 AND (c.next_lapse_at IS NULL OR a.lapses_at < c.next_lapse_at) AND a.lapses_at IS NOT NULL)",
            ),
        ),
        (
            "somebody waits beside a free seat",
            of_cohorts(&format!("c.seats_held < c.seats_max AND EXISTS ({waiting} {may_be_offered} AND a.team_id IS NULL)")),
        ),
        (
            "somebody is in a cohort twice",
            "SELECT count(*) FROM (SELECT person_id FROM applications WHERE state IN \
             ('draft', 'submitted', 'waitlisted', 'offered', 'enrolled') GROUP BY cohort_id, person_id HAVING count(*) > 1) AS twice"
                .to_owned(),
        ),
        (
            "somebody takes part in a cohort and has the place still that was given up for it",
            "SELECT count(*) FROM applications n JOIN applications o ON o.id = n.transferred_from WHERE n.state = 'enrolled' \
             AND o.state IN ('draft', 'submitted', 'waitlisted', 'offered', 'enrolled')"
                .to_owned(),
        ),
        (
            "two places are on offer for one",
            "SELECT count(*) FROM (SELECT transferred_from FROM applications WHERE state = 'offered' \
             GROUP BY transferred_from HAVING transferred_from IS NOT NULL AND count(*) > 1) AS twice"
                .to_owned(),
        ),
        (
            "who came over from another cohort was given a seat while somebody waited, without a word",
            format!(
                "{MOVES} SELECT count(*) FROM moves p JOIN moves theirs ON theirs.cohort = p.cohort \
                 AND theirs.type = 'application.waitlisted' AND theirs.number < p.number \
                 WHERE p.type = 'application.offered' AND p.before IS NULL AND {}",
                nothing_since("p", "")
            ),
        ),
        (
            "a change of an application is not in the journal",
            "SELECT count(*) FROM applications a WHERE a.version > (SELECT count(*) FROM journal j WHERE j.subject_id = a.id)".to_owned(),
        ),
        (
            "an application stands elsewhere than the journal says",
            "SELECT count(*) FROM applications a WHERE a.state <> \
             (SELECT j.data->>'state' FROM journal j WHERE j.subject_id = a.id ORDER BY j.number DESC LIMIT 1)"
                .to_owned(),
        ),
        (
            "an application moved as the machine does not",
            format!("{MOVES} SELECT count(*) FROM moves WHERE before <> state AND before || ' ' || state NOT IN ({})", transitions()),
        ),
        (
            "somebody on the waitlist was passed over without a word",
            format!(
                "{MOVES} SELECT count(*) FROM moves p JOIN moves mine ON mine.id = p.id AND mine.type = 'application.waitlisted' \
                 JOIN moves theirs ON theirs.cohort = p.cohort AND theirs.type = 'application.waitlisted' AND theirs.number < mine.number \
                 WHERE p.type = 'application.offered' AND p.before = 'waitlisted' AND {}",
                nothing_since("p", "")
            ),
        ),
    ];
    if mode == "first_come" {
        let newcomer = format!(
            "{MOVES} SELECT count(*) FROM moves n JOIN moves theirs ON theirs.cohort = n.cohort AND theirs.type = 'application.waitlisted' \
             AND theirs.number < n.number WHERE n.type = 'application.submitted' \
             AND NOT EXISTS (SELECT 1 FROM moves w WHERE w.id = n.id AND w.type = 'application.waitlisted') AND {}",
            nothing_since("n", " AND m.state <> 'waitlisted'")
        );
        audits.push(("a newcomer was given a seat while somebody waited", newcomer));
    }
    audits
}

/// What happened to applications, each with the state before.
const MOVES: &str = "WITH moves AS (SELECT number, subject_id AS id, type, data->>'cohort_id' AS cohort, data->>'state' AS state, \
    lag(data->>'state') OVER (PARTITION BY subject_id ORDER BY number) AS before FROM journal WHERE subject_kind = 'application')";

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
