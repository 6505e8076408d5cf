//! Who may do what here: grants, and accounts that are put out of use.

use std::collections::BTreeSet;

use actix_web::web::Path;
use actix_web::{delete, get, post, put};
use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::accounts::{Account, AccountState};
use cohortium_domain::ids::PersonId;
use cohortium_domain::people::Person;
use cohortium_domain::text::{Email, Name, Reason};
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// What a person may do here: by its account, and by its grants.
#[derive(Serialize, ToSchema)]
struct PersonAccess {
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
    email: Email,
    /// Whether the person's account may be used; absent, where there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_state: Option<AccountState>,
    #[schema(max_items = 3)]
    grants: BTreeSet<Grant>,
    /// What you may do to the account now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// What a person may do here, in lists.
#[derive(Serialize, ToSchema)]
struct PersonAccessSummary {
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
    email: Email,
    /// Whether the person's account may be used; absent, where there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_state: Option<AccountState>,
    #[schema(max_items = 3)]
    grants: BTreeSet<Grant>,
}

page!(
    /// Those who have a grant, a page at a time.
    PersonAccessPage of PersonAccessSummary
);

/// Why an account is put out of use, or may be used again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountDecision {
    /// Why, for the journal.
    reason: Reason,
}

/// A person, and one of its grants.
type GrantPath = Path<(PersonId, Grant)>;

impl From<AccountDecision> for Reason {
    fn from(body: AccountDecision) -> Self {
        body.reason
    }
}

async fn view(read: &Read, person: PersonId, actor: &Actor) -> Result<Reply, Error> {
    let person: Person = read.get(person).await?;
    let account = read.account(person.id).await?;
    let allowed = account.map(|account| account.allowed(actor)).unwrap_or_default();
    Ok(Reply::ok(&PersonAccess {
        person_id: person.id,
        grants: read.grants(person.id).await?,
        given_name: person.given_name,
        family_name: person.family_name,
        email: person.email,
        account_state: account.map(|account| account.state),
        allowed_actions: allowed.into_iter().map(str::to_owned).collect(),
    }))
}

fn summary(person: Person, account: Option<&Account>, grants: BTreeSet<Grant>) -> PersonAccessSummary {
    PersonAccessSummary {
        person_id: person.id,
        given_name: person.given_name,
        family_name: person.family_name,
        email: person.email,
        account_state: account.map(|account| account.state),
        grants,
    }
}

/// List those who have a grant
///
/// Staff, reviewers and owners, by name.
#[utoipa::path(tag = "Access", params(Paging), responses((status = 200, description = "Those who have a grant.", body = PersonAccessPage)))]
#[get("/v1/staff")]
async fn list_staff(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let found = read.staff(&request).await?;
        let people = || found.items.iter().map(|person| person.id);
        let (accounts, mut grants) = (read.accounts(people()).await?, read.grants_of(people()).await?);
        let of = |person: Person| {
            let grants = grants.remove(&person.id).unwrap_or_default();
            let account = accounts.get(&person.id);
            summary(person, account, grants)
        };
        Ok(paging.reply(&ctx, found, of, PersonAccessPage::new))
    })
    .await
}

/// Give a person a grant
///
/// It holds at once. Given again, it changes nothing. Who has no account yet can register for one.
#[utoipa::path(
    tag = "Access",
    params(("grant" = Grant, Path, description = "The grant.")),
    responses((status = 200, description = "What the person may do now.", body = PersonAccess))
)]
#[put("/v1/people/{person_id}/grants/{grant}")]
async fn add_grant(caller: Caller, ctx: Ctx, path: GrantPath, conditions: Conditions) -> Answer {
    let (person, grant) = path.into_inner();
    ctx.write(&caller, &conditions, async |tx| {
        workflow::accounts::add_grant(tx, &caller.actor, person, grant).await?;
        view(tx, person, &caller.actor).await
    })
    .await
}

/// Take a grant from a person
///
/// It holds at once. Taken again, it changes nothing. The last owner who can sign in stays one.
#[utoipa::path(
    tag = "Access",
    params(("grant" = Grant, Path, description = "The grant.")),
    responses((status = 204, description = "The person has it no more."))
)]
#[delete("/v1/people/{person_id}/grants/{grant}")]
async fn remove_grant(caller: Caller, ctx: Ctx, path: GrantPath, conditions: Conditions) -> Answer {
    let (person, grant) = path.into_inner();
    ctx.write(&caller, &conditions, async |tx| {
        workflow::accounts::remove_grant(tx, &caller.actor, person, grant).await?;
        Ok(Reply::nothing())
    })
    .await
}

/// Suspend a person
///
/// The person's account is put out of use: its sessions end at once, and it cannot sign in; whoever tries is not told why. What the
/// person has and does here stays as it is. Nobody suspends themselves, nor the last owner who can sign in.
#[utoipa::path(
    tag = "Access",
    request_body = AccountDecision,
    responses((status = 200, description = "What the person may do now.", body = PersonAccess))
)]
#[post("/v1/people/{person_id}/suspend")]
async fn suspend_person(caller: Caller, ctx: Ctx, path: Path<PersonId>, body: Body<AccountDecision>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        workflow::accounts::suspend(tx, &caller.actor, *path, &body.input()).await?;
        view(tx, *path, &caller.actor).await
    })
    .await
}

/// Reinstate a person
///
/// The person's account can be used again, with the password and the grants that it had.
#[utoipa::path(
    tag = "Access",
    request_body = AccountDecision,
    responses((status = 200, description = "What the person may do now.", body = PersonAccess))
)]
#[post("/v1/people/{person_id}/reinstate")]
async fn reinstate_person(caller: Caller, ctx: Ctx, path: Path<PersonId>, body: Body<AccountDecision>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        workflow::accounts::reinstate(tx, &caller.actor, *path, &body.input()).await?;
        view(tx, *path, &caller.actor).await
    })
    .await
}

/// End a person's sessions
///
/// All of them, at once: the person signs in anew.
#[utoipa::path(tag = "Access", responses((status = 204, description = "They have ended.")))]
#[delete("/v1/people/{person_id}/sessions")]
async fn end_sign_ins(caller: Caller, ctx: Ctx, path: Path<PersonId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        workflow::accounts::end_sign_ins(tx, &caller.actor, *path).await?;
        Ok(Reply::nothing())
    })
    .await
}

/// Take a person's second factor away
///
/// Of somebody who has lost the app and the recovery codes, once you know that it is this person who asks. All of the person's
/// sessions end at once; from then on the password is enough to sign in, and the person is mailed that it was done. Grants stay
/// withheld where the coalition asks for a second factor, until there is another one.
#[utoipa::path(tag = "Access", responses((status = 204, description = "There is no second factor any more.")))]
#[delete("/v1/people/{person_id}/second-factor")]
async fn take_second_factor(caller: Caller, ctx: Ctx, path: Path<PersonId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        workflow::second_factor::take_away(tx, &caller.actor, *path).await?;
        Ok(Reply::nothing())
    })
    .await
}

room!(list_staff, add_grant, remove_grant, suspend_person, reinstate_person, end_sign_ins, take_second_factor);
