//! The catalog: what the public reads of a coalition, from memory.

use actix_web::get;
use actix_web::web::Path;
use cohortium_domain::access::{Action, Actor};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::cohorts::{Cohort, EnrollmentStatus, Year};
use cohortium_domain::commitments::CommitmentList;
use cohortium_domain::employments::Level;
use cohortium_domain::forms::ApplicationForm;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::Course;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Query, RoleKey, Slug, Summary, Title, WebAddress};
use cohortium_domain::time::{Timestamp, Zone, earliest};
use cohortium_store::{CohortFilter, Error, Page, PageRequest, ProgramOrder, Read};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cohorts::{CohortSummary, facilitators, summary as cohort_summary};
use super::commitments::Commitment;
use super::forms::FormSchema;
use super::programs::{Capacity, ProgramSummary, summary};
use super::timeline::{Milestone, milestones};
use super::{page, room};
use crate::calendar;
use crate::catalog::Rendered;
use crate::ctx::Ctx;
use crate::extract::{Paging, Params};
use crate::reply::{Answer, Reply};

/// How many programs the catalog tells: the latest.
const MOST_PROGRAMS: u64 = 100;

/// What the public reads of a coalition.
#[derive(Serialize, ToSchema)]
struct Catalog {
    slug: Slug,
    name: Title,
    time_zone: Zone,
    /// The coalition's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<WebAddress>,
    /// Where its office can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_email: Option<Email>,
    /// Its programs that were published, the latest school year first.
    #[schema(max_items = 100)]
    programs: Vec<ProgramSummary>,
}

/// A program, as the public reads it.
#[derive(Serialize, ToSchema)]
struct CatalogProgram {
    #[serde(flatten)]
    program: ProgramSummary,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Summary>,
    /// What a cohort has that sets nothing else.
    capacity: Capacity,
    /// What participants accept, beside coming to each session of their cohort.
    #[schema(max_items = 50)]
    commitments: Vec<Commitment>,
    /// What applicants are asked.
    application_form: FormSchema,
}

/// A cohort, as the public reads it.
#[derive(Serialize, ToSchema)]
struct CatalogCohort {
    #[serde(flatten)]
    cohort: CohortSummary,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Summary>,
    /// When sign-up opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_opens_at: Option<Timestamp>,
    /// By when people are asked to have signed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_soft_deadline_at: Option<Timestamp>,
    /// When sign-up closes: at the kick-off, or at the start where that came earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_closes_at: Option<Timestamp>,
}

page!(
    /// Cohorts of the catalog, a page at a time.
    CatalogCohortPage of CohortSummary
);

/// A program's timeline, as the public reads it.
#[derive(Serialize, ToSchema)]
struct CatalogTimeline {
    program_id: ProgramId,
    /// The zone of its dates.
    time_zone: Zone,
    /// The milestones, in the order of the year.
    #[schema(max_items = 60)]
    milestones: Vec<Milestone>,
}

/// A calendar (RFC 5545).
#[derive(ToSchema)]
#[schema(max_length = 200_000, example = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")]
struct Calendar(#[expect(dead_code, reason = "it stands for a body that is not JSON")] String);

/// Where in a coalition's catalog a program or a cohort is.
type CatalogPath = Path<(Slug, Slug)>;

/// Which cohorts are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CatalogCohortsQuery {
    /// Those of the program with this slug.
    program: Option<Slug>,
    /// Those whose sign-up stands so now.
    #[serde(default)]
    #[param(max_items = 5)]
    status: Vec<EnrollmentStatus>,
    /// Those for people in this role, or in any.
    #[serde(default)]
    #[param(max_items = 50)]
    role: Vec<RoleKey>,
    /// Those for roles held at this level, or at any.
    #[serde(default)]
    #[param(max_items = 4)]
    level: Vec<Level>,
    /// Those in whose title this text stands.
    q: Option<Query>,
}

