//! Files with which people answer application forms.

use actix_web::web::Path;
use actix_web::{HttpRequest, delete, get, post};
use cohortium_domain::access::Action;
use cohortium_domain::files;
use cohortium_domain::files::content::FileType;
use cohortium_domain::ids::{FileId, PersonId};
use cohortium_domain::text::Name;
use cohortium_domain::time::Timestamp;
use cohortium_store::Tx;
use cohortium_workflow as workflow;
use cohortium_workflow::files::{Found, Place};
use serde::Serialize;
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::download::{FileContent, file_reply};
use crate::extract::{Conditions, Paging, Params};
use crate::reply::{Answer, Reply};
use crate::upload::{FileUpload, Upload, hex};

/// A file with which its owner can answer application forms.
#[derive(Serialize, ToSchema)]
struct File {
    #[serde(flatten)]
    summary: FileSummary,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A file, in lists.
#[derive(Serialize, ToSchema)]
struct FileSummary {
    id: FileId,
    /// Whose.
    person_id: PersonId,
    /// How it is called.
    name: Name,
    media_type: FileType,
    /// How many bytes it has.
    #[schema(minimum = 1, maximum = 10_485_760)]
    size: u64,
    /// SHA-256 of what is kept, in hexadecimal digits.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    sha256: String,
    /// Whether an application that was sent names it: then it cannot be deleted.
    in_use: bool,
    /// Until when it is kept, as long as no application names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Files, a page at a time.
    FilePage of FileSummary
);

fn summary(file: &files::File, uses: &files::FileUses) -> FileSummary {
    FileSummary {
        id: file.id,
        person_id: file.person_id,
        name: file.name.clone(),
        media_type: file.media_type,
        size: file.size,
        sha256: hex(&file.sha256),
        in_use: uses.is_sent(file.id),
        kept_until: (!uses.is_named(file.id)).then_some(file.kept_until),
        created_at: file.meta.created_at,
        updated_at: file.meta.updated_at,
    }
}

fn reply(found: &Found<'_>) -> Reply {
    let Found { file, uses, ties } = found;
    let allowed_actions = file.allowed_actions(ties, uses).into_iter().map(str::to_owned).collect();
    let view = File { summary: summary(file, uses), version: file.meta.version, allowed_actions };
    Reply::thing(file.meta.version, &view)
}

/// Upload a file
///
/// To answer a question of an application form with, whose format is `x-file`: the answer is the file's id. What a picture tells
/// beside itself, such as where it was taken, is taken out. At most 20 files that none of your applications names, and 100 MiB in
/// all. A file is yours alone until an application of yours names it: whoever may read that application may then download the file.
/// One that no application names is deleted after 30 days.
#[utoipa::path(
    tag = "Files",
    request_body(content = FileUpload, content_type = "multipart/form-data"),
    responses((status = 201, description = "The file.", body = File))
)]
#[post("/v1/me/files")]
async fn upload_file(caller: Caller, ctx: Ctx, upload: Upload) -> Answer {
    let person = caller.person()?;
    let taken = ctx.work(&caller.actor, async {
        let content = upload.content()?;
        let read = ctx.store().read(caller.coalition_id).await?;
        // The one before may have taken the last room.
        if !ctx.repeated(&read, &caller, upload.conditions()).await? {
            workflow::files::held(&read, person).await?.make_room(content.size())?;
        }
        Ok(content)
    });
    let content = taken.await?;
    let id = ctx.files().keep_new(&**ctx.store().environment(), caller.coalition_id, &content).await?;
    ctx.write(&caller, upload.conditions(), async |tx| {
        let file = workflow::files::upload(tx, &caller.actor, id, &content).await?;
        let found = workflow::files::find(tx, &caller.actor, file.id, Action::GetFile).await?;
        Ok(Reply::created_at(format!("/v1/files/{id}"), reply(&found)))
    })
    .await
}

/// List one's own files
///
/// The latest first.
#[utoipa::path(tag = "Files", params(Paging), responses((status = 200, description = "Your files.", body = FilePage)))]
#[get("/v1/me/files")]
async fn list_my_files(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let (person, request) = (caller.person()?, paging.page(&ctx, true)?);
    ctx.read(&caller, async |read| {
        let (found, uses) = workflow::files::list(read, person, &request).await?;
        Ok(paging.reply(&ctx, found, |file| summary(&file, &uses), FilePage::new))
    })
    .await
}

/// Read what is known of a file
///
/// One of your own; or of somebody else, when an application that you may read names it.
#[utoipa::path(tag = "Files", responses((status = 200, description = "What is known of it.", body = File)))]
#[get("/v1/files/{file_id}")]
async fn get_file(caller: Caller, ctx: Ctx, path: Path<FileId>) -> Answer {
    ctx.read(&caller, async |read| Ok(reply(&workflow::files::find(read, &caller.actor, *path, Action::GetFile).await?))).await
}

/// Download a file
///
/// As a file, never as a page. That somebody else than its owner downloads it is written into the journal. A `Range` of it can be
/// asked for.
#[utoipa::path(
    tag = "Files",
    responses(
        (status = 200, description = "The file.", content(
            (FileContent = "application/pdf"), (FileContent = "image/png"), (FileContent = "image/jpeg")
        )),
        (status = 206, description = "The part that was asked for.", content(
            (FileContent = "application/pdf"), (FileContent = "image/png"), (FileContent = "image/jpeg")
        )),
    )
)]
#[get("/v1/files/{file_id}/download")]
async fn download_file(caller: Caller, ctx: Ctx, path: Path<FileId>, request: HttpRequest) -> Answer {
    let found = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        let Found { file, .. } = workflow::files::find(&read, &caller.actor, *path, Action::DownloadFile).await?;
        if caller.actor.is(file.person_id) {
            return Ok(file);
        }
        let look = async |tx: &mut Tx| workflow::files::look_at(tx, &caller.actor, *path).await;
        ctx.store().write(caller.coalition_id, caller.origin(), look).await
    });
    let file = found.await?;
    let bytes = ctx.files().read(Place { coalition: caller.coalition_id, file: file.id }).await?;
    Ok(file_reply((&file.name, file.media_type, file.meta.version), bytes, &request))
}

/// Delete a file
///
/// Unless an application that you have sent names it (`file_in_use`), whatever became of that. A draft that names it cannot be sent
/// before it names another.
#[utoipa::path(tag = "Files", responses((status = 204, description = "It is deleted.")))]
#[delete("/v1/me/files/{file_id}")]
async fn delete_my_file(caller: Caller, ctx: Ctx, path: Path<FileId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        workflow::files::delete(tx, &caller.actor, *path, conditions.precondition()).await?;
        Ok(Reply::nothing())
    })
    .await
}

room!(upload_file, list_my_files, get_file, download_file, delete_my_file);
