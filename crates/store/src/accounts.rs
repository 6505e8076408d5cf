//! Accounts, grants and sign-in sessions: who may come in, and who came.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::accounts::{Account, AccountState};
use cohortium_domain::ids::{CoalitionId, Id, PersonId, SignInId};
use cohortium_domain::people::Person;
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QuerySelect, QueryTrait};

use crate::dialect::classify;
use crate::entity::{account, grant, person, sign_in};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, word};
use crate::{Read, System, Tx};

/// What a password is checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose they are.
    pub person_id: PersonId,
    /// The hash, as a PHC string; none, where the person has no password.
    pub password_hash: Option<String>,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether the address was proven to be the person's.
    pub email_proven: bool,
}

/// A sign-in session, as it begins.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Which.
    pub id: SignInId,
    /// Whose.
    pub person_id: PersonId,
    /// SHA-256 of the refresh token.
    pub refresh_hash: [u8; 32],
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// What a token stands for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Who.
    pub actor: Actor,
}

impl Read {
    /// What the password of the person with this address is checked against.
    ///
    /// # Errors
    /// The database's.
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        let Some(person) = self.rows::<person::Entity>().filter(person::Column::EmailKey.eq(email.normalized())).one().await?
        else {
            return Ok(None);
        };
        let account = self.rows::<account::Entity>().filter(account::Column::PersonId.eq(person.id)).one().await?;
        Ok(account.map(|account| Credentials {
            person_id: PersonId::from_uuid(person.id),
            password_hash: account.password_hash,
            active: account.state == ACTIVE,
            email_proven: person.email_proven_at.is_some(),
        }))
    }

    /// A person's account, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn account(&self, person: PersonId) -> Result<Option<Account>> {
        let row = self.rows::<account::Entity>().filter(account::Column::PersonId.eq(person.uuid())).one().await?;
        row.map(|row| account_from_row(&row)).transpose()
    }

    /// The accounts of these people, those that there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn accounts(&self, people: impl IntoIterator<Item = PersonId>) -> Result<BTreeMap<PersonId, Account>> {
        let people = account::Column::PersonId.is_in(people.into_iter().map(Id::uuid));
        let rows = self.rows::<account::Entity>().filter(people).all().await?;
        rows.iter().map(|row| account_from_row(row).map(|account| (account.person_id, account))).collect()
    }

    /// The hash of a person's password, as a PHC string, where it has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn password_hash(&self, person: PersonId) -> Result<Option<String>> {
        let row = self.rows::<account::Entity>().filter(account::Column::PersonId.eq(person.uuid())).one().await?;
        Ok(row.and_then(|row| row.password_hash))
    }

    /// The grants of these people, of those who have any.
    ///
    /// # Errors
    /// The database's.
    pub async fn grants_of(&self, people: impl IntoIterator<Item = PersonId>) -> Result<BTreeMap<PersonId, BTreeSet<Grant>>> {
        let people = grant::Column::PersonId.is_in(people.into_iter().map(Id::uuid));
        let mut grants: BTreeMap<PersonId, BTreeSet<Grant>> = BTreeMap::new();
        for row in self.rows::<grant::Entity>().filter(people).all().await? {
            let name = word("grants", "name", &row.name)?;
            grants.entry(PersonId::from_uuid(row.person_id)).or_default().insert(name);
        }
        Ok(grants)
    }

    /// A page of those who have a grant, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn staff(&self, page: &PageRequest) -> Result<Page<Person>> {
        let granted = grant::Entity::find().select_only().column(grant::Column::PersonId);
        let rows = self.rows::<person::Entity>().filter(person::Column::Id.in_subquery(granted.into_query()));
        let at = |row: &person::Model| Position { key: Key::Text(row.name_key.clone()), id: row.id };
        rows.page(person::Column::NameKey, person::Column::Id, page, at).await?.try_map(Person::from_row)
    }

    /// A person's grants.
    ///
    /// # Errors
    /// The database's.
    pub async fn grants(&self, person: PersonId) -> Result<BTreeSet<Grant>> {
        let rows = self.rows::<grant::Entity>().filter(grant::Column::PersonId.eq(person.uuid())).all().await?;
        rows.iter().map(|row| word("grants", "name", &row.name)).collect()
    }
}

