//! Identities: who a person is at an outside issuer, by whose tokens it then comes in.
//!
//! What always holds: an identity is the issuer and the subject, letter for letter, and never an e-mail address; it belongs to one
//! person of a coalition at most; whoever links or unlinks one leaves an entry in the journal. All of this runs by the process's
//! clock. Left out on purpose: how an issuer's tokens are checked, and which issuers there are.

use crate::ids::{IdentityId, PersonId};
use crate::journal::{Happening, Subject, SubjectKind};
use crate::refusal::Refusal;
use crate::sign_ins;
use crate::time::Timestamp;

/// The longest that a subject is (OpenID Connect Core 1.0, section 2).
pub const LONGEST_SUBJECT: usize = 255;
/// How a token says that several factors were shown (RFC 8176, section 2).
const SEVERAL_FACTORS: &str = "mfa";

/// Somebody, as an issuer tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    issuer: String,
    subject: String,
}

impl Principal {
    /// The subject at an issuer; nothing, when it is none that OpenID Connect allows.
    #[must_use]
    pub fn new(issuer: &str, subject: &str) -> Option<Self> {
        let plain = subject.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && (1..=LONGEST_SUBJECT).contains(&subject.len());
        plain.then(|| Self { issuer: issuer.to_owned(), subject: subject.to_owned() })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// An identity that is linked to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which.
    pub id: IdentityId,
    /// Whose.
    pub person_id: PersonId,
    /// Who that is at the issuer.
    pub principal: Principal,
    /// When it was linked.
    pub created_at: Timestamp,
}

impl Identity {
    /// It was linked.
    #[must_use]
    pub fn linked(&self) -> Happening {
        self.happening("identity_linked")
    }

    /// It was unlinked.
    #[must_use]
    pub fn unlinked(&self) -> Happening {
        self.happening("identity_unlinked")
    }

    fn happening(&self, verb: &'static str) -> Happening {
        let happened = Happening::new(Subject::new(SubjectKind::Person, self.person_id), verb);
        happened.with("identity_id", self.id.to_string()).with("issuer", self.principal.issuer())
    }
}

/// The refusal of an identity that belongs to somebody already: to whom is not told.
#[must_use]
pub fn linked_already() -> Refusal {
    Refusal::AlreadyExists("This identity is linked already, to you or to another person".to_owned())
}

/// A sign-in at an issuer, as a token tells of it that was given then or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideSignIn {
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When the person showed there who it is, where that is told.
    pub authenticated_at: Option<Timestamp>,
    /// When it showed a second factor there, where that is told.
    pub second_factor_at: Option<Timestamp>,
}

impl OutsideSignIn {
    /// What a token tells by its `iat`, and, where it has them, by `auth_time` and `amr` (RFC 9068, section 2.2.1). It was issued
    /// after the sign-in, whatever it says; and a second factor without an instant is none.
    #[must_use]
    pub fn told(issued_at: Timestamp, auth_time: Option<Timestamp>, methods: &[&str]) -> Self {
        let authenticated_at = auth_time.map(|at| at.min(issued_at));
        let second_factor_at = authenticated_at.filter(|_| methods.contains(&SEVERAL_FACTORS));
        Self { issued_at, authenticated_at, second_factor_at }
    }

    /// The same, of a person who has a second factor here: without one, nothing was shown.
    #[must_use]
    pub fn of_enrolled(self) -> Self {
        Self { authenticated_at: self.second_factor_at, ..self }
    }

    /// Whether the person has shown there recently enough who it is.
    #[must_use]
    pub fn fresh(&self, now: Timestamp) -> bool {
        self.authenticated_at.is_some_and(|at| sign_ins::fresh(at, self.second_factor_at, now))
    }
}

