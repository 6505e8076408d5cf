//! A simulation: random stories of a program's cohorts, told to the workflows without HTTP, one step after the other, on PostgreSQL
//! to two copies of the store in turn; after each step the auditor looks at the tables.
//!
//! Many stories share a database, each in a coalition of its own. A seed that fails is printed with its steps, and
//! `COHORTIUM_SEED=7` tells that story again; `COHORTIUM_SEEDS=20000` tells so many of each kind. What meets at the same instant is
//! left to `interleavings`. Whoever adds something that moves an application adds it to [`Step`], in `step.rs`.

mod stage;
mod step;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use cohortium_domain::ids::ApplicationId;
use cohortium_store::{Error, Store};
use cohortium_tests::api::must;
use cohortium_tests::database::{Connection, TestDatabase, on_postgres, on_sqlite};
use cohortium_tests::environment::TestEnvironment;

use self::stage::Stage;
use self::step::Step;
use crate::auditor::{Within, audit};
use crate::seeds::{Numbers, seeds};

/// How many stories of each kind are told on SQLite, and on PostgreSQL, which takes its time.
const SEEDS: (u64, u64) = (400, 100);
const STEPS: usize = 24;

mod where_the_first_come_are_the_first_served_every_story_ends_well {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(async |database| run("first_come", database).await);
    }

    #[test]
    fn postgres() {
        on_postgres(async |database| run("first_come", database).await);
    }
}

mod where_applications_are_reviewed_every_story_ends_well {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(async |database| run("rolling_review", database).await);
    }

    #[test]
    fn postgres() {
        on_postgres(async |database| run("rolling_review", database).await);
    }
}

async fn run(mode: &str, database: TestDatabase) {
    let environment = Arc::new(TestEnvironment::default());
    let (usual, of_copies) = if database.is_postgres() { (SEEDS.1, 2) } else { (SEEDS.0, 1) };
    let mut copies = Vec::new();
    for _ in 0..of_copies {
        copies.push(must(Store::connect(database.url(), environment.clone()).await));
    }
    let mut auditor = database.connection().await;
    let (mut taken, mut refused) = (0, 0);
    for seed in seeds(usual) {
        let story = Story::new(&copies, &mut auditor, mode, seed).await.tell().await;
        taken += story.0;
        refused += story.1;
    }
    println!("{mode}: {taken} steps were taken, {refused} refused");
}

/// One seed's story.
struct Story<'a> {
    stage: Stage,
    auditor: &'a mut Connection,
    numbers: Numbers,
    seed: u64,
    mode: &'a str,
    /// What was done so far, for whoever reads of a failure.
    told: Vec<String>,
    /// What somebody has begun, and means to do next.
    ahead: VecDeque<Step>,
    /// How far the journal and the moves of waitlists had come before the last step.
    seen: (i64, i64),
    /// What was open before it, or an enrollment.
    alive: BTreeSet<ApplicationId>,
    /// What was over: nothing becomes of that any more.
    over: BTreeSet<ApplicationId>,
}

impl<'a> Story<'a> {
    async fn new(copies: &[Store], auditor: &'a mut Connection, mode: &'a str, seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let stage = Stage::set(copies, mode, &mut numbers).await;
        let seen = reached(auditor).await;
        let (told, ahead, alive, over) = (Vec::new(), VecDeque::new(), BTreeSet::new(), BTreeSet::new());
        Self { stage, auditor, numbers, seed, mode, told, ahead, seen, alive, over }
    }

    /// Takes all steps, and lets sign-up close. Tells how many were taken, and how many refused.
    async fn tell(mut self) -> (u32, u32) {
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..STEPS {
            let step = self.next();
            if self.take(step).await { taken += 1 } else { refused += 1 }
        }
        self.take(Step::Reach { instant: stage::after_kickoff(), jobs: true }).await;
        let open = format!(
            "SELECT count(*) FROM applications WHERE coalition_id = {} AND state IN ('draft', 'submitted', 'waitlisted', 'offered')",
            self.stage.coalition_sql()
        );
        assert_eq!(self.auditor.number(&open).await, 0, "{}", self.story("nobody waits past the kick-off"));
        (taken, refused)
    }

    /// What happens next: what was begun goes on, but for what comes between.
    fn next(&mut self) -> Step {
        if self.numbers.below(3) > 0
            && let Some(step) = self.ahead.pop_front()
        {
            return step;
        }
        let (step, ahead) = Step::any(self.mode, &mut self.numbers);
        self.ahead.extend(ahead);
        step
    }

    /// Takes a step, and looks at what came of it. One that is refused changes nothing.
    async fn take(&mut self, step: Step) -> bool {
        let taken = match self.stage.take(&step).await {
            Ok(()) => true,
            Err(Error::Refused(_)) => false,
            Err(error) => panic!("{}", self.story(&format!("{step:?} came to {error:?}"))),
        };
        self.told.push(format!("{step:?}: {}", if taken { "taken" } else { "refused" }));
        let reached = reached(self.auditor).await;
        if taken {
            self.look().await;
        } else {
            assert_eq!(reached, self.seen, "{}", self.story("what was refused changed something"));
        }
        self.seen = reached;
        taken
    }

    async fn look(&mut self) {
        let within = Within::coalition(self.stage.postgres()).at_most_of_one(self.stage.most_of_one);
        let mut found = self.auditor.texts_about(&audit(self.mode, &within), self.stage.coalition, self.seen).await;
        let alive = self.stage.alive().await;
        found.extend(alive.intersection(&self.over).map(|id| format!("{id} was over, and is alive again")));
        found.extend(self.stage.misplaced().await.iter().map(|id| format!("{id} is told another position than it has")));
        assert!(found.is_empty(), "{}", self.story(&found.join("\n")));
        self.over.extend(self.alive.difference(&alive));
        self.alive = alive;
    }

    fn story(&self, what: &str) -> String {
        format!("COHORTIUM_SEED={} ({}): {what}\n\n{}", self.seed, self.mode, self.told.join("\n"))
    }
}

/// The last entry of the journal, and the last move on a waitlist.
async fn reached(auditor: &mut Connection) -> (i64, i64) {
    let both =
        "SELECT (SELECT COALESCE(max(number), 0) FROM journal) || ' ' || (SELECT COALESCE(max(number), 0) FROM waitlist_moves)";
    let text = auditor.texts(both).await.remove(0);
    let (entries, moves) = text.split_once(' ').unwrap();
    (entries.parse().unwrap(), moves.parse().unwrap())
}
