//! Verifications: that a person works where the person says, as far as one program asks.
//!
//! A verification belongs to an employment and a program. [`evidence`] belongs to the employment; what is enough of it, the
//! program's [`policy`] says. Evidence that satisfies the policy verifies by itself; else staff decide.
//!
//! New evidence makes a verification last longer, or opens one that is over.
//!
//! What always holds: nothing is verified while the employment is not held, and no verification outlasts it; one that has run out
//! reads expired whether or not a job has noticed; evidence that staff found wanting does not verify again by itself; nobody
//! decides about their own employment. Left out on purpose: what becomes of the applications that rest on a verification.

pub mod attestations;
pub mod decisions;
pub mod documents;
pub mod evidence;
pub mod policy;
#[cfg(test)]
mod tests;

use crate::access::{Action, Actor, Tie};
use crate::employments::Employment;
use crate::ids::{EmploymentId, EvidenceId, PersonId, ProgramId, VerificationId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::{FaultCode, Refusal};
use crate::text::Reason;
use crate::time::Timestamp;

use evidence::{Evidence, EvidenceKind};
use policy::{Grounds, MissingGround};

crate::words! {
    /// How far a verification has come.
    pub enum VerificationState {
        /// Nothing has been decided.
        Open = "open",
        /// The employment is verified.
        Verified = "verified",
        /// It was verified, and that ran out.
        Expired = "expired",
        /// It was verified, and that was taken back.
        Revoked = "revoked",
        /// What was shown was not enough.
        Rejected = "rejected",
    }

    /// Why a verification was taken back.
    pub enum RevocationCause {
        /// Staff decided so.
        Decision = "decision",
        /// The employment is not held any more.
        EmploymentEnded = "employment_ended",
        /// The organization is not a member any more.
        MembershipEnded = "membership_ended",
    }

    /// What is missing before a verification can stand, or stand longer.
    pub enum MissingKind {
        /// The employment is not held now.
        Employment = "employment",
        /// The organization is not a member now.
        Membership = "membership",
        /// Nothing that was shown is enough.
        Evidence = "evidence",
    }
}

use VerificationState::{Expired, Open, Rejected, Revoked, Verified};

/// The table of a verification.
pub const MACHINE: Machine<VerificationState> = Machine {
    name: "verification",
    transitions: &[
        Transition { action: Action::SatisfyVerification, from: &[Open], to: &[Verified] },
        Transition { action: Action::VerifyVerification, from: &[Open], to: &[Verified] },
        Transition { action: Action::RejectVerification, from: &[Open], to: &[Rejected] },
        Transition { action: Action::RevokeVerification, from: &[Verified], to: &[Revoked] },
        Transition { action: Action::ExpireVerification, from: &[Verified], to: &[Expired] },
        Transition { action: Action::RenewVerification, from: &[Verified], to: &[Verified] },
        Transition { action: Action::AskForAttestation, from: &[Open, Expired, Revoked, Rejected], to: &[Open] },
        Transition { action: Action::AskForAttestation, from: &[Verified], to: &[Verified] },
        Transition { action: Action::UploadEvidence, from: &[Open, Expired, Revoked, Rejected], to: &[Open] },
        Transition { action: Action::UploadEvidence, from: &[Verified], to: &[Verified] },
        Transition { action: Action::ReopenVerification, from: &[Expired, Revoked, Rejected], to: &[Open] },
    ],
};

/// Where a verification stands, with what belongs to that.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Nothing has been decided.
    Open,
    /// The employment is verified.
    Verified {
        /// Since when.
        at: Timestamp,
        /// By which evidence.
        evidence_id: EvidenceId,
        /// Of which kind.
        kind: EvidenceKind,
        /// Not from here on.
        valid_until: Timestamp,
        /// When the person is to be asked to renew it; nothing when that was done, or would help nobody.
        renewal_due_at: Option<Timestamp>,
    },
    /// It was verified, and that ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It was verified, and that was taken back.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why.
        cause: RevocationCause,
        /// Why staff did it, where they did.
        reason: Option<Reason>,
    },
    /// What was shown was not enough.
    Rejected {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
}

