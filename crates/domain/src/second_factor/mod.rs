//! The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when the app is lost.
//!
//! What always holds: a code is good once; a secret counts from when its person has shown a code of it; after five wrong codes in a
//! row none is looked at for a while, and twice as long each time. All of this runs by the process's clock, in a sandbox too. Left
//! out on purpose: how a secret is sealed and kept.

mod codes;

use std::collections::BTreeSet;
use std::fmt;

use chrono::Duration;

use crate::access::{Actor, Grant};
use crate::ids::PersonId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::refusal::{FaultCode, Refusal};
use crate::time::Timestamp;

pub use codes::{Code, RecoveryCode, TotpSecret};

/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;
/// After how many wrong codes in a row none is looked at for a while.
const WRONG_CODES_TAKEN: u32 = 5;
/// For how long, the first time.
const FIRST_BLOCK: Duration = Duration::minutes(1);
/// For how long at the longest.
const LONGEST_BLOCK: Duration = Duration::days(1);

crate::words! {
    /// Of whom a coalition asks for a second factor.
    pub enum SecondFactorPolicy {
        /// Of nobody, though everybody can have one.
        Optional = "optional",
        /// Of everybody with a grant: without a second factor, grants are withheld.
        Required = "required",
    }
}

/// A secret, sealed: only the server can open it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A secret of which its person has shown a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The secret.
    pub secret: Sealed,
    /// When its first code was shown.
    pub at: Timestamp,
    /// The latest step of which a code was shown.
    pub last_step: i64,
}

/// A person's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub person_id: PersonId,
    /// The secret that counts.
    pub confirmed: Option<Confirmed>,
    /// The secret that takes its place once a code of it is shown.
    pub pending: Option<Sealed>,
    /// How many wrong codes were shown in a row.
    pub wrong_codes: u32,
    /// Until when no code is looked at.
    pub blocked_until: Option<Timestamp>,
}

/// What a code was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The app's code of this step.
    Step(i64),
    /// One of the person's recovery codes, so many of which are left.
    Recovery {
        /// How many.
        left: u64,
    },
    /// Nothing.
    Wrong,
}

/// What comes of showing a code.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Whether it is good.
    pub good: bool,
    /// The second factor as it now is.
    pub second_factor: SecondFactor,
    /// What happened.
    pub happened: Vec<Happening>,
}

impl SecondFactor {
    /// That of a person who has none.
    #[must_use]
    pub fn none(person_id: PersonId) -> Self {
        Self { person_id, confirmed: None, pending: None, wrong_codes: 0, blocked_until: None }
    }

    /// The same, with a secret that is still to be confirmed. What counted before counts until then.
    #[must_use]
    pub fn enroll(self, secret: Sealed) -> Self {
        Self { pending: Some(secret), ..self }
    }

    /// The secret that is to be confirmed.
    ///
    /// # Errors
    /// There is none.
    pub fn to_confirm(&self) -> Result<&Sealed, Refusal> {
        self.pending.as_ref().ok_or_else(|| not_ready("Ask for a secret first: POST /v1/me/totp"))
    }

    /// Takes the secret that was to be confirmed, a code of which was shown: of this step, where it was a code of it.
    ///
    /// # Errors
    /// It was none, or there is no such secret.
    pub fn confirm(self, step: Option<i64>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let secret = self.to_confirm()?.clone();
        let last_step = step.ok_or_else(|| {
            let help = "The app shows another code now: send the latest, and see that the clock of the device is right";
            Refusal::invalid("#/code", FaultCode::InvalidValue, help)
        })?;
        let happened = happening(self.person_id, "second_factor_enrolled");
        let confirmed = Some(Confirmed { secret, at: now, last_step });
        Ok(Change::one(Self { confirmed, pending: None, wrong_codes: 0, blocked_until: None, ..self }, happened))
    }

