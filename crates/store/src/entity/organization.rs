//! The table `organizations`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub name: String,
    pub name_key: String,
    pub kind: String,
    pub parent_id: Option<Uuid>,
    pub state: String,
    pub nces_id: Option<String>,
    pub locale: Option<String>,
    pub email_domains: Json,
    pub external_id: Option<String>,
    pub membership: String,
    pub membership_starts_on: Option<Date>,
    pub membership_ends_on: Option<Date>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
