//! Recommendations: the cohorts that fit oneself.

use actix_web::get;
use cohortium_workflow as workflow;
use cohortium_workflow::applications::Recommendation;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cohorts::{CohortEligibility, CohortSummary, facilitators, summary};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Params;
use crate::reply::{Answer, Reply};

/// The cohorts that fit oneself, the best first.
#[derive(Serialize, ToSchema)]
struct RecommendedCohorts {
    #[schema(max_items = 50)]
    items: Vec<RecommendedCohort>,
}

/// A cohort, and how it fits oneself.
#[derive(Serialize, ToSchema)]
struct RecommendedCohort {
    cohort: CohortSummary,
    eligibility: CohortEligibility,
    /// Whether it is meant for your role or level, and not only open to it.
    made_for_you: bool,
}

/// How many recommendations are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RecommendationsQuery {
    /// At most so many.
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: Option<u32>,
}

/// List the cohorts that fit oneself
///
/// Those that you could sign up to now and have not. First those whose rules you meet, then those of which something is unknown,
/// then the others with what would help; among them those that are made for your role or level, then those that have a seat.
#[utoipa::path(tag = "Cohorts", params(RecommendationsQuery), responses((status = 200, description = "The cohorts.", body = RecommendedCohorts)))]
#[get("/v1/me/recommended-cohorts")]
async fn list_recommended_cohorts(caller: Caller, ctx: Ctx, query: Params<RecommendationsQuery>) -> Answer {
    let person = caller.person()?;
    let most = usize::try_from(query.limit.unwrap_or(10)).unwrap_or(usize::MAX);
    ctx.read(&caller, async |read| {
        let found = workflow::applications::recommended(read, &caller.actor, person, most).await?;
        let cohorts: Vec<_> = found.iter().map(|one| (one.cohort.clone(), one.year.clone())).collect();
        let people = facilitators(read, &cohorts).await?;
        let item = |one: Recommendation| RecommendedCohort {
            cohort: summary(&one.cohort, &one.year, &people, read.now()),
            eligibility: one.eligibility.into(),
            made_for_you: one.made_for_you,
        };
        Ok(Reply::ok(&RecommendedCohorts { items: found.into_iter().map(item).collect() }))
    })
    .await
}

room!(list_recommended_cohorts);
