//! Accounts and grants: who may come in, and with which rights.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::Grant;
use cohortium_domain::accounts::{Account, AccountState};
use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::people::Person;
use cohortium_domain::text::Email;
use cohortium_domain::words::Word;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QuerySelect, QueryTrait};

use crate::entity::{account, grant, person};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, word};
use crate::{Read, Tx};

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

impl Tx {
    /// Gives a person an account with this password, or the account this password.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_password(&mut self, person: PersonId, password_hash: &str) -> Result<()> {
        self.touch_access();
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
        self.touch_access();
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
        self.touch_access();
        let which = grant::Column::PersonId.eq(person.uuid()).and(grant::Column::Name.eq(name.as_str()));
        self.remove::<grant::Entity>(which).await.map(drop)
    }

    /// Gives a person a grant; tells whether it had it not yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn grant(&mut self, person: PersonId, name: Grant) -> Result<bool> {
        if self.grants(person).await?.contains(&name) {
            return Ok(false);
        }
        self.touch_access();
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

/// The state of an account that may be used.
pub(crate) const ACTIVE: &str = "active";
