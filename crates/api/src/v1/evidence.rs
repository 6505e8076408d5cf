//! Evidence that a person adds to a verification: a document, and a supervisor's word, which is asked for.

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, get, post};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{EvidenceId, VerificationId};
use cohortium_domain::text::Email;
use cohortium_domain::verifications::documents;
use cohortium_domain::verifications::evidence;
use cohortium_domain::words::Word;
use cohortium_workflow as workflow;
use cohortium_workflow::files::Place;
use serde::Deserialize;
use utoipa::ToSchema;

use super::room;
use super::verifications::types::{Attestation, Evidence, attestation_view, evidence_view};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply, etag};
use crate::upload::Upload;

/// What a file may do when somebody's browser shows it all the same: nothing.
const FILE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// A file that shows where one works.
#[derive(ToSchema)]
struct EvidenceUpload {
    /// A PDF, PNG or JPEG of 10 MiB or less, a picture of 40 megapixels or less. Its name, its declared type and what is in it must agree.
    #[schema(value_type = String, format = Binary, max_length = 10_485_760)]
    #[expect(dead_code, reason = "it stands for a part of a body that is not JSON")]
    file: String,
}

/// A file.
#[derive(ToSchema)]
#[schema(max_length = 10_485_760, format = Binary, example = "%PDF-1.7 …")]
struct EvidenceFile(#[expect(dead_code, reason = "it stands for a body that is not JSON")] String);

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
/// One that shows where you work, for staff to look at: at most five for each verification, and 100 MiB in all. What a picture tells beside itself,
/// such as where it was taken, is taken out. It opens a verification that is over. The file is deleted after the `retention_days` of the program's policy.
#[utoipa::path(
    tag = "Verifications",
    request_body(content = EvidenceUpload, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document.", body = Evidence))
)]
#[post("/v1/verifications/{verification_id}/evidence")]
async fn upload_evidence(caller: Caller, ctx: Ctx, path: Path<VerificationId>, upload: Upload) -> Answer {
    let taken = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        let verification = workflow::verifications::documents::may_add(&read, &caller.actor, *path).await?;
        let content = upload.content()?;
        let held = read.files_held(verification.person_id, verification.id).await?;
        held.make_room(u64::try_from(content.bytes.len()).unwrap_or(u64::MAX))?;
        Ok(content)
    });
    let content = taken.await?;
    let added = ctx.files().keep_document(&**ctx.store().environment(), caller.coalition_id, &content).await?;
    let precondition = upload.conditions().precondition();
    ctx.write(&caller, upload.conditions(), async |tx| {
        let document = workflow::verifications::documents::add(tx, &caller.actor, *path, &added, precondition).await?;
        let piece = evidence::Evidence::document(document.evidence_id, document.employment_id, document.meta.created_at);
        let location = format!("/v1/verifications/{}/evidence/{}/download", document.verification_id, document.evidence_id);
        let view = evidence_view(&piece, Some(&document), &caller.actor, tx.now());
        Ok(Reply::created_at(location, Reply::thing(document.meta.version, &view)))
    })
    .await
}

/// Download a document
///
/// As a file, never as a page. That somebody else than the person downloads it is written into the journal. A `Range` of it can be asked for.
#[utoipa::path(
    tag = "Verifications",
    responses(
        (status = 200, description = "The file.", content(
            (EvidenceFile = "application/pdf"), (EvidenceFile = "image/png"), (EvidenceFile = "image/jpeg")
        )),
        (status = 206, description = "The part that was asked for.", content(
            (EvidenceFile = "application/pdf"), (EvidenceFile = "image/png"), (EvidenceFile = "image/jpeg")
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
    Ok(file_reply(&document, bytes, &request))
}

/// The file, or the part of it that is asked for.
fn file_reply(document: &documents::Document, bytes: Vec<u8>, request: &HttpRequest) -> Reply {
    let whole = bytes.len();
    let tag = etag(document.meta.version, &bytes);
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    // A part of what has changed since would fit nothing.
    let same = header(header::IF_RANGE).is_none_or(|asked| asked == tag);
    let part = header(header::RANGE).filter(|_| same).and_then(|range| part_of(range, whole));
    let reply = Reply::media(document.media_type.as_str(), document.meta.version, bytes)
        .with(header::CONTENT_DISPOSITION, attachment(document.name.as_str()))
        .with(header::ACCEPT_RANGES, "bytes")
        .with(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    match part {
        Some((first, last)) => reply.part(first, last),
        None => reply,
    }
}

/// The first and the last byte of a range (RFC 9110). Several at once, or none that is there, are not taken: then the answer is the whole.
fn part_of(range: &str, whole: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let end = whole.checked_sub(1)?;
    if first.is_empty() {
        let count: usize = last.parse().ok()?;
        return (count > 0).then(|| (whole.saturating_sub(count), end));
    }
    let first: usize = first.parse().ok()?;
    let last = if last.is_empty() { end } else { last.parse::<usize>().ok()?.min(end) };
    (first <= last).then_some((first, last))
}

/// A file to be saved under its name (RFC 6266): in plain letters, and as it is (RFC 8187).
fn attachment(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || " .-_".contains(c) { c } else { '_' }).collect();
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let whole: String = name.bytes().map(encode).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// Ask a supervisor
///
/// To say that you work there. The link that is mailed is good for two weeks and one answer; whoever was asked before for this verification is not asked
/// any more. The address must be at the organization's own domain, and not your own. It opens a verification that is over.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_taken_where_it_is_one_that_is_there() {
        for (range, part) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=4-", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-30", Some((0, 9))),
            ("bytes=8-30", Some((8, 9))),
            ("bytes=10-", None),
            ("bytes=3-1", None),
            ("bytes=-0", None),
            ("bytes=0-1,3-4", None),
            ("points=0-1", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 0), None);
    }

    #[test]
    fn a_name_goes_into_a_header_and_nothing_else_with_it() {
        assert_eq!(attachment("letter.pdf"), "attachment; filename=\"letter.pdf\"; filename*=UTF-8''letter.pdf");
        let strange = attachment("Brief \"für\"\r\nX-Evil: 1;.pdf");
        assert_eq!(
            strange,
            "attachment; filename=\"Brief _f_r___X-Evil_ 1_.pdf\"; filename*=UTF-8''Brief%20%22f%C3%BCr%22%0D%0AX-Evil%3A%201%3B.pdf"
        );
    }
}
