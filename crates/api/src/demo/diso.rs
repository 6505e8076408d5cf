//! DISO's year 2024-25: a state education office, six cohorts led by its own team, applications reviewed as they come.

use cohortium_domain::access::Grant;
use cohortium_domain::time::Timestamp;
use cohortium_store::Store;

use super::stage::{Played, Stage};

/// Where the office is.
const ZONE: &str = "America/Denver";

/// As whom one can sign in: role, name, address.
pub(super) const SIGN_INS: &[(&str, &str, &str)] =
    &[("owner", "Orla Whitfield", "owner@diso.example"), ("staff", "Silas Begay", "staff@diso.example")];

/// Plays the year up to an instant.
pub(super) async fn play(store: &Store, until: Timestamp) -> Played {
    let mut stage = Stage::set(store, "diso", "DISO", ZONE, "2024-08-01 09:00", until).await?;
    stage.enter("owner", ("Orla", "Whitfield"), "owner@diso.example", &[Grant::Owner]).await?;
    stage.enter("staff", ("Silas", "Begay"), "staff@diso.example", &[Grant::Staff]).await?;
    stage.reach("2024-08-12 09:00").await?;
    stage.land().await
}
