//! One's second factor: an authenticator app, and recovery codes.
//!
//! What always holds: a secret is shown once, and never kept with an idempotency key.

use actix_web::{delete, post};
use cohortium_domain::second_factor::RecoveryCode;
use cohortium_domain::text::TotpCode;
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions};
use crate::reply::{Answer, Reply};

/// What an authenticator app is to know.
#[derive(Serialize, ToSchema)]
struct TotpEnrollment {
    /// The secret, to be typed into the app (base32, RFC 4648).
    #[schema(min_length = 32, max_length = 32, pattern = "^[A-Z2-7]{32}$")]
    secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(max_length = 8000, format = "uri")]
    otpauth_uri: String,
}

/// That the authenticator app knows the secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TotpConfirm {
    code: TotpCode,
}

/// Recovery codes, each of which is good once in place of a code of the app.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// The codes: they are not shown again.
    #[schema(max_items = 10)]
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn of(codes: &[RecoveryCode]) -> Self {
        Self { recovery_codes: codes.iter().map(RecoveryCode::grouped).collect() }
    }
}

/// Ask for the secret of an authenticator app
///
/// It counts once it is confirmed; until then one's app, where one has one, stays as it is. Asked for again, it is another one.
#[utoipa::path(tag = "Access", responses((status = 200, description = "The secret.", body = TotpEnrollment)))]
#[post("/v1/me/totp")]
async fn enroll_totp(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        let enrollment = workflow::second_factor::enroll(tx, ctx.sealer(), &caller.actor, person).await?;
        Ok(Reply::ok(&TotpEnrollment { secret: enrollment.secret.base32(), otpauth_uri: enrollment.uri }))
    })
    .await
}

/// Confirm an authenticator app
///
/// By a code that it shows. From then on signing in asks for one. All other sessions of one's end, and so do the recovery codes
/// that one had.
#[utoipa::path(tag = "Access", request_body = TotpConfirm, responses((status = 200, description = "New recovery codes.", body = RecoveryCodes)))]
#[post("/v1/me/totp/confirm")]
async fn confirm_totp(caller: Caller, ctx: Ctx, body: Body<TotpConfirm>) -> Answer {
    let (person, session) = (caller.person()?, caller.session());
    ctx.write(&caller, body.conditions(), async |tx| {
        let code = body.input_as(|body| Ok(body.code));
        let codes = workflow::second_factor::confirm(tx, ctx.sealer(), &caller.actor, person, session, &code).await?;
        Ok(Reply::ok(&RecoveryCodes::of(&codes)))
    })
    .await
}

/// Remove one's authenticator app
///
/// With its recovery codes. From then on the password is enough to sign in. All other sessions of one's end.
#[utoipa::path(tag = "Access", responses((status = 204, description = "There is no second factor any more.")))]
#[delete("/v1/me/totp")]
async fn remove_totp(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let (person, session) = (caller.person()?, caller.session());
    ctx.write(&caller, &conditions, async |tx| {
        workflow::second_factor::remove(tx, &caller.actor, person, session).await?;
        Ok(Reply::nothing())
    })
    .await
}

/// Make new recovery codes
///
/// In place of all that one had.
#[utoipa::path(tag = "Access", responses((status = 200, description = "New recovery codes.", body = RecoveryCodes)))]
#[post("/v1/me/recovery-codes")]
async fn create_recovery_codes(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        let codes = workflow::second_factor::make_recovery_codes(tx, &caller.actor, person).await?;
        Ok(Reply::ok(&RecoveryCodes::of(&codes)))
    })
    .await
}

room!(enroll_totp, confirm_totp, remove_totp, create_recovery_codes);
