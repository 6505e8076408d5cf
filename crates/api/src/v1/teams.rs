//! Team applications: colleagues of one organization who apply as one.

use std::collections::BTreeMap;

use actix_web::web::Path;
use actix_web::{get, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::applications::{self as domain, ApplicationState};
use cohortium_domain::ids::{ApplicationId, CohortId, EmploymentId, OrganizationId, PersonId, TeamId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::teams::{MOST_MEMBERS, Standing, Team, TeamMode, TeamState};
use cohortium_domain::text::{Email, Name};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Read, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::teams::{Assembled, TeamWish, tie};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::types::{Answers, CommitmentAcceptance, accepted};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions};
use crate::reply::{Answer, Reply};

/// A team application: the applications of colleagues, which are sent together.
#[derive(Serialize, ToSchema)]
struct TeamApplication {
    id: TeamId,
    cohort_id: CohortId,
    /// Where its members work.
    organization_id: OrganizationId,
    /// Who began it.
    begun_by_id: PersonId,
    mode: TeamMode,
    state: TeamState,
    /// Its members, and who was one.
    #[schema(max_items = 10)]
    members: Vec<TeamMember>,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

const _: () = assert!(MOST_MEMBERS == 10, "the bounds here are the domain's");

/// A member of a team.
#[derive(Serialize, ToSchema)]
struct TeamMember {
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
    application_id: ApplicationId,
    /// How the application of this member stands.
    state: ApplicationState,
    /// Whether this member has agreed.
    agreed: bool,
}

/// What a team application is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamApplicationCreate {
    /// The addresses of the colleagues: people who work at the same organization, and have not applied to the cohort.
    #[schema(min_items = 1, max_items = 9)]
    colleagues: Vec<Email>,
    /// All of them, when nothing is said, or none.
    mode: Option<TeamMode>,
    /// Your own answers to the program's form.
    #[serde(default)]
    answers: Answers,
    /// The commitments that you accept.
    #[serde(default)]
    #[schema(max_items = 200)]
    commitments: Vec<CommitmentAcceptance>,
    /// The current employment on which your own application is to stand; the one that fits best, when nothing is said.
    employment_id: Option<EmploymentId>,
}

impl From<TeamApplicationCreate> for TeamWish {
    fn from(body: TeamApplicationCreate) -> Self {
        let TeamApplicationCreate { colleagues, mode, answers, commitments, employment_id } = body;
        let mode = mode.unwrap_or(TeamMode::AllOrNone);
        Self { colleagues, mode, answers: answers.0, commitments: accepted(commitments), employment_id }
    }
}

/// The answer: the team as it is now, as this caller may see it.
async fn reply(read: &Read, found: Assembled, caller: &Caller) -> Result<Reply, Error> {
    let Assembled { team, applications, cohort, year } = found;
    let signup = year.signup(&cohort);
    let tie = tie(&applications, &cohort, &caller.actor);
    let now = applications.into_iter().map(|application| match &signup {
        Some(signup) => application.as_of(signup, read.now()),
        None => application,
    });
    let mut applications: Vec<domain::Application> = now.collect();
    // Who went on in another cohort with the team is one member still.
    let continued: Vec<_> = applications.iter().filter_map(|application| application.transferred_from).collect();
    applications.retain(|application| !continued.contains(&application.id));
    let people = read.find_all::<Person>(applications.iter().map(|application| application.person_id)).await?;
    Ok(Reply::thing(team.meta.version, &view(&team, &applications, &people, &tie)))
}

fn view(team: &Team, applications: &[domain::Application], people: &BTreeMap<PersonId, Person>, tie: &Tie<'_>) -> TeamApplication {
    let member = |application: &domain::Application| {
        let person = people.get(&application.person_id)?;
        Some(TeamMember {
            person_id: person.id,
            given_name: person.given_name.clone(),
            family_name: person.family_name.clone(),
            application_id: application.id,
            state: application.state(),
            agreed: team.agreed.contains(&person.id),
        })
    };
    TeamApplication {
        id: team.id,
        cohort_id: team.cohort_id,
        organization_id: team.organization_id,
        begun_by_id: team.begun_by,
        mode: team.mode,
        state: team.state(),
        members: applications.iter().filter_map(member).collect(),
        sent_at: if let Standing::Sent { sent_at } = team.standing { Some(sent_at) } else { None },
        version: team.meta.version,
        created_at: team.meta.created_at,
        updated_at: team.meta.updated_at,
        allowed_actions: team.allowed_actions(applications, tie).into_iter().map(str::to_owned).collect(),
    }
}

/// Begin an application as a team
///
/// Colleagues of one organization apply to a cohort together: by default all of them get a seat, or all wait. Each of them gets a
/// draft of their own, in which they answer and accept, and agrees; then any of them sends them all.
#[utoipa::path(tag = "Applications", request_body = TeamApplicationCreate, responses((status = 201, description = "The new team application.", body = TeamApplication)))]
#[post("/v1/cohorts/{cohort_id}/team-applications")]
async fn create_team_application(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<TeamApplicationCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let made = workflow::teams::create(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/team-applications/{}", made.team.id);
        Ok(Reply::created_at(location, reply(tx, made, &caller).await?))
    })
    .await
}