    /// Until when no code is looked at, where that is so.
    #[must_use]
    pub fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| now < *until)
    }

    /// What comes of showing a code that was found to be this. One of the app's that was used before, or lies before it, is not
    /// good, but nobody guessed.
    #[must_use]
    pub fn judge(self, found: Found, now: Timestamp) -> Judged {
        let forgiven = Self { wrong_codes: 0, blocked_until: None, ..self.clone() };
        match (found, self.confirmed.clone()) {
            (Found::Step(step), Some(confirmed)) if step > confirmed.last_step => {
                let confirmed = Some(Confirmed { last_step: step, ..confirmed });
                Judged { good: true, second_factor: Self { confirmed, ..forgiven }, happened: Vec::new() }
            }
            (Found::Step(_), Some(_)) => Judged { good: false, second_factor: self, happened: Vec::new() },
            (Found::Recovery { left }, Some(_)) => {
                let used = happening(self.person_id, "recovery_code_used").with("left", left);
                Judged { good: true, second_factor: forgiven, happened: vec![used] }
            }
            (Found::Wrong, _) | (Found::Step(_) | Found::Recovery { .. }, None) => self.wrong(now),
        }
    }

    fn wrong(self, now: Timestamp) -> Judged {
        let wrong_codes = self.wrong_codes.saturating_add(1);
        let Some(blocks) = wrong_codes.checked_sub(WRONG_CODES_TAKEN) else {
            return Judged { good: false, second_factor: Self { wrong_codes, ..self }, happened: Vec::new() };
        };
        let until = now.plus(block(blocks));
        let happened = happening(self.person_id, "second_factor_blocked").with("until", until.to_string());
        let second_factor = Self { wrong_codes, blocked_until: Some(until), ..self };
        Judged { good: false, second_factor, happened: vec![happened] }
    }

    /// Takes it away; tells what happened, where it counted.
    ///
    /// # Errors
    /// There is none, or the coalition asks for one of people with these grants.
    pub fn remove(&self, policy: SecondFactorPolicy, grants: &BTreeSet<Grant>) -> Result<Option<Happening>, Refusal> {
        if self.confirmed.is_none() {
            return self.pending.as_ref().map(|_| None).ok_or(Refusal::Hidden("authenticator app"));
        }
        if policy == SecondFactorPolicy::Required && !grants.is_empty() {
            let said =
                "The coalition asks for a second factor of everybody with a grant: put another in its place, by POST /v1/me/totp";
            return Err(Refusal::Forbidden(said.to_owned()));
        }
        Ok(Some(happening(self.person_id, "second_factor_removed")))
    }

    /// Takes it away from somebody who has lost the app and the codes.
    ///
    /// # Errors
    /// There is none; or it is the actor's own, which is removed in another way.
    pub fn take_away(&self, actor: &Actor) -> Result<Happening, Refusal> {
        if actor.is(self.person_id) {
            return Err(Refusal::SamePerson("Remove your own by DELETE /v1/me/totp, or ask another owner".to_owned()));
        }
        match (&self.confirmed, &self.pending) {
            (None, None) => Err(Refusal::Hidden("second factor")),
            (Some(_), _) | (_, Some(_)) => Ok(happening(self.person_id, "second_factor_taken")),
        }
    }

    /// That its person gets new recovery codes in place of all that there are.
    ///
    /// # Errors
    /// There is nothing to recover.
    pub fn recovery_codes_made(&self) -> Result<Happening, Refusal> {
        match self.confirmed {
            Some(_) => Ok(happening(self.person_id, "recovery_codes_made")),
            None => Err(not_ready("Enroll an authenticator app first: POST /v1/me/totp")),
        }
    }
}

/// How long a block lasts, after so many before it.
fn block(before: u32) -> Duration {
    let factor = 1_i32.checked_shl(before).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
    FIRST_BLOCK.checked_mul(factor).map_or(LONGEST_BLOCK, |block| block.min(LONGEST_BLOCK))
}

fn not_ready(what: &str) -> Refusal {
    Refusal::NotReady { what: what.to_owned(), missing: Vec::new() }
}

