//! Commitments: what a participant says yes to, in so many words.
//!
//! A program has a list of texts; to these each session of the cohort is added, since to come to it is a commitment of its own.
//! What always holds: a text that changes gets a new version, and whoever accepted the old one is asked again; an id is never used
//! for another commitment. Left out on purpose: who must accept when, which belongs to applications.

use serde::{Deserialize, Serialize};

use crate::ids::{CommitmentId, Id, ProgramId, SessionId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Name, Summary};
use crate::time::Timestamp;

/// The most commitments that a program can ask for, besides its sessions.
pub const COMMITMENTS_MAX: usize = 50;
/// The most acceptances that one request can bring.
pub const ACCEPTANCES_MAX: usize = 200;

crate::words! {
    /// From where a commitment comes.
    pub enum CommitmentKind {
        /// A text of the program's list.
        Text = "text",
        /// A session of the cohort: to be there.
        Session = "session",
    }
}

/// Something to which participants commit themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commitment {
    /// Which: it stays the same when the text changes.
    pub id: CommitmentId,
    /// From where it comes.
    pub kind: CommitmentKind,
    /// Raised by one each time the text changes.
    pub version: u32,
    /// What it is called.
    pub label: Name,
    /// What exactly is accepted.
    pub text: Summary,
}

impl Commitment {
    /// To come to a session: `version` must rise whenever the session is moved.
    #[must_use]
    pub fn of_session(session: SessionId, version: u32, label: Name, text: Summary) -> Self {
        Self { id: CommitmentId::from_uuid(session.uuid()), kind: CommitmentKind::Session, version, label, text }
    }
}

/// One member of the list that is to be: a commitment that is kept, by its id, or a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitmentEntry {
    /// The commitment that it continues.
    pub id: Option<CommitmentId>,
    /// What it is called.
    pub label: Name,
    /// What exactly is accepted.
    pub text: Summary,
}

/// The commitments of a program, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitmentList {
    /// Whose.
    pub program_id: ProgramId,
    /// Those in force.
    pub commitments: Vec<Commitment>,
    /// Version and instants.
    pub meta: Meta,
}

impl CommitmentList {
    /// The list of a program that has set none.
    #[must_use]
    pub fn initial(program_id: ProgramId, now: Timestamp) -> Self {
        Self { program_id, commitments: Vec::new(), meta: Meta::new(now) }
    }

    /// Puts another list in the place of this: what is named by id is kept, what is not named any more is retired, the rest is new.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every entry that continues a commitment which is not in force, or is continued twice.
    pub fn replace(
        mut self,
        entries: Vec<CommitmentEntry>,
        mut new_id: impl FnMut() -> CommitmentId,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        self.check(&entries)?;
        let old = std::mem::take(&mut self.commitments);
        let (mut added, mut changed) = (Vec::new(), Vec::new());
        for entry in entries {
            let continued = old.iter().find(|commitment| entry.id == Some(commitment.id));
            let (id, version) = match continued {
                Some(same) if same.text == entry.text => (same.id, same.version),
                Some(other) => {
                    changed.push(other.id.to_string());
                    (other.id, other.version.saturating_add(1))
                }
                None => (new_id(), 1),
            };
            if continued.is_none() {
                added.push(id.to_string());
            }
            let CommitmentEntry { label, text, .. } = entry;
            self.commitments.push(Commitment { id, kind: CommitmentKind::Text, version, label, text });
        }
        let gone = |commitment: &&Commitment| self.commitments.iter().all(|kept| kept.id != commitment.id);
        let retired: Vec<String> = old.iter().filter(gone).map(|commitment| commitment.id.to_string()).collect();
        self.meta = self.meta.changed(now);
        let happened = Happening::new(Subject::new(SubjectKind::Program, self.program_id), "commitments_replaced")
            .with("added", added)
            .with("changed", changed)
            .with("retired", retired);
        Ok(Change::one(self, happened))
    }

    fn check(&self, entries: &[CommitmentEntry]) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if entries.len() > COMMITMENTS_MAX {
            let detail = format!("At most {COMMITMENTS_MAX} items");
            faults.push(Fault::new("#/commitments", FaultCode::TooLong, detail).with("max", COMMITMENTS_MAX));
            return faults.check();
        }
        for (index, entry) in entries.iter().enumerate() {
            let Some(id) = entry.id else { continue };
            let pointer = format!("#/commitments/{index}/id");
            if !self.commitments.iter().any(|commitment| commitment.id == id) {
                faults.push(Fault::new(
                    pointer,
                    FaultCode::NotFound,
                    "No such commitment is in force: leave out the id of a new one",
                ));
            } else if entries.iter().take(index).any(|earlier| earlier.id == entry.id) {
                faults.push(Fault::new(pointer, FaultCode::Duplicate, "This commitment stands in the list twice"));
            }
        }
        faults.check()
    }
}

