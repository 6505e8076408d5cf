//! What a program asks for before it takes an employment for verified, and what is judged by it.
//!
//! What always holds: every policy can be satisfied by some evidence. A policy that is replaced does not reach back: what was
//! verified under the old one stays verified for as long as it was.

use serde::{Deserialize, Serialize};

use crate::employments::Employment;
use crate::ids::ProgramId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::organizations::Organization;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::{Timestamp, Zone, earliest};

use super::evidence::{Evidence, EvidenceKind, STRENGTH_MAX, STRENGTH_MIN};

/// The fewest days for which evidence can count.
pub const VALID_DAYS_MIN: u16 = 1;
/// The most days for which evidence can count: three years.
pub const VALID_DAYS_MAX: u16 = 1_096;

/// The fewest days for which a document is kept.
pub const RETENTION_DAYS_MIN: u16 = 1;
/// The most days for which a document is kept: three years.
pub const RETENTION_DAYS_MAX: u16 = 1_096;
/// The most days before its end that a person can be asked to renew a verification.
pub const RENEWAL_NOTICE_DAYS_MAX: u16 = 180;

/// What satisfies a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTerms {
    /// The kinds of evidence that verify by themselves.
    pub accepted_kinds: Vec<EvidenceKind>,
    /// The least strength of evidence that verifies by itself.
    pub least_strength: u8,
    /// The civil days, from the day of the evidence on, for which a verification is valid.
    pub valid_days: u16,
    /// Whether the organization must be a member of the coalition.
    pub membership_required: bool,
    /// The civil days, from the day of its upload on, for which a document is kept.
    pub retention_days: u16,
    /// How many civil days before its end a person is asked to renew a verification; never, where it is 0.
    pub renewal_notice_days: u16,
}

impl Default for PolicyTerms {
    /// What a program asks for that says nothing: anything but a person's own word, from within a year.
    fn default() -> Self {
        Self {
            accepted_kinds: vec![
                EvidenceKind::EmailDomain,
                EvidenceKind::CrmMatch,
                EvidenceKind::SupervisorAttestation,
                EvidenceKind::Document,
                EvidenceKind::StaffOverride,
            ],
            least_strength: EvidenceKind::EmailDomain.strength(),
            valid_days: 365,
            membership_required: false,
            retention_days: 90,
            renewal_notice_days: 30,
        }
    }
}

impl PolicyTerms {
    /// Whether a piece of evidence is of a kind and strength that verify by themselves.
    #[must_use]
    pub fn accepts(&self, kind: EvidenceKind) -> bool {
        self.accepted_kinds.contains(&kind) && kind.strength() >= self.least_strength
    }

    /// The kinds of evidence that a person can have shown.
    #[must_use]
    pub fn asked_for(&self) -> Vec<EvidenceKind> {
        let asked = |kind: &EvidenceKind| *kind != EvidenceKind::StaffOverride && self.accepts(*kind);
        self.accepted_kinds.iter().copied().filter(asked).collect()
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if !(STRENGTH_MIN..=STRENGTH_MAX).contains(&self.least_strength) {
            faults.push(out_of_range("#/least_strength", STRENGTH_MIN.into(), STRENGTH_MAX.into()));
        }
        if !(VALID_DAYS_MIN..=VALID_DAYS_MAX).contains(&self.valid_days) {
            faults.push(out_of_range("#/valid_days", VALID_DAYS_MIN, VALID_DAYS_MAX));
        }
        if !(RETENTION_DAYS_MIN..=RETENTION_DAYS_MAX).contains(&self.retention_days) {
            faults.push(out_of_range("#/retention_days", RETENTION_DAYS_MIN, RETENTION_DAYS_MAX));
        }
        if self.renewal_notice_days > RENEWAL_NOTICE_DAYS_MAX {
            faults.push(out_of_range("#/renewal_notice_days", 0, RENEWAL_NOTICE_DAYS_MAX));
        }
        for (index, kind) in self.accepted_kinds.iter().enumerate() {
            if self.accepted_kinds.iter().take(index).any(|earlier| earlier == kind) {
                let pointer = format!("#/accepted_kinds/{index}");
                faults.push(Fault::new(pointer, FaultCode::Duplicate, "This kind stands in the list twice"));
            }
        }
        if !self.accepted_kinds.iter().any(|kind| self.accepts(*kind)) {
            let detail = "No kind in this list is as strong as the least strength: nothing could satisfy the policy";
            faults.push(Fault::new("#/accepted_kinds", FaultCode::InvalidValue, detail));
        }
        faults.check()
    }
}

