//! The table `journal`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub r#type: String,
    pub occurred_at: DateTimeUtc,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub origin: String,
    pub request_id: Option<Uuid>,
    pub subject_kind: String,
    pub subject_id: Uuid,
    pub data: Json,
    pub reason: Option<String>,
    pub position: Option<i64>,
    pub seal: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
