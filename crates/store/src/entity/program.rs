//! The table `programs`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "programs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub slug: String,
    pub name: String,
    pub name_key: String,
    pub description: Option<String>,
    pub school_year: String,
    pub time_zone: String,
    pub delivery: String,
    pub enrollment_mode: String,
    pub capacity_min: i64,
    pub capacity_max: i64,
    pub hold_days: i64,
    pub offer_days: i64,
    pub grace_minutes: i64,
    pub anywhere_on_earth: bool,
    pub one_cohort: bool,
    pub joining: Json,
    pub published_at: Option<DateTimeUtc>,
    pub finalized_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    pub cancelled_at: Option<DateTimeUtc>,
    pub cancel_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
