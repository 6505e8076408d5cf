//! Accounts and grants: who may come in, and with which rights.

use std::collections::BTreeSet;

use cohortium_domain::access::Grant;
use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::text::Email;
use cohortium_domain::words::Word;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue, ColumnTrait};

use crate::entity::{account, grant, person};
use crate::error::Result;
use crate::record::word;
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

    /// The hash of a person's password, as a PHC string, where it has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn password_hash(&self, person: PersonId) -> Result<Option<String>> {
        let row = self.rows::<account::Entity>().filter(account::Column::PersonId.eq(person.uuid())).one().await?;
        Ok(row.and_then(|row| row.password_hash))
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

/// The state of an account that may be used.
pub(crate) const ACTIVE: &str = "active";