impl System<'_> {
    /// What a sign-in session stands for now; nothing, when it has ended or its account may not be used.
    ///
    /// # Errors
    /// The database's.
    pub async fn signed_in(&self, id: SignInId) -> Result<Option<SignedIn>> {
        let reader = &self.store.inner.reader;
        let Some(session) = sign_in::Entity::find_by_id(id.uuid()).one(reader).await.map_err(classify)? else { return Ok(None) };
        let ended = session.ended_at.is_some() || Timestamp::new(session.expires_at) <= self.store.environment().now();
        let coalition_id = CoalitionId::from_uuid(session.coalition_id);
        let read = match self.store.read(coalition_id).await {
            Ok(read) if !ended => read,
            Ok(_) | Err(crate::Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let accounts = read.rows::<account::Entity>().filter(account::Column::PersonId.eq(session.person_id));
        if accounts.filter(account::Column::State.eq(ACTIVE)).one().await?.is_none() {
            return Ok(None);
        }
        let person = PersonId::from_uuid(session.person_id);
        let actor = Actor::Person { id: person, grants: read.grants(person).await? };
        Ok(Some(SignedIn { coalition_id, actor }))
    }
}

impl Tx {
    /// Begins a sign-in session.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_sign_in(&self, session: &SignIn) -> Result<()> {
        let row = sign_in::ActiveModel {
            id: ActiveValue::Set(session.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            person_id: ActiveValue::Set(session.person_id.uuid()),
            refresh_hash: ActiveValue::Set(session.refresh_hash.to_vec()),
            created_at: ActiveValue::Set(self.process_now().utc()),
            expires_at: ActiveValue::Set(session.expires_at.utc()),
            ended_at: ActiveValue::Set(None),
        };
        self.add(vec![row]).await
    }

    /// Gives a person an account with this password, or the account this password.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_password(&self, person: PersonId, password_hash: &str) -> Result<()> {
        let now = self.process_now().utc();
        let columns = [(account::Column::PasswordHash, Expr::value(password_hash)), (account::Column::UpdatedAt, Expr::value(now))];
        if self.set::<account::Entity>(columns, account::Column::PersonId.eq(person.uuid())).await? == 1 {
            return Ok(());
        }
        let row = account::ActiveModel {
            person_id: ActiveValue::Set(person.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            password_hash: ActiveValue::Set(Some(password_hash.to_owned())),
            state: ActiveValue::Set(ACTIVE.to_owned()),
            created_at: ActiveValue::Set(now),
            updated_at: ActiveValue::Set(now),
        };
        self.add(vec![row]).await
    }

    /// Lets a person's account be used, or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_account_state(&mut self, person: PersonId, state: AccountState) -> Result<()> {
        let columns = [
            (account::Column::State, Expr::value(state.as_str())),
            (account::Column::UpdatedAt, Expr::value(self.process_now().utc())),
        ];
        self.set::<account::Entity>(columns, account::Column::PersonId.eq(person.uuid())).await.map(drop)
    }

    /// Those who own the coalition and can sign in; until the transaction ends, none of them is lost to another one.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_owners(&self) -> Result<Vec<PersonId>> {
        let owners = self.rows::<grant::Entity>().filter(grant::Column::Name.eq(Grant::Owner.as_str()));
        let owners = owners.order_by(grant::Column::PersonId, Order::Asc).lock().all().await?;
        let accounts = self.accounts(owners.iter().map(|row| PersonId::from_uuid(row.person_id))).await?;
        Ok(accounts
            .into_values()
            .filter(|account| account.state == AccountState::Active)
            .map(|account| account.person_id)
            .collect())
    }

    /// Takes a grant from a person.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_grant(&mut self, person: PersonId, name: Grant) -> Result<()> {
        let which = grant::Column::PersonId.eq(person.uuid()).and(grant::Column::Name.eq(name.as_str()));
        self.remove::<grant::Entity>(which).await.map(drop)
    }

    /// Ends a person's sessions, but for one; tells how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_sessions(&mut self, person: PersonId, except: Option<SignInId>) -> Result<u64> {
        let others = except.map_or_else(|| sign_in::Column::Id.is_not_null(), |kept| sign_in::Column::Id.ne(kept.uuid()));
        let ended = (sign_in::Column::EndedAt, Expr::value(self.process_now().utc()));
        let theirs = sign_in::Column::PersonId.eq(person.uuid()).and(sign_in::Column::EndedAt.is_null()).and(others);
        self.set::<sign_in::Entity>([ended], theirs).await
    }

    /// Gives a person a grant; tells whether it had it not yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn grant(&self, person: PersonId, name: Grant) -> Result<bool> {
        if self.grants(person).await?.contains(&name) {
            return Ok(false);
        }
        let row = grant::ActiveModel {
            person_id: ActiveValue::Set(person.uuid()),
            name: ActiveValue::Set(name.as_str().to_owned()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            created_at: ActiveValue::Set(self.process_now().utc()),
        };
        self.add(vec![row]).await.map(|()| true)
    }
}

fn account_from_row(row: &account::Model) -> Result<Account> {
    Ok(Account { person_id: PersonId::from_uuid(row.person_id), state: word("accounts", "state", &row.state)? })
}

const ACTIVE: &str = "active";
