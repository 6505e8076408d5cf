//! What time does by itself: jobs that run beside the requests.
//!
//! What always holds: nothing depends on a job having run. What is past its time is dead whether or not a job has said so; jobs
//! only write it down, and tell whoever waits.

use std::time::Duration;

use cohortium_store::{Origin, Result, Store};

use crate::due;
use crate::files::{self, FileStore};
use crate::mails::{self, Mailer};

const PAUSE: Duration = Duration::from_millis(250);
/// Every how many rounds what has fallen due is written down: once a second.
const ROUNDS_TO_SETTLING: u32 = 4;
/// Every how many rounds the seats are given that a promotion left over, or that nobody could have: every ten seconds.
const ROUNDS_TO_GIVING: u32 = 40;

/// How often it is looked for mails to be sent.
const MAIL_PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked for files that nothing stands for.
const FILES_PAUSE: Duration = Duration::from_mins(15);
/// For how many days a mail is kept, sent or not.
const MAILS_KEPT_DAYS: i64 = 30;
/// Every how many rounds what is old is forgotten: every hour.
const ROUNDS_TO_FORGETTING: u32 = 14_400;
/// For how many days a repeat with the same idempotency key gets the first answer.
const KEYS_KEPT_DAYS: i64 = 7;
/// For how many days a sign-in session is kept after its end, so that a token of it that is shown again is still known.
const SIGN_INS_KEPT_DAYS: i64 = 30;
/// For how many minutes the token of a client is kept after its end: longer than clocks may differ.
const CLIENT_TOKENS_KEPT_MINUTES: i64 = 10;

/// Runs the jobs until it is dropped. One that fails keeps no other from being done.
pub async fn run(store: Store) {
    let (mut seen, mut rounds) = (0, 0_u32);
    loop {
        rounds = rounds.wrapping_add(1);
        tell(round(&store, &mut seen).await);
        if rounds.is_multiple_of(ROUNDS_TO_SETTLING) {
            tell(settle(&store, rounds.is_multiple_of(ROUNDS_TO_GIVING)).await);
        }
        if rounds.is_multiple_of(ROUNDS_TO_FORGETTING) {
            tell(forget_old_keys(&store).await);
            tell(forget_old_sign_ins(&store).await);
            tell(store.system().forget_full_throttles().await.map(drop));
            tell(forget_old_mails(&store).await);
            tell(forget_old_client_tokens(&store).await);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn tell(done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "a job failed; the next round tries again");
    }
}

/// Sends the mails that are due, until it is dropped.
pub async fn send_mails(store: Store, mailer: impl Mailer) {
    loop {
        tell(send_due_mails(&store, &mailer).await);
        tokio::time::sleep(MAIL_PAUSE).await;
    }
}

/// Takes away the files that nothing stands for, until it is dropped.
pub async fn tidy_files(store: Store, files: impl FileStore) {
    loop {
        tell(remove_loose_files(&store, &files).await.map(drop));
        tokio::time::sleep(FILES_PAUSE).await;
    }
}

/// Takes away the files that nothing stands for; tells how many.
///
/// # Errors
/// The database's, or that of what keeps the files.
pub async fn remove_loose_files(store: &Store, files: &impl FileStore) -> Result<u64> {
    let coalitions: Vec<_> = store.system().coalitions().await?.into_iter().map(|coalition| coalition.id).collect();
    files::sweep(store, files, &coalitions).await
}

/// Sends the mails that are due, some at once.
///
/// # Errors
/// The database's.
pub async fn send_due_mails(store: &Store, mailer: &impl Mailer) -> Result<()> {
    for coalition in store.system().with_mails_due(store.environment().now()).await? {
        let deliver = || Box::pin(mails::deliver(store, coalition, mailer));
        tokio::try_join!(deliver(), deliver(), deliver(), deliver())?;
    }
    Ok(())
}

/// Forgets the mails that were asked for a month ago, and the links that nobody can use any more.
///
/// # Errors
/// The database's.
pub async fn forget_old_mails(store: &Store) -> Result<()> {
    let now = store.environment().now();
    let asked_before = now.plus_minutes(-MAILS_KEPT_DAYS * 24 * 60);
    for coalition in store.system().coalitions().await? {
        let forget = store.write(coalition.id, ORIGIN, async |tx| {
            tx.forget_mails_before(asked_before).await?;
            tx.forget_links_before(now).await
        });
        forget.await?;
    }
    Ok(())
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

/// One round: place what has no place in the journal yet, and learn thereby what other copies of the server wrote. `seen` is how
/// much had been placed when this copy last looked.
///
/// # Errors
/// The database's.
pub async fn round(store: &Store, seen: &mut i64) -> Result<()> {
    place(store).await?;
    let placed = store.system().placed().await?;
    if store.shared() && placed != *seen {
        store.look_again();
    }
    *seen = placed;
    Ok(())
}

/// Places what has no place in the journal yet, in all coalitions.
///
/// # Errors
/// The database's.
pub async fn place(store: &Store) -> Result<()> {
    for coalition in store.system().unsequenced().await? {
        store.system().sequence(coalition).await?;
    }
    Ok(())
}