fn out_of_range(pointer: &str, min: u16, max: u16) -> Fault {
    Fault::new(pointer, FaultCode::OutOfRange, format!("From {min} to {max}")).with("min", min).with("max", max)
}

/// The verification policy of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct VerificationPolicy {
    /// Whose.
    pub program_id: ProgramId,
    /// What satisfies it.
    pub terms: PolicyTerms,
    /// Version and instants.
    pub meta: Meta,
}

impl VerificationPolicy {
    /// The policy of a program that has set none.
    #[must_use]
    pub fn initial(program_id: ProgramId, now: Timestamp) -> Self {
        Self { program_id, terms: PolicyTerms::default(), meta: Meta::new(now) }
    }

    /// Puts other terms in the place of these.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every member that cannot be taken.
    pub fn replace(mut self, terms: PolicyTerms, now: Timestamp) -> Result<Change<Self>, Refusal> {
        terms.check()?;
        let kinds: Vec<String> = terms.accepted_kinds.iter().map(ToString::to_string).collect();
        let happened = Happening::new(Subject::new(SubjectKind::Program, self.program_id), "verification_policy_replaced")
            .with("accepted_kinds", kinds)
            .with("least_strength", terms.least_strength)
            .with("valid_days", terms.valid_days)
            .with("membership_required", terms.membership_required)
            .with("retention_days", terms.retention_days)
            .with("renewal_notice_days", terms.renewal_notice_days);
        self.terms = terms;
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happened))
    }
}

/// What a verification rests on beside the evidence, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// What the program asks for.
    pub policy: &'a PolicyTerms,
    /// The zone in which the program counts days.
    pub zone: Zone,
    /// The employment.
    pub employment: &'a Employment,
    /// The organization of the employment.
    pub organization: &'a Organization,
}

/// Why a verification cannot stand, whatever the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingGround {
    /// The employment has not begun, or is over.
    Employment,
    /// The organization is not a member of the coalition, and the program asks for that.
    Membership,
}

impl MissingGround {
    /// What is the matter, for whoever wants to verify.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Employment => "The employment is not held now: correct its dates, or verify another one",
            Self::Membership => "The program is for members, and the organization's membership is not active",
        }
    }
}

