//! Second factors and recovery codes, as rows.

use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::second_factor::{Confirmed, Sealed, SecondFactor};
use cohortium_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue, ColumnTrait};

use crate::entity::{account, recovery_code, totp_secret};
use crate::error::{Error, Result};
use crate::record::number;
use crate::{Read, Tx};

const TABLE: &str = "totp_secrets";

impl Read {
    /// A person's second factor.
    ///
    /// # Errors
    /// The database's.
    pub async fn second_factor(&self, person: PersonId) -> Result<SecondFactor> {
        let rows = self.rows::<totp_secret::Entity>().filter(totp_secret::Column::PersonId.eq(person.uuid()));
        rows.one().await?.map_or_else(|| Ok(SecondFactor::none(person)), from_row)
    }

    /// How many of a person's recovery codes were not used.
    ///
    /// # Errors
    /// The database's.
    pub async fn recovery_codes_left(&self, person: PersonId) -> Result<u64> {
        let rows = self.rows::<recovery_code::Entity>().filter(recovery_code::Column::PersonId.eq(person.uuid()));
        rows.filter(recovery_code::Column::UsedAt.is_null()).count().await
    }
}

impl Tx {
    /// A person's second factor. Until the transaction ends nobody else looks at a code of it, nor begins a session of the
    /// person's.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_second_factor(&self, person: PersonId) -> Result<SecondFactor> {
        // Where there is none yet there is nothing but the account to lock.
        self.rows::<account::Entity>().filter(account::Column::PersonId.eq(person.uuid())).lock().one().await?;
        self.second_factor(person).await
    }

    /// Saves a person's second factor.
    ///
    /// # Errors
    /// The database's.
    pub async fn save_second_factor(&self, factor: &SecondFactor) -> Result<()> {
        use totp_secret::Column;
        let confirmed = factor.confirmed.as_ref();
        let secret = confirmed.map(|confirmed| confirmed.secret.0.clone());
        let pending = factor.pending.as_ref().map(|pending| pending.0.clone());
        let confirmed_at = confirmed.map(|confirmed| confirmed.at.utc());
        let last_step = confirmed.map(|confirmed| confirmed.last_step);
        let (wrong_codes, blocked_until) = (i64::from(factor.wrong_codes), factor.blocked_until.map(Timestamp::utc));
        let columns = [
            (Column::Secret, Expr::value(secret.clone())),
            (Column::PendingSecret, Expr::value(pending.clone())),
            (Column::ConfirmedAt, Expr::value(confirmed_at)),
            (Column::LastStep, Expr::value(last_step)),
            (Column::WrongCodes, Expr::value(wrong_codes)),
            (Column::BlockedUntil, Expr::value(blocked_until)),
        ];
        if self.set::<totp_secret::Entity>(columns, Column::PersonId.eq(factor.person_id.uuid())).await? == 1 {
            return Ok(());
        }
        let row = totp_secret::ActiveModel {
            person_id: ActiveValue::Set(factor.person_id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            secret: ActiveValue::Set(secret),
            pending_secret: ActiveValue::Set(pending),
            created_at: ActiveValue::Set(self.process_now().utc()),
            confirmed_at: ActiveValue::Set(confirmed_at),
            last_step: ActiveValue::Set(last_step),
            wrong_codes: ActiveValue::Set(wrong_codes),
            blocked_until: ActiveValue::Set(blocked_until),
        };
        self.add(vec![row]).await
    }

    /// Takes a person's second factor away, with its recovery codes.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_second_factor(&self, person: PersonId) -> Result<()> {
        self.replace_recovery_codes(person, &[]).await?;
        self.remove::<totp_secret::Entity>(totp_secret::Column::PersonId.eq(person.uuid())).await.map(drop)
    }

    /// Gives a person recovery codes, known by their hashes, in place of all it had.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace_recovery_codes(&self, person: PersonId, hashes: &[[u8; 32]]) -> Result<()> {
        self.remove::<recovery_code::Entity>(recovery_code::Column::PersonId.eq(person.uuid())).await?;
        let row = |hash: &[u8; 32]| recovery_code::ActiveModel {
            code_hash: ActiveValue::Set(hash.to_vec()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            person_id: ActiveValue::Set(person.uuid()),
            created_at: ActiveValue::Set(self.process_now().utc()),
            used_at: ActiveValue::Set(None),
        };
        self.add(hashes.iter().map(row).collect()).await
    }

    /// Uses up the person's recovery code with this hash; tells whether there was one to use.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_recovery_code(&self, person: PersonId, hash: [u8; 32]) -> Result<bool> {
        use recovery_code::Column;
        let unused = Column::CodeHash.eq(hash.to_vec()).and(Column::PersonId.eq(person.uuid())).and(Column::UsedAt.is_null());
        let used = (Column::UsedAt, Expr::value(self.process_now().utc()));
        Ok(self.set::<recovery_code::Entity>([used], unused).await? == 1)
    }
}

fn from_row(row: totp_secret::Model) -> Result<SecondFactor> {
    let confirmed = match (row.secret, row.confirmed_at, row.last_step) {
        (None, None, None) => None,
        (Some(secret), Some(at), Some(last_step)) => Some(Confirmed { secret: Sealed(secret), at: Timestamp::new(at), last_step }),
        _ => return Err(Error::corrupt(TABLE, "confirmed_at")),
    };
    Ok(SecondFactor {
        person_id: PersonId::from_uuid(row.person_id),
        confirmed,
        pending: row.pending_secret.map(Sealed),
        wrong_codes: number(TABLE, "wrong_codes", row.wrong_codes)?,
        blocked_until: row.blocked_until.map(Timestamp::new),
    })
}
