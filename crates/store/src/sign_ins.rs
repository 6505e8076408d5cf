//! Sign-in sessions and their refresh tokens, as rows; and what an access token stands for, in one query.

use std::collections::BTreeSet;

use cohortium_domain::access::{self, Actor, Grant};
use cohortium_domain::ids::{CoalitionId, Id, PersonId, SignInId, TokenId};
use cohortium_domain::sign_ins::{RefreshToken, SignIn, TokenState, UserAgent, could_be_lost};
use cohortium_domain::time::Timestamp;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, JoinType, SimpleExpr};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::accounts::ACTIVE;
use crate::dialect::classify;
use crate::entity::{account, coalition, grant, refresh_token, sign_in};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{optional, word};
use crate::{Read, System, Tx};

const TABLE: &str = "sign_ins";

/// What an access token stands for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Who, with the grants that it can use.
    pub actor: Actor,
    /// The grants that it cannot use, because it has not shown a second factor.
    pub withheld: BTreeSet<Grant>,
    /// In which session.
    pub session: SignInId,
    /// When the person last showed who it is.
    pub authenticated_at: Timestamp,
    /// When the person last showed a second factor.
    pub second_factor_at: Option<Timestamp>,
}

/// The row of a token with all that decides whether it is good: once for each grant of the person, once when it has none.
#[derive(FromQueryResult)]
struct Standing {
    coalition_id: Uuid,
    person_id: Uuid,
    sign_in_id: Uuid,
    authenticated_at: DateTimeUtc,
    second_factor_at: Option<DateTimeUtc>,
    access_used_at: Option<DateTimeUtc>,
    given_at: DateTimeUtc,
    second_factor_policy: String,
    grant_name: Option<String>,
}

impl System<'_> {
    /// What the access token with this id stands for now; nothing, when it was revoked, its session has ended or its account may
    /// not be used.
    ///
    /// # Errors
    /// The database's.
    pub async fn signed_in(&self, token: TokenId) -> Result<Option<SignedIn>> {
        let now = self.store.environment().now();
        let to_session = refresh_token::Entity::belongs_to(sign_in::Entity);
        let to_session = to_session.from(refresh_token::Column::SignInId).to(sign_in::Column::Id);
        let to_account = sign_in::Entity::belongs_to(account::Entity);
        let to_account = to_account.from(sign_in::Column::PersonId).to(account::Column::PersonId);
        let to_coalition = sign_in::Entity::belongs_to(coalition::Entity);
        let to_coalition = to_coalition.from(sign_in::Column::CoalitionId).to(coalition::Column::Id);
        let to_grant = sign_in::Entity::belongs_to(grant::Entity);
        let to_grant = to_grant.from(sign_in::Column::PersonId).to(grant::Column::PersonId);
        let query = refresh_token::Entity::find_by_id(token.uuid())
            .select_only()
            .columns([refresh_token::Column::CoalitionId, refresh_token::Column::SignInId, refresh_token::Column::AccessUsedAt])
            .columns([sign_in::Column::PersonId, sign_in::Column::AuthenticatedAt, sign_in::Column::SecondFactorAt])
            .column_as(refresh_token::Column::CreatedAt, "given_at")
            .column_as(coalition::Column::SecondFactor, "second_factor_policy")
            .column_as(grant::Column::Name, "grant_name")
            .join(JoinType::InnerJoin, to_session.into())
            .join(JoinType::InnerJoin, to_account.into())
            .join(JoinType::InnerJoin, to_coalition.into())
            .join(JoinType::LeftJoin, to_grant.into())
            .filter(refresh_token::Column::RevokedAt.is_null())
            .filter(sign_in::Column::EndedAt.is_null())
            .filter(sign_in::Column::ExpiresAt.gt(now.utc()))
            .filter(account::Column::State.eq(ACTIVE))
            .filter(coalition::Column::RetiredAt.is_null());
        let rows = query.into_model::<Standing>().all(&self.store.inner.reader).await.map_err(classify)?;
        let Some(first) = rows.first() else { return Ok(None) };
        if first.access_used_at.is_none() && could_be_lost(Timestamp::new(first.given_at), now) {
            self.mark_used(token, now.utc()).await?;
        }
        let grants: Result<BTreeSet<Grant>> =
            rows.iter().filter_map(|row| row.grant_name.as_deref()).map(|name| word("grants", "name", name)).collect();
        let (grants, second_factor_at) = (grants?, first.second_factor_at.map(Timestamp::new));
        let policy = word("coalitions", "second_factor", &first.second_factor_policy)?;
        let withheld = access::withheld(policy, &grants, second_factor_at);
        Ok(Some(SignedIn {
            coalition_id: CoalitionId::from_uuid(first.coalition_id),
            actor: Actor::Person { id: PersonId::from_uuid(first.person_id), grants: &grants - &withheld },
            withheld,
            session: SignInId::from_uuid(first.sign_in_id),
            authenticated_at: Timestamp::new(first.authenticated_at),
            second_factor_at,
        }))
    }

    /// Remembers that an access token was used: then the answer that brought it was not lost.
    async fn mark_used(&self, token: TokenId, now: DateTimeUtc) -> Result<()> {
        let update = refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::AccessUsedAt, Expr::value(now))
            .filter(refresh_token::Column::Id.eq(token.uuid()))
            .filter(refresh_token::Column::AccessUsedAt.is_null());
        update.exec(&self.store.inner.writer).await.map(drop).map_err(classify)
    }

    /// In which coalition the refresh token with this hash belongs to which session.
    ///
    /// # Errors
    /// The database's.
    pub async fn session_of(&self, token_hash: &[u8; 32]) -> Result<Option<(CoalitionId, SignInId)>> {
        let query = refresh_token::Entity::find().filter(refresh_token::Column::TokenHash.eq(token_hash.to_vec()));
        let row = query.one(&self.store.inner.reader).await.map_err(classify)?;
        Ok(row.map(|row| (CoalitionId::from_uuid(row.coalition_id), SignInId::from_uuid(row.sign_in_id))))
    }
}

