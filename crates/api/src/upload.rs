//! A body with a file in it (RFC 7578): one part, `file`.
//!
//! What always holds: no more is taken than may come, in the time that it may take, and of few at once; what the part holds is
//! judged only when the handler asks, after the caller's right has been established.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use cohortium_domain::files::content::Content;
use cohortium_domain::pointers::member;
use cohortium_domain::refusal::{Fault, FaultCode, Refusal};
use futures_util::TryStreamExt;
use futures_util::future::LocalBoxFuture;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use crate::config::Limits;
use crate::ctx::Ctx;
use crate::extract::Conditions;
use crate::problem::{Code, Problem};

/// What kind of body it is.
const MEDIA_TYPE: &str = "multipart/form-data";
/// The name of the part that holds the file.
const FILE: &str = "file";

/// A file that is uploaded.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileUpload {
    /// A PDF, PNG or JPEG of 10 MiB or less, a picture of 40 megapixels or less. Its name, its declared type and what is in it must
    /// agree.
    #[schema(value_type = String, format = Binary, max_length = 10_485_760)]
    #[expect(dead_code, reason = "it stands for a part of a body that is not JSON")]
    file: String,
}

/// A part, as it came.
struct Part {
    name: String,
    file_name: String,
    declared: String,
    bytes: Vec<u8>,
}

/// A body with a file in it.
pub struct Upload {
    parts: Vec<Part>,
    conditions: Conditions,
    _place: OwnedSemaphorePermit,
}

impl Upload {
    /// On what conditions the write is made.
    #[must_use]
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The file, when it is one that is taken.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn content(&self) -> Result<Content, Refusal> {
        let strange = self.parts.iter().filter(|part| part.name != FILE);
        let unknown = |part: &Part| Fault::new(member("#", &part.name), FaultCode::UnknownField, "There is no such part");
        let faults: Vec<Fault> = strange.map(unknown).collect();
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        match self.parts.as_slice() {
            [file] => Content::take(&file.file_name, &file.declared, &file.bytes),
            [] => Err(Refusal::invalid("#/file", FaultCode::Required, "Send the file as the part `file`")),
            [_, ..] => Err(Refusal::invalid("#/file", FaultCode::Duplicate, "Send one file at a time")),
        }
    }
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&request, payload).await })
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Upload, Problem> {
    let ctx = Ctx::of(request)?;
    let limits = *ctx.limits();
    if !request.content_type().trim().eq_ignore_ascii_case(MEDIA_TYPE) {
        return Err(Problem::new(Code::UnsupportedMediaType).detail(format!("Send the body as {MEDIA_TYPE}")));
    }
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.upload_bytes) {
        return Err(too_large(&limits));
    }
    let place = ctx.upload_place().ok_or_else(|| Problem::new(Code::Overloaded).detail("Come again in a moment"))?;
    let late = || {
        let detail = format!("Send the whole body within {} seconds", limits.upload_time.as_secs_f32());
        Problem::new(Code::RequestTimeout).detail(detail)
    };
    let reading = parts(Multipart::new(request.headers(), payload), &limits);
    let parts = tokio::time::timeout(limits.upload_time, reading).await.map_err(|_| late())??;
    let digests = parts.iter().map(|part| json!([part.name, part.file_name, part.declared, hex(&Sha256::digest(&part.bytes))]));
    let conditions = Conditions::of(request, &digests.collect())?;
    Ok(Upload { parts, conditions, _place: place })
}

/// The parts of a body, all together no larger than is taken.
async fn parts(mut body: Multipart, limits: &Limits) -> Result<Vec<Part>, Problem> {
    let (mut parts, mut room) = (Vec::new(), limits.upload_bytes);
    while let Some(mut field) = body.try_next().await.map_err(|error| not_read(&error, limits))? {
        let mut part = head(&field);
        while let Some(chunk) = field.try_next().await.map_err(|error| not_read(&error, limits))? {
            room = room.checked_sub(chunk.len()).ok_or_else(|| too_large(limits))?;
            part.bytes.extend_from_slice(&chunk);
        }
        // A part without content costs something too.
        room = room.checked_sub(part.name.len() + 64).ok_or_else(|| too_large(limits))?;
        parts.push(part);
    }
    Ok(parts)
}

fn head(field: &Field) -> Part {
    let file_name = field.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default();
    Part {
        name: field.name().unwrap_or_default().to_owned(),
        file_name: file_name.to_owned(),
        declared: field.content_type().map(|said| said.essence_str().to_owned()).unwrap_or_default(),
        bytes: Vec::new(),
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn too_large(limits: &Limits) -> Problem {
    Problem::new(Code::PayloadTooLarge).detail(format!("At most {} bytes", limits.upload_bytes))
}

fn not_read(error: &MultipartError, limits: &Limits) -> Problem {
    if let MultipartError::Payload(PayloadError::Overflow) = error {
        return too_large(limits);
    }
    Problem::new(Code::MalformedForm).detail(format!("Send it as {MEDIA_TYPE} (RFC 7578), whole"))
}
