//! The table `stipend_installments`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stipend_installments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub stipend_id: Uuid,
    pub program_id: Uuid,
    pub cohort_id: Uuid,
    pub payee_id: Uuid,
    pub plan_key: String,
    pub place: i64,
    pub label: String,
    pub due_when: String,
    pub amount_minor: i64,
    pub currency: String,
    pub state: String,
    pub due_at: Option<DateTimeUtc>,
    pub marked_by: Option<Uuid>,
    pub approved_at: Option<DateTimeUtc>,
    pub approved_by: Option<Uuid>,
    pub settled_at: Option<DateTimeUtc>,
    pub paid_by: Option<Uuid>,
    pub paid_on: Option<Date>,
    pub reference: Option<String>,
    pub void_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
