//! DCSC's year 2019-20: a coalition of charter schools, a call for proposals, four cohorts.

use cohortium_domain::access::Grant;
use cohortium_domain::time::Timestamp;
use cohortium_store::Store;

use super::stage::{Played, Stage};

/// Where the coalition lives.
pub(super) const ZONE: &str = "America/New_York";

/// As whom one can sign in: role, name, address.
pub(super) const SIGN_INS: &[(&str, &str, &str)] = &[
    ("owner", "Odessa Grant", "owner@dcsc.example"),
    ("staff", "Stella Ortiz", "staff@dcsc.example"),
    ("reviewer", "Rafael Okoye", "reviewer@dcsc.example"),
];

/// Plays the year up to an instant.
pub(super) async fn play(store: &Store, until: Timestamp) -> Played {
    let mut stage = Stage::set(store, "dcsc", "Diverse Charter Schools Coalition", ZONE, "2019-08-26 09:00", until).await?;
    stage.enter("owner", ("Odessa", "Grant"), "owner@dcsc.example", &[Grant::Owner]).await?;
    stage.enter("staff", ("Stella", "Ortiz"), "staff@dcsc.example", &[Grant::Staff]).await?;
    stage.enter("reviewer", ("Rafael", "Okoye"), "reviewer@dcsc.example", &[Grant::Reviewer]).await?;
    stage.reach("2019-09-03 09:00").await?;
    stage.land().await
}