impl CatalogCohortsQuery {
    fn wants(&self, cohort: &Cohort, year: &Year, now: Timestamp) -> bool {
        let named = self.program.as_ref().is_none_or(|slug| year.program.slug == *slug);
        let fits = cohort.audience.suits(&self.role, &self.level);
        let status = || cohort.enrollment_status(year.window(cohort).as_ref(), now);
        named && fits && (self.status.is_empty() || self.status.contains(&status()))
    }
}

async fn catalog(read: &Read, coalition: &Coalition) -> Result<Rendered, Error> {
    let latest = PageRequest { limit: MOST_PROGRAMS, after: None, descending: true, with_total: false };
    let programs = read.programs(true, ProgramOrder::SchoolYear, &latest).await?;
    let courses = read.courses(programs.items).await?;
    let now = read.now();
    let view = Catalog {
        slug: coalition.slug.clone(),
        name: coalition.name.clone(),
        time_zone: coalition.time_zone,
        website: coalition.website.clone(),
        contact_email: coalition.contact_email.clone(),
        programs: courses.iter().map(|course| summary(course, now)).collect(),
    };
    let until = earliest(courses.iter().map(|course| course.next_change_at(now)));
    Ok(Rendered { reply: Reply::thing(coalition.meta.version, &view), until })
}

/// A page of the cohorts that the public may read, rendered.
async fn cohorts(
    read: &Read,
    query: &CatalogCohortsQuery,
    request: &PageRequest,
    render: impl Fn(Page<CohortSummary>) -> Reply,
) -> Result<Rendered, Error> {
    let now = read.now();
    let filter = CohortFilter { q: query.q.as_ref().map(ToString::to_string), ..CohortFilter::default() };
    let wanted = |cohort: &Cohort, year: &Year| year.shows(cohort, &Actor::Anonymous) && query.wants(cohort, year, now);
    let found = read.cohorts(&filter, request, wanted).await?;
    let people = facilitators(read, &found.items).await?;
    let until = earliest(found.items.iter().map(|(cohort, year)| cohort.next_change_at(year.window(cohort).as_ref(), now)));
    let page = found.map(|(cohort, year)| cohort_summary(&cohort, &year, &people, now));
    Ok(Rendered { reply: render(page), until })
}

/// A cohort that the public may read, rendered.
async fn cohort(read: &Read, slug: &Slug) -> Result<Rendered, Error> {
    let cohort = read.cohort_by_slug(slug).await?;
    let year = read.year(cohort.program_id).await?;
    if !year.shows(&cohort, &Actor::Anonymous) {
        return Err(Refusal::Hidden("cohort").into());
    }
    let (now, window) = (read.now(), year.window(&cohort));
    let both = [(cohort, year)];
    let people = facilitators(read, &both).await?;
    let [(cohort, year)] = both;
    let view = CatalogCohort {
        cohort: cohort_summary(&cohort, &year, &people, now),
        description: cohort.description.clone(),
        signup_opens_at: window.map(|window| window.opens_at),
        signup_soft_deadline_at: window.and_then(|window| window.soft_deadline_at),
        signup_closes_at: window.map(|window| window.closes_at),
    };
    Ok(Rendered { reply: Reply::thing(cohort.meta.version, &view), until: cohort.next_change_at(window.as_ref(), now) })
}

/// A program that the public may read, rendered.
async fn program(
    read: &Read,
    slug: &Slug,
    action: Action,
    render: impl Fn(&Course, Timestamp) -> Reply,
) -> Result<Rendered, Error> {
    let program = read.program_by_slug(slug).await?;
    program.require(&Actor::Anonymous, action)?;
    let course = read.course(program).await?;
    Ok(Rendered { reply: render(&course, read.now()), until: course.next_change_at(read.now()) })
}

/// A program that the public may read, with what it asks of its participants.
async fn whole_program(read: &Read, slug: &Slug) -> Result<Rendered, Error> {
    let found = read.program_by_slug(slug).await?;
    let commitments: CommitmentList = read.program_document(found.id).await?;
    let form: ApplicationForm = read.program_document(found.id).await?;
    let view = |course: &Course, now: Timestamp| {
        let view = CatalogProgram {
            program: summary(course, now),
            description: course.program.description.clone(),
            capacity: course.program.capacity.into(),
            commitments: commitments.commitments.iter().cloned().map(Into::into).collect(),
            application_form: form.schema.clone().into(),
        };
        Reply::thing(course.program.meta.version, &view)
    };
    program(read, slug, Action::GetCatalogProgram, view).await
}

