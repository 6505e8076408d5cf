//! Random sequences of what people, staff and time do to two cohorts, several at once, and on PostgreSQL through two copies of the
//! server in turn: in rounds, after each of which an auditor looks at the tables; and sixteen at a time, while the auditor looks
//! again and again.
//!
//! A seed that fails is printed. `COHORTIUM_SEED=7` runs that one alone, with the same deeds in the same rounds (in which order the
//! deeds of a round meet is the machine's); `COHORTIUM_SEEDS=1000` runs so many of each kind, and `COHORTIUM_SECONDS=60` lets the
//! sixteen go on for so long.

mod deed;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::{TestDatabase, on_postgres, on_sqlite};
use futures_util::future::{join, join_all};
use serde_json::Value;
use tokio::sync::Notify;

use self::deed::Deed;
use crate::auditor::{Within, audit};
use crate::enrolling::Stage;
use crate::seeds::{Numbers, seeds, variable};

const SEEDS: u64 = 10;
const ROUNDS: usize = 12;
const DEEDS_AT_ONCE: usize = 8;
/// How many work at once where there are no rounds, and how much each of them does.
const WORKERS: usize = 16;
const DEEDS_OF_EACH: usize = 20;
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

mod while_sixteen_come_and_go_the_auditor_finds_nothing_at_any_time {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(async |_| churn(TestDatabase::sqlite).await);
    }

    #[test]
    fn postgres() {
        on_postgres(async |_| churn(TestDatabase::postgres).await);
    }
}

/// Runs the seeds, each on a database of its own.
async fn run(mode: &str, database: impl AsyncFn() -> TestDatabase) {
    for seed in seeds(SEEDS) {
        let database = database().await;
        let copies = copies(&database).await;
        let (served, refused) = Play::new(&database, &copies, mode, seed).await.play().await;
        println!("COHORTIUM_SEED={seed}: {served} deeds were done, {refused} refused");
    }
}

/// Lets the sixteen work, a seed of each kind after the other, for as long as that is asked for.
async fn churn(database: impl AsyncFn() -> TestDatabase) {
    let seconds = variable("COHORTIUM_SECONDS");
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or_default());
    for seed in seeds(if seconds.is_some() { u64::MAX } else { 1 }) {
        for mode in ["first_come", "rolling_review"] {
            let database = database().await;
            let copies = copies(&database).await;
            let (served, refused, looks) = Play::new(&database, &copies, mode, seed).await.churn().await;
            println!(
                "COHORTIUM_SEED={seed}, {mode}: {served} deeds were done, {refused} refused; the auditor looked {looks} times"
            );
        }
        if seconds.is_some() && until <= Instant::now() {
            return;
        }
    }
}

/// The server; on PostgreSQL, two copies of it.
async fn copies(database: &TestDatabase) -> Vec<Api> {
    let one = Api::start(database).await;
    if !database.is_postgres() {
        return vec![one];
    }
    let other = one.start_beside(database).await;
    vec![one, other]
}

/// One seed being played.
struct Play<'a> {
    database: &'a TestDatabase,
    copies: &'a [Api],
    /// How often somebody has asked for a copy to speak to.
    asked: Cell<usize>,
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
    async fn new(database: &'a TestDatabase, copies: &'a [Api], mode: &'a str, seed: u64) -> Self {
        let stage = Stage::new(&copies[0], mode).await;
        let cohort = stage.cohort(2).await;
        let other = RefCell::new(stage.cohort_named("other", 3).await);
        let (mut people, mut employments) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            let name = format!("P{number}");
            let person = if number % 2 == 0 { stage.principal(&name).await } else { stage.stranger(&name).await };
            let list = person.get("/v1/me/employments").await.expect(200);
            employments.push(format!("/v1/employments/{}", list["items"][0]["id"].as_str().unwrap()));
            people.push(person);
        }
        let applications = RefCell::new(vec![None; PEOPLE]);
        let (asked, numbers) = (Cell::new(0), RefCell::new(Numbers(seed)));
        Self { database, copies, asked, stage, cohort, other, people, employments, applications, numbers, seed, mode }
    }

    /// Plays all rounds, and lets sign-up close. Tells how many deeds were done, and how many refused.
    async fn play(self) -> (usize, usize) {
        let (mut done, mut refused) = (0, 0);
        for round in 0..ROUNDS {
            let deeds: Vec<(usize, Deed)> = {
                let mut numbers = self.numbers.borrow_mut();
                (0..DEEDS_AT_ONCE).map(|_| (numbers.below(PEOPLE), Deed::any(self.mode, &mut numbers))).collect()
            };
            let answers = join_all(deeds.iter().map(|(person, deed)| self.act(*person, *deed))).await;
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

    /// Lets everybody do one thing after the other, while the auditor looks at the tables. Tells how many deeds were done, how many
    /// refused, and how often it looked.
    async fn churn(self) -> (usize, usize, usize) {
        let (done, refused, working, deed_done) = (Cell::new(0), Cell::new(0), Cell::new(WORKERS), Notify::new());
        let work = async |worker: usize| {
            let mut numbers = Numbers(self.seed * 1_000 + u64::try_from(worker).unwrap());
            for _ in 0..DEEDS_OF_EACH {
                let (person, deed) = (numbers.below(PEOPLE), Deed::any(self.mode, &mut numbers));
                match self.act(person, deed).await.map(|answer| (answer.status, answer.text)) {
                    Some((200..300, _)) => done.set(done.get() + 1),
                    // Whom the database has no time for may come again.
                    None | Some((400..500 | 503, _)) => refused.set(refused.get() + 1),
                    Some((_, text)) => panic!("COHORTIUM_SEED={}, {}: {deed:?}: {text}", self.seed, self.mode),
                }
                deed_done.notify_one();
            }
            working.set(working.get() - 1);
            deed_done.notify_one();
        };
        let watch = async {
            let mut looks = 0;
            while working.get() > 0 {
                self.audit("some of what sixteen did at once").await;
                looks += 1;
                deed_done.notified().await;
            }
            looks
        };
        let (_, looks) = join(join_all((0..WORKERS).map(work)), watch).await;
        self.audit("the last deed").await;
        (done.get(), refused.get(), looks)
    }

    /// The copy of the server whose turn it is.
    fn next_copy(&self) -> &'a Api {
        let asked = self.asked.replace(self.asked.get() + 1);
        &self.copies[asked % self.copies.len()]
    }

    /// Asks the tables whether anything is as it may not be.
    async fn audit(&self, when: &str) {
        let found = self.database.texts(&audit(self.mode, &Within::everything(self.database.is_postgres()))).await;
        assert!(found.is_empty(), "COHORTIUM_SEED={}, {}, after {when}:\n{}", self.seed, self.mode, found.join("\n"));
    }
}
