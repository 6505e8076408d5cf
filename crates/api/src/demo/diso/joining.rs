//! How people come into the six groups, and how some of them leave.

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, DeclineReason};
use cohortium_domain::employments::{EmploymentUpdate, Level};
use cohortium_domain::ids::{ApplicationId, CohortId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::teams::TeamMode;
use cohortium_domain::text::{Email, Reason};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{ApplicationWish, Decline};
use cohortium_workflow::input::Input;
use cohortium_workflow::teams::TeamWish;

use super::cast::{BEHAVIORS, DISCIPLINE, DISTRICT_504, RURAL, SAFETY, TEAM};
use crate::demo::stage::{Halt, Job, Played, Stage, date};

/// One of the six.
pub(super) fn of(cohorts: &[CohortId], index: usize) -> Played<CohortId> {
    cohorts.get(index).copied().ok_or_else(|| Halt::Broken("there are six cohorts".to_owned()))
}

pub(super) async fn apply(stage: &Stage<'_>, who: &str, cohort: CohortId) -> Played<Application> {
    let wish = ApplicationWish { answers: serde_json::Map::new(), commitments: Vec::new(), employment_id: None, submit: true };
    let sent =
        stage.act(who, async |tx, actor| workflow::applications::create(tx, actor, cohort, &Input::given(wish.clone())).await);
    Ok(sent.await?.application)
}

/// Staff offer somebody a seat, who takes it.
pub(super) async fn join(stage: &Stage<'_>, who: &str, application: ApplicationId) -> Played {
    stage
        .act("staff", async |tx, staff| workflow::applications::offer(tx, staff, application, Precondition::NotNeeded).await)
        .await?;
    let confirmed =
        stage.act(who, async |tx, actor| workflow::applications::confirm(tx, actor, application, &Input::given(Vec::new())).await);
    confirmed.await.map(drop)
}

/// People of every kind apply, are offered a seat and confirm.
pub(super) async fn review_in_september(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    for (day, who, group) in [
        ("2024-08-27 10:15", "paul", DISTRICT_504),
        ("2024-08-29 14:00", "beth", DISTRICT_504),
        ("2024-09-03 09:40", "carl", BEHAVIORS),
        ("2024-09-05 16:20", "erin", BEHAVIORS),
        ("2024-09-09 11:05", "fred", SAFETY),
    ] {
        stage.reach(day).await?;
        let application = apply(stage, who, of(cohorts, group)?).await?.id;
        join(stage, who, application).await?;
    }
    stage.reach("2024-09-10 13:30").await?;
    // Still waiting for a decision when the curtain falls.
    apply(stage, "dana", of(cohorts, DISCIPLINE)?).await.map(drop)
}

/// Four who cannot join, for four reasons.
pub(super) async fn turn_away(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
    stage.reach("2024-09-12 09:00").await?;
    let wish = ApplicationWish { answers: serde_json::Map::new(), commitments: Vec::new(), employment_id: None, submit: true };
    // The wrong role: a behavior lead in a group for Section 504; and not a leader: a teacher.
    for (who, group) in [("erin", DISTRICT_504), ("lena", SAFETY)] {
        let cohort = of(cohorts, group)?;
        stage
            .refused(who, async |tx, actor| workflow::applications::create(tx, actor, cohort, &Input::given(wish.clone())).await)
            .await?;
    }
    // No longer employed: nothing shows that she still works there, so staff cannot offer a seat.
    stage.enter("nora", ("Nora", "Kimball"), "nora.kimball@aspenridge.example", &[]).await?;
    let former =
        Job { title: "Principal", role: "principal", level: Level::School, since: "2019-08-01", until: Some("2024-06-30") };
    stage.employ("nora", "aspen", former).await?;
    let application = apply(stage, "nora", of(cohorts, SAFETY)?).await?.id;
    stage
        .refused("staff", async |tx, staff| workflow::applications::offer(tx, staff, application, Precondition::NotNeeded).await)
        .await?;
    let gone = Decline {
        reason: DeclineReason::NotVerified,
        note: Some(Reason::new("Our records end in June: tell us where you work now")?),
    };
    stage
        .act("staff", async |tx, staff| workflow::applications::decline(tx, staff, application, &Input::given(gone.clone())).await)
        .await?;
    // Declined by staff, who say why.
    stage.enter("omar", ("Omar", "Stanton"), "omar.stanton@columbine.example", &[]).await?;
    let principal = Job { title: "Assistant Principal", role: "principal", level: Level::School, since: "2024-08-01", until: None };
    stage.employ("omar", "columbine", principal).await?;
    let application = apply(stage, "omar", of(cohorts, SAFETY)?).await?.id;
    let decline = Decline {
        reason: DeclineReason::AudienceMismatch,
        note: Some(Reason::new("Behind the Behaviors fits your work better, and has room: please apply there")?),
    };
    stage
        .act("staff", async |tx, staff| {
            workflow::applications::decline(tx, staff, application, &Input::given(decline.clone())).await
        })
        .await
        .map(drop)
}

/// The rural cohort fills, and two wait.
pub(super) async fn fill_and_wait(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    let rural = of(cohorts, RURAL)?;
    for (day, who) in [("2024-09-16 08:30", "gail"), ("2024-09-16 12:10", "hank"), ("2024-09-17 15:45", "inez")] {
        stage.reach(day).await?;
        let application = apply(stage, who, rural).await?.id;
        join(stage, who, application).await?;
    }
    for (day, who) in [("2024-09-18 10:00", "joan"), ("2024-09-19 17:25", "kent")] {
        stage.reach(day).await?;
        let application = apply(stage, who, rural).await?.id;
        let waits = stage.act("staff", async |tx, staff| {
            workflow::applications::put_on_waitlist(tx, staff, application, Precondition::NotNeeded).await
        });
        waits.await?;
    }
    Ok(())
}

/// Three of one school apply as a team, and are all let in.
pub(super) async fn apply_together(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
    let safety = of(cohorts, SAFETY)?;
    for (key, name) in &TEAM {
        let email = format!("{}.{}@aspenridge.example", name.0, name.1).to_lowercase();
        stage.enter(key, *name, &email, &[]).await?;
        let job = Job { title: "Assistant Principal", role: "principal", level: Level::School, since: "2023-08-01", until: None };
        stage.employ(key, "aspen", job).await?;
    }
    stage.reach("2024-09-23 15:00").await?;
    let [(first, _), others @ ..] = &TEAM;
    let colleagues = others.iter().map(|(_, name)| Email::new(&format!("{}.{}@aspenridge.example", name.0, name.1).to_lowercase()));
    let wish = TeamWish {
        colleagues: colleagues.collect::<Result<_, _>>()?,
        mode: TeamMode::AllOrNone,
        employment_id: None,
        answers: serde_json::Map::new(),
        commitments: Vec::new(),
    };
    let team = stage
        .act(first, async |tx, lead| workflow::teams::create(tx, lead, safety, &Input::given(wish.clone())).await)
        .await?
        .team
        .id;
    for (when, (member, _)) in ["2024-09-24 07:40", "2024-09-24 12:05"].into_iter().zip(others) {
        stage.reach(when).await?;
        stage.act(member, async |tx, member| workflow::teams::agree(tx, member, team, Precondition::NotNeeded).await).await?;
    }
    let sent = stage.act(first, async |tx, lead| workflow::teams::submit(tx, lead, team, Precondition::NotNeeded).await);
    let applications = sent.await?.applications;
    stage.reach("2024-09-25 10:00").await?;
    for (member, _) in &TEAM {
        let person = stage.person(member)?;
        let own = applications.iter().find(|application| application.person_id == person);
        if let Some(application) = own.map(|application| application.id) {
            join(stage, member, application).await?;
        }
    }
    Ok(())
}

/// Somebody takes part who works elsewhere from October on: what was verified is taken back, and staff find the enrollment flagged.
pub(super) async fn change_jobs(stage: &Stage<'_>) -> Played {
    stage.reach("2024-10-01 08:00").await?;
    let carl = stage.person("carl")?;
    let ended = EmploymentUpdate { ends_on: Some(Some(date("2024-09-30")?)), ..EmploymentUpdate::default() };
    let written = stage.set_up(async |tx| {
        for employment in tx.employments_of(carl).await? {
            workflow::employments::update(tx, &Actor::Operator, employment.id, &Input::given(ended.clone())).await?;
        }
        Ok(())
    });
    written.await
}

/// One leaves the rural cohort, and the first who waits has a turn.
pub(super) async fn waitlist_moves(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    let rural = of(cohorts, RURAL)?;
    stage.reach("2024-10-09 09:20").await?;
    let hank = stage.person("hank")?;
    let left = stage.act("hank", async |tx, _| tx.live_application(rural, hank).await).await?;
    if let Some(enrolled) = left {
        stage
            .act("hank", async |tx, hank| workflow::applications::leave(tx, hank, enrolled.id, Precondition::NotNeeded).await)
            .await?;
    }
    Ok(())
}
