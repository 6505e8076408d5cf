//! The table `verifications`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "verifications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub employment_id: Uuid,
    pub person_id: Uuid,
    pub program_id: Uuid,
    pub state: String,
    pub settled_at: Option<DateTimeUtc>,
    pub evidence_after: Option<DateTimeUtc>,
    pub evidence_id: Option<Uuid>,
    pub evidence_kind: Option<String>,
    pub valid_until: Option<DateTimeUtc>,
    pub renewal_due_at: Option<DateTimeUtc>,
    pub cause: Option<String>,
    pub reason: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
