//! The first version of the API: a room for each concept, with its types, its handlers, and at the bottom its list.

mod accounts;
mod additions;
mod api_clients;
mod applications;
mod attestations;
mod catalog;
mod choices;
mod clock;
mod coalition;
mod cohorts;
mod commitments;
mod employments;
mod enrollments;
mod evidence;
mod facilitator_invitations;
mod feedback;
mod files;
mod forms;
mod identities;
mod journal;
mod me;
mod oauth;
mod operation;
mod organizations;
mod people;
mod programs;
mod proposals;
mod rankings;
mod recommendations;
mod review_assignments;
mod reviews;
mod roles;
mod rubrics;
mod second_factor;
mod sessions;
mod sign_ins;
mod staff;
mod state_machines;
mod stipends;
mod tax_forms;
mod teams;
mod timeline;
mod verification_policies;
mod verifications;
mod waitlist;

use actix_web::web::ServiceConfig;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::PersonId;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Slug;
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use utoipa::openapi::OpenApi;

use crate::ctx::Ctx;
use crate::rate_limits::Network;

/// A view of the coalition, when there is one of this name.
async fn coalition_by_slug(ctx: &Ctx, slug: &Slug) -> Result<Option<Read>, Error> {
    let Some(coalition) = ctx.store().system().coalition_by_slug(slug).await? else { return Ok(None) };
    match ctx.store().read(coalition.id).await {
        Ok(read) => Ok(Some(read)),
        Err(Error::Refused(Refusal::Hidden(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The hash of a person's password, when this is it. A stolen token is no better a place to guess at the password than the sign-in
/// is.
async fn recognize(ctx: &Ctx, read: &Read, network: &Network, person: PersonId, password: &str) -> Result<Option<String>, Error> {
    let (of, whose): (Coalition, Person) = (read.get(read.coalition_id()).await?, read.get(person).await?);
    let throttle = ctx.throttles().password(&network.to_string(), &of.slug, &whose.email);
    Box::pin(throttle.look(ctx.store(), workflow::sign_ins::recognize(read, ctx.passwords(), person, password))).await
}

/// Declares the operations of a room: served and documented from one list.
macro_rules! room {
    ($($handler:ident),+ $(,)?) => {
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler),+))]
        struct Document;

        /// The room's part of the document.
        pub(super) fn document() -> utoipa::openapi::OpenApi {
            <Document as utoipa::OpenApi>::openapi()
        }

        /// Serves the room.
        pub(super) fn configure(app: &mut actix_web::web::ServiceConfig) {
            $(app.service($handler);)+
        }
    };
}
use room;

/// Declares a page of a list: a schema of its own, since a generic one would have no name in the document.
macro_rules! page {
    ($(#[doc = $says:literal])+ $visible:vis $page:ident of $item:ident) => {
        $(#[doc = $says])+
        #[derive(serde::Serialize, utoipa::ToSchema)]
        $visible struct $page {
            /// What is on the page.
            #[schema(max_items = 200)]
            items: Vec<$item>,
            /// Sent as `cursor`, it gives the next page; absent on the last one.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(max_length = 2000)]
            next_cursor: Option<String>,
            /// How many there are on all pages, where `with_total` asked for it.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
            total: Option<u64>,
        }

        impl $page {
            $visible fn new(items: Vec<$item>, next_cursor: Option<String>, total: Option<u64>) -> Self {
                Self { items, next_cursor, total }
            }
        }
    };
}
use page;

macro_rules! rooms {
    ($($room:ident),+ $(,)?) => {
        /// The documents of all rooms.
        pub(crate) fn documents() -> Vec<OpenApi> {
            vec![$($room::document()),+]
        }

        /// Serves all rooms.
        pub(crate) fn configure(app: &mut ServiceConfig) {
            $($room::configure(app);)+
        }
    };
}

rooms! {
    catalog,
    sign_ins,
    accounts,
    staff,
    oauth,
    api_clients,
    second_factor,
    identities,
    me,
    coalition,
    organizations,
    people,
    employments,
    roles,
    programs,
    timeline,
    forms,
    commitments,
    proposals,
    facilitator_invitations,
    feedback,
    rubrics,
    reviews,
    review_assignments,
    rankings,
    cohorts,
    recommendations,
    choices,
    applications,
    waitlist,
    additions,
    files,
    enrollments,
    teams,
    sessions,
    verification_policies,
    verifications,
    stipends,
    tax_forms,
    evidence,
    attestations,
    clock,
    journal,
    state_machines,
    operation,
}