/// Read a coalition's catalog
///
/// The coalition and its programs.
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The catalog.", body = Catalog)))]
#[get("/v1/catalog/{coalition}")]
async fn get_catalog(ctx: Ctx, path: Path<Slug>) -> Answer {
    let address = format!("/v1/catalog/{path}");
    ctx.catalog().get(&ctx, &address, &path, async |read, coalition| catalog(read, coalition).await).await
}

/// Read a program in the catalog
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The program.", body = CatalogProgram)))]
#[get("/v1/catalog/{coalition}/programs/{slug}")]
async fn get_catalog_program(ctx: Ctx, path: CatalogPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/programs/{slug}");
    ctx.catalog().get(&ctx, &address, &coalition, async |read, _| whole_program(read, &slug).await).await
}

/// Read a program's timeline in the catalog
///
/// Every milestone with all its instants.
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The timeline.", body = CatalogTimeline)))]
#[get("/v1/catalog/{coalition}/programs/{slug}/timeline")]
async fn get_catalog_timeline(ctx: Ctx, path: CatalogPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/programs/{slug}/timeline");
    let view = |course: &Course, now: Timestamp| {
        let view = CatalogTimeline {
            program_id: course.program.id,
            time_zone: course.program.time_zone,
            milestones: milestones(&course.timeline, now),
        };
        Reply::thing(course.program.meta.version, &view)
    };
    ctx.catalog()
        .get(&ctx, &address, &coalition, async |read, _| program(read, &slug, Action::GetCatalogTimeline, view).await)
        .await
}

/// Read a program's timeline as a calendar
///
/// Its milestones as events (RFC 5545), for subscribing to.
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The calendar.", body = Calendar, content_type = "text/calendar")))]
#[get("/v1/catalog/{coalition}/programs/{slug}/timeline.ics")]
async fn get_catalog_timeline_calendar(ctx: Ctx, path: CatalogPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/programs/{slug}/timeline.ics");
    let view = |course: &Course, _: Timestamp| {
        Reply::media(calendar::MEDIA_TYPE, course.program.meta.version, calendar::of_timeline(course).into_bytes())
    };
    let action = Action::GetCatalogTimelineCalendar;
    ctx.catalog().get(&ctx, &address, &coalition, async |read, _| program(read, &slug, action, view).await).await
}

/// List the catalog's cohorts
///
/// Those of published programs, by title, with their seats and how sign-up stands at this instant.
#[utoipa::path(
    tag = "Catalog",
    params(CatalogCohortsQuery, Paging),
    responses((status = 200, description = "Cohorts.", body = CatalogCohortPage))
)]
#[get("/v1/catalog/{coalition}/cohorts")]
async fn list_catalog_cohorts(ctx: Ctx, path: Path<Slug>, query: Params<CatalogCohortsQuery>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    let render = |page: Page<CohortSummary>| paging.reply(&ctx, page, |cohort| cohort, CatalogCohortPage::new).tagged();
    let make = async |read: &Read, _: &Coalition| cohorts(read, &query, &request, render).await;
    if paging.unasked() {
        let address = format!("/v1/catalog/{path}/cohorts");
        return ctx.catalog().get(&ctx, &address, &path, make).await;
    }
    ctx.catalog().get_past(&ctx, &path, make).await
}

/// Read a cohort in the catalog
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The cohort.", body = CatalogCohort)))]
#[get("/v1/catalog/{coalition}/cohorts/{slug}")]
async fn get_catalog_cohort(ctx: Ctx, path: CatalogPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/cohorts/{slug}");
    ctx.catalog().get(&ctx, &address, &coalition, async |read, _| cohort(read, &slug).await).await
}

room!(
    get_catalog,
    get_catalog_program,
    get_catalog_timeline,
    get_catalog_timeline_calendar,
    list_catalog_cohorts,
    get_catalog_cohort,
);
