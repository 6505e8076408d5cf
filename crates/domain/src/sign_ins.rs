//! Sign-in sessions, and the refresh tokens that keep them going.
//!
//! A session begins with a sign-in and ends when its person says so, or by itself. Its refresh tokens form a line: each is good
//! once, and gives way to its successor. What always holds: a session has one living refresh token at most; whoever shows one that
//! was exchanged before ends the session, because two hold what one should (RFC 9700, section 4.14), unless it is plain that the
//! answer with its successor was lost.
//!
//! All of this runs by the process's clock, in a sandbox too. Left out on purpose: access tokens, which are never stored.

use std::collections::BTreeSet;

use chrono::Duration;

use crate::access::Grant;
use crate::ids::{PersonId, SignInId, TokenId};
use crate::journal::{Happening, Subject, SubjectKind};
use crate::text::Text;
use crate::time::Timestamp;

/// How long a session lasts at the longest.
const LONGEST: Duration = Duration::days(30);
/// How long it lasts for people with grants, who can do more harm.
const LONGEST_WITH_GRANTS: Duration = Duration::hours(12);
/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::days(7);
/// For how long a refresh token can be shown again because the answer to it was lost.
const LOST_ANSWER: Duration = Duration::seconds(30);
/// How long a sign-in counts as fresh, for what needs one.
const FRESH: Duration = Duration::minutes(15);

/// What a browser or an app calls itself, cut to what is worth keeping.
pub type UserAgent = Text<1, 200>;

/// A sign-in session.
#[derive(Clone, Debug, PartialEq)]
pub struct SignIn {
    /// Which.
    pub id: SignInId,
    /// Whose.
    pub person_id: PersonId,
    /// From which browser or app, as it said.
    pub user_agent: Option<UserAgent>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its person last showed who it is.
    pub authenticated_at: Timestamp,
    /// When its person last showed a second factor.
    pub second_factor_at: Option<Timestamp>,
    /// When it was last refreshed.
    pub refreshed_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

impl SignIn {
    /// A session that begins now.
    #[must_use]
    pub fn begin(
        id: SignInId,
        person_id: PersonId,
        grants: &BTreeSet<Grant>,
        user_agent: Option<UserAgent>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            person_id,
            user_agent,
            created_at: now,
            authenticated_at: now,
            second_factor_at: None,
            refreshed_at: now,
            expires_at: now.plus(longest(grants)),
            ended_at: None,
        }
    }

    /// The same, its person having shown a second factor as well.
    #[must_use]
    pub fn with_second_factor(self, now: Timestamp) -> Self {
        Self { second_factor_at: Some(now), ..self }
    }

    /// The same, its person having shown once more who it is.
    #[must_use]
    pub fn stepped_up(self, now: Timestamp) -> Self {
        Self { authenticated_at: now, ..self }
    }

    /// The same, its person having no second factor any more.
    #[must_use]
    pub fn without_second_factor(self) -> Self {
        Self { second_factor_at: None, ..self }
    }

    /// Whether it can be used.
    #[must_use]
    pub fn lives(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at && now < self.refreshed_at.plus(IDLE)
    }

    /// The same, refreshed. Whoever was given grants since it began has less time left.
    #[must_use]
    pub fn refreshed(self, grants: &BTreeSet<Grant>, now: Timestamp) -> Self {
        let expires_at = self.expires_at.min(self.created_at.plus(longest(grants)));
        Self { refreshed_at: now, expires_at, ..self }
    }

    /// What becomes of it when one of its refresh tokens is shown.
    #[must_use]
    pub fn exchange(&self, token: &RefreshToken, successor: Option<&RefreshToken>, now: Timestamp) -> Exchange {
        if !self.lives(now) {
            return Exchange::Ended;
        }
        match (token.state, successor) {
            (TokenState::Living, _) => Exchange::Rotated { revoked: None },
            (TokenState::Exchanged { at, .. }, Some(successor)) if successor.untouched() && now < at.plus(LOST_ANSWER) => {
                Exchange::Rotated { revoked: Some(successor.id) }
            }
            (TokenState::Exchanged { .. } | TokenState::Revoked, _) => Exchange::Reused,
        }
    }
}

fn longest(grants: &BTreeSet<Grant>) -> Duration {
    if grants.is_empty() { LONGEST } else { LONGEST_WITH_GRANTS }
}

/// Whether the answer that gave a token could still be taken for lost: only then does it matter that the token was used.
#[must_use]
pub fn could_be_lost(given_at: Timestamp, now: Timestamp) -> bool {
    now < given_at.plus(LOST_ANSWER)
}

/// Whether a person has shown recently enough who it is, for what needs a fresh sign-in: with its second factor too, in a session
/// that it began with one.
#[must_use]
pub fn fresh(authenticated_at: Timestamp, second_factor_at: Option<Timestamp>, now: Timestamp) -> bool {
    let recent = |at: Timestamp| now < at.plus(FRESH);
    recent(authenticated_at) && second_factor_at.is_none_or(recent)
}

/// For how many seconds a sign-in counts as fresh.
#[must_use]
pub fn fresh_seconds() -> i64 {
    FRESH.num_seconds()
}

/// A refresh token, as it is known: by its hash, never itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Which; the `jti` of the access token that was given with it.
    pub id: TokenId,
    /// Of which session.
    pub sign_in_id: SignInId,
    /// What has become of it.
    pub state: TokenState,
    /// Whether the access token given with it was ever used.
    pub access_used: bool,
}

