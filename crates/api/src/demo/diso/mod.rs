//! DISO's year 2024-25: a state education office in Colorado, six cohorts led by its own team, applications reviewed as they come.
//!
//! The cohorts and who may join are those of the real year; the people, the dates and the sentences are invented.

mod cast;
mod evidence;
mod joining;

use cohortium_domain::access::Grant;
use cohortium_domain::cohorts::{Audience, MeetingMode};
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::ids::{CohortId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, OrganizationCreate};
use cohortium_domain::programs::{Capacity, CapacityUpdate, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::text::{EmailDomain, Name, RoleKey, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_domain::verifications::policy::PolicyTerms;
use cohortium_workflow as workflow;
use cohortium_workflow::cohorts::CohortWish;
use cohortium_workflow::input::Input;
use cohortium_workflow::timeline::Wish as TimelineWish;

use super::stage::{Job, Place, Played, Script, Stage, date};
use cast::{GROUPS, ORGANIZATIONS, PEOPLE, ROLES};

/// The state's office.
pub(super) const PLACE: Place<'_> = Place { slug: "diso", name: "DISO", zone: "America/Denver" };

/// As whom one can sign in: role, name, address.
pub(super) const SIGN_INS: &[(&str, &str, &str)] = &[
    ("owner", "Orla Whitfield", "owner@diso.example"),
    ("staff", "Silas Begay", "staff@diso.example"),
    ("reviewer", "Renata Cole", "reviewer@diso.example"),
    ("facilitator", "Mina Sandoval", "mina.sandoval@diso.example"),
    ("participant", "Paul Archuleta", "paul.archuleta@pinecreek.example"),
    ("applicant", "Dana Whitehorse", "dana.whitehorse@pinecreek.example"),
];

/// The year's dates.
const MILESTONES: &[(MilestoneKind, &str, &str)] = &[
    (MilestoneKind::SignupOpens, "Applications open", "2024-08-19"),
    (MilestoneKind::Kickoff, "First session", "2024-11-12"),
    (MilestoneKind::Call, "January session", "2025-01-14"),
    (MilestoneKind::Call, "February session", "2025-02-11"),
    (MilestoneKind::Call, "March session", "2025-03-11"),
    (MilestoneKind::Closeout, "Last session", "2025-05-13"),
];

/// Plays the year up to an instant.
pub(super) async fn play(script: Script<'_>) -> Played {
    let mut stage = Stage::set(script, PLACE, "2024-08-01 09:00").await?;
    gather(&mut stage).await?;
    let program = plan(&stage).await?;
    let cohorts = offer_cohorts(&stage, program).await?;
    joining::review_in_september(&stage, &cohorts).await?;
    joining::turn_away(&mut stage, &cohorts).await?;
    joining::fill_and_wait(&stage, &cohorts).await?;
    joining::apply_together(&mut stage, &cohorts).await?;
    evidence::show_where_they_work(&mut stage, &cohorts).await?;
    joining::change_jobs(&stage).await?;
    joining::waitlist_moves(&stage, &cohorts).await?;
    evidence::leave_a_letter_to_look_at(&mut stage, &cohorts).await?;
    stage.land().await
}

/// The office, and those who work in Colorado's schools.
async fn gather(stage: &mut Stage<'_>) -> Played {
    stage.enter("owner", ("Orla", "Whitfield"), "owner@diso.example", &[Grant::Owner]).await?;
    stage.enter("staff", ("Silas", "Begay"), "staff@diso.example", &[Grant::Staff]).await?;
    stage.enter("reviewer", ("Renata", "Cole"), "reviewer@diso.example", &[Grant::Reviewer]).await?;
    stage.enter("facilitator", ("Mina", "Sandoval"), "mina.sandoval@diso.example", &[]).await?;
    stage.roles(ROLES).await?;
    for (key, name, kind, domain) in ORGANIZATIONS {
        let organization = OrganizationCreate {
            name: Title::new(name)?,
            kind: *kind,
            parent_id: None,
            state: StateCode::new("CO")?,
            nces_id: None,
            locale: None,
            email_domains: vec![EmailDomain::new(domain)?],
            external_id: None,
            membership: Membership::NONE,
        };
        stage.organization(key, organization).await?;
    }
    for (key, name, at, title, role, level) in PEOPLE {
        let domain = ORGANIZATIONS.iter().find(|(known, ..)| known == at).map_or("", |(.., domain)| domain);
        let email = format!("{}.{}@{domain}", name.0, name.1).to_lowercase();
        stage.enter(key, *name, &email, &[]).await?;
        stage.employ(key, at, Job { title, role, level: *level, since: "2022-08-01", until: None }).await?;
    }
    Ok(())
}

/// The program: led by staff, reviewed as applications come, verified before an offer.
async fn plan(stage: &Stage<'_>) -> Played<ProgramId> {
    let program = ProgramCreate {
        slug: Slug::new("communities-of-practice-2024-25")?,
        name: Title::new("Communities of Practice 2024-25")?,
        description: Some(Summary::new(
            "Role by role, leaders of Colorado's schools, districts and BOCES help each other with their own cases.",
        )?),
        school_year: SchoolYear::new("2024-25")?,
        time_zone: stage.zone(),
        delivery: Delivery::StaffLed,
        enrollment_mode: EnrollmentMode::RollingReview,
        capacity: Capacity { min: 4, max: 15 },
        terms: Terms::default(),
        joining: JoiningTerms::default(),
    };
    let id = stage
        .act("staff", async |tx, staff| Ok(workflow::programs::create(tx, staff, &Input::given(program.clone())).await?.id))
        .await?;
    let draft = |(kind, label, on): &(MilestoneKind, &str, &str)| {
        Ok(MilestoneDraft { id: None, kind: *kind, label: Name::new(label)?, when: When::On(date(on)?) })
    };
    let wish = TimelineWish { milestones: MILESTONES.iter().map(draft).collect::<Played<_>>()?, reason: None };
    stage.act("staff", async |tx, staff| workflow::timeline::replace(tx, staff, id, &Input::given(wish.clone())).await).await?;
    // Anything but a person's own word; and letters that were looked at are not kept for long.
    let policy = PolicyTerms { retention_days: 60, ..PolicyTerms::default() };
    stage
        .act("staff", async |tx, staff| {
            workflow::program_documents::replace_policy(tx, staff, id, &Input::given(policy.clone())).await
        })
        .await?;
    stage.act("staff", async |tx, staff| workflow::programs::publish(tx, staff, id, Precondition::NotNeeded).await).await?;
    Ok(id)
}

/// The six cohorts, open from the day on which applications are.
async fn offer_cohorts(stage: &Stage<'_>, program: ProgramId) -> Played<Vec<CohortId>> {
    let facilitator = stage.person("facilitator")?;
    let mut cohorts = Vec::new();
    for group in GROUPS {
        let wish = CohortWish {
            slug: None,
            title: Title::new(group.title)?,
            description: Some(Summary::new(group.summary)?),
            audience: Audience {
                roles: group.roles.iter().map(|role| RoleKey::new(role)).collect::<Result<_, _>>()?,
                levels: group.levels.iter().copied().collect(),
                ..Audience::default()
            },
            delivery: MeetingMode::Virtual,
            capacity: CapacityUpdate { min: Some(group.capacity.0), max: Some(group.capacity.1) },
            facilitators: vec![facilitator],
            milestones: Vec::new(),
        };
        let made = stage.act("staff", async |tx, staff| {
            let (cohort, _) = workflow::cohorts::create(tx, staff, program, &Input::given(wish.clone())).await?;
            workflow::cohorts::publish(tx, staff, cohort.id, Precondition::NotNeeded).await
        });
        cohorts.push(made.await?.0.id);
    }
    stage.reach("2024-08-19 08:00").await?;
    Ok(cohorts)
}