impl Read {
    /// A page of a person's sessions that have not ended, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_ins(&self, person: PersonId, now: Timestamp, page: &PageRequest) -> Result<Page<SignIn>> {
        let rows = self.rows::<sign_in::Entity>().filter(sign_in::Column::PersonId.eq(person.uuid()));
        let rows = rows.filter(sign_in::Column::EndedAt.is_null()).filter(sign_in::Column::ExpiresAt.gt(now.utc()));
        let at = |row: &sign_in::Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        rows.page(sign_in::Column::CreatedAt, sign_in::Column::Id, page, at).await?.try_map(|row| from_row(&row))
    }
}

impl Tx {
    /// A session, locked until the transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_sign_in(&self, id: SignInId) -> Result<Option<SignIn>> {
        let rows = self.rows::<sign_in::Entity>().filter(sign_in::Column::Id.eq(id.uuid()));
        rows.lock().one().await?.as_ref().map(from_row).transpose()
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_sign_in(&self, session: &SignIn) -> Result<()> {
        let row = sign_in::ActiveModel {
            id: ActiveValue::Set(session.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            person_id: ActiveValue::Set(session.person_id.uuid()),
            user_agent: ActiveValue::Set(session.user_agent.clone().map(Into::into)),
            created_at: ActiveValue::Set(session.created_at.utc()),
            authenticated_at: ActiveValue::Set(session.authenticated_at.utc()),
            second_factor_at: ActiveValue::Set(session.second_factor_at.map(Timestamp::utc)),
            refreshed_at: ActiveValue::Set(session.refreshed_at.utc()),
            expires_at: ActiveValue::Set(session.expires_at.utc()),
            ended_at: ActiveValue::Set(session.ended_at.map(Timestamp::utc)),
        };
        self.add(vec![row]).await
    }

    /// Saves what can change of a session.
    ///
    /// # Errors
    /// The database's.
    pub async fn save_sign_in(&mut self, session: &SignIn) -> Result<()> {
        self.touch_access();
        let instant = |instant: Option<Timestamp>| Expr::value(instant.map(Timestamp::utc));
        let columns = [
            (sign_in::Column::AuthenticatedAt, Expr::value(session.authenticated_at.utc())),
            (sign_in::Column::SecondFactorAt, instant(session.second_factor_at)),
            (sign_in::Column::RefreshedAt, Expr::value(session.refreshed_at.utc())),
            (sign_in::Column::ExpiresAt, Expr::value(session.expires_at.utc())),
            (sign_in::Column::EndedAt, instant(session.ended_at)),
        ];
        self.set::<sign_in::Entity>(columns, sign_in::Column::Id.eq(session.id.uuid())).await.map(drop)
    }

    /// Ends one of a person's sessions; tells whether there was one to end.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&mut self, person: PersonId, session: SignInId) -> Result<bool> {
        Ok(self.end_where(person, sign_in::Column::Id.eq(session.uuid())).await? > 0)
    }

