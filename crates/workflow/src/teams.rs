//! Team applications, as colleagues begin, agree to and send them.
//!
//! What always holds: the cohort is entered first, so that a team's seats are taken together.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::applications::{Accepted, Application, ApplicationDraft, Standing};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::eligibility::{EmploymentFacts, Workplace};
use cohortium_domain::ids::{CohortId, EmploymentId, OrganizationId, PersonId, TeamId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::EnrollmentMode;
use cohortium_domain::refusal::{Fault, FaultCode, Faults, Refusal};
use cohortium_domain::teams::{Team, TeamMode};
use cohortium_domain::text::Email;
use cohortium_store::{Error, Result, Tx};
use serde_json::{Map, Value};

use crate::applications::{self, facts, one_cohort};
use crate::cohorts;
use crate::input::Input;
use crate::seats::{self, Entered, EnteredTogether, enter_together};

/// A team application that is wished for.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamWish {
    /// The addresses of the colleagues.
    pub colleagues: Vec<Email>,
    /// How the team takes seats.
    pub mode: TeamMode,
    /// The answers of whoever begins it.
    pub answers: Map<String, Value>,
    /// The commitments that whoever begins it accepts.
    pub commitments: Vec<Accepted>,
    /// The employment on which their own application is to stand; the one that fits best, where none is named.
    pub employment_id: Option<EmploymentId>,
}

/// A team application with the applications of its members, past and present, and their cohort.
pub struct Assembled {
    /// The team.
    pub team: Team,
    /// The applications.
    pub applications: Vec<Application>,
    /// The cohort.
    pub cohort: Cohort,
    /// The year of its program.
    pub year: Year,
}

/// Begins a team application: a draft for each member.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, cohort: CohortId, input: &Input<'_, TeamWish>) -> Result<Assembled> {
    let read = tx.cohort(cohort).await?;
    cohorts::require(&tx.year(read.program_id).await?, &read, actor, Action::CreateTeamApplication)?;
    let person = actor.person().ok_or_else(|| Refusal::Forbidden(Action::CreateTeamApplication.only_for()))?;
    let wish = input.read()?;
    let mut entered = seats::enter(tx, cohort).await?;
    if tx.live_application(cohort, person).await?.is_some() {
        return Err(Refusal::AlreadyApplied.into());
    }
    one_cohort::others(tx, &entered.year.program, person, None).await?;
    let own = own_workplace(tx, &entered, person, wish.employment_id).await?;
    let colleagues = colleagues(tx, &entered, person, own.organization_id, &wish.colleagues).await?;
    let team = Team::begin(tx.make_id(), cohort, own.organization_id, person, wish.mode, tx.now());
    let team = tx.save(team, actor).await?;
    let answers = applications::answers(tx, person, entered.cohort(), wish.answers).await?;
    let own = ApplicationDraft { answers, commitments: wish.commitments, workplace: Some(own), team_id: Some(team.id) };
    begin(tx, actor, &mut entered, person, own).await?;
    for (colleague, workplace) in colleagues {
        let answers = applications::answers(tx, colleague, entered.cohort(), Map::new()).await?;
        let draft = ApplicationDraft { answers, commitments: Vec::new(), workplace: Some(workplace), team_id: Some(team.id) };
        begin(tx, actor, &mut entered, colleague, draft).await?;
    }
    finish(tx, entered, team).await
}

/// A member agrees to apply with the others, and has said all that must be said.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn agree(tx: &mut Tx, actor: &Actor, id: TeamId, precondition: Precondition) -> Result<Assembled> {
    let (entered, team, members) = enter(tx, actor, id, Action::AgreeTeamApplication).await?;
    let own = team.own(&members, actor, Action::AgreeTeamApplication)?;
    team.meta.admit(precondition)?;
    applications::require_complete(tx, own, &entered).await?;
    let agreed = tx.save(team.agree(own.person_id, tx.now())?, actor).await?;
    finish(tx, entered, agreed).await
}

