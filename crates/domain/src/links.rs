//! One-time links: what a mail brings to whoever holds its address, and nobody else.
//!
//! A link is for one purpose and bound to one address. It is asked for; its token is made when it is sent, and only the token's
//! digest is kept. What always holds: of a kind and an address there is one link at most, the newest (but those that ask where
//! others work); a link that was used, or overtaken by a newer one, is not there any more, and looks like one that never was. It
//! runs by the process's clock, like all that has to do with signing in.

use crate::ids::{LinkId, PersonId};
use crate::refusal::{FaultCode, Refusal};
use crate::text::{Email, Name};
use crate::time::Timestamp;

crate::words! {
    /// What a link is for.
    pub enum LinkKind {
        /// To show that an address is one's own, and so to get an account.
        Register = "register",
        /// To set a new password in place of a forgotten one.
        ResetPassword = "reset_password",
        /// To show that a new address is one's own.
        ChangeEmail = "change_email",
        /// To set the first password of an account that the operator made.
        SetUpAccount = "set_up_account",
        /// To say where somebody works.
        Attest = "attest",
    }
}

impl LinkKind {
    /// For how long it is good, from when it was asked for.
    #[must_use]
    pub fn lifetime_minutes(self) -> i64 {
        match self {
            Self::Register | Self::ChangeEmail => 24 * 60,
            Self::ResetPassword => 30,
            Self::SetUpAccount => 72 * 60,
            Self::Attest => 14 * 24 * 60,
        }
    }

    /// Whether a newer one to the same address, or of the same person, overtakes it. A supervisor can be asked about several
    /// people.
    #[must_use]
    pub fn one_at_a_time(self) -> bool {
        self != Self::Attest
    }
}

/// SHA-256 of a link's token.
pub type TokenHash = [u8; 32];

/// Who registers: nothing of it is a person's until the address is shown to be hers. A password is no part of it: whoever has the
/// address chooses that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The given name.
    pub given_name: Name,
    /// The family name.
    pub family_name: Name,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which.
    pub id: LinkId,
    /// What it is for.
    pub kind: LinkKind,
    /// Whose it is, where that is known.
    pub person_id: Option<PersonId>,
    /// The address to which it is bound.
    pub email: Email,
    /// Who registers, where it is for that.
    pub registration: Option<Registration>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
}

impl Link {
    /// Asks for a link to an address.
    #[must_use]
    pub fn ask(id: LinkId, kind: LinkKind, person_id: Option<PersonId>, email: Email, now: Timestamp) -> Self {
        let expires_at = now.plus_minutes(kind.lifetime_minutes());
        Self { id, kind, person_id, email, registration: None, created_at: now, expires_at }
    }

    /// Asks for a link by which somebody registers.
    #[must_use]
    pub fn to_register(id: LinkId, email: Email, registration: Registration, now: Timestamp) -> Self {
        Self { registration: Some(registration), ..Self::ask(id, LinkKind::Register, None, email, now) }
    }

    /// Whether it is good now.
    #[must_use]
    pub fn good(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Goes on when it is good now, for this.
    ///
    /// # Errors
    /// The one refusal of every token that is not good.
    pub fn admit(self, kinds: &[LinkKind], now: Timestamp) -> Result<Self, Refusal> {
        if self.good(now) && kinds.contains(&self.kind) { Ok(self) } else { Err(not_good()) }
    }
}

/// The refusal of a token that is not good, however it is not.
#[must_use]
pub fn not_good() -> Refusal {
    Refusal::invalid("#/token", FaultCode::TokenInvalid, "This link is not good, or not any more: ask for a new one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use crate::words::Word;

    #[test]
    fn a_link_is_good_for_its_time_and_its_kind() {
        let at = Timestamp::from_millis(0);
        for (kind, minutes) in [
            (LinkKind::Register, 1_440),
            (LinkKind::ResetPassword, 30),
            (LinkKind::ChangeEmail, 1_440),
            (LinkKind::SetUpAccount, 4_320),
            (LinkKind::Attest, 20_160),
        ] {
            let link = || Link::ask(LinkId::from_uuid(uuid::Uuid::nil()), kind, None, Email::new("a@example.org").unwrap(), at);
            let last = at.plus_minutes(minutes);
            assert!(link().admit(&[kind], Timestamp::from_millis(last.millis() - 1)).is_ok(), "{kind}");
            assert_eq!(link().admit(&[kind], last), Err(not_good()), "{kind}");
            for other in LinkKind::ALL.iter().filter(|other| **other != kind) {
                assert_eq!(link().admit(&[*other], at), Err(not_good()), "{kind} for {other}");
            }
        }
    }
}
