//! What a person accepted, set beside what must be accepted.

use std::collections::BTreeMap;

use crate::ids::CommitmentId;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::Title;
use crate::time::Timestamp;

/// A commitment that must be accepted, in the version in which it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredCommitment {
    /// Which.
    pub id: CommitmentId,
    /// Its version.
    pub version: u32,
    /// What it is called.
    pub label: Title,
}

/// A commitment that a person accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedCommitment {
    /// Which.
    pub commitment_id: CommitmentId,
    /// In which version.
    pub version: u32,
    /// When.
    pub accepted_at: Timestamp,
}

/// What a person accepts now, by version; what was accepted before in the same version keeps its instant.
pub(super) fn accept(
    given: &[(CommitmentId, u32)],
    before: &[AcceptedCommitment],
    required: &[RequiredCommitment],
    now: Timestamp,
) -> Result<Vec<AcceptedCommitment>, Refusal> {
    let mut faults = Faults::default();
    let mut accepted = BTreeMap::new();
    for (index, (id, version)) in given.iter().enumerate() {
        match required.iter().find(|commitment| commitment.id == *id) {
            None => {
                let pointer = format!("#/commitments/{index}/commitment_id");
                faults.push(Fault::new(pointer, FaultCode::NotFound, "This cohort asks for no such commitment"));
            }
            Some(commitment) if commitment.version != *version => {
                let detail = format!("It stands in version {}: read that one", commitment.version);
                let fault = Fault::new(format!("#/commitments/{index}/version"), FaultCode::InvalidValue, detail);
                faults.push(fault.with("version", commitment.version));
            }
            Some(_) => {
                let same = before.iter().find(|other| other.commitment_id == *id && other.version == *version);
                let new = AcceptedCommitment { commitment_id: *id, version: *version, accepted_at: now };
                if accepted.insert(*id, same.copied().unwrap_or(new)).is_some() {
                    let pointer = format!("#/commitments/{index}/commitment_id");
                    faults.push(Fault::new(pointer, FaultCode::Duplicate, "This commitment stands here twice"));
                }
            }
        }
    }
    faults.check()?;
    Ok(accepted.into_values().collect())
}

/// What was accepted before, and what is accepted now: of each commitment the latter.
pub(super) fn join(before: &[AcceptedCommitment], now: Vec<AcceptedCommitment>) -> Vec<AcceptedCommitment> {
    let all = before.iter().copied().chain(now);
    all.map(|commitment| (commitment.commitment_id, commitment)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Goes on when everything required was accepted, in the version in which it stands now.
pub(super) fn require(accepted: &[AcceptedCommitment], required: &[RequiredCommitment]) -> Result<(), Refusal> {
    let was_accepted = |commitment: &&RequiredCommitment| {
        accepted.iter().any(|other| other.commitment_id == commitment.id && other.version == commitment.version)
    };
    let missing: Vec<Fault> = required.iter().filter(|commitment| !was_accepted(commitment)).map(missing).collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::CommitmentsMissing { missing }) }
}

fn missing(commitment: &RequiredCommitment) -> Fault {
    Fault::new("#/commitments", FaultCode::Required, format!("Accept: {}", commitment.label))
        .with("commitment_id", commitment.id.to_string())
        .with("version", commitment.version)
}
