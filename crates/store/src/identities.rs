//! Identities at outside issuers, as rows; and what an outside token stands for, in one query.

use std::collections::BTreeSet;

use cohortium_domain::access::{self, Actor, Grant};
use cohortium_domain::identities::{Identity, OutsideSignIn, Principal, counts, linked_already};
use cohortium_domain::ids::{CoalitionId, Id, IdentityId, PersonId};
use cohortium_domain::text::Slug;
use cohortium_domain::time::Timestamp;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SimpleExpr};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::accounts::ACTIVE;
use crate::dialect::classify;
use crate::entity::identity::{ActiveModel, Column, Entity, Model};
use crate::entity::{account, coalition, grant, totp_secret};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::word;
use crate::{Read, System, Tx};

const TABLE: &str = "identities";
const UNIQUE: &str = "identities_coalition_id_issuer_subject";

/// Who comes in with a token of an outside issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Who, with the grants that it can use.
    pub actor: Actor,
    /// The grants that it cannot use, because no second factor was shown.
    pub withheld: BTreeSet<Grant>,
    /// By which identity.
    pub identity: IdentityId,
    /// How the person signed in at the issuer, as far as that counts for it.
    pub sign_in: OutsideSignIn,
}

/// The row of an identity with all that decides whether its tokens are good: once for each grant of the person, once when it has
/// none.
#[derive(FromQueryResult)]
struct Standing {
    id: Uuid,
    coalition_id: Uuid,
    person_id: Uuid,
    signed_out_at: Option<DateTimeUtc>,
    second_factor_policy: String,
    /// Since when the person has a second factor.
    enrolled_at: Option<DateTimeUtc>,
    grant_name: Option<String>,
}

impl System<'_> {
    /// Who comes in to a coalition with a token that was issued to this principal after this sign-in; nobody, when it is linked to
    /// nobody, was signed out since, or the account may not be used.
    ///
    /// # Errors
    /// The database's.
    pub async fn recognize(&self, coalition: &Slug, principal: &Principal, sign_in: &OutsideSignIn) -> Result<Option<Recognized>> {
        let to_account = Entity::belongs_to(account::Entity).from(Column::PersonId).to(account::Column::PersonId);
        let to_coalition = Entity::belongs_to(coalition::Entity).from(Column::CoalitionId).to(coalition::Column::Id);
        let to_grant = Entity::belongs_to(grant::Entity).from(Column::PersonId).to(grant::Column::PersonId);
        let to_secret = Entity::belongs_to(totp_secret::Entity).from(Column::PersonId).to(totp_secret::Column::PersonId);
        let query = Entity::find()
            .select_only()
            .columns([Column::Id, Column::CoalitionId, Column::PersonId, Column::SignedOutAt])
            .column_as(coalition::Column::SecondFactor, "second_factor_policy")
            .column_as(totp_secret::Column::ConfirmedAt, "enrolled_at")
            .column_as(grant::Column::Name, "grant_name")
            .join(JoinType::InnerJoin, to_account.into())
            .join(JoinType::InnerJoin, to_coalition.into())
            .join(JoinType::LeftJoin, to_secret.into())
            .join(JoinType::LeftJoin, to_grant.into())
            .filter(Column::Issuer.eq(principal.issuer()))
            .filter(Column::Subject.eq(principal.subject()))
            .filter(coalition::Column::Slug.eq(coalition.as_str()))
            .filter(coalition::Column::RetiredAt.is_null())
            .filter(account::Column::State.eq(ACTIVE));
        let rows = query.into_model::<Standing>().all(&self.store.inner.reader).await.map_err(classify)?;
        let Some(first) = rows.first() else { return Ok(None) };
        if !counts(sign_in.issued_at, first.signed_out_at.map(Timestamp::new)) {
            return Ok(None);
        }
        let grants: Result<BTreeSet<Grant>> =
            rows.iter().filter_map(|row| row.grant_name.as_deref()).map(|name| word("grants", "name", name)).collect();
        let (grants, policy) = (grants?, word("coalitions", "second_factor", &first.second_factor_policy)?);
        let sign_in = if first.enrolled_at.is_some() { sign_in.of_enrolled() } else { *sign_in };
        let withheld = access::withheld(policy, &grants, sign_in.second_factor_at);
        Ok(Some(Recognized {
            coalition_id: CoalitionId::from_uuid(first.coalition_id),
            actor: Actor::Person { id: PersonId::from_uuid(first.person_id), grants: &grants - &withheld },
            withheld,
            identity: IdentityId::from_uuid(first.id),
            sign_in,
        }))
    }
}

impl Read {
    /// A page of a person's identities, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn identities(&self, person: PersonId, page: &PageRequest) -> Result<Page<Identity>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()));
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        rows.page(Column::CreatedAt, Column::Id, page, at).await?.try_map(|row| from_row(&row))
    }
}

impl Tx {
    /// Links an identity to its person.
    ///
    /// # Errors
    /// It belongs to somebody already; the database's errors.
    pub async fn add_identity(&mut self, identity: &Identity) -> Result<()> {
        self.touch_access();
        let row = ActiveModel {
            id: ActiveValue::Set(identity.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            person_id: ActiveValue::Set(identity.person_id.uuid()),
            issuer: ActiveValue::Set(identity.principal.issuer().to_owned()),
            subject: ActiveValue::Set(identity.principal.subject().to_owned()),
            created_at: ActiveValue::Set(identity.created_at.utc()),
            signed_out_at: ActiveValue::Set(None),
        };
        match self.add(vec![row]).await {
            Err(Error::NotUnique(index)) if index == UNIQUE => Err(linked_already().into()),
            added => added,
        }
    }

    /// Unlinks an identity from its person; gives it back, when the person had it.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_identity(&mut self, person: PersonId, id: IdentityId) -> Result<Option<Identity>> {
        self.touch_access();
        let which = || Column::Id.eq(id.uuid()).and(Column::PersonId.eq(person.uuid()));
        let row = self.rows::<Entity>().filter(which()).lock().one().await?;
        self.remove::<Entity>(which()).await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Makes good for nothing the tokens that an outside issuer has given so far for one identity.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_out_identity(&mut self, id: IdentityId) -> Result<()> {
        self.sign_out_where(Column::Id.eq(id.uuid())).await
    }

    /// Makes good for nothing the tokens that outside issuers have given a person so far.
    pub(crate) async fn sign_out_identities(&mut self, person: PersonId) -> Result<()> {
        self.sign_out_where(Column::PersonId.eq(person.uuid())).await
    }

    async fn sign_out_where(&mut self, which: SimpleExpr) -> Result<()> {
        self.touch_access();
        let signed_out = (Column::SignedOutAt, Expr::value(self.process_now().utc()));
        self.set::<Entity>([signed_out], which).await.map(drop)
    }
}

fn from_row(row: &Model) -> Result<Identity> {
    Ok(Identity {
        id: IdentityId::from_uuid(row.id),
        person_id: PersonId::from_uuid(row.person_id),
        principal: Principal::new(&row.issuer, &row.subject).ok_or_else(|| Error::corrupt(TABLE, "subject"))?,
        created_at: Timestamp::new(row.created_at),
    })
}