/// What is missing before a verification can stand, or stand longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub what: MissingKind,
    /// What would help.
    pub detail: &'static str,
    /// The kinds of evidence that would be enough, where it is evidence that is missing.
    pub kinds: Vec<EvidenceKind>,
}

/// A verification of an employment, for a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Which.
    pub id: VerificationId,
    /// The employment.
    pub employment_id: EmploymentId,
    /// Whose employment it is.
    pub person_id: PersonId,
    /// For which program.
    pub program_id: ProgramId,
    /// When staff rejected it or took it back last: what there was then does not count any more.
    pub evidence_after: Option<Timestamp>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

impl Verification {
    /// Opens a verification of an employment.
    pub fn open(id: VerificationId, employment: &Employment, program_id: ProgramId, now: Timestamp) -> Change<Self> {
        let made = Self {
            id,
            employment_id: employment.id,
            person_id: employment.person_id,
            program_id,
            evidence_after: None,
            standing: Standing::Open,
            meta: Meta::new(now),
        };
        let happened = made.happening("opened");
        Change::one(made, happened)
    }

    /// The state that was stored last; what has run out since is not in it: see [`Verification::as_of`].
    #[must_use]
    pub fn state(&self) -> VerificationState {
        match self.standing {
            Standing::Open => Open,
            Standing::Verified { .. } => Verified,
            Standing::Expired { .. } => Expired,
            Standing::Revoked { .. } => Revoked,
            Standing::Rejected { .. } => Rejected,
        }
    }