/// Sends the applications of a team together.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn submit(tx: &mut Tx, actor: &Actor, id: TeamId, precondition: Precondition) -> Result<Assembled> {
    let (mut all, team, members) = enter_to_send(tx, actor, id).await?;
    team.own(&members, actor, Action::SubmitTeamApplication)?;
    team.meta.admit(precondition)?;
    let members = still_applying(members);
    let entered = all.get(team.cohort_id)?;
    let people: Vec<PersonId> = members.iter().map(|member| member.person_id).collect();
    let sent = team.clone().send(&people, tx.now())?;
    let signup = entered.signup()?;
    entered.cohort().require_signup_open(Some(&signup.window), tx.now())?;
    let seats = match signup.mode {
        EnrollmentMode::FirstCome => entered.cohort().seats_for_team(team.mode, members.len()),
        EnrollmentMode::RollingReview => 0,
    };
    for (place, member) in members.into_iter().enumerate() {
        applications::send_with_team(tx, actor, &mut all, member, place < seats).await?;
    }
    let entered = all.leave_others(tx, sent.value.cohort_id).await?;
    let sent = tx.save(sent, actor).await?;
    finish(tx, entered, sent).await
}

/// Gives a team application up, with the drafts of its members.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn withdraw(tx: &mut Tx, actor: &Actor, id: TeamId, precondition: Precondition) -> Result<Assembled> {
    let (mut entered, team, members) = enter(tx, actor, id, Action::WithdrawTeamApplication).await?;
    team.require_begun_by(actor)?;
    team.meta.admit(precondition)?;
    let withdrawn = team.withdraw(tx.now())?;
    for member in still_applying(members) {
        let before = member.standing.clone();
        let change = member.withdraw(&entered.signup()?, tx.now())?;
        entered.save(tx, &before, change, actor).await?;
    }
    let withdrawn = tx.save(withdrawn, actor).await?;
    finish(tx, entered, withdrawn).await
}

/// How an actor is tied to a team application: it concerns whoever is or was a member.
#[must_use]
pub fn tie<'a>(applications: &[Application], cohort: &Cohort, actor: &'a Actor) -> Tie<'a> {
    let concerned = applications.iter().any(|application| actor.is(application.person_id));
    Tie { concerned, ..cohort.tie(actor) }
}

/// Enters the cohort of a team, for somebody who may do this to the team. Gives the applications of its present members too,
/// locked, that of who began it first.
async fn enter(tx: &mut Tx, actor: &Actor, id: TeamId, action: Action) -> Result<(Entered, Team, Vec<Application>)> {
    let read: Team = tx.get(id).await?;
    let entered = seats::enter(tx, read.cohort_id).await?;
    let (team, members) = lock(tx, actor, &entered, &read, action).await?;
    Ok((entered, team, members))
}

/// The same to send it, with the cohorts of what its members give up when they are enrolled.
async fn enter_to_send(tx: &mut Tx, actor: &Actor, id: TeamId) -> Result<(EnteredTogether, Team, Vec<Application>)> {
    let read: Team = tx.get(id).await?;
    let members = tx.applications_of_team(id).await?;
    let beside = tx.cohorts_beside(read.cohort_id, members.iter().map(|member| member.person_id)).await?;
    let mut all = enter_together(tx, beside.into_iter().chain([read.cohort_id])).await?;
    let entered = all.get(read.cohort_id)?;
    let (team, members) = lock(tx, actor, entered, &read, Action::SubmitTeamApplication).await?;
    Ok((all, team, members))
}

/// A team, locked behind the applications of its present members.
async fn lock(tx: &mut Tx, actor: &Actor, entered: &Entered, read: &Team, action: Action) -> Result<(Team, Vec<Application>)> {
    let applications = tx.applications_of_team(read.id).await?;
    tie(&applications, entered.cohort(), actor).require(action, SubjectKind::TeamApplication)?;
    let mut members = Vec::new();
    for member in Team::members(&applications) {
        members.push(tx.lock(member.id).await?);
    }
    members.sort_by_key(|member: &Application| member.person_id != read.begun_by);
    let team: Team = tx.lock(read.id).await?;
    if team.cohort_id != read.cohort_id {
        return Err(Error::Conflict("the team went on in another cohort before it was locked".to_owned()));
    }
    Ok((team, members))
}

