//! What staff decide about a verification, in the one shape in which many decisions come at once.

use crate::ids::EvidenceId;
use crate::refusal::Refusal;
use crate::text::Reason;

crate::words! {
    /// What is decided about a verification.
    pub enum VerificationDecisionKind {
        /// The employment is verified.
        Verify = "verify",
        /// What was shown is not enough.
        Reject = "reject",
        /// It is taken back.
        Revoke = "revoke",
        /// It is opened again.
        Reopen = "reopen",
    }
}

/// A decision about a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgment {
    /// What is decided.
    pub decision: VerificationDecisionKind,
    /// Why.
    pub reason: Option<Reason>,
    /// The document by which it is verified.
    pub evidence_id: Option<EvidenceId>,
}

impl Judgment {
    /// Why it is decided so: whoever verifies, rejects or revokes says it.
    ///
    /// # Errors
    /// [`Refusal::ReasonRequired`].
    pub fn require_reason(&self) -> Result<Reason, Refusal> {
        let needed = || Refusal::ReasonRequired("Say why: only opening it again needs no reason".to_owned());
        self.reason.clone().ok_or_else(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_that_needs_a_reason_is_refused_without_one() {
        let why = Reason::new("The school has sent a list").unwrap();
        let judged = |reason| Judgment { decision: VerificationDecisionKind::Reject, reason, evidence_id: None };
        assert_eq!(judged(Some(why.clone())).require_reason(), Ok(why));
        assert!(matches!(judged(None).require_reason(), Err(Refusal::ReasonRequired(_))));
    }
}
