//! Evidence that a person adds to a verification: a document, and a supervisor's word, which is asked for.

use actix_web::web::Path;
use actix_web::{HttpRequest, get, post};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{EvidenceId, VerificationId};
use cohortium_domain::text::Email;
use cohortium_domain::verifications::evidence;
use cohortium_workflow as workflow;
use cohortium_workflow::files::Place;
use serde::Deserialize;
use utoipa::ToSchema;

use super::room;
use super::verifications::types::{Attestation, Evidence, attestation_view, evidence_view};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::download::{FileContent, file_reply};
use crate::extract::Body;
use crate::reply::{Answer, Reply};
use crate::upload::{FileUpload, Upload};

/// Which document, of which verification.
type DocumentPath = Path<(VerificationId, EvidenceId)>;

/// Which supervisor is to be asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttestationCreate {
    /// The supervisor's address, at the organization's own domain.
    supervisor_email: Email,
}

impl From<AttestationCreate> for Email {
    fn from(body: AttestationCreate) -> Self {
        body.supervisor_email
    }
}

/// Upload a document
///
/// One that shows where you work, for staff to look at: at most five for each verification, and 100 MiB in all. What a picture
/// tells beside itself, such as where it was taken, is taken out. It opens a verification that is over. The file is deleted after
/// the `retention_days` of the program's policy.
#[utoipa::path(
    tag = "Verifications",
    request_body(content = FileUpload, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document.", body = Evidence))
)]
#[post("/v1/verifications/{verification_id}/evidence")]
async fn upload_evidence(caller: Caller, ctx: Ctx, path: Path<VerificationId>, upload: Upload) -> Answer {
    let taken = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        let verification = workflow::verifications::documents::may_add(&read, &caller.actor, *path).await?;
        let content = upload.content()?;
        // The one before may have taken the last room.
        if !ctx.repeated(&read, &caller, upload.conditions()).await? {
            read.files_held(verification.person_id, verification.id).await?.make_room(content.size())?;
        }
        Ok(content)
    });
    let content = taken.await?;
    let file = ctx.files().keep_new(&**ctx.store().environment(), caller.coalition_id, &content).await?;
    let precondition = upload.conditions().precondition();
    ctx.write(&caller, upload.conditions(), async |tx| {
        let document = workflow::verifications::documents::add(tx, &caller.actor, *path, (file, &content), precondition).await?;
        let piece = evidence::Evidence::document(document.evidence_id, document.employment_id, document.meta.created_at);
        let location = format!("/v1/verifications/{}/evidence/{}/download", document.verification_id, document.evidence_id);
        let view = evidence_view(&piece, Some(&document), &caller.actor, tx.now());
        Ok(Reply::created_at(location, Reply::thing(document.meta.version, &view)))
    })
    .await
}

/// Download a document
///
/// As a file, never as a page. That somebody else than the person downloads it is written into the journal. A `Range` of it can be
/// asked for.
#[utoipa::path(
    tag = "Verifications",
    responses(
        (status = 200, description = "The file.", content(
            (FileContent = "application/pdf"), (FileContent = "image/png"), (FileContent = "image/jpeg")
        )),
        (status = 206, description = "The part that was asked for.", content(
            (FileContent = "application/pdf"), (FileContent = "image/png"), (FileContent = "image/jpeg")
        )),
    )
)]
#[get("/v1/verifications/{verification_id}/evidence/{evidence_id}/download")]
async fn download_evidence(caller: Caller, ctx: Ctx, path: DocumentPath, request: HttpRequest) -> Answer {
    let place = path.into_inner();
    let found = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        let (verification, document) = workflow::verifications::documents::find(&read, &caller.actor, place).await?;
        if caller.actor.is(verification.person_id) {
            return Ok(document);
        }
        let look = async |tx: &mut cohortium_store::Tx| workflow::verifications::documents::look_at(tx, &caller.actor, place).await;
        ctx.store().write(caller.coalition_id, caller.origin(), look).await
    });
    let document = found.await?;
    let bytes = ctx.files().read(Place { coalition: caller.coalition_id, file: document.file_id }).await?;
    Ok(file_reply((&document.name, document.media_type, document.meta.version), bytes, &request))
}

/// Ask a supervisor
///
/// To say that you work there. The link that is mailed is good for two weeks and one answer; whoever was asked before for this
/// verification is not asked any more. The address must be at the organization's own domain, and not your own. It opens a
/// verification that is over.
#[utoipa::path(
    tag = "Verifications",
    request_body = AttestationCreate,
    responses((status = 201, description = "The question.", body = Attestation))
)]
#[post("/v1/verifications/{verification_id}/attestations")]
async fn ask_for_attestation(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<AttestationCreate>) -> Answer {
    let person = caller.person()?;
    let asked = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        // What is refused takes nothing of what one may ask.
        let email = workflow::verifications::attestations::may_ask(&read, &caller.actor, *path, &body.input()).await?;
        let coalition: Coalition = read.get(caller.coalition_id).await?;
        ctx.throttles().attestation(ctx.store(), person, &coalition.slug, &email).await
    });
    asked.await?;
    ctx.write(&caller, body.conditions(), async |tx| {
        let asked = workflow::verifications::attestations::ask(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/verifications/{}", asked.verification_id);
        Ok(Reply::created_at(location, Reply::thing(asked.meta.version, &attestation_view(&asked, &caller.actor))))
    })
    .await
}

room!(upload_evidence, download_evidence, ask_for_attestation);