/// The members who apply with the team still: whom staff have added meanwhile takes part already.
fn still_applying(mut members: Vec<Application>) -> Vec<Application> {
    members.retain(|member| member.standing == Standing::Draft);
    members
}

/// Leaves the cohort. Gives the team with its applications as they then are.
async fn finish(tx: &mut Tx, entered: Entered, team: Team) -> Result<Assembled> {
    let (cohort, year) = entered.leave(tx).await?;
    Ok(Assembled { applications: tx.applications_of_team(team.id).await?, team, cohort, year })
}

async fn begin(tx: &mut Tx, actor: &Actor, entered: &mut Entered, person: PersonId, draft: ApplicationDraft) -> Result<()> {
    let required = facts::required(tx, entered.cohort()).await?;
    let window = entered.year.window(entered.cohort());
    let begun = Application::begin(tx.make_id(), (entered.cohort(), person), draft, &required, window.as_ref(), tx.now())?;
    entered.save(tx, &Standing::Draft, begun, actor).await.map(drop)
}

/// Where whoever begins a team works, by the employment that is named or else fits best.
async fn own_workplace(tx: &Tx, entered: &Entered, person: PersonId, named: Option<EmploymentId>) -> Result<Workplace> {
    if let Some(named) = applications::workplace(tx, person, named).await? {
        return Ok(named);
    }
    let employments = facts::employments_of(tx, person).await?;
    let found = facts::judge(tx, entered.cohort(), &entered.year, &employments, None).await?.workplace;
    let advice = "Add the employment at the organization of the team first";
    Ok(found.ok_or_else(|| Refusal::invalid("#/employment_id", FaultCode::Required, advice))?)
}

/// The people at these addresses, and where they work. One refusal stands for whatever is in the way, so that nobody is found out.
async fn colleagues(
    tx: &Tx,
    entered: &Entered,
    person: PersonId,
    organization: OrganizationId,
    addresses: &[Email],
) -> Result<Vec<(PersonId, Workplace)>> {
    let (mut faults, mut named, mut found) = (Faults::default(), BTreeSet::from([person]), Vec::new());
    for (index, address) in addresses.iter().enumerate() {
        match colleague(tx, entered, organization, address).await? {
            Some((colleague, workplace)) if named.insert(colleague) => found.push((colleague, workplace)),
            _ => {
                let advice =
                    "No colleague can be named by this address: they work at the same organization and have not applied yet";
                faults.push(Fault::new(format!("#/colleagues/{index}"), FaultCode::NotFound, advice));
            }
        }
    }
    faults.check()?;
    Ok(found)
}

async fn colleague(
    tx: &Tx,
    entered: &Entered,
    organization: OrganizationId,
    address: &Email,
) -> Result<Option<(PersonId, Workplace)>> {
    let Some(person) = tx.person_by_email(address).await? else { return Ok(None) };
    let cohort = entered.cohort();
    if cohort.facilitated_by(person.id) || tx.live_application(cohort.id, person.id).await?.is_some() {
        return Ok(None);
    }
    if !one_cohort::can_apply(tx, &entered.year.program, person.id).await? {
        return Ok(None);
    }
    let employments = facts::employments_of(tx, person.id).await?;
    let there = |facts: &EmploymentFacts| facts.workplace.organization_id == organization;
    let there: Vec<EmploymentFacts> = employments.into_iter().filter(there).collect();
    let workplace = facts::judge(tx, cohort, &entered.year, &there, None).await?.workplace;
    Ok(workplace.map(|workplace| (person.id, workplace)))
}
