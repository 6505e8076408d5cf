//! Mails on their way, as rows.

use cohortium_domain::ids::{CoalitionId, Id, LinkId, MailId, PersonId};
use cohortium_domain::mails::{Mail, MailState};
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::dialect::classify;
use crate::entity::coalition;
use crate::entity::mail::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::record::{number, text, word};
use crate::{System, Tx};

const TABLE: &str = "mails";

impl System<'_> {
    /// The coalitions that have a mail which can be taken now.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_mails_due(&self, now: Timestamp) -> Result<Vec<CoalitionId>> {
        let there = coalition::Entity::find().select_only().column(coalition::Column::Id);
        let there = there.filter(coalition::Column::RetiredAt.is_null()).into_query();
        let query = Entity::find().select_only().column(Column::CoalitionId).distinct().filter(due(now));
        let query = query.filter(Column::CoalitionId.in_subquery(there));
        let ids: Vec<Uuid> = query.into_tuple().all(&self.store.inner.reader).await.map_err(classify)?;
        Ok(ids.into_iter().map(CoalitionId::from_uuid).collect())
    }
}

impl Tx {
    /// Adds a mail.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_mail(&self, mail: &Mail) -> Result<()> {
        let row = ActiveModel {
            id: ActiveValue::Set(mail.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            kind: ActiveValue::Set(mail.kind.as_str().to_owned()),
            person_id: ActiveValue::Set(mail.person_id.map(Id::uuid)),
            address: ActiveValue::Set(mail.address.as_str().to_owned()),
            link_id: ActiveValue::Set(mail.link_id.map(Id::uuid)),
            subject_id: ActiveValue::Set(mail.subject_id),
            state: ActiveValue::Set(mail.state.as_str().to_owned()),
            attempts: ActiveValue::Set(i64::from(mail.attempts)),
            next_attempt_at: ActiveValue::Set(mail.next_attempt_at.utc()),
            lease_until: ActiveValue::Set(mail.lease_until.map(Timestamp::utc)),
            created_at: ActiveValue::Set(mail.created_at.utc()),
            sent_at: ActiveValue::Set(mail.sent_at.map(Timestamp::utc)),
        };
        self.add(vec![row]).await
    }

    /// A mail that can be taken now, the longest due first, locked; those that others are just taking are passed over.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_mail_due(&self, now: Timestamp) -> Result<Option<Mail>> {
        let rows = self.rows::<Entity>().filter(due(now)).order_by(Column::NextAttemptAt, Order::Asc).limit(1);
        rows.lock_unless_locked().one().await?.map(|row| from_row(&row)).transpose()
    }

    /// Saves a mail, while it is in the hands of whoever had it with this lease; tells whether it still was.
    ///
    /// # Errors
    /// The database's.
    pub async fn save_mail(&self, mail: &Mail, lease: Option<Timestamp>) -> Result<bool> {
        let columns = [
            (Column::Kind, Expr::value(mail.kind.as_str())),
            (Column::PersonId, Expr::value(mail.person_id.map(Id::uuid))),
            (Column::Address, Expr::value(mail.address.as_str())),
            (Column::State, Expr::value(mail.state.as_str())),
            (Column::Attempts, Expr::value(i64::from(mail.attempts))),
            (Column::NextAttemptAt, Expr::value(mail.next_attempt_at.utc())),
            (Column::LeaseUntil, Expr::value(mail.lease_until.map(Timestamp::utc))),
            (Column::SentAt, Expr::value(mail.sent_at.map(Timestamp::utc))),
        ];
        let held = match lease {
            Some(lease) => Column::LeaseUntil.eq(lease.utc()),
            None => Column::LeaseUntil.is_null(),
        };
        Ok(self.set::<Entity>(columns, Column::Id.eq(mail.id.uuid()).and(held)).await? == 1)
    }

    /// Forgets the mails that were asked for before an instant; tells how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_mails_before(&self, instant: Timestamp) -> Result<u64> {
        self.remove::<Entity>(Column::CreatedAt.lt(instant.utc())).await
    }
}

/// The condition of [`Mail::due`].
fn due(now: Timestamp) -> SimpleExpr {
    let free = Column::LeaseUntil.is_null().or(Column::LeaseUntil.lte(now.utc()));
    Column::State.eq(MailState::Pending.as_str()).and(Column::NextAttemptAt.lte(now.utc())).and(free)
}

fn from_row(row: &Model) -> Result<Mail> {
    Ok(Mail {
        id: MailId::from_uuid(row.id),
        kind: word(TABLE, "kind", &row.kind)?,
        person_id: row.person_id.map(PersonId::from_uuid),
        address: text(TABLE, "address", &row.address, Email::new)?,
        link_id: row.link_id.map(LinkId::from_uuid),
        subject_id: row.subject_id,
        state: word(TABLE, "state", &row.state)?,
        attempts: number(TABLE, "attempts", row.attempts)?,
        next_attempt_at: Timestamp::new(row.next_attempt_at),
        lease_until: row.lease_until.map(Timestamp::new),
        created_at: Timestamp::new(row.created_at),
        sent_at: row.sent_at.map(Timestamp::new),
    })
}