/// Whether a token counts that was issued at this instant, for an identity that was last signed out at that one. Issuers tell whole
/// seconds: a token of the very second counts for one of before.
#[must_use]
pub fn counts(issued_at: Timestamp, signed_out_at: Option<Timestamp>) -> bool {
    signed_out_at.is_none_or(|signed_out_at| signed_out_at < issued_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    #[test]
    fn a_subject_is_taken_letter_for_letter() {
        let subject = |text: &str| Principal::new("https://id.example.org", text).map(|principal| principal.subject().to_owned());
        for good in ["a", "A", " a ", "ana@example.org", "auth0|5f7c8ec7c33c6c004bbafe82", &"x".repeat(255)] {
            assert_eq!(subject(good).as_deref(), Some(good));
        }
        for bad in ["", "é", "a\n", "a\u{0}", "a\u{7f}", &"x".repeat(256)] {
            assert_eq!(subject(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn two_issuers_may_call_two_people_the_same() {
        let at = |issuer| Principal::new(issuer, "7");
        assert_ne!(at("https://a.example.org"), at("https://b.example.org"));
    }

    #[test]
    fn the_journal_tells_which_issuer_and_not_who_one_is_there() {
        let principal = Principal::new("https://id.example.org", "ana@example.org").unwrap();
        let (id, person_id) = (IdentityId::from_uuid(uuid::Uuid::nil()), PersonId::from_uuid(uuid::Uuid::nil()));
        let identity = Identity { id, person_id, principal, created_at: Timestamp::from_millis(0) };
        for (happened, told) in [(identity.linked(), "person.identity_linked"), (identity.unlinked(), "person.identity_unlinked")] {
            assert_eq!(happened.entry_type(), told);
            assert_eq!(happened.data["issuer"], "https://id.example.org");
            assert!(!serde_json::to_string(&happened.data).unwrap().contains("ana@"));
        }
    }

    #[test]
    fn a_token_tells_when_one_signed_in_and_whether_by_several_factors() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let told = |auth_time: Option<i64>, methods: &[&str]| {
            let OutsideSignIn { issued_at, authenticated_at, second_factor_at } =
                OutsideSignIn::told(at(1_000), auth_time.map(at), methods);
            assert_eq!(issued_at, at(1_000));
            (authenticated_at, second_factor_at)
        };
        assert_eq!(told(None, &[]), (None, None));
        assert_eq!(told(None, &["mfa"]), (None, None), "when is not told");
        assert_eq!(told(Some(900), &[]), (Some(at(900)), None));
        assert_eq!(told(Some(900), &["pwd", "otp", "MFA"]), (Some(at(900)), None), "one factor, for all that it says");
        assert_eq!(told(Some(900), &["pwd", "mfa"]), (Some(at(900)), Some(at(900))));
        assert_eq!(told(Some(9_000), &["mfa"]), (Some(at(1_000)), Some(at(1_000))), "no later than the token");
    }

    #[test]
    fn a_sign_in_at_an_issuer_is_fresh_for_a_quarter_of_an_hour() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let signed_in = OutsideSignIn::told(at(500), Some(at(100)), &["mfa"]);
        assert!(signed_in.fresh(at(999)) && !signed_in.fresh(at(1_000)));
        assert!(!OutsideSignIn::told(at(500), None, &["mfa"]).fresh(at(500)), "when is not told");
    }

    #[test]
    fn who_has_a_second_factor_here_shows_one_there_too() {
        let at = Timestamp::from_millis(500_000);
        let (by_one, by_several) = (OutsideSignIn::told(at, Some(at), &["pwd"]), OutsideSignIn::told(at, Some(at), &["mfa"]));
        assert!(by_one.fresh(at) && !by_one.of_enrolled().fresh(at));
        assert_eq!(by_several.of_enrolled(), by_several);
    }

    #[test]
    fn a_token_counts_that_was_issued_after_signing_out() {
        let at = Timestamp::from_millis;
        assert!(counts(at(1_000), None));
        assert!(counts(at(2_000), Some(at(1_999))) && !counts(at(2_000), Some(at(2_000))) && !counts(at(2_000), Some(at(2_500))));
    }
}
