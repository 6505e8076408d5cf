//! The catalog: what the public reads of a coalition, from memory.

use actix_web::get;
use actix_web::web::Path;
use cohortium_domain::access::{Action, Actor};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::Course;
use cohortium_domain::text::{Email, Slug, Summary, Title, WebAddress};
use cohortium_domain::time::{Timestamp, Zone, earliest};
use cohortium_store::{Error, PageRequest, ProgramOrder, Read};
use serde::Serialize;
use utoipa::ToSchema;

use super::programs::{Capacity, ProgramSummary, summary};
use super::room;
use super::timeline::{Milestone, milestones};
use crate::calendar;
use crate::catalog::Rendered;
use crate::ctx::Ctx;
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
}

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

/// Where in a coalition's catalog a program is.
type ProgramPath = Path<(Slug, Slug)>;

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
async fn get_catalog_program(ctx: Ctx, path: ProgramPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/programs/{slug}");
    let view = |course: &Course, now: Timestamp| {
        let Course { program, .. } = course;
        let view = CatalogProgram {
            program: summary(course, now),
            description: program.description.clone(),
            capacity: program.capacity.into(),
        };
        Reply::thing(program.meta.version, &view)
    };
    ctx.catalog().get(&ctx, &address, &coalition, async |read, _| program(read, &slug, Action::GetCatalogProgram, view).await).await
}

/// Read a program's timeline in the catalog
///
/// Every milestone with all its instants.
#[utoipa::path(tag = "Catalog", responses((status = 200, description = "The timeline.", body = CatalogTimeline)))]
#[get("/v1/catalog/{coalition}/programs/{slug}/timeline")]
async fn get_catalog_timeline(ctx: Ctx, path: ProgramPath) -> Answer {
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
async fn get_catalog_timeline_calendar(ctx: Ctx, path: ProgramPath) -> Answer {
    let (coalition, slug) = path.into_inner();
    let address = format!("/v1/catalog/{coalition}/programs/{slug}/timeline.ics");
    let view = |course: &Course, _: Timestamp| {
        Reply::media(calendar::MEDIA_TYPE, course.program.meta.version, calendar::of_timeline(course).into_bytes())
    };
    let action = Action::GetCatalogTimelineCalendar;
    ctx.catalog().get(&ctx, &address, &coalition, async |read, _| program(read, &slug, action, view).await).await
}

room!(get_catalog, get_catalog_program, get_catalog_timeline, get_catalog_timeline_calendar);
