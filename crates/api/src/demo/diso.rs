//! DISO's year 2024-25: a state education office in Colorado, six cohorts led by its own team, applications reviewed as they come.
//!
//! The cohorts and who may join are those of the real year; the people, the dates and the sentences are invented.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::applications::DeclineReason;
use cohortium_domain::cohorts::{Audience, MeetingMode};
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::employments::{EmploymentUpdate, Level};
use cohortium_domain::ids::{ApplicationId, CohortId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, OrganizationCreate, OrganizationKind};
use cohortium_domain::programs::{Capacity, CapacityUpdate, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::teams::TeamMode;
use cohortium_domain::text::{Email, EmailDomain, Name, Reason, RoleKey, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_domain::verifications::evidence::EvidenceKind;
use cohortium_domain::verifications::policy::PolicyTerms;
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{ApplicationWish, Decline};
use cohortium_workflow::cohorts::CohortWish;
use cohortium_workflow::input::Input;
use cohortium_workflow::teams::TeamWish;
use cohortium_workflow::timeline::Wish as TimelineWish;

use super::stage::{Halt, Job, Place, Played, Script, Stage, date};

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

/// Where people work: key, name, kind, e-mail domain.
const ORGANIZATIONS: &[(&str, &str, OrganizationKind, &str)] = &[
    ("pinecreek", "Pine Creek School District", OrganizationKind::District, "pinecreek.example"),
    ("aspen", "Aspen Ridge Elementary", OrganizationKind::School, "aspenridge.example"),
    ("sagebrush", "Sagebrush BOCES", OrganizationKind::Boces, "sagebrush.example"),
    ("columbine", "Columbine Charter Academy", OrganizationKind::CharterSchool, "columbine.example"),
    ("stmary", "Saint Mary of the Plains", OrganizationKind::PrivateSchool, "stmaryplains.example"),
];

/// The coalition's words for jobs.
const ROLES: &[(&str, &str)] = &[
    ("section_504_coordinator", "Section 504 coordinator"),
    ("principal", "Principal or assistant principal"),
    ("behavior_lead", "Behavior lead"),
    ("discipline_lead", "Discipline and safety lead"),
    ("rural_leader", "Leader of a rural school or district"),
    ("teacher", "Teacher"),
];

/// A cohort: its title, what it is about, its roles and levels, its least and greatest number of people.
struct Group {
    title: &'static str,
    summary: &'static str,
    roles: &'static [&'static str],
    levels: &'static [Level],
    capacity: (u32, u32),
}

/// The six, each for its own role.
const GROUPS: &[Group] = &[
    Group {
        title: "504 - District Administrators",
        summary: "Forms, hearings and hard cases, among those who answer for Section 504 in a district.",
        roles: &["section_504_coordinator"],
        levels: &[Level::District, Level::Boces],
        capacity: (4, 15),
    },
    Group {
        title: "504 - School Administrators",
        summary: "Writing plans that teachers can keep, and talking about them with families.",
        roles: &["section_504_coordinator", "principal"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
    Group {
        title: "Behind the Behaviors - School Staff Supporting Student Behavior",
        summary: "One case at a time: what a behavior tells, and what a school can answer.",
        roles: &["behavior_lead", "principal"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
    Group {
        title: "Driving Discipline and Behavior Success - District Teams",
        summary: "Systems that help every school of a district, and figures that show whether they do.",
        roles: &["discipline_lead", "behavior_lead"],
        levels: &[Level::District, Level::Boces],
        capacity: (4, 15),
    },
    Group {
        title: "Rural Leadership",
        summary: "Short sessions for those who do five jobs at once, far from the next colleague.",
        roles: &["rural_leader"],
        levels: &[Level::School, Level::District, Level::Boces],
        capacity: (2, 3),
    },
    Group {
        title: "Behavior Breakdown: Cracking the Code on School Safety and Discipline",
        summary: "What has changed in classrooms since the pandemic, and which structures hold.",
        roles: &["principal", "discipline_lead"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
];

/// Which of the six.
const DISTRICT_504: usize = 0;
const BEHAVIORS: usize = 2;
const DISCIPLINE: usize = 3;
const RURAL: usize = 4;
const SAFETY: usize = 5;

/// Somebody who applied: key, names, where, job title, role, level.
type Somebody = (&'static str, (&'static str, &'static str), &'static str, &'static str, &'static str, Level);

const PEOPLE: &[Somebody] = &[
    ("paul", ("Paul", "Archuleta"), "pinecreek", "Section 504 Coordinator", "section_504_coordinator", Level::District),
    ("beth", ("Beth", "Ogawa"), "sagebrush", "504 Specialist", "section_504_coordinator", Level::Boces),
    ("carl", ("Carl", "Meyers"), "aspen", "Assistant Principal", "principal", Level::School),
    ("dana", ("Dana", "Whitehorse"), "pinecreek", "Behavior Lead", "behavior_lead", Level::District),
    ("erin", ("Erin", "Tafoya"), "columbine", "Dean of Students", "behavior_lead", Level::School),
    ("fred", ("Fred", "Lundgren"), "stmary", "Principal", "principal", Level::School),
    ("gail", ("Gail", "Romero"), "pinecreek", "Superintendent", "rural_leader", Level::District),
    ("hank", ("Hank", "Deluca"), "aspen", "Principal", "rural_leader", Level::School),
    ("inez", ("Inez", "Valdez"), "sagebrush", "Director", "rural_leader", Level::Boces),
    ("joan", ("Joan", "Prater"), "columbine", "Head of School", "rural_leader", Level::School),
    ("kent", ("Kent", "Osborne"), "stmary", "Head of School", "rural_leader", Level::School),
    ("lena", ("Lena", "Fisk"), "aspen", "Teacher", "teacher", Level::School),
];

/// Three of one school who want to take part together: key, names.
const TEAM: [(&str, (&str, &str)); 3] =
    [("quinn", ("Quinn", "Abeyta")), ("rosa", ("Rosa", "Lindqvist")), ("seth", ("Seth", "Nakai"))];

/// Plays the year up to an instant.
pub(super) async fn play(script: Script<'_>) -> Played {
    let mut stage = Stage::set(script, PLACE, "2024-08-01 09:00").await?;
    gather(&mut stage).await?;
    let program = plan(&stage).await?;
    let cohorts = offer_cohorts(&stage, program).await?;
    review_in_september(&stage, &cohorts).await?;
    turn_away(&mut stage, &cohorts).await?;
    fill_and_wait(&stage, &cohorts).await?;
    apply_together(&mut stage, &cohorts).await?;
    change_jobs(&stage).await?;
    waitlist_moves(&stage, &cohorts).await?;
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
    let policy = PolicyTerms {
        accepted_kinds: vec![EvidenceKind::EmailDomain, EvidenceKind::StaffOverride],
        least_strength: 2,
        valid_days: 365,
        membership_required: false,
        ..PolicyTerms::default()
    };
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

/// One of the six.
fn of(cohorts: &[CohortId], index: usize) -> Played<CohortId> {
    cohorts.get(index).copied().ok_or_else(|| Halt::Broken("there are six cohorts".to_owned()))
}

async fn apply(stage: &Stage<'_>, who: &str, cohort: CohortId) -> Played<ApplicationId> {
    let wish = ApplicationWish { answers: serde_json::Map::new(), commitments: Vec::new(), employment_id: None, submit: true };
    let sent =
        stage.act(who, async |tx, actor| workflow::applications::create(tx, actor, cohort, &Input::given(wish.clone())).await);
    Ok(sent.await?.application.id)
}

async fn offer(stage: &Stage<'_>, application: ApplicationId) -> Played {
    stage
        .act("staff", async |tx, staff| workflow::applications::offer(tx, staff, application, Precondition::NotNeeded).await)
        .await
        .map(drop)
}

async fn confirm(stage: &Stage<'_>, who: &str, application: ApplicationId) -> Played {
    let confirmed =
        stage.act(who, async |tx, actor| workflow::applications::confirm(tx, actor, application, &Input::given(Vec::new())).await);
    confirmed.await.map(drop)
}

/// People of every kind apply, are offered a seat and confirm.
async fn review_in_september(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    for (day, who, group) in [
        ("2024-08-27 10:15", "paul", DISTRICT_504),
        ("2024-08-29 14:00", "beth", DISTRICT_504),
        ("2024-09-03 09:40", "carl", BEHAVIORS),
        ("2024-09-05 16:20", "erin", BEHAVIORS),
        ("2024-09-09 11:05", "fred", SAFETY),
    ] {
        stage.reach(day).await?;
        let application = apply(stage, who, of(cohorts, group)?).await?;
        offer(stage, application).await?;
        confirm(stage, who, application).await?;
    }
    stage.reach("2024-09-10 13:30").await?;
    // Still waiting for a decision when the curtain falls.
    apply(stage, "dana", of(cohorts, DISCIPLINE)?).await.map(drop)
}

/// Four who cannot join, for four reasons.
async fn turn_away(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
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
    let application = apply(stage, "nora", of(cohorts, SAFETY)?).await?;
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
    let application = apply(stage, "omar", of(cohorts, SAFETY)?).await?;
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
async fn fill_and_wait(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    let rural = of(cohorts, RURAL)?;
    for (day, who) in [("2024-09-16 08:30", "gail"), ("2024-09-16 12:10", "hank"), ("2024-09-17 15:45", "inez")] {
        stage.reach(day).await?;
        let application = apply(stage, who, rural).await?;
        offer(stage, application).await?;
        confirm(stage, who, application).await?;
    }
    for (day, who) in [("2024-09-18 10:00", "joan"), ("2024-09-19 17:25", "kent")] {
        stage.reach(day).await?;
        let application = apply(stage, who, rural).await?;
        let waits = stage.act("staff", async |tx, staff| {
            workflow::applications::put_on_waitlist(tx, staff, application, Precondition::NotNeeded).await
        });
        waits.await?;
    }
    Ok(())
}

/// Three of one school apply as a team, and are all let in.
async fn apply_together(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
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
            offer(stage, application).await?;
            confirm(stage, member, application).await?;
        }
    }
    Ok(())
}

/// Somebody takes part who works elsewhere from October on: what was verified is taken back, and staff find the enrollment flagged.
async fn change_jobs(stage: &Stage<'_>) -> Played {
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
async fn waitlist_moves(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
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
