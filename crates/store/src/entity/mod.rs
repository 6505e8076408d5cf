//! The tables, as sea-orm sees them. Private to the store: everybody else sees things of the domain.
//!
//! Every table of a coalition's things is [`Scoped`]: only so can the rooms query it.

use sea_orm::entity::prelude::*;

pub(crate) mod account;
pub(crate) mod api_client;
pub(crate) mod application;
pub(crate) mod attestation;
pub(crate) mod choice;
pub(crate) mod choice_list;
pub(crate) mod client_secret;
pub(crate) mod client_token;
pub(crate) mod coalition;
pub(crate) mod cohort;
pub(crate) mod cohort_facilitator;
pub(crate) mod document;
pub(crate) mod employment;
pub(crate) mod evidence;
pub(crate) mod facilitator_invitation;
pub(crate) mod file;
pub(crate) mod grant;
pub(crate) mod idempotency_key;
pub(crate) mod identity;
pub(crate) mod journal_entry;
pub(crate) mod journal_head;
pub(crate) mod link;
pub(crate) mod mail;
pub(crate) mod milestone;
pub(crate) mod organization;
pub(crate) mod person;
pub(crate) mod program;
pub(crate) mod program_document;
pub(crate) mod proposal;
pub(crate) mod proposal_feedback;
pub(crate) mod proposal_submission;
pub(crate) mod recovery_code;
pub(crate) mod refresh_token;
pub(crate) mod review;
pub(crate) mod role_list;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod stipend;
pub(crate) mod stipend_installment;
pub(crate) mod tax_form;
pub(crate) mod team_application;
pub(crate) mod throttle;
pub(crate) mod totp_secret;
pub(crate) mod verification;
pub(crate) mod waitlist_move;

/// A table whose rows belong to a coalition.
pub trait Scoped: EntityTrait {
    /// The column that says to which.
    const COALITION: Self::Column;
}

macro_rules! scoped {
    ($module:ident) => {
        impl Scoped for $module::Entity {
            const COALITION: Self::Column = $module::Column::CoalitionId;
        }
    };
}

scoped!(account);
scoped!(api_client);
scoped!(application);
scoped!(attestation);
scoped!(choice);
scoped!(choice_list);
scoped!(client_secret);
scoped!(client_token);
scoped!(cohort);
scoped!(cohort_facilitator);
scoped!(document);
scoped!(employment);
scoped!(evidence);
scoped!(facilitator_invitation);
scoped!(file);
scoped!(grant);
scoped!(idempotency_key);
scoped!(identity);
scoped!(journal_entry);
scoped!(journal_head);
scoped!(link);
scoped!(mail);
scoped!(milestone);
scoped!(organization);
scoped!(person);
scoped!(program);
scoped!(program_document);
scoped!(proposal);
scoped!(proposal_feedback);
scoped!(proposal_submission);
scoped!(recovery_code);
scoped!(refresh_token);
scoped!(review);
scoped!(role_list);
scoped!(session);
scoped!(sign_in);
scoped!(stipend);
scoped!(stipend_installment);
scoped!(tax_form);
scoped!(team_application);
scoped!(totp_secret);
scoped!(verification);
scoped!(waitlist_move);

impl Scoped for coalition::Entity {
    const COALITION: Self::Column = coalition::Column::Id;
}
