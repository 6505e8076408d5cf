//! What time does by itself: jobs that run beside the requests.
//!
//! What always holds: nothing depends on a job having run. What is past its time is dead whether or not a job has said so; jobs only write it
//! down, and tell whoever waits.

use std::time::Duration;

use cohortium_store::{Result, Store};

const PAUSE: Duration = Duration::from_millis(250);

/// Runs the jobs until it is dropped.
pub async fn run(store: Store) {
    let mut last_seen = 0;
    loop {
        if let Err(error) = round(&store, &mut last_seen).await {
            tracing::warn!(%error, "a round of jobs failed; the next one tries again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One round: learn what other copies of the server wrote, and place what has no place in the journal yet.
///
/// # Errors
/// The database's.
async fn round(store: &Store, last_seen: &mut i64) -> Result<()> {
    let last = store.system().last_number().await?;
    if store.shared() && last != *last_seen {
        store.look_again();
    }
    *last_seen = last;
    for coalition in store.system().unsequenced().await? {
        store.system().sequence(coalition).await?;
    }
    Ok(())
}
