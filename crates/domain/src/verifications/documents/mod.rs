//! Documents: files that a person uploads to show where it works, and that staff look at.
//!
//! What always holds: a document's file is gone once its time is over, whether or not a job has noticed, while what is known of it
//! stays; nobody can upload without end. Left out on purpose: where the bytes are.

use crate::files::content::{Content, Digest, FileType};
use crate::files::require_room;
use crate::ids::{EmploymentId, EvidenceId, FileId, PersonId, VerificationId};
use crate::journal::{Change, Happening};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::Name;
use crate::time::{Timestamp, Zone};

use super::Verification;
use super::policy::PolicyTerms;

/// The most documents of one verification whose files are there.
pub const FILES_MAX: u64 = 5;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The evidence that it is.
    pub evidence_id: EvidenceId,
    /// For which verification it was uploaded.
    pub verification_id: VerificationId,
    /// For which employment.
    pub employment_id: EmploymentId,
    /// Whose it is.
    pub person_id: PersonId,
    /// Where its bytes are.
    pub file_id: FileId,
    /// How it is called.
    pub name: Name,
    /// What it is.
    pub media_type: FileType,
    /// How many bytes it has.
    pub size: u64,
    /// The digest of what is kept.
    pub sha256: Digest,
    /// When its file is deleted.
    pub kept_until: Timestamp,
    /// When that was written down.
    pub deleted_at: Option<Timestamp>,
    /// Version and instants.
    pub meta: Meta,
}

/// What a person has uploaded already, and is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many files for the verification.
    pub files: u64,
    /// How many bytes in all.
    pub bytes: u64,
}

impl Held {
    /// Goes on when so many bytes more are not too much.
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub fn make_room(self, bytes: u64) -> Result<(), Refusal> {
        if self.files >= FILES_MAX {
            let detail = format!("A verification has at most {FILES_MAX} files: staff will look at those that are there");
            return Err(Refusal::Invalid(vec![Fault::new("#/file", FaultCode::OutOfRange, detail).with("max", FILES_MAX)]));
        }
        require_room(self.bytes, bytes)
    }
}

/// What a document is made of, once its bytes are where they are kept.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    /// The evidence that it is to be.
    pub evidence_id: EvidenceId,
    /// Where its bytes are.
    pub file_id: FileId,
    /// What it is.
    pub content: &'a Content,
}

impl Document {
    /// Adds a document to a verification.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it is one too many.
    pub fn add(
        upload: &Upload<'_>,
        verification: &Verification,
        held: Held,
        (policy, zone): (&PolicyTerms, Zone),
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let size = upload.content.size();
        held.make_room(size)?;
        let last_day = zone.date_of(now).plus_days(policy.retention_days.into());
        let made = Self {
            evidence_id: upload.evidence_id,
            verification_id: verification.id,
            employment_id: verification.employment_id,
            person_id: verification.person_id,
            file_id: upload.file_id,
            name: upload.content.name.clone(),
            media_type: upload.content.media_type,
            size,
            sha256: upload.content.sha256(),
            kept_until: zone.end_of_day(last_day),
            deleted_at: None,
            meta: Meta::new(now),
        };
        let happened = made
            .happened(verification, "document_added")
            .with("media_type", made.media_type.to_string())
            .with("size", made.size)
            .with("kept_until", made.kept_until.to_string());
        Ok(Change::one(made, happened))
    }

    /// Whether its file is there, whether or not somebody has noticed that its time is over.
    #[must_use]
    pub fn there(&self, now: Timestamp) -> bool {
        self.deleted_at.is_none() && now < self.kept_until
    }

    /// It, with its file deleted, once its time is over.
    #[must_use]
    pub fn run_out(mut self, verification: &Verification, now: Timestamp) -> Option<Change<Self>> {
        if self.deleted_at.is_some() || now < self.kept_until {
            return None;
        }
        self.deleted_at = Some(self.kept_until);
        self.meta = self.meta.changed(now);
        let happened = self.happened(verification, "document_deleted");
        Some(Change::one(self, happened))
    }

    /// Somebody of the staff downloads it.
    #[must_use]
    pub fn read(&self, verification: &Verification) -> Happening {
        self.happened(verification, "document_read")
    }

    fn happened(&self, verification: &Verification, verb: &'static str) -> Happening {
        verification.happening(verb).with("evidence_id", self.evidence_id.to_string())
    }
}