impl Grounds<'_> {
    /// What is missing now, so that no evidence can verify.
    #[must_use]
    pub fn missing(&self, now: Timestamp) -> Option<MissingGround> {
        let today = self.zone.date_of(now);
        if !self.employment.current_on(today) {
            Some(MissingGround::Employment)
        } else if self.policy.membership_required && !self.organization.membership.active_on(today) {
            Some(MissingGround::Membership)
        } else {
            None
        }
    }

    /// When the ground itself gives way, where that is known: the employment's last day, or the membership's, is over.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let membership_ends_on = self.organization.membership.ends_on.filter(|_| self.policy.membership_required);
        earliest([self.employment.ends_on, membership_ends_on].map(|last| last.map(|date| self.zone.end_of_day(date))))
    }

    /// When a verification by this evidence runs out: after the policy's days, or with the ground, the earlier.
    #[must_use]
    pub fn valid_until(&self, evidence: &Evidence) -> Timestamp {
        let last_day = self.zone.date_of(evidence.dated_at).plus_days(self.policy.valid_days.into());
        let by_policy = self.zone.end_of_day(last_day);
        self.ends_at().map_or(by_policy, |end| end.min(by_policy))
    }

    /// From when on the person is asked to renew a verification that is valid until then; nothing, where no other evidence would
    /// make it last longer.
    #[must_use]
    pub fn renewal_due_at(&self, valid_until: Timestamp) -> Option<Timestamp> {
        let ends_with_ground = self.ends_at().is_some_and(|end| end <= valid_until);
        if self.policy.renewal_notice_days == 0 || ends_with_ground {
            return None;
        }
        let last_day = self.zone.date_of(valid_until);
        Some(self.zone.start_of_day(last_day.plus_days(-i64::from(self.policy.renewal_notice_days))))
    }

    /// Whether a piece of evidence satisfies the policy now, once it is looked at.
    #[must_use]
    pub fn satisfied_with(&self, piece: &Evidence, evidence_after: Option<Timestamp>, now: Timestamp) -> bool {
        piece.employment_id == self.employment.id
            && self.policy.accepts(piece.kind)
            && piece.dated_at <= now
            && evidence_after.is_none_or(|after| after < piece.dated_at)
            && now < self.valid_until(piece)
    }

    /// Of the evidence that satisfies the policy by itself now, that which lasts longest.
    #[must_use]
    pub fn satisfied_by<'e>(
        &self,
        evidence: &'e [Evidence],
        evidence_after: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<&'e Evidence> {
        evidence
            .iter()
            .filter(|piece| piece.kind.speaks_for_itself() && self.satisfied_with(piece, evidence_after, now))
            .max_by_key(|piece| (self.valid_until(piece), piece.kind.strength()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use EvidenceKind::{EmailDomain, SelfDeclared, StaffOverride};

    fn replace(terms: PolicyTerms) -> Result<Change<VerificationPolicy>, Refusal> {
        let now = Timestamp::from_millis(0);
        VerificationPolicy::initial(ProgramId::from_uuid(uuid::Uuid::nil()), now).replace(terms, now)
    }

    #[test]
    fn a_policy_that_nothing_can_satisfy_is_refused() {
        for (accepted_kinds, least_strength, fits) in [
            (vec![SelfDeclared], 1, true),
            (vec![SelfDeclared], 2, false),
            (vec![SelfDeclared, EmailDomain], 2, true),
            (vec![EmailDomain], 3, false),
            (vec![StaffOverride], 5, true),
            (vec![], 1, false),
        ] {
            let terms = PolicyTerms { accepted_kinds, least_strength, ..PolicyTerms::default() };
            assert_eq!(replace(terms.clone()).is_ok(), fits, "{terms:?}");
        }
    }

    #[test]
    fn every_fault_of_a_policy_is_told() {
        let accepted_kinds = vec![EmailDomain, EmailDomain];
        let (retention_days, renewal_notice_days) = (0, RENEWAL_NOTICE_DAYS_MAX + 1);
        let terms = PolicyTerms {
            accepted_kinds,
            least_strength: 6,
            valid_days: 0,
            membership_required: true,
            retention_days,
            renewal_notice_days,
        };
        let Err(Refusal::Invalid(faults)) = replace(terms) else { panic!() };
        let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            told,
            [
                ("#/least_strength", FaultCode::OutOfRange),
                ("#/valid_days", FaultCode::OutOfRange),
                ("#/retention_days", FaultCode::OutOfRange),
                ("#/renewal_notice_days", FaultCode::OutOfRange),
                ("#/accepted_kinds/1", FaultCode::Duplicate),
                ("#/accepted_kinds", FaultCode::InvalidValue),
            ]
        );
        assert!(replace(PolicyTerms { valid_days: VALID_DAYS_MAX + 1, ..PolicyTerms::default() }).is_err());
    }

    #[test]
    fn the_default_policy_can_be_satisfied() {
        assert_eq!(replace(PolicyTerms::default()).map(|change| change.value.terms), Ok(PolicyTerms::default()));
    }
}