/// That somebody accepts a commitment, as it is worded in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Which.
    pub commitment_id: CommitmentId,
    /// In which wording.
    pub version: u32,
    /// When.
    pub accepted_at: Timestamp,
}

/// What is missing before all that is required is accepted: one fault each, under `#/commitments`.
#[must_use]
pub fn missing(required: &[Commitment], accepted: &[Acceptance]) -> Vec<Fault> {
    required.iter().filter_map(|commitment| lacks(commitment, accepted)).collect()
}

/// Goes on when all that is required is accepted, in the wording of now.
///
/// # Errors
/// [`Refusal::CommitmentsMissing`], with each that is not.
pub fn require(required: &[Commitment], accepted: &[Acceptance]) -> Result<(), Refusal> {
    let missing = missing(required, accepted);
    if missing.is_empty() { Ok(()) } else { Err(Refusal::CommitmentsMissing { missing }) }
}

/// Takes acceptances as they come from a person: each must be of something that is required, and stand once.
///
/// # Errors
/// [`Refusal::Invalid`], with every acceptance that cannot be taken.
pub fn check_acceptances(required: &[Commitment], accepted: &[Acceptance]) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    if accepted.len() > ACCEPTANCES_MAX {
        let detail = format!("At most {ACCEPTANCES_MAX} items");
        faults.push(Fault::new("#/commitments", FaultCode::TooLong, detail).with("max", ACCEPTANCES_MAX));
        return faults.check();
    }
    for (index, acceptance) in accepted.iter().enumerate() {
        let pointer = format!("#/commitments/{index}/commitment_id");
        let same = |other: &Acceptance| other.commitment_id == acceptance.commitment_id;
        if !required.iter().any(|commitment| commitment.id == acceptance.commitment_id) {
            faults.push(Fault::new(pointer, FaultCode::NotFound, "No such commitment is asked for"));
        } else if accepted.iter().take(index).any(same) {
            faults.push(Fault::new(pointer, FaultCode::Duplicate, "This commitment stands in the list twice"));
        }
    }
    faults.check()
}

