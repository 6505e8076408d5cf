//! Mails on their way: what is to be sent, and how often that is tried.
//!
//! A mail is asked for in the transaction that gives the reason for it, and sent after it. Whoever sends one takes it for a minute
//! first; when nothing is heard of it in that time, another takes it. So each is sent once, or, after a crash, once more under the
//! same id. What always holds: a mail that is sent, failed or dropped is never taken again; nobody waits for one. It runs by the
//! process's clock.

use chrono::Duration;
use uuid::Uuid;

use crate::ids::{Id, LinkId, MailId, PersonId};
use crate::journal::{Happening, SubjectKind};
use crate::text::Email;
use crate::time::Timestamp;

crate::words! {
    /// What a mail says.
    pub enum MailKind {
        /// Show that the address is yours, and your account is there.
        VerifyEmail = "verify_email",
        /// Somebody registers with your address, where you have an account already.
        AccountExists = "account_exists",
        /// Here is how to set a new password.
        ResetPassword = "reset_password",
        /// Your password was changed.
        PasswordChanged = "password_changed",
        /// Show that your new address is yours.
        ConfirmEmail = "confirm_email",
        /// Your address was changed: to the old one.
        EmailChanged = "email_changed",
        /// Your proposal was accepted.
        ProposalAccepted = "proposal_accepted",
        /// Your proposal was not accepted.
        ProposalRejected = "proposal_rejected",
        /// Your proposal is in reserve.
        ProposalReserved = "proposal_reserved",
        /// A place came free, and your proposal is accepted.
        ProposalPromoted = "proposal_promoted",
        /// No place came free for your proposal.
        ProposalNotPlaced = "proposal_not_placed",
        /// Please revise your proposal.
        RevisionRequested = "revision_requested",
        /// You have not handed in another text in time: the one before stands.
        RevisionLapsed = "revision_lapsed",
        /// You have longer to hand in your proposal.
        SubmissionExtended = "submission_extended",
        /// Somebody asks you to facilitate.
        FacilitatorInvited = "facilitator_invited",
        /// Proposals are assigned to you for review.
        ReviewsAssigned = "reviews_assigned",
        /// A place in another cohort is offered to you.
        TransferOffered = "transfer_offered",
        /// Your cohort was merged or called off, and you go on in another.
        CohortChanged = "cohort_changed",
        /// An installment of your stipend was paid.
        StipendPaid = "stipend_paid",
        /// Say whether somebody works where you do.
        AttestEmployment = "attest_employment",
        /// A verification of yours runs out soon.
        VerificationEnding = "verification_ending",
        /// A verification of yours was taken back.
        VerificationRevoked = "verification_revoked",
        /// What you have shown was not enough.
        VerificationRejected = "verification_rejected",
        /// A sign-in of yours was ended, because somebody else may have had it.
        RefreshTokenReused = "refresh_token_reused",
        /// You have a second factor from now on.
        SecondFactorEnrolled = "second_factor_enrolled",
        /// You have no second factor any more.
        SecondFactorRemoved = "second_factor_removed",
        /// An owner has taken your second factor away.
        SecondFactorTaken = "second_factor_taken",
        /// Too many wrong codes were shown, after the right password.
        SecondFactorBlocked = "second_factor_blocked",
        /// You have new recovery codes.
        RecoveryCodesMade = "recovery_codes_made",
        /// One of your recovery codes was used.
        RecoveryCodeUsed = "recovery_code_used",
        /// You can also sign in elsewhere from now on.
        IdentityLinked = "identity_linked",
        /// Your account may not be used any more.
        AccountSuspended = "account_suspended",
        /// Your account may be used again.
        AccountReinstated = "account_reinstated",
    }

    /// How far a mail has come.
    pub enum MailState {
        /// It is still to be sent.
        Pending = "pending",
        /// The mail server has taken it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
        /// There was nothing to say any more, or nobody to say it to.
        Dropped = "dropped",
    }
}

impl MailKind {
    /// The mail by which a person is told at once of what happened to its ways in, where there is one.
    #[must_use]
    pub fn telling(happened: &Happening) -> Option<Self> {
        if happened.subject.kind != SubjectKind::Person {
            return None;
        }
        Some(match happened.verb {
            "refresh_token_reused" => Self::RefreshTokenReused,
            "second_factor_enrolled" => Self::SecondFactorEnrolled,
            "second_factor_removed" => Self::SecondFactorRemoved,
            "second_factor_taken" => Self::SecondFactorTaken,
            "second_factor_blocked" => Self::SecondFactorBlocked,
            "recovery_codes_made" => Self::RecoveryCodesMade,
            "recovery_code_used" => Self::RecoveryCodeUsed,
            "identity_linked" => Self::IdentityLinked,
            "suspended" => Self::AccountSuspended,
            "reinstated" => Self::AccountReinstated,
            _ => return None,
        })
    }
}

/// Why a mail was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The mail server could not be reached: that says nothing about the mail.
    Unreachable,
    /// The mail server does not take it now.
    NotNow,
    /// The mail server will never take it.
    Never,
}

