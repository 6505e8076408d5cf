//! DCSC's year 2019-20: a coalition of charter schools, a call for proposals, four cohorts.
//!
//! The dates and the numbers are those of the real year; the people, the schools and the sentences are invented.

mod call;
mod cast;
mod year;

use cohortium_domain::access::Grant;
use cohortium_domain::commitments::CommitmentEntry;
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::employments::Level;
use cohortium_domain::ids::{CohortId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, MembershipStatus, OrganizationCreate, OrganizationKind};
use cohortium_domain::programs::{Capacity, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::sessions::generate::UsualHours;
use cohortium_domain::text::{EmailDomain, Name, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::ApplicationWish;
use cohortium_workflow::cohorts::CohortChange;
use cohortium_workflow::input::Input;
use cohortium_workflow::timeline::Wish as TimelineWish;

use serde_json::Map;

use super::stage::{Halt, Job, Place, Played, Script, Stage, date};
use cast::{AUTHORS, CO_FACILITATOR, PARTICIPANTS, PITCHES, REVIEWERS, SCHOOLS};

/// The coalition.
pub(super) const PLACE: Place<'_> = Place { slug: "dcsc", name: "Diverse Charter Schools Coalition", zone: "America/New_York" };

/// As whom one can sign in: role, name, address.
pub(super) const SIGN_INS: &[(&str, &str, &str)] = &[
    ("owner", "Odessa Grant", "owner@dcsc.example"),
    ("staff", "Stella Ortiz", "staff@dcsc.example"),
    ("reviewer", "Rafael Okoye", "reviewer@dcsc.example"),
    ("facilitator", "Imani Brooks", "imani.brooks@alder.example"),
    ("participant", "Amara Osei", "amara.osei@beaconhill.example"),
    ("applicant", "Noor Castellano", "noor.castellano@cedarbridge.example"),
];

/// The twelve milestones of the year.
const MILESTONES: &[(MilestoneKind, &str, &str)] = &[
    (MilestoneKind::ProposalsOpen, "Call for facilitators opens", "2019-09-12"),
    (MilestoneKind::ProposalsDue, "Proposals due", "2019-10-03"),
    (MilestoneKind::OfferingsFinal, "Offerings final", "2019-10-10"),
    (MilestoneKind::SignupOpens, "Sign-up opens", "2019-10-17"),
    (MilestoneKind::SignupSoftDeadline, "Please sign up by", "2019-11-14"),
    (MilestoneKind::Kickoff, "Kick-off calls", "2019-12-09"),
    (MilestoneKind::InPersonTraining, "Four hours together in Washington, DC", "2020-01-30"),
    (MilestoneKind::Call, "February call", "2020-02-14"),
    (MilestoneKind::Call, "March call", "2020-03-16"),
    (MilestoneKind::Call, "April call", "2020-04-15"),
    (MilestoneKind::Call, "May call", "2020-05-15"),
    (MilestoneKind::Closeout, "Close-out call", "2020-06-15"),
];

/// Plays the year up to an instant.
pub(super) async fn play(script: Script<'_>) -> Played {
    let mut stage = Stage::set(script, PLACE, "2019-08-26 09:00").await?;
    gather(&mut stage).await?;
    let program = plan(&stage).await?;
    let proposals = call::propose(&stage, program).await?;
    call::revise(&stage, &proposals).await?;
    call::review(&stage, program, &proposals).await?;
    call::choose(&stage, program, &proposals).await?;
    let cohorts = offer_cohorts(&stage, program).await?;
    year::file_tax_forms(&stage).await?;
    sign_up(&stage, &cohorts).await?;
    year::kick_off(&stage, &cohorts).await?;
    year::meet(&stage, &cohorts).await?;
    year::finish(&stage, program, &cohorts).await?;
    stage.land().await
}

/// The coalition's office, its schools, and those who work there.
async fn gather(stage: &mut Stage<'_>) -> Played {
    stage.enter("owner", ("Odessa", "Grant"), "owner@dcsc.example", &[Grant::Owner]).await?;
    stage.enter("staff", ("Stella", "Ortiz"), "staff@dcsc.example", &[Grant::Staff]).await?;
    stage.enter("reviewer", ("Rafael", "Okoye"), "reviewer@dcsc.example", &[Grant::Reviewer]).await?;
    stage
        .roles(&[
            ("teacher", "Teacher"),
            ("coach", "Instructional coach"),
            ("leader", "School leader"),
            ("family", "Family and community"),
        ])
        .await?;
    for (key, name, domain, state) in SCHOOLS {
        let membership = Membership { status: MembershipStatus::Active, starts_on: Some(date("2018-07-01")?), ends_on: None };
        let school = OrganizationCreate {
            name: Title::new(name)?,
            kind: OrganizationKind::CharterSchool,
            parent_id: None,
            state: StateCode::new(state)?,
            nces_id: None,
            locale: None,
            email_domains: vec![EmailDomain::new(domain)?],
            external_id: None,
            membership,
        };
        stage.organization(key, school).await?;
    }
    for (key, given, family, school, title) in AUTHORS.iter().chain([CO_FACILITATOR]) {
        enter(stage, key, (given, family), school, Job { title, role: "leader", ..TEACHER }, &[]).await?;
    }
    for (key, given, family, school, title) in REVIEWERS {
        enter(stage, key, (given, family), school, Job { title, role: "coach", ..TEACHER }, &[Grant::Reviewer]).await?;
    }
    for (given, family, school) in PARTICIPANTS {
        enter(stage, given, (given, family), school, TEACHER, &[]).await?;
    }
    enter(stage, "applicant", ("Noor", "Castellano"), "cedar", TEACHER, &[]).await
}

const TEACHER: Job<'_> = Job { title: "Teacher", role: "teacher", level: Level::School, since: "2018-08-01", until: None };

/// Somebody who works at a school, with an address there.
async fn enter(
    stage: &mut Stage<'_>,
    key: &'static str,
    name: (&str, &str),
    school: &str,
    job: Job<'_>,
    grants: &[Grant],
) -> Played {
    let domain = SCHOOLS.iter().find(|(known, ..)| *known == school).map_or("", |(_, _, domain, _)| domain);
    let email = format!("{}.{}@{domain}", name.0, name.1).to_lowercase();
    stage.enter(key, name, &email, grants).await?;
    stage.employ(key, school, job).await.map(drop)
}

/// The program and its timeline, published early in September.
async fn plan(stage: &Stage<'_>) -> Played<ProgramId> {
    stage.reach("2019-09-03 10:00").await?;
    let program = ProgramCreate {
        slug: Slug::new("communities-of-practice-2019-20")?,
        name: Title::new("Communities of Practice 2019-20")?,
        description: Some(Summary::new(
            "A year of learning from each other, for the people who work in the coalition's schools. Free for members.",
        )?),
        school_year: SchoolYear::new("2019-20")?,
        time_zone: stage.zone(),
        delivery: Delivery::CallForProposals,
        enrollment_mode: EnrollmentMode::FirstCome,
        capacity: Capacity { min: 10, max: 20 },
        terms: Terms { grace_minutes: 60, ..Terms::default() },
        joining: JoiningTerms { active_membership: true, ..JoiningTerms::default() },
    };
    let id = stage
        .act("staff", async |tx, staff| Ok(workflow::programs::create(tx, staff, &Input::given(program.clone())).await?.id))
        .await?;
    let draft = |(kind, label, on): &(MilestoneKind, &str, &str)| {
        Ok(MilestoneDraft { id: None, kind: *kind, label: Name::new(label)?, when: When::On(date(on)?) })
    };
    let wish = TimelineWish { milestones: MILESTONES.iter().map(draft).collect::<Played<_>>()?, reason: None };
    stage.act("staff", async |tx, staff| workflow::timeline::replace(tx, staff, id, &Input::given(wish.clone())).await).await?;
    let commitment =
        |label: &str, text: &str| Ok::<_, Halt>(CommitmentEntry { id: None, label: Name::new(label)?, text: Summary::new(text)? });
    let commitments = vec![
        commitment(
            "Every meeting",
            "I come to every meeting of my group: the kick-off, the day together in January, and each call.",
        )?,
        commitment("A share in what we make", "I do my part of what my group publishes at the end.")?,
    ];
    stage
        .act("staff", async |tx, staff| {
            workflow::program_documents::replace_commitments(tx, staff, id, &Input::given(commitments.clone())).await
        })
        .await?;
    call::set_rules(stage, id).await?;
    stage.act("staff", async |tx, staff| workflow::programs::publish(tx, staff, id, Precondition::NotNeeded).await).await?;
    Ok(id)
}

/// The four confirmed proposals become cohorts, and each chooses its own day in early December to begin.
async fn offer_cohorts(stage: &Stage<'_>, program: ProgramId) -> Played<Vec<CohortId>> {
    stage.reach("2019-10-10 15:00").await?;
    stage
        .act("staff", async |tx, staff| workflow::proposals::finalize_offerings(tx, staff, program, Precondition::NotNeeded).await)
        .await?;
    let made = stage.act("staff", async |tx, _| tx.cohorts_of([program]).await).await?;
    let mut cohorts = Vec::new();
    for (pitch, kickoff) in PITCHES.iter().zip(KICKOFFS) {
        let cohort = made.iter().find(|cohort| cohort.title.as_str() == pitch.title);
        let id = cohort.map(|cohort| cohort.id).ok_or_else(|| Halt::Broken(format!("{} did not become a cohort", pitch.title)))?;
        let milestones = vec![MilestoneDraft {
            id: None,
            kind: MilestoneKind::Kickoff,
            label: Name::new("Kick-off call")?,
            when: When::On(date(kickoff)?),
        }];
        let own_day = CohortChange { milestones: Some(milestones), ..CohortChange::default() };
        // Its sessions are made for the program's day: made again, they follow the cohort's own.
        let chosen = stage.act("staff", async |tx, staff| {
            workflow::cohorts::update(tx, staff, id, &Input::given(own_day.clone())).await?;
            workflow::sessions::generate_all(tx, staff, id, &Input::given(UsualHours::default())).await
        });
        chosen.await?;
        cohorts.push(id);
    }
    Ok(cohorts)
}

/// When each cohort begins: the first on the program's own day.
const KICKOFFS: [&str; 4] = ["2019-12-09", "2019-12-10", "2019-12-11", "2019-12-12"];

/// The days on which people signed up, nine to each cohort.
const SIGN_UP_DAYS: [&str; 9] =
    ["2019-10-17", "2019-10-18", "2019-10-21", "2019-10-24", "2019-10-29", "2019-11-01", "2019-11-06", "2019-11-12", "2019-11-14"];

/// Thirty-six people of sixteen schools sign up: nine to a group, one fewer than it takes.
async fn sign_up(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    for (day, place) in SIGN_UP_DAYS.iter().zip(0..) {
        for (cohort, group) in cohorts.iter().zip(PARTICIPANTS.chunks(SIGN_UP_DAYS.len())) {
            let Some((who, ..)) = group.get::<usize>(place) else { continue };
            stage.reach(&format!("{day} {:02}:{:02}", 9 + place, (7 * place) % 60)).await?;
            apply(stage, who, *cohort, true).await?;
        }
    }
    stage.reach("2019-11-18 19:30").await?;
    let Some(undecided) = cohorts.get(1) else { return Ok(()) };
    apply(stage, "applicant", *undecided, false).await
}

async fn apply(stage: &Stage<'_>, who: &str, cohort: CohortId, submit: bool) -> Played {
    let sent = stage.act(who, async |tx, actor| {
        let commitments = workflow::applications::required(tx, cohort).await?;
        let commitments =
            if submit { commitments.iter().map(|commitment| (commitment.id, commitment.version)).collect() } else { Vec::new() };
        let wish = ApplicationWish { answers: Map::new(), commitments, employment_id: None, submit };
        workflow::applications::create(tx, actor, cohort, &Input::given(wish)).await
    });
    sent.await.map(drop)
}
