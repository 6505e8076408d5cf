//! Identifiers, one type for each kind of thing, so that an id of one kind cannot be passed for another.
//!
//! What always holds: the domain makes no id; every id is handed in by whoever has the clock and the randomness.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// An identifier of one kind of thing.
pub trait Id: Copy + Eq + Ord + std::hash::Hash + 'static {
    /// Takes a UUID for an id of this kind.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The UUID.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                uuid_schema()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+ };
}

fn uuid_schema() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .min_length(Some(UUID_CHARACTERS))
        .max_length(Some(UUID_CHARACTERS))
        .description(Some("A UUID (RFC 9562), in its hyphenated form."))
        .into()
}

/// The length of a UUID's hyphenated form.
const UUID_CHARACTERS: usize = 36;

ids! {
    /// Identifies a coalition, the tenant to which everything belongs.
    CoalitionId,
    /// Identifies an organization.
    OrganizationId,
    /// Identifies a person.
    PersonId,
    /// Identifies one employment of a person at an organization.
    EmploymentId,
    /// Identifies a sign-in session; the `sid` of an access token.
    SignInId,
    /// Identifies an access token, as its `jti`, and the refresh token that was given with it, where one was.
    TokenId,
    /// Identifies an identity of a person's at an outside issuer.
    IdentityId,
    /// Identifies a one-time link.
    LinkId,
    /// Identifies a mail.
    MailId,
    /// Identifies a program, one year of communities of practice.
    ProgramId,
    /// Identifies a milestone of a program's timeline.
    MilestoneId,
    /// Identifies a commitment that participants accept.
    CommitmentId,
    /// Identifies a proposal to lead a cohort.
    ProposalId,
    /// Identifies an invitation to facilitate with the author of a proposal.
    InvitationId,
    /// Identifies a review of a proposal.
    ReviewId,
    /// Identifies a cohort.
    CohortId,
    /// Identifies an application and, from `enrolled` on, the enrollment that it became.
    ApplicationId,
    /// Identifies a team application.
    TeamId,
    /// Identifies a verification of an employment for a program.
    VerificationId,
    /// Identifies one piece of evidence.
    EvidenceId,
    /// Identifies a question put to a supervisor.
    AttestationId,
    /// Identifies the bytes of an uploaded file, wherever they are kept.
    FileId,
    /// Identifies a session of a cohort.
    SessionId,
    /// Identifies the stipend agreement for a cohort.
    StipendId,
    /// Identifies an installment of a stipend, for one payee.
    InstallmentId,
    /// Identifies an API client.
    ClientId,
    /// Identifies a secret of an API client.
    ClientSecretId,
    /// Identifies an entry of the journal, and the event made from it.
    EntryId,
}
