//! Additions: people whom staff put into a cohort.

use actix_web::post;
use actix_web::web::Path;
use cohortium_domain::ids::{CohortId, EmploymentId, PersonId};
use cohortium_domain::text::Reason;
use cohortium_workflow as workflow;
use cohortium_workflow::applications::Addition;
use serde::Deserialize;
use utoipa::ToSchema;

use super::applications::reply;
use super::applications::types::Application;
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// Somebody whom staff add to a cohort.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdditionCreate {
    person_id: PersonId,
    /// The current employment by which the person takes part; the one that fits best, when nothing is said.
    employment_id: Option<EmploymentId>,
    /// Kept in the journal, also with whoever is passed over.
    reason: Reason,
}

impl From<AdditionCreate> for Addition {
    fn from(body: AdditionCreate) -> Self {
        Self { person_id: body.person_id, employment_id: body.employment_id, reason: body.reason }
    }
}

/// Add a person to a cohort
///
/// The person is enrolled at once, also when sign-up has closed, and whatever the rules for joining and the verification say, which
/// the journal tells; but never beyond the maximum. Nobody waits for a seat that is left but those who cannot have it.
#[utoipa::path(tag = "Applications", request_body = AdditionCreate, responses((status = 201, description = "The application, enrolled.", body = Application)))]
#[post("/v1/cohorts/{cohort_id}/additions")]
async fn create_addition(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<AdditionCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let added = workflow::applications::add(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/applications/{}", added.application.id);
        Ok(Reply::created_at(location, reply(tx, added, &caller).await?))
    })
    .await
}

room!(create_addition);