    /// As it is now, whether or not somebody has noticed that it ran out.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        if let Standing::Verified { valid_until, .. } = self.standing
            && valid_until <= now
        {
            self.standing = Standing::Expired { at: valid_until };
        }
        self
    }

    /// Whether the employment is verified at an instant, for all that is known now.
    #[must_use]
    pub fn valid_at(&self, instant: Timestamp) -> bool {
        matches!(self.standing, Standing::Verified { at, valid_until, .. } if at <= instant && instant < valid_until)
    }

    /// When it runs out, where it is verified.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Verified { valid_until, .. } => Some(valid_until),
            Standing::Open | Standing::Expired { .. } | Standing::Revoked { .. } | Standing::Rejected { .. } => None,
        }
    }

    /// It, written down as expired, where it has run out.
    #[must_use]
    pub fn run_out(&self, now: Timestamp) -> Option<Change<Self>> {
        match self.standing {
            Standing::Verified { valid_until, .. } if valid_until <= now => Some(self.clone().expire(valid_until, now)),
            Standing::Open
            | Standing::Verified { .. }
            | Standing::Expired { .. }
            | Standing::Revoked { .. }
            | Standing::Rejected { .. } => None,
        }
    }

    /// What follows by itself from the evidence and its grounds: it runs out, is taken back, ends earlier, or is satisfied.
    ///
    /// Gives nothing where nothing follows. To be asked whenever evidence, employment or membership changed, and when it runs out.
    #[must_use]
    pub fn review(&self, evidence: &[Evidence], grounds: &Grounds<'_>, now: Timestamp) -> Option<Change<Self>> {
        match self.standing {
            Standing::Verified { valid_until, .. } if valid_until <= now => self.run_out(now),
            Standing::Verified { at, valid_until, .. } => match grounds.missing(now) {
                Some(missing) => Some(self.clone().revoked(missing.into(), None, now)),
                None => match grounds.satisfied_by(evidence, Some(at), now) {
                    Some(best) if valid_until < grounds.valid_until(best) => Some(self.clone().renewed(at, best, grounds, now)),
                    _ => grounds.ends_at().filter(|end| *end < valid_until).map(|end| self.clone().shorten(end, now)),
                },
            },
            Standing::Open if grounds.missing(now).is_none() => {
                let best = grounds.satisfied_by(evidence, self.evidence_after, now)?;
                Some(self.clone().verified(best, best.reason.as_ref(), grounds, now))
            }
            Standing::Open | Standing::Expired { .. } | Standing::Revoked { .. } | Standing::Rejected { .. } => None,
        }
    }

    /// Staff take the employment for verified: by their own word, which stands whatever kinds the policy accepts, or by a document
    /// that they looked at.
    ///
    /// # Errors
    /// It is not open; it concerns whoever decides; a ground is missing that no decision can replace; or the policy does not take
    /// that document.
    pub fn verify(
        self,
        by: &Actor,
        evidence: &Evidence,
        reason: &Reason,
        grounds: &Grounds<'_>,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        self.check_decision(Action::VerifyVerification, by, now)?;
        if let Some(missing) = grounds.missing(now) {
            return Err(Refusal::NotVerified(missing.detail().to_owned()));
        }
        if evidence.kind != EvidenceKind::StaffOverride && !grounds.satisfied_with(evidence, self.evidence_after, now) {
            let detail =
                "The program does not take this evidence, or not any more: verify by your own word, or ask for another document";
            return Err(Refusal::invalid("#/evidence_id", FaultCode::InvalidValue, detail));
        }
        Ok(self.verified(evidence, Some(reason), grounds, now))
    }

    /// What becomes of it when the person adds evidence: where it was over, it is open again, as staff would open it. Nothing,
    /// where it need not.
    ///
    /// # Errors
    /// Its state does not allow it.
    pub fn supplement(self, action: Action, now: Timestamp) -> Result<Option<Change<Self>>, Refusal> {
        self.check(action, now)?;
        match self.clone().as_of(now).state() {
            Open | Verified => Ok(None),
            Expired | Revoked | Rejected => Ok(Some(self.opened_again(None, now))),
        }
    }

    /// It, once the person is to be asked to renew it: that is done once.
    #[must_use]
    pub fn ask_for_renewal(mut self, now: Timestamp) -> Option<Change<Self>> {
        let Standing::Verified { valid_until, renewal_due_at, .. } = &mut self.standing else { return None };
        if *valid_until <= now || renewal_due_at.take_if(|due| *due <= now).is_none() {
            return None;
        }
        let until = valid_until.to_string();
        let happened = self.happening("renewal_asked").with("valid_until", until);
        Some(Change::one(self.touched(now), happened))
    }

    /// What is missing before it can stand, or stand longer.
    #[must_use]
    pub fn missing(&self, grounds: &Grounds<'_>, now: Timestamp) -> Vec<Missing> {
        let evidence = |detail| Missing { what: MissingKind::Evidence, detail, kinds: grounds.policy.asked_for() };
        let wanted = match self.clone().as_of(now).standing {
            Standing::Open => evidence("Show one of these kinds of evidence, or wait for staff to decide"),
            Standing::Expired { .. } => evidence("It has run out: show one of these kinds of evidence anew"),
            Standing::Revoked { .. } | Standing::Rejected { .. } => evidence("What was shown is not enough: show another of these"),
            Standing::Verified { valid_until, .. } => {
                let renews = grounds.renewal_due_at(valid_until).is_some_and(|due| due <= now);
                return renews
                    .then(|| evidence("It runs out soon: show one of these kinds of evidence anew"))
                    .into_iter()
                    .collect();
            }
        };
        grounds.missing(now).map(Missing::from).into_iter().chain([wanted]).collect()
    }

    /// Staff find that what was shown is not enough.
    ///
    /// # Errors
    /// It is not open; or it concerns whoever decides.
    pub fn reject(mut self, by: &Actor, reason: Reason, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.check_decision(Action::RejectVerification, by, now)?;
        let happened = self.happening("rejected").because(Some(&reason));
        (self.standing, self.evidence_after) = (Standing::Rejected { at: now, reason }, Some(now));
        Ok(Change::one(self.touched(now), happened))
    }

    /// Staff take it back.
    ///
    /// # Errors
    /// It is not verified, or not any more; or it concerns whoever decides.
    pub fn revoke(mut self, by: &Actor, reason: Reason, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.check_decision(Action::RevokeVerification, by, now)?;
        self.evidence_after = Some(now);
        Ok(self.revoked(RevocationCause::Decision, Some(reason), now))
    }

    /// Staff open it again. Evidence from before they rejected it or took it back does not count any more.
    ///
    /// # Errors
    /// It is open or verified; or it concerns whoever decides.
    pub fn reopen(self, by: &Actor, reason: Option<&Reason>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.check_decision(Action::ReopenVerification, by, now)?;
        Ok(self.opened_again(reason, now))
    }

    fn opened_again(self, reason: Option<&Reason>, now: Timestamp) -> Change<Self> {
        let (mut this, mut happened) = match self.run_out(now) {
            Some(expired) => (expired.value, expired.happened),
            None => (self, Vec::new()),
        };
        this.standing = Standing::Open;
        happened.push(this.happening("reopened").because(reason));
        Change { value: this.touched(now), happened }
    }

    /// What this caller can do to it now.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, now: Timestamp) -> Vec<&'static str> {
        MACHINE.allowed(self.clone().as_of(now).state(), tie, |_| true)
    }

    fn check(&self, action: Action, now: Timestamp) -> Result<(), Refusal> {
        MACHINE.check(self.clone().as_of(now).state(), action)
    }

    /// Goes on when whoever decides may do this now.
    fn check_decision(&self, action: Action, by: &Actor, now: Timestamp) -> Result<(), Refusal> {
        self.check(action, now)?;
        if by.is(self.person_id) {
            return Err(Refusal::SamePerson(
                "Nobody decides about their own employment: ask somebody else of the staff".to_owned(),
            ));
        }
        Ok(())
    }

    fn verified(self, by: &Evidence, reason: Option<&Reason>, grounds: &Grounds<'_>, now: Timestamp) -> Change<Self> {
        let (this, happened) = self.standing_on(by, now, grounds, "verified");
        Change::one(this.touched(now), happened.because(reason))
    }

    /// Newer evidence makes it last longer: it has been verified all the while.
    fn renewed(self, at: Timestamp, by: &Evidence, grounds: &Grounds<'_>, now: Timestamp) -> Change<Self> {
        let (this, happened) = self.standing_on(by, at, grounds, "renewed");
        Change::one(this.touched(now), happened)
    }

    fn standing_on(mut self, by: &Evidence, at: Timestamp, grounds: &Grounds<'_>, verb: &'static str) -> (Self, Happening) {
        let valid_until = grounds.valid_until(by);
        let renewal_due_at = grounds.renewal_due_at(valid_until);
        self.standing = Standing::Verified { at, evidence_id: by.id, kind: by.kind, valid_until, renewal_due_at };
        let happened = self.happening(verb).with("evidence_kind", by.kind.to_string());
        (self, happened.with("valid_until", valid_until.to_string()))
    }

    fn revoked(mut self, cause: RevocationCause, reason: Option<Reason>, now: Timestamp) -> Change<Self> {
        let happened = self.happening("revoked").with("cause", cause.to_string()).because(reason.as_ref());
        self.standing = Standing::Revoked { at: now, cause, reason };
        Change::one(self.touched(now), happened)
    }

    fn expire(mut self, at: Timestamp, now: Timestamp) -> Change<Self> {
        self.standing = Standing::Expired { at };
        let happened = self.happening("expired").with("valid_until", at.to_string());
        Change::one(self.touched(now), happened)
    }

    /// The ground ends earlier than was known. That it may end later again does not lengthen what was verified.
    fn shorten(mut self, end: Timestamp, now: Timestamp) -> Change<Self> {
        let happened = self.happening("shortened").with("valid_until", end.to_string());
        if let Standing::Verified { valid_until, renewal_due_at, .. } = &mut self.standing {
            (*valid_until, *renewal_due_at) = (end, None);
        }
        Change::one(self.touched(now), happened)
    }

    fn touched(mut self, now: Timestamp) -> Self {
        self.meta = self.meta.changed(now);
        self
    }

    pub(crate) fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Verification, self.id), verb)
            .with("employment_id", self.employment_id.to_string())
            .with("person_id", self.person_id.to_string())
            .with("program_id", self.program_id.to_string())
    }
}

impl From<MissingGround> for Missing {
    fn from(missing: MissingGround) -> Self {
        let what = match missing {
            MissingGround::Employment => MissingKind::Employment,
            MissingGround::Membership => MissingKind::Membership,
        };
        Self { what, detail: missing.detail(), kinds: Vec::new() }
    }
}

impl From<MissingGround> for RevocationCause {
    fn from(missing: MissingGround) -> Self {
        match missing {
            MissingGround::Employment => Self::EmploymentEnded,
            MissingGround::Membership => Self::MembershipEnded,
        }
    }
}
