//! Files that people upload to answer an application form with.
//!
//! What always holds: a file is nobody's but its owner's until an application of the owner's names it; it is kept for thirty days,
//! and for as long as an application names it; none is deleted that an application names which was sent; nobody uploads without
//! end. What is taken at all, and what of it is kept, is told by [`content`], for these files as for the
//! [documents](crate::verifications::documents) of a verification. Left out on purpose: where the bytes are.

pub mod content;
#[cfg(test)]
pub(crate) mod fixtures;
mod images;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::access::{Action, Actor, Tie};
use crate::applications::Application;
use crate::ids::{FileId, PersonId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::Name;
use crate::time::Timestamp;

use content::{Content, Digest, FileType};

/// The most files of one person that no application names.
pub const UNNAMED_MAX: u64 = 20;
/// The most bytes of one person's files together; and of one person's documents.
pub const BYTES_OF_PERSON_MAX: u64 = 100 * 1024 * 1024;
/// For how long a file is kept that no application names, and after how long it is looked again whether one does.
const KEPT_MINUTES: i64 = 30 * 24 * 60;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Which; its bytes are kept under the same id.
    pub id: FileId,
    /// Whose.
    pub person_id: PersonId,
    /// How it is called.
    pub name: Name,
    /// What it is.
    pub media_type: FileType,
    /// How many bytes it has.
    pub size: u64,
    /// The digest of what is kept.
    pub sha256: Digest,
    /// Until when it is there though no application names it.
    pub kept_until: Timestamp,
    /// Version and instants.
    pub meta: Meta,
}

/// Which files the applications of a person name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileUses {
    named: BTreeSet<FileId>,
    sent: BTreeSet<FileId>,
}

impl FileUses {
    /// By all applications of a person.
    #[must_use]
    pub fn of<'a>(applications: impl IntoIterator<Item = &'a Application>) -> Self {
        let mut uses = Self::default();
        for application in applications {
            let named = application.answers.file_ids();
            if application.submitted_at.is_some() {
                uses.sent.extend(&named);
            }
            uses.named.extend(named);
        }
        uses
    }

    /// Whether any of them names a file.
    #[must_use]
    pub fn is_named(&self, file: FileId) -> bool {
        self.named.contains(&file)
    }

    /// Whether one names it that was sent.
    #[must_use]
    pub fn is_sent(&self, file: FileId) -> bool {
        self.sent.contains(&file)
    }
}

/// What a person has uploaded already, and is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many files that no application names.
    pub unnamed: u64,
    /// How many bytes in all.
    pub bytes: u64,
}

impl Held {
    /// By all files of a person.
    #[must_use]
    pub fn of(files: &[File], uses: &FileUses, now: Timestamp) -> Self {
        let there = || files.iter().filter(|file| file.there(uses, now));
        let unnamed = there().filter(|file| !uses.is_named(file.id)).count();
        Self { unnamed: u64::try_from(unnamed).unwrap_or(u64::MAX), bytes: there().map(|file| file.size).sum() }
    }

    /// Goes on when a file more, of so many bytes, is not too much.
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub fn make_room(self, bytes: u64) -> Result<(), Refusal> {
        if self.unnamed >= UNNAMED_MAX {
            let detail = format!("You have {UNNAMED_MAX} files that none of your applications names: name them, or delete some");
            return Err(Refusal::Invalid(vec![Fault::new("#/file", FaultCode::OutOfRange, detail).with("max", UNNAMED_MAX)]));
        }
        require_room(self.bytes, bytes)
    }
}

/// Goes on when a person who has so many bytes can have so many more.
pub(crate) fn require_room(held: u64, bytes: u64) -> Result<(), Refusal> {
    if held.saturating_add(bytes) <= BYTES_OF_PERSON_MAX {
        return Ok(());
    }
    let detail = format!("Your files have at most {BYTES_OF_PERSON_MAX} bytes together");
    Err(Refusal::Invalid(vec![Fault::new("#/file", FaultCode::OutOfRange, detail).with("max", BYTES_OF_PERSON_MAX)]))
}

/// What becomes of a file whose time is over.
#[must_use = "what is not saved did not happen"]
#[derive(Debug, PartialEq)]
pub enum RunOut {
    /// It is kept on, since an application names it.
    Kept(Change<File>),
    /// It is deleted, and this is what is to be written down.
    Deleted(Happening),
}

impl File {
    /// A file that a person uploads, whose bytes are kept under this id already.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it is one too many.
    pub fn upload(id: FileId, content: &Content, person_id: PersonId, held: Held, now: Timestamp) -> Result<Change<Self>, Refusal> {
        held.make_room(content.size())?;
        let made = Self {
            id,
            person_id,
            name: content.name.clone(),
            media_type: content.media_type,
            size: content.size(),
            sha256: content.sha256(),
            kept_until: now.plus_minutes(KEPT_MINUTES),
            meta: Meta::new(now),
        };
        let happened = made.happening("uploaded").with("media_type", made.media_type.to_string()).with("size", made.size);
        Ok(Change::one(made, happened))
    }

    /// Whether it is there, whether or not somebody has noticed that its time is over.
    #[must_use]
    pub fn there(&self, uses: &FileUses, now: Timestamp) -> bool {
        now < self.kept_until || uses.is_named(self.id)
    }

    /// How an actor is tied to it: as its owner, and by each application that names it, as the actor is tied to that.
    #[must_use]
    pub fn ties<'a>(&self, actor: &'a Actor, by_applications: impl IntoIterator<Item = Tie<'a>>) -> Vec<Tie<'a>> {
        let own = Tie::to_person(actor, self.person_id);
        own.concerned.then_some(own).into_iter().chain(by_applications).collect()
    }

    /// What this caller can do to it now.
    #[must_use]
    pub fn allowed_actions(&self, ties: &[Tie<'_>], uses: &FileUses) -> Vec<&'static str> {
        let deletable = self.require_unused(uses).is_ok();
        let actions = [Action::DownloadFile, Action::DeleteMyFile].into_iter();
        let open = actions.filter(|action| deletable || *action != Action::DeleteMyFile);
        open.filter(|action| ties.iter().any(|tie| tie.allows(*action))).map(Action::verb).collect()
    }

    /// Its owner deletes it; gives what is to be written down.
    ///
    /// # Errors
    /// [`Refusal::FileInUse`].
    pub fn delete(&self, uses: &FileUses) -> Result<Happening, Refusal> {
        self.require_unused(uses)?;
        Ok(self.happening("deleted"))
    }

    /// What becomes of it, once its time is over: where an application names it, it is looked at again later.
    #[must_use]
    pub fn run_out(mut self, uses: &FileUses, now: Timestamp) -> Option<RunOut> {
        if now < self.kept_until {
            return None;
        }
        if !self.there(uses, now) {
            return Some(RunOut::Deleted(self.happening("deleted")));
        }
        self.kept_until = now.plus_minutes(KEPT_MINUTES);
        self.meta = self.meta.changed(now);
        let happened = self.happening("kept").with("kept_until", self.kept_until.to_string());
        Some(RunOut::Kept(Change::one(self, happened)))
    }

    /// Somebody else than its owner downloads it.
    #[must_use]
    pub fn read(&self) -> Happening {
        self.happening("read")
    }

    fn require_unused(&self, uses: &FileUses) -> Result<(), Refusal> {
        if uses.is_sent(self.id) {
            return Err(Refusal::FileInUse("An application that you have sent names this file: it is kept with it".to_owned()));
        }
        Ok(())
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::File, self.id), verb).with("person_id", self.person_id.to_string())
    }
}