/// For how long whoever sends a mail has it.
const LEASE_SECONDS: i64 = 60;
/// When it is tried again after the mail server did not take it: ten times in all, over nearly two days.
const RETRY_SECONDS: [i64; 9] = [30, 120, 600, 1_800, 7_200, 18_000, 36_000, 43_200, 50_400];
/// When it is tried again after the mail server was not reached.
const UNREACHABLE_SECONDS: i64 = 30;
/// After which it is given up.
const LIFETIME_MINUTES: i64 = 2 * 24 * 60;

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Which: the same in every attempt, and a part of its Message-ID.
    pub id: MailId,
    /// What it says.
    pub kind: MailKind,
    /// To whom, where that is known.
    pub person_id: Option<PersonId>,
    /// To which address.
    pub address: Email,
    /// The link that it brings, while that is there.
    pub link_id: Option<LinkId>,
    /// The thing that it is about, where its kind is about one.
    pub subject_id: Option<Uuid>,
    /// How far it has come.
    pub state: MailState,
    /// How often the mail server has heard of it.
    pub attempts: u32,
    /// Not before this it is tried.
    pub next_attempt_at: Timestamp,
    /// Until when somebody has it.
    pub lease_until: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
}

impl Mail {
    /// Asks for a mail.
    #[must_use]
    pub fn ask(
        id: MailId,
        kind: MailKind,
        person_id: Option<PersonId>,
        address: Email,
        link_id: Option<LinkId>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            kind,
            person_id,
            address,
            link_id,
            subject_id: None,
            state: MailState::Pending,
            attempts: 0,
            next_attempt_at: now,
            lease_until: None,
            created_at: now,
            sent_at: None,
        }
    }

    /// The same, about a thing.
    #[must_use]
    pub fn about(self, subject: impl Id) -> Self {
        Self { subject_id: Some(subject.uuid()), ..self }
    }

    /// Whether it can be taken now.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> bool {
        self.state == MailState::Pending && self.next_attempt_at <= now && self.lease_until.is_none_or(|until| until <= now)
    }

    /// Takes it, to send it.
    #[must_use]
    pub fn taken(self, now: Timestamp) -> Self {
        Self { lease_until: Some(now.plus(Duration::seconds(LEASE_SECONDS))), ..self }
    }

    /// The mail server took it.
    #[must_use]
    pub fn sent(self, now: Timestamp) -> Self {
        let attempts = self.attempts + 1;
        Self { state: MailState::Sent, sent_at: Some(now), lease_until: None, attempts, ..self }
    }

    /// There is nothing to say any more.
    #[must_use]
    pub fn dropped(self) -> Self {
        Self { state: MailState::Dropped, lease_until: None, ..self }
    }

    /// It was not sent. `chance` is any number, so that mails that failed together are not tried together.
    #[must_use]
    pub fn unsent(mut self, why: Unsent, chance: u8, now: Timestamp) -> Self {
        self.lease_until = None;
        let after = match why {
            Unsent::Unreachable => Some(UNREACHABLE_SECONDS),
            Unsent::NotNow => usize::try_from(self.attempts).ok().and_then(|tried| RETRY_SECONDS.get(tried).copied()),
            Unsent::Never => None,
        };
        self.attempts += u32::from(why != Unsent::Unreachable);
        let next = after.map(|seconds| now.plus(Duration::milliseconds(spread(seconds, chance))));
        match next.filter(|next| *next < self.created_at.plus_minutes(LIFETIME_MINUTES)) {
            Some(next) => self.next_attempt_at = next,
            None => self.state = MailState::Failed,
        }
        self
    }
}

/// Milliseconds, up to a fifth more or less than so many seconds.
fn spread(seconds: i64, chance: u8) -> i64 {
    seconds * (800 + 400 * i64::from(chance) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANCE: u8 = 127;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn mail() -> Mail {
        let address = Email::new("ana@example.org").unwrap();
        Mail::ask(MailId::from_uuid(uuid::Uuid::nil()), MailKind::VerifyEmail, None, address, None, at(0))
    }

    #[test]
    fn a_mail_that_is_taken_is_taken_by_nobody_else_for_a_minute() {
        assert!(mail().due(at(0)) && !Mail { next_attempt_at: at(1), ..mail() }.due(at(0)));
        let taken = mail().taken(at(0));
        assert!(!taken.due(at(59)) && taken.due(at(60)), "whoever had it is not heard of any more");
        for over in [taken.clone().sent(at(1)), taken.clone().dropped(), taken.unsent(Unsent::Never, CHANCE, at(1))] {
            assert!(!over.due(at(1_000_000)), "{:?}", over.state);
        }
    }

    #[test]
    fn a_mail_is_tried_ten_times_over_two_days_and_then_given_up() {
        let (mut tried, mut now) = (mail(), at(0));
        let mut waits = Vec::new();
        while tried.state == MailState::Pending {
            let again = tried.taken(now).unsent(Unsent::NotNow, 0, now);
            waits.push((again.next_attempt_at.millis() - now.millis()) / 1_000);
            (now, tried) = (again.next_attempt_at.max(now), again);
        }
        assert_eq!((tried.state, tried.attempts), (MailState::Failed, 10));
        assert_eq!(waits[..9], RETRY_SECONDS.map(|seconds| seconds * 4 / 5), "a fifth less, by this chance");
        assert!(now < at(48 * 3_600));
    }

    #[test]
    fn a_mail_server_that_is_not_reached_is_asked_again_soon_and_for_two_days() {
        let (mut tried, mut now) = (mail(), at(0));
        while tried.state == MailState::Pending {
            let again = tried.taken(now).unsent(Unsent::Unreachable, CHANCE, now);
            assert!(again.next_attempt_at.millis() - now.millis() <= 36_000);
            (now, tried) = (again.next_attempt_at.max(now.plus(Duration::seconds(1))), again);
        }
        assert_eq!(tried.attempts, 0, "the mail server has not heard of it");
        assert!(now >= at(48 * 3_600 - 60));
    }

    #[test]
    fn those_that_failed_together_are_not_tried_together() {
        assert_eq!([0, 255].map(|chance| spread(10, chance)), [8_000, 12_000], "a fifth less, a fifth more");
    }
}
