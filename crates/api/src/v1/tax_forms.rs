//! Which tax form of a person the coalition's office has on file.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::PersonId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people::Person;
use cohortium_domain::tax_forms::{self, TaxFiling, TaxFormKind};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// Which tax form of a person is on file: its kind and its days, never the form, nor a number of the person.
#[derive(Serialize, ToSchema)]
struct TaxForm {
    person_id: PersonId,
    /// Which form it is; absent as long as there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<TaxFormKind>,
    /// On which day it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    received_on: Option<Date>,
    /// The last day on which it is good; absent where it does not run out.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<Date>,
    /// Raised at each change; 0 as long as there is none.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// The tax form that has come in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TaxFormReplace {
    kind: TaxFormKind,
    /// On which day it came in: not after today.
    received_on: Date,
    /// The last day on which it is good: needed where the form runs out.
    expires_on: Option<Date>,
}

impl From<TaxFormReplace> for TaxFiling {
    fn from(body: TaxFormReplace) -> Self {
        Self { kind: body.kind, received_on: body.received_on, expires_on: body.expires_on }
    }
}

fn reply(person_id: PersonId, form: Option<&tax_forms::TaxForm>, caller: &Caller) -> Reply {
    let version = form.map_or(0, |form| form.meta.version);
    let view = TaxForm {
        person_id,
        kind: form.map(|form| form.filing.kind),
        received_on: form.map(|form| form.filing.received_on),
        expires_on: form.and_then(|form| form.filing.expires_on),
        version,
        updated_at: form.map(|form| form.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceTaxForm]),
    };
    Reply::thing(version, &view)
}

/// Read which tax form of a person is on file
#[utoipa::path(tag = "Stipends", responses((status = 200, description = "The tax form.", body = TaxForm)))]
#[get("/v1/people/{person_id}/tax-form")]
async fn get_tax_form(caller: Caller, ctx: Ctx, path: Path<PersonId>) -> Answer {
    ctx.read(&caller, async |read| {
        let person: Person = read.get(*path).await?;
        Tie::none(&caller.actor).require(Action::GetTaxForm, SubjectKind::Person)?;
        Ok(reply(person.id, read.find::<tax_forms::TaxForm>(person.id).await?.as_ref(), &caller))
    })
    .await
}

/// File a person's tax form
///
/// In the place of the one before; which those were stays in the journal. Nothing is paid to a person without a form that is good
/// on the day.
#[utoipa::path(tag = "Stipends", request_body = TaxFormReplace, responses((status = 200, description = "The tax form as it now is.", body = TaxForm)))]
#[put("/v1/people/{person_id}/tax-form")]
async fn replace_tax_form(caller: Caller, ctx: Ctx, path: Path<PersonId>, body: Body<TaxFormReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let form = workflow::tax_forms::file(tx, &caller.actor, *path, &body.input()).await?;
        Ok(reply(form.person_id, Some(&form), &caller))
    })
    .await
}

room!(get_tax_form, replace_tax_form);