impl RefreshToken {
    /// The one for which it was exchanged.
    #[must_use]
    pub fn successor(&self) -> Option<TokenId> {
        if let TokenState::Exchanged { successor, .. } = self.state { Some(successor) } else { None }
    }

    /// Whether nobody has used it, nor the access token given with it: as when the answer with both was lost.
    fn untouched(&self) -> bool {
        self.state == TokenState::Living && !self.access_used
    }
}

/// What has become of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It is good.
    Living,
    /// It was exchanged.
    Exchanged {
        /// When.
        at: Timestamp,
        /// For which.
        successor: TokenId,
    },
    /// Its answer was lost, and another was given in its place.
    Revoked,
}

/// What comes of showing a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A new one is given.
    Rotated {
        /// The one that was given before, and got lost.
        revoked: Option<TokenId>,
    },
    /// Somebody else has used it: the session ends.
    Reused,
    /// The session has ended.
    Ended,
}

/// A refresh token of the person's was used twice, and its session was ended.
#[must_use]
pub fn token_reused(person: PersonId, session: SignInId) -> Happening {
    Happening::new(Subject::new(SubjectKind::Person, person), "refresh_token_reused").with("session_id", session.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn session(grants: &[Grant]) -> SignIn {
        let (id, person) = (SignInId::from_uuid(uuid::Uuid::nil()), PersonId::from_uuid(uuid::Uuid::nil()));
        SignIn::begin(id, person, &grants.iter().copied().collect(), None, at(0))
    }

    fn token(number: u128, state: TokenState) -> RefreshToken {
        let id = TokenId::from_uuid(uuid::Uuid::from_u128(number));
        RefreshToken { id, sign_in_id: SignInId::from_uuid(uuid::Uuid::nil()), state, access_used: false }
    }

    fn exchanged(seconds: i64) -> RefreshToken {
        token(1, TokenState::Exchanged { at: at(seconds), successor: token(2, TokenState::Living).id })
    }

    const DAY: i64 = 86_400;

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_at_the_latest_after_a_month() {
        assert!(session(&[]).lives(at(7 * DAY - 1)) && !session(&[]).lives(at(7 * DAY)));
        let used = session(&[]).refreshed(&BTreeSet::new(), at(29 * DAY));
        assert!(used.lives(at(30 * DAY - 1)) && !used.lives(at(30 * DAY)));
        let ended = SignIn { ended_at: Some(at(1)), ..session(&[]) };
        assert!(!ended.lives(at(1)));
    }

    #[test]
    fn with_a_grant_it_ends_after_half_a_day_also_when_the_grant_came_later() {
        assert!(!session(&[Grant::Reviewer]).lives(at(DAY / 2)));
        let promoted = session(&[]).refreshed(&BTreeSet::from([Grant::Staff]), at(60));
        assert!(promoted.lives(at(DAY / 2 - 1)) && !promoted.lives(at(DAY / 2)));
        let demoted = session(&[Grant::Staff]).refreshed(&BTreeSet::new(), at(60));
        assert!(!demoted.lives(at(DAY / 2)), "nothing makes it longer");
    }

    #[test]
    fn a_living_token_is_exchanged_and_none_of_an_ended_session() {
        let living = token(1, TokenState::Living);
        assert_eq!(session(&[]).exchange(&living, None, at(60)), Exchange::Rotated { revoked: None });
        let ended = SignIn { ended_at: Some(at(1)), ..session(&[]) };
        for token in [living, exchanged(50), token(1, TokenState::Revoked)] {
            assert_eq!(ended.exchange(&token, None, at(60)), Exchange::Ended);
        }
    }

    #[test]
    fn a_token_shown_twice_ends_the_session_unless_its_answer_was_lost() {
        let (session, lost) = (session(&[]), token(2, TokenState::Living));
        assert_eq!(session.exchange(&exchanged(50), Some(&lost), at(79)), Exchange::Rotated { revoked: Some(lost.id) });
        assert_eq!(session.exchange(&exchanged(50), Some(&lost), at(80)), Exchange::Reused, "too late");
        let used = RefreshToken { access_used: true, ..lost };
        assert_eq!(session.exchange(&exchanged(50), Some(&used), at(60)), Exchange::Reused, "its access token was used");
        for state in [exchanged(55).state, TokenState::Revoked] {
            let gone = RefreshToken { state, ..lost };
            assert_eq!(session.exchange(&exchanged(50), Some(&gone), at(60)), Exchange::Reused, "it was exchanged itself");
        }
        assert_eq!(session.exchange(&token(1, TokenState::Revoked), None, at(60)), Exchange::Reused);
    }

    #[test]
    fn an_answer_could_be_lost_for_half_a_minute() {
        assert!(could_be_lost(at(60), at(89)) && !could_be_lost(at(60), at(90)));
    }

    #[test]
    fn a_sign_in_is_fresh_for_a_quarter_of_an_hour() {
        assert!(fresh(at(0), None, at(899)) && !fresh(at(0), None, at(900)));
        assert!(fresh(at(1), Some(at(0)), at(899)) && !fresh(at(1), Some(at(0)), at(900)), "with a second factor, that as well");
        assert_eq!(fresh_seconds(), 900);
    }
}