/// Read a team application
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The team application.", body = TeamApplication)))]
#[get("/v1/team-applications/{team_application_id}")]
async fn get_team_application(caller: Caller, ctx: Ctx, path: Path<TeamId>) -> Answer {
    ctx.read(&caller, async |read| {
        let team: Team = read.get(*path).await?;
        let (applications, cohort) = (read.applications_of_team(team.id).await?, read.cohort(team.cohort_id).await?);
        tie(&applications, &cohort, &caller.actor).require(Action::GetTeamApplication, SubjectKind::TeamApplication)?;
        let year = read.year(cohort.program_id).await?;
        reply(read, Assembled { team, applications, cohort, year }, &caller).await
    })
    .await
}

/// Agree to apply with the team
///
/// Once nothing is missing of your own draft. Who would rather not withdraws that draft: the team is smaller then.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The team application, as it now is.", body = TeamApplication)))]
#[post("/v1/team-applications/{team_application_id}/agree")]
async fn agree_team_application(caller: Caller, ctx: Ctx, path: Path<TeamId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::teams::agree(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Send the applications of a team
///
/// Once every member has agreed. Where seats go to who comes first, all of them take one, or all wait side by side; with the mode
/// `as_many_as_fit` as many take one as there are. Who waits for all or none is offered a seat together, and is passed over only
/// while the team does not fit. Where applications are reviewed, each is there to be decided about.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The team application, sent.", body = TeamApplication)))]
#[post("/v1/team-applications/{team_application_id}/submit")]
async fn submit_team_application(caller: Caller, ctx: Ctx, path: Path<TeamId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::teams::submit(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Give a team application up
///
/// Before it was sent, by who began it. The drafts of its members are withdrawn.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The team application, withdrawn.", body = TeamApplication)))]
#[post("/v1/team-applications/{team_application_id}/withdraw")]
async fn withdraw_team_application(caller: Caller, ctx: Ctx, path: Path<TeamId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::teams::withdraw(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// An action without a body.
async fn act(
    caller: &Caller,
    ctx: &Ctx,
    id: TeamId,
    conditions: &Conditions,
    work: impl AsyncFn(&mut Tx, TeamId, Precondition) -> Result<Assembled, Error>,
) -> Answer {
    ctx.write(caller, conditions, async |tx| {
        let done = work(tx, id, conditions.precondition()).await?;
        reply(tx, done, caller).await
    })
    .await
}

room!(create_team_application, get_team_application, agree_team_application, submit_team_application, withdraw_team_application,);
