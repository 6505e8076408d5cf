//! The table `throttles`, which belongs to no coalition.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "throttles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Vec<u8>,
    pub full_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