    /// Ends a person's sessions, but for one; tells how many. Tokens that outside issuers have given it so far are good for nothing
    /// from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_sessions(&mut self, person: PersonId, except: Option<SignInId>) -> Result<u64> {
        self.sign_out_identities(person).await?;
        let others = except.map_or_else(|| sign_in::Column::Id.is_not_null(), |kept| sign_in::Column::Id.ne(kept.uuid()));
        self.end_where(person, others).await
    }

    async fn end_where(&mut self, person: PersonId, which: SimpleExpr) -> Result<u64> {
        self.touch_access();
        let ended = (sign_in::Column::EndedAt, Expr::value(self.process_now().utc()));
        let theirs = sign_in::Column::PersonId.eq(person.uuid()).and(sign_in::Column::EndedAt.is_null()).and(which);
        self.set::<sign_in::Entity>([ended], theirs).await
    }

    /// The refresh token with this hash.
    ///
    /// # Errors
    /// The database's.
    pub async fn refresh_token(&self, token_hash: &[u8; 32]) -> Result<Option<RefreshToken>> {
        self.one_refresh_token(refresh_token::Column::TokenHash.eq(token_hash.to_vec())).await
    }

    /// The refresh token with this id.
    ///
    /// # Errors
    /// The database's.
    pub async fn refresh_token_by_id(&self, id: TokenId) -> Result<Option<RefreshToken>> {
        self.one_refresh_token(refresh_token::Column::Id.eq(id.uuid())).await
    }

    async fn one_refresh_token(&self, which: impl IntoCondition) -> Result<Option<RefreshToken>> {
        self.rows::<refresh_token::Entity>().filter(which).one().await?.as_ref().map(token_from_row).transpose()
    }

    /// Adds a refresh token to a session. The first came in place of none, so that nobody will ask whether its answer was lost.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_refresh_token(&self, id: TokenId, session: SignInId, token_hash: [u8; 32], first: bool) -> Result<()> {
        let now = self.process_now().utc();
        let row = refresh_token::ActiveModel {
            id: ActiveValue::Set(id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            sign_in_id: ActiveValue::Set(session.uuid()),
            token_hash: ActiveValue::Set(token_hash.to_vec()),
            created_at: ActiveValue::Set(now),
            exchanged_at: ActiveValue::Set(None),
            successor_id: ActiveValue::Set(None),
            revoked_at: ActiveValue::Set(None),
            access_used_at: ActiveValue::Set(first.then_some(now)),
        };
        self.add(vec![row]).await
    }

    /// Remembers for which a refresh token was exchanged. When it was first exchanged stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn exchange_token(&self, token: &RefreshToken, successor: TokenId) -> Result<()> {
        let at = match token.state {
            TokenState::Exchanged { at, .. } => at,
            TokenState::Living | TokenState::Revoked => self.process_now(),
        };
        let columns = [
            (refresh_token::Column::ExchangedAt, Expr::value(at.utc())),
            (refresh_token::Column::SuccessorId, Expr::value(successor.uuid())),
        ];
        self.set::<refresh_token::Entity>(columns, refresh_token::Column::Id.eq(token.id.uuid())).await.map(drop)
    }

    /// Revokes a refresh token, and with it the access token that was given with it.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_token(&mut self, token: TokenId) -> Result<()> {
        self.touch_access();
        let revoked = (refresh_token::Column::RevokedAt, Expr::value(self.process_now().utc()));
        self.set::<refresh_token::Entity>([revoked], refresh_token::Column::Id.eq(token.uuid())).await.map(drop)
    }

    /// Forgets the sessions that ended, or would have ended at the latest, before an instant.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_sign_ins_before(&self, instant: Timestamp) -> Result<u64> {
        let ended = sign_in::Column::ExpiresAt.lt(instant.utc()).or(sign_in::Column::EndedAt.lt(instant.utc()));
        self.remove::<sign_in::Entity>(ended).await
    }
}

fn from_row(row: &sign_in::Model) -> Result<SignIn> {
    Ok(SignIn {
        id: SignInId::from_uuid(row.id),
        person_id: PersonId::from_uuid(row.person_id),
        user_agent: optional(TABLE, "user_agent", row.user_agent.as_deref(), UserAgent::new)?,
        created_at: Timestamp::new(row.created_at),
        authenticated_at: Timestamp::new(row.authenticated_at),
        second_factor_at: row.second_factor_at.map(Timestamp::new),
        refreshed_at: Timestamp::new(row.refreshed_at),
        expires_at: Timestamp::new(row.expires_at),
        ended_at: row.ended_at.map(Timestamp::new),
    })
}

fn token_from_row(row: &refresh_token::Model) -> Result<RefreshToken> {
    let state = match (row.revoked_at, row.exchanged_at, row.successor_id) {
        (Some(_), _, _) => TokenState::Revoked,
        (None, Some(at), Some(successor)) => {
            TokenState::Exchanged { at: Timestamp::new(at), successor: TokenId::from_uuid(successor) }
        }
        (None, None, None) => TokenState::Living,
        (None, Some(_), None) | (None, None, Some(_)) => return Err(Error::corrupt("refresh_tokens", "successor_id")),
    };
    Ok(RefreshToken {
        id: TokenId::from_uuid(row.id),
        sign_in_id: SignInId::from_uuid(row.sign_in_id),
        state,
        access_used: row.access_used_at.is_some(),
    })
}
