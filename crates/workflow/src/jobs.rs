//! What time does by itself: jobs that run beside the requests.
//!
//! What always holds: nothing depends on a job having run. What is past its time is dead whether or not a job has said so; jobs only write it
//! down, and tell whoever waits.

use std::time::Duration;

use cohortium_store::{Error, Origin, Result, Store};

use crate::due;

const PAUSE: Duration = Duration::from_millis(250);
/// Every how many rounds what has fallen due is written down: once a second.
const ROUNDS_TO_SETTLING: u32 = 4;
/// Every how many rounds the seats are given that a promotion left over, or that nobody could have: every ten seconds.
const ROUNDS_TO_GIVING: u32 = 40;

/// Every how many rounds old idempotency keys, sessions and tokens are forgotten: every hour.
const ROUNDS_TO_FORGETTING: u32 = 14_400;
/// For how many days a repeat with the same idempotency key gets the first answer.
const KEYS_KEPT_DAYS: i64 = 7;
/// For how many days a sign-in session is kept after its end, so that a token of it that is shown again is still known.
const SIGN_INS_KEPT_DAYS: i64 = 30;
/// For how many minutes the token of a client is kept after its end: longer than clocks may differ.
const CLIENT_TOKENS_KEPT_MINUTES: i64 = 10;

/// Runs the jobs until it is dropped.
pub async fn run(store: Store) {
    let (mut last_seen, mut rounds) = (0, 0_u32);
    loop {
        rounds = rounds.wrapping_add(1);
        let round = async {
            round(&store, &mut last_seen).await?;
            if rounds.is_multiple_of(ROUNDS_TO_SETTLING) {
                settle(&store, rounds.is_multiple_of(ROUNDS_TO_GIVING)).await?;
            }
            if rounds.is_multiple_of(ROUNDS_TO_FORGETTING) {
                forget_old_keys(&store).await?;
                forget_old_sign_ins(&store).await?;
                forget_old_client_tokens(&store).await?;
                store.system().forget_full_throttles().await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = round.await {
            tracing::warn!(%error, "a round of jobs failed; the next one tries again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writes down what has fallen due in all coalitions; and where that is asked, gives the seats that there are to give.
///
/// # Errors
/// The database's.
pub async fn settle(store: &Store, give: bool) -> Result<()> {
    for coalition in store.system().coalitions().await? {
        let read = store.read(coalition.id).await?;
        let mut all = due::now_due(&read).await?;
        if give {
            all.extend(due::with_seats_to_give(&read).await?);
        }
        for one in all {
            store.write(coalition.id, ORIGIN, async |tx| due::run(tx, one).await).await?;
        }
    }
    Ok(())
}

/// Forgets the idempotency keys that have been kept as long as was promised.
///
/// # Errors
/// The database's.
pub async fn forget_old_keys(store: &Store) -> Result<()> {
    let before = store.environment().now().plus_minutes(-KEYS_KEPT_DAYS * 24 * 60);
    for coalition in store.system().coalitions().await? {
        store.write(coalition.id, ORIGIN, async |tx| tx.forget_keys_before(before).await).await?;
    }
    Ok(())
}

/// Forgets the sign-in sessions that ended long ago, with their tokens.
///
/// # Errors
/// The database's.
pub async fn forget_old_sign_ins(store: &Store) -> Result<()> {
    let before = store.environment().now().plus_minutes(-SIGN_INS_KEPT_DAYS * 24 * 60);
    for coalition in store.system().coalitions().await? {
        store.write(coalition.id, ORIGIN, async |tx| tx.forget_sign_ins_before(before).await).await?;
    }
    Ok(())
}

/// Forgets the tokens of API clients that have expired.
///
/// # Errors
/// The database's.
pub async fn forget_old_client_tokens(store: &Store) -> Result<()> {
    let before = store.environment().now().plus_minutes(-CLIENT_TOKENS_KEPT_MINUTES);
    for coalition in store.system().coalitions().await? {
        store.write(coalition.id, ORIGIN, async |tx| tx.forget_client_tokens_before(before).await).await?;
    }
    Ok(())
}

const ORIGIN: Origin = Origin { door: "job", request_id: None };

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
