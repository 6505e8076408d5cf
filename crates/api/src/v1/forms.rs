//! The application form of a program.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::forms;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::Program;
use cohortium_domain::time::Timestamp;
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Params};
use crate::reply::{Answer, Reply};

/// A JSON Schema (2020-12) whose instances are the answers to a form: of type `object`, with references to nothing but its own
/// `$defs`, and with patterns that need neither look-around nor back-references. At most 65536 bytes.
///
/// Two keywords of our own can stand at a question, a member of the form's own `properties`, each with a date of the program's
/// zone. From the day `x-required-from` on, the question must be answered. From the day `x-frozen-from` on, what an application
/// that was sent answers to it stays as it is.
///
/// A text of the format `x-file` is answered with a file: with the id of one that the applicant has uploaded by `POST
/// /v1/me/files`. It can stand wherever a text can, also as the items of a list.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct FormSchema(Value);

impl From<forms::FormSchema> for FormSchema {
    fn from(schema: forms::FormSchema) -> Self {
        Self(schema.as_value().clone())
    }
}

/// What a program asks of its applicants.
#[derive(Serialize, ToSchema)]
struct ApplicationForm {
    program_id: ProgramId,
    schema: FormSchema,
    /// Raised at each change; 0 as long as nobody has set any. Answers refer to it.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// The form that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationFormReplace {
    schema: FormSchema,
}

impl From<ApplicationFormReplace> for Value {
    fn from(body: ApplicationFormReplace) -> Self {
        body.schema.0
    }
}

/// Which form is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ApplicationFormQuery {
    /// As it was in this version: the `form_version` of some answers.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

fn reply(form: forms::ApplicationForm, caller: &Caller) -> Reply {
    let forms::ApplicationForm { program_id, schema, meta } = form;
    let view = ApplicationForm {
        program_id,
        schema: schema.into(),
        version: meta.version,
        updated_at: (meta.version > 0).then_some(meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceApplicationForm]),
    };
    Reply::thing(meta.version, &view)
}

/// Read a program's application form
#[utoipa::path(
    tag = "Programs",
    params(ApplicationFormQuery),
    responses((status = 200, description = "The form.", body = ApplicationForm))
)]
#[get("/v1/programs/{program_id}/application-form")]
async fn get_application_form(caller: Caller, ctx: Ctx, path: Path<ProgramId>, query: Params<ApplicationFormQuery>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetApplicationForm)?;
        let form = match query.version {
            Some(version) => read.program_document_in(program.id, version).await?,
            None => read.program_document(program.id).await?,
        };
        Ok(reply(form, &caller))
    })
    .await
}

/// Replace a program's application form
///
/// Answers are judged by the version that was current when they were written, and kept with its number: what answers an older one
/// stays good.
#[utoipa::path(
    tag = "Programs",
    request_body = ApplicationFormReplace,
    responses((status = 200, description = "The form as it now is.", body = ApplicationForm))
)]
#[put("/v1/programs/{program_id}/application-form")]
async fn replace_application_form(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ApplicationFormReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(reply(workflow::program_documents::replace_form(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

room!(get_application_form, replace_application_form);
