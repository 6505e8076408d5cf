//! The table `refresh_tokens`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub sign_in_id: Uuid,
    pub token_hash: Vec<u8>,
    pub created_at: DateTimeUtc,
    pub exchanged_at: Option<DateTimeUtc>,
    pub successor_id: Option<Uuid>,
    pub revoked_at: Option<DateTimeUtc>,
    pub access_used_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