fn lacks(commitment: &Commitment, accepted: &[Acceptance]) -> Option<Fault> {
    let found = accepted.iter().position(|acceptance| acceptance.commitment_id == commitment.id);
    let fault = match found.and_then(|index| accepted.get(index).map(|acceptance| (index, acceptance.version))) {
        Some((_, version)) if version == commitment.version => return None,
        Some((index, _)) => {
            let detail = format!(
                "The wording of \"{}\" has changed: read it again, and accept version {}",
                commitment.label, commitment.version
            );
            Fault::new(format!("#/commitments/{index}/version"), FaultCode::InvalidValue, detail)
        }
        None => Fault::new("#/commitments", FaultCode::Required, format!("\"{}\" must be accepted", commitment.label)),
    };
    Some(fault.with("commitment_id", commitment.id.to_string()).with("version", commitment.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(number: u128) -> CommitmentId {
        CommitmentId::from_uuid(Uuid::from_u128(number))
    }

    fn entry(number: Option<u128>, text: &str) -> CommitmentEntry {
        CommitmentEntry { id: number.map(id), label: Name::new("A label").unwrap(), text: Summary::new(text).unwrap() }
    }

    fn replace(list: CommitmentList, entries: Vec<CommitmentEntry>, first_new: u128) -> Result<Change<CommitmentList>, Refusal> {
        let mut next = first_new..;
        list.replace(entries, || id(next.next().unwrap()), Timestamp::from_millis(1))
    }

    fn two() -> CommitmentList {
        let list = CommitmentList::initial(ProgramId::from_uuid(Uuid::nil()), Timestamp::from_millis(0));
        replace(list, vec![entry(None, "Come to every call"), entry(None, "Share in the product")], 1).unwrap().value
    }

    fn accept(number: u128, version: u32) -> Acceptance {
        Acceptance { commitment_id: id(number), version, accepted_at: Timestamp::from_millis(5) }
    }

    fn told(faults: &[Fault]) -> Vec<(&str, FaultCode)> {
        faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
    }

    #[test]
    fn replacing_raises_the_version_of_what_changed_and_keeps_adds_and_retires_the_rest() {
        let entries = vec![entry(None, "Give feedback"), entry(Some(2), "Share in the final product")];
        let change = replace(two(), entries, 3).unwrap();
        let now: Vec<_> = change.value.commitments.iter().map(|one| (one.id, one.version, one.text.as_str())).collect();
        assert_eq!(now, [(id(3), 1, "Give feedback"), (id(2), 2, "Share in the final product")]);
        let data = serde_json::Value::Object(change.happened[0].data.clone());
        let expected = serde_json::json!({"added": [id(3)], "changed": [id(2)], "retired": [id(1)]});
        assert_eq!(data, expected);
    }

    #[test]
    fn a_new_label_is_no_new_version() {
        let relabeled = CommitmentEntry { label: Name::new("Calls").unwrap(), ..entry(Some(1), "Come to every call") };
        let change = replace(two(), vec![relabeled], 3).unwrap();
        assert_eq!((change.value.commitments[0].version, change.value.commitments[0].label.as_str()), (1, "Calls"));
    }

    #[test]
    fn a_retired_commitment_does_not_come_back_and_none_is_continued_twice() {
        let one = replace(two(), vec![entry(Some(2), "Share in the product")], 3).unwrap().value;
        let entries = vec![entry(Some(1), "Come to every call"), entry(Some(2), "a"), entry(Some(2), "b")];
        let Err(Refusal::Invalid(faults)) = replace(one, entries, 3) else { panic!() };
        assert_eq!(told(&faults), [("#/commitments/0/id", FaultCode::NotFound), ("#/commitments/2/id", FaultCode::Duplicate)]);
        let many = vec![entry(None, "one too many"); COMMITMENTS_MAX + 1];
        assert!(replace(two(), many, 3).is_err());
    }

    #[test]
    fn what_is_not_accepted_or_in_an_old_wording_is_missing() {
        let list =
            replace(two(), vec![entry(Some(1), "Come to each call"), entry(Some(2), "Share in the product")], 3).unwrap().value;
        let required = &list.commitments;
        assert_eq!(require(required, &[accept(2, 1), accept(1, 2)]), Ok(()));
        let faults = missing(required, &[accept(9, 1), accept(1, 1)]);
        assert_eq!(told(&faults), [("#/commitments/1/version", FaultCode::InvalidValue), ("#/commitments", FaultCode::Required)]);
        assert_eq!(faults[0].params["version"], 2);
        assert_eq!(faults[1].params["commitment_id"], id(2).to_string());
        assert!(matches!(require(required, &[]), Err(Refusal::CommitmentsMissing { missing }) if missing.len() == 2));
    }

    #[test]
    fn each_session_is_a_commitment_of_its_own() {
        let session = SessionId::from_uuid(Uuid::from_u128(7));
        let of_session = |version| {
            Commitment::of_session(session, version, Name::new("Kick-off").unwrap(), Summary::new("To come on December 9").unwrap())
        };
        assert_eq!(require(&[of_session(1)], &[accept(7, 1)]), Ok(()));
        assert!(require(&[of_session(2)], &[accept(7, 1)]).is_err(), "a session that was moved must be accepted again");
    }

    #[test]
    fn acceptances_of_what_nobody_asks_for_are_not_taken() {
        let required = two().commitments;
        assert_eq!(check_acceptances(&required, &[accept(1, 1)]), Ok(()), "not all need to be there yet");
        let Err(Refusal::Invalid(faults)) = check_acceptances(&required, &[accept(1, 1), accept(9, 1), accept(1, 1)]) else {
            panic!()
        };
        assert_eq!(
            told(&faults),
            [("#/commitments/1/commitment_id", FaultCode::NotFound), ("#/commitments/2/commitment_id", FaultCode::Duplicate)]
        );
    }

    proptest! {
        #[test]
        fn versions_never_fall_and_ids_are_never_used_again(rounds in prop::collection::vec(prop::collection::vec((0usize..6, 0u8..3), 0..5), 1..12)) {
            let mut list = CommitmentList::initial(ProgramId::from_uuid(Uuid::nil()), Timestamp::from_millis(0));
            let mut used: std::collections::BTreeMap<CommitmentId, (u32, Summary)> = std::collections::BTreeMap::new();
            let mut next = 1u128;
            for round in rounds {
                let mut entries: Vec<CommitmentEntry> = Vec::new();
                for (pick, text) in round {
                    let kept = list.commitments.get(pick).map(|one| one.id);
                    if kept.is_none() || entries.iter().all(|earlier| earlier.id != kept) {
                        entries.push(CommitmentEntry { id: kept, ..entry(None, &format!("text {text}")) });
                    }
                }
                let new_id = || { next += 1; id(next) };
                list = list.clone().replace(entries, new_id, Timestamp::from_millis(1)).unwrap().value;
                for one in &list.commitments {
                    let now = (one.version, one.text.clone());
                    match used.insert(one.id, now.clone()) {
                        None => prop_assert_eq!(one.version, 1),
                        Some(before) if before.1 == now.1 => prop_assert_eq!(before.0, now.0),
                        Some(before) => prop_assert_eq!(before.0 + 1, now.0),
                    }
                }
            }
        }
    }
}
