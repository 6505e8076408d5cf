//! One-time links, as rows.

use cohortium_domain::ids::{CoalitionId, Id, LinkId, PersonId};
use cohortium_domain::links::{Link, LinkKind, Registration, TokenHash};
use cohortium_domain::text::{Email, Name};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter};

use crate::dialect::classify;
use crate::entity::link::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{text, word};
use crate::{Read, System, Tx};

const TABLE: &str = "links";
/// Held by two that are asked for at once: the later one overtakes the other when it is run again.
const NEWEST: &str = "links_coalition_id_kind_email_key";

impl System<'_> {
    /// In which coalition there is a link with this token.
    ///
    /// # Errors
    /// The database's.
    pub async fn coalition_of_link(&self, token: &TokenHash) -> Result<Option<CoalitionId>> {
        let query = Entity::find().filter(Column::TokenHash.eq(token.to_vec()));
        let row = query.one(&self.store.inner.reader).await.map_err(classify)?;
        Ok(row.map(|row| CoalitionId::from_uuid(row.coalition_id)))
    }
}

impl Read {
    /// The link with this token.
    ///
    /// # Errors
    /// The database's.
    pub async fn link_by_token(&self, token: &TokenHash) -> Result<Option<Link>> {
        self.rows::<Entity>().filter(Column::TokenHash.eq(token.to_vec())).one().await?.map(from_row).transpose()
    }

    /// The link with this id.
    ///
    /// # Errors
    /// The database's.
    pub async fn link(&self, id: LinkId) -> Result<Option<Link>> {
        self.rows::<Entity>().filter(Column::Id.eq(id.uuid())).one().await?.map(from_row).transpose()
    }

    /// The link by which whoever has this address registers.
    ///
    /// # Errors
    /// The database's.
    pub async fn link_to_register(&self, email: &Email) -> Result<Option<Link>> {
        let rows = self.rows::<Entity>().filter(Column::Kind.eq(LinkKind::Register.as_str()));
        rows.filter(Column::EmailKey.eq(email.normalized())).one().await?.map(from_row).transpose()
    }
}

impl Tx {
    /// Adds a link, which overtakes those of its kind to the same address and those of its kind and the same person, where it is of
    /// such a kind.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_link(&self, link: &Link) -> Result<()> {
        let same_address = Column::EmailKey.eq(link.email.normalized());
        let same = match link.person_id {
            Some(person) => same_address.or(Column::PersonId.eq(person.uuid())),
            None => same_address,
        };
        if link.kind.one_at_a_time() {
            self.remove::<Entity>(Column::Kind.eq(link.kind.as_str()).and(same)).await?;
        }
        let registration = link.registration.as_ref();
        let row = ActiveModel {
            id: ActiveValue::Set(link.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            kind: ActiveValue::Set(link.kind.as_str().to_owned()),
            person_id: ActiveValue::Set(link.person_id.map(Id::uuid)),
            email: ActiveValue::Set(link.email.as_str().to_owned()),
            email_key: ActiveValue::Set(link.email.normalized()),
            given_name: ActiveValue::Set(registration.map(|given| given.given_name.as_str().to_owned())),
            family_name: ActiveValue::Set(registration.map(|given| given.family_name.as_str().to_owned())),
            token_hash: ActiveValue::Set(None),
            created_at: ActiveValue::Set(link.created_at.utc()),
            expires_at: ActiveValue::Set(link.expires_at.utc()),
        };
        match self.add(vec![row]).await {
            Err(Error::NotUnique(index)) if index == NEWEST => {
                Err(Error::Conflict("another link was asked for meanwhile".to_owned()))
            }
            added => added,
        }
    }

    /// Gives a link its token, in place of any that it had, and its person, where that is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_token(&self, link: LinkId, person: Option<PersonId>, token: &TokenHash) -> Result<()> {
        let columns = [(Column::TokenHash, Expr::value(token.to_vec())), (Column::PersonId, Expr::value(person.map(Id::uuid)))];
        self.set::<Entity>(columns, Column::Id.eq(link.uuid())).await.map(drop)
    }

    /// Uses a link up; tells whether it was there to be used.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_up(&self, link: LinkId) -> Result<bool> {
        Ok(self.remove::<Entity>(Column::Id.eq(link.uuid())).await? == 1)
    }

    /// Ends a person's links of these kinds.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_links(&self, person: PersonId, kinds: &[LinkKind]) -> Result<u64> {
        let of_kind = Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str()));
        self.remove::<Entity>(Column::PersonId.eq(person.uuid()).and(of_kind)).await
    }

    /// Forgets the links that were good until before an instant; tells how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_links_before(&self, instant: Timestamp) -> Result<u64> {
        self.remove::<Entity>(Column::ExpiresAt.lt(instant.utc())).await
    }
}

fn from_row(row: Model) -> Result<Link> {
    let registration = match (row.given_name, row.family_name) {
        (Some(given), Some(family)) => Some(Registration {
            given_name: text(TABLE, "given_name", &given, Name::new)?,
            family_name: text(TABLE, "family_name", &family, Name::new)?,
        }),
        _ => None,
    };
    Ok(Link {
        id: LinkId::from_uuid(row.id),
        kind: word(TABLE, "kind", &row.kind)?,
        person_id: row.person_id.map(PersonId::from_uuid),
        email: text(TABLE, "email", &row.email, Email::new)?,
        registration,
        created_at: Timestamp::new(row.created_at),
        expires_at: Timestamp::new(row.expires_at),
    })
}