fn happening(person: PersonId, verb: &'static str) -> Happening {
    Happening::new(Subject::new(SubjectKind::Person, person), verb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn none() -> SecondFactor {
        SecondFactor::none(PersonId::from_uuid(uuid::Uuid::nil()))
    }

    fn pending() -> SecondFactor {
        none().enroll(Sealed(vec![1]))
    }

    fn enrolled() -> SecondFactor {
        pending().confirm(Some(10), at(300)).unwrap().value
    }

    #[test]
    fn a_secret_counts_once_a_code_of_it_was_shown() {
        assert_eq!(pending().confirmed, None);
        assert!(matches!(pending().confirm(None, at(300)), Err(Refusal::Invalid(_))));
        let change = pending().confirm(Some(10), at(300)).unwrap();
        assert_eq!(change.happened[0].entry_type(), "person.second_factor_enrolled");
        assert_eq!(change.value.confirmed, Some(Confirmed { secret: Sealed(vec![1]), at: at(300), last_step: 10 }));
        assert!(matches!(change.value.confirm(Some(11), at(330)), Err(Refusal::NotReady { .. })), "there is nothing to confirm");
    }

    #[test]
    fn another_secret_takes_the_place_of_the_first_once_it_is_confirmed() {
        let other = enrolled().enroll(Sealed(vec![2]));
        assert_eq!(other.confirmed, enrolled().confirmed, "until then the first counts");
        let taken = other.confirm(Some(12), at(360)).unwrap().value;
        assert_eq!((taken.confirmed.unwrap().secret, taken.pending), (Sealed(vec![2]), None));
    }

    #[test]
    fn a_step_is_good_once_and_none_before_it() {
        let first = enrolled().judge(Found::Step(12), at(360));
        assert!(first.good && first.happened.is_empty());
        for (step, good) in [(11, false), (12, false), (13, true)] {
            let again = first.second_factor.clone().judge(Found::Step(step), at(360));
            assert_eq!(again.good, good, "{step}");
            assert!(good || again.second_factor == first.second_factor, "it was no guess");
        }
        assert!(!enrolled().judge(Found::Step(10), at(300)).good, "with the first it was confirmed");
        assert!(!pending().judge(Found::Step(10), at(300)).good, "what is not confirmed does not count");
    }

    #[test]
    fn after_five_wrong_codes_none_is_looked_at_for_longer_and_longer() {
        let mut factor = enrolled();
        for _ in 1..=4 {
            let judged = factor.judge(Found::Wrong, at(1_000));
            assert!(!judged.good && judged.happened.is_empty() && judged.second_factor.blocked(at(1_000)).is_none());
            factor = judged.second_factor;
        }
        let (mut now, mut minutes) = (1_000, Vec::new());
        for _ in 0..13 {
            let judged = factor.judge(Found::Wrong, at(now));
            assert_eq!(judged.happened[0].verb, "second_factor_blocked");
            factor = judged.second_factor;
            let until = factor.blocked(at(now)).unwrap().millis() / 1_000;
            assert_eq!((factor.blocked(at(until - 1)).is_some(), factor.blocked(at(until))), (true, None));
            minutes.push((until - now) / 60);
            now = until;
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]);
        let wrong = SecondFactor { wrong_codes: u32::MAX, ..factor.clone() }.judge(Found::Wrong, at(now)).second_factor;
        assert_eq!(wrong.blocked(at(now)), Some(at(now + 86_400)));
        let good = factor.judge(Found::Step(1_000_000), at(now)).second_factor;
        assert_eq!((good.wrong_codes, good.blocked_until), (0, None), "a good code makes up for all");
    }

    #[test]
    fn a_recovery_code_is_written_down_and_makes_up_for_wrong_ones() {
        let worn = SecondFactor { wrong_codes: 4, ..enrolled() };
        let judged = worn.judge(Found::Recovery { left: 9 }, at(360));
        assert!(judged.good);
        assert_eq!((judged.happened[0].verb, &judged.happened[0].data["left"]), ("recovery_code_used", &9.into()));
        assert_eq!(judged.second_factor, enrolled());
        assert!(!pending().judge(Found::Recovery { left: 9 }, at(360)).good);
    }

    #[test]
    fn it_is_removed_unless_the_coalition_asks_for_it() {
        use SecondFactorPolicy::{Optional, Required};
        let (nothing, staff) = (BTreeSet::new(), BTreeSet::from([Grant::Staff]));
        assert!(matches!(enrolled().remove(Required, &staff), Err(Refusal::Forbidden(_))));
        for (policy, grants) in [(Required, &nothing), (Optional, &staff), (Optional, &nothing)] {
            assert_eq!(enrolled().remove(policy, grants).unwrap().unwrap().verb, "second_factor_removed");
        }
        assert_eq!(pending().remove(Required, &staff), Ok(None), "what does not count yet can go");
        assert!(matches!(none().remove(Optional, &nothing), Err(Refusal::Hidden(_))));
    }

    #[test]
    fn it_is_taken_away_by_somebody_else() {
        let owner = |number| Actor::Person {
            id: PersonId::from_uuid(uuid::Uuid::from_u128(number)),
            grants: BTreeSet::from([Grant::Owner]),
        };
        for factor in [enrolled(), pending()] {
            assert_eq!(factor.take_away(&owner(1)).unwrap().entry_type(), "person.second_factor_taken");
            assert!(matches!(factor.take_away(&owner(0)), Err(Refusal::SamePerson(_))), "whoever has a stolen session is kept out");
        }
        assert!(matches!(none().take_away(&owner(1)), Err(Refusal::Hidden(_))));
    }

    #[test]
    fn there_are_recovery_codes_for_what_counts() {
        assert_eq!(enrolled().recovery_codes_made().unwrap().verb, "recovery_codes_made");
        for without in [none(), pending()] {
            assert!(matches!(without.recovery_codes_made(), Err(Refusal::NotReady { .. })));
        }
    }
}
