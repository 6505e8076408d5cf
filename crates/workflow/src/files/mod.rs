//! Files, as people upload them to answer application forms with, look at them and delete them; and beside that the bytes of all
//! files.
//!
//! The bytes are where they are kept before anything is written down, and taken away after. Whoever writes answers that name files
//! holds those files, and whoever deletes one locks it before asking what names it: so no application is sent that names a file
//! which is not there. Who has locked a file waits for nothing more, so files can be held before cohorts are entered.

mod bytes;

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::applications::Application;
use cohortium_domain::files::content::Content;
use cohortium_domain::files::{File, FileUses, Held, RunOut};
use cohortium_domain::forms::{FormSchema, file_ids};
use cohortium_domain::ids::{FileId, PersonId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_store::{Error, Page, PageRequest, Read, Result, Tx};
use serde_json::{Map, Value};

use crate::applications::tie;

pub(crate) use self::bytes::sweep;
pub use self::bytes::{FileStore, Place};

/// A file that is there, with which files its owner's applications name, and how an actor is tied to it.
pub struct Found<'a> {
    /// The file.
    pub file: File,
    /// What the owner's applications name.
    pub uses: FileUses,
    /// The actor's ties to it.
    pub ties: Vec<Tie<'a>>,
}

/// What a person has uploaded already, and is there.
///
/// # Errors
/// The database's errors.
pub async fn held(read: &Read, person: PersonId) -> Result<Held> {
    Ok(Held::of(&read.files_of(person).await?, &uses(read, person).await?, read.now()))
}

/// A page of a person's files that are there, with which of them its applications name.
///
/// # Errors
/// The database's errors.
pub async fn list(read: &Read, person: PersonId, page: &PageRequest) -> Result<(Page<File>, FileUses)> {
    let (files, uses) = (read.files_of(person).await?, uses(read, person).await?);
    // Until a job looks at them: hardly ever any.
    let kept_on = files.iter().filter(|file| file.kept_until <= read.now() && file.there(&uses, read.now()));
    let found = read.file_page(person, &kept_on.map(|file| file.id).collect(), page).await?;
    Ok((found, uses))
}

/// Adds a file of one's own, whose bytes are kept already.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn upload(tx: &mut Tx, actor: &Actor, id: FileId, content: &Content) -> Result<File> {
    let person = actor.person().ok_or_else(|| Refusal::Forbidden(Action::UploadFile.only_for()))?;
    // Whoever uploads several things at once is counted one after the other.
    let _: Person = tx.lock(person).await?;
    let uploaded = File::upload(id, content, person, held(tx, person).await?, tx.now())?;
    tx.save(uploaded, actor).await
}

/// A file, for somebody who may do this to it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn find<'a>(read: &Read, actor: &'a Actor, id: FileId, action: Action) -> Result<Found<'a>> {
    let file = read.get(id).await?;
    around(read, actor, file, action).await
}

/// The same to download it, for somebody else than its owner: that is written down.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn look_at(tx: &mut Tx, actor: &Actor, id: FileId) -> Result<File> {
    let Found { file, .. } = find(tx, actor, id, Action::DownloadFile).await?;
    tx.note([file.read()], actor);
    Ok(file)
}

/// Deletes a file of one's own.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn delete(tx: &mut Tx, actor: &Actor, id: FileId, precondition: Precondition) -> Result<()> {
    let locked = tx.lock(id).await?;
    let Found { file, uses, .. } = around(tx, actor, locked, Action::DeleteMyFile).await?;
    file.meta.admit(precondition)?;
    let deleted = file.delete(&uses)?;
    tx.remove_file(id).await?;
    tx.note([deleted], actor);
    Ok(())
}

/// Deletes a file whose time is over, or keeps it on where an application names it.
///
/// # Errors
/// The database's errors.
pub(crate) async fn run_out(tx: &mut Tx, id: FileId) -> Result<()> {
    let file: File = match tx.lock(id).await {
        // Its owner was faster.
        Err(Error::Refused(Refusal::Hidden(_))) => return Ok(()),
        locked => locked?,
    };
    let uses = uses(tx, file.person_id).await?;
    match file.run_out(&uses, tx.now()) {
        None => {}
        Some(RunOut::Kept(kept)) => drop(tx.save(kept, &Actor::Time).await?),
        Some(RunOut::Deleted(deleted)) => {
            tx.remove_file(id).await?;
            tx.note([deleted], &Actor::Time);
        }
    }
    Ok(())
}

/// Of the files that answers to a form name, those that are there and their person's own: held until the transaction ends.
///
/// # Errors
/// The database's errors.
pub(crate) async fn named(
    tx: &mut Tx,
    person: PersonId,
    form: &FormSchema,
    answers: &Map<String, Value>,
) -> Result<BTreeSet<FileId>> {
    if !form.asks_for_files() {
        return Ok(BTreeSet::new());
    }
    let own = tx.hold_files(person, &file_ids(answers)).await?;
    let uses = uses(tx, person).await?;
    let there: Vec<File> = own.into_iter().filter(|file| file.there(&uses, tx.now())).collect();
    for file in there.iter().filter(|file| !uses.is_named(file.id)) {
        tx.relies_on(file.kept_until);
    }
    Ok(there.into_iter().map(|file| file.id).collect())
}

/// Which files the applications of a person name.
async fn uses(read: &Read, person: PersonId) -> Result<FileUses> {
    Ok(FileUses::of(&read.applications_of(person).await?))
}

/// A file with what belongs to it, for somebody who may do this to it.
async fn around<'a>(read: &Read, actor: &'a Actor, file: File, action: Action) -> Result<Found<'a>> {
    let applications = read.applications_of(file.person_id).await?;
    let naming: Vec<&Application> = applications.iter().filter(|one| one.answers.file_ids().contains(&file.id)).collect();
    let cohorts = read.cohorts_by_id(naming.iter().map(|application| application.cohort_id)).await?;
    let by_applications = naming.iter().filter_map(|one| cohorts.get(&one.cohort_id).map(|cohort| tie(one, cohort, actor)));
    let ties = file.ties(actor, by_applications);
    Tie::require_one(&ties, action, SubjectKind::File)?;
    let uses = FileUses::of(&applications);
    if !file.there(&uses, read.now()) {
        return Err(Refusal::Hidden(SubjectKind::File.noun()).into());
    }
    Ok(Found { file, uses, ties })
}
