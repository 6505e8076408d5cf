//! Throttles: how often what can be guessed at, or sends mail, can be tried.
//!
//! A throttle is a token bucket: so many at once, then one in every so long. All that has to be remembered of one is when it is
//! full again, so it forgets by itself. What always holds: nobody is kept out for good by what strangers do, and a refused attempt
//! costs nothing. All of this runs by the process's clock.

use std::num::NonZeroU16;

use chrono::Duration;

use crate::time::Timestamp;

/// A kind of token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Its name.
    pub name: &'static str,
    /// How many at once.
    pub burst: i32,
    /// How long until one more.
    pub every: Duration,
}

/// Wrong passwords from one network for one account: five, then one in three minutes.
pub const WRONG_PASSWORDS_FROM_NETWORK: Throttle =
    Throttle { name: "wrong_passwords_from_network", burst: 5, every: Duration::minutes(3) };
/// Wrong passwords for one account, from wherever: twenty an hour.
pub const WRONG_PASSWORDS: Throttle = Throttle { name: "wrong_passwords", burst: 20, every: Duration::minutes(3) };
/// Wrong passwords in a row for one account: a hundred, then none until the right one was mailed for and set (NIST SP 800-63B-4,
/// 3.2.2).
pub const PASSWORD_GUESSES: Throttle = Throttle { name: "password_guesses", burst: 100, every: Duration::days(365) };
/// Refreshes of one session: thirty a minute.
pub const REFRESHES: Throttle = Throttle { name: "refreshes", burst: 30, every: Duration::seconds(2) };
/// Tokens for one API client: sixty, then six a minute. One is good for ten minutes.
pub const CLIENT_TOKENS: Throttle = Throttle { name: "client_tokens", burst: 60, every: Duration::seconds(10) };
/// Mails that anybody can have sent to one address: three, then one an hour.
pub const MAILS_TO_ADDRESS: Throttle = Throttle { name: "mails_to_address", burst: 3, every: Duration::hours(1) };
/// Mails that can be asked for from one network: twenty, then twenty an hour.
pub const MAILS: Throttle = Throttle { name: "mails", burst: 20, every: Duration::minutes(3) };

/// Supervisors whom one person can have asked: five, then one in four hours.
pub const ATTESTATIONS: Throttle = Throttle { name: "attestations", burst: 5, every: Duration::hours(4) };

/// Sign-ins from one network, behind which a whole school may stand: so many a minute, after twice as many at once.
#[must_use]
pub fn sign_ins(per_minute: NonZeroU16) -> Throttle {
    let per_minute = i32::from(per_minute.get());
    Throttle { name: "sign_ins", burst: 2 * per_minute, every: Duration::minutes(1) / per_minute }
}

impl Throttle {
    /// Takes one from the bucket that is full again at this instant; gives back when it will be full then.
    ///
    /// # Errors
    /// When the next one can be had.
    pub fn take(&self, full_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Timestamp> {
        let empty_from = now.plus(self.every * self.burst);
        // A bucket is never emptier than empty: a clock that was set back makes nobody wait longer.
        let full_at = full_at.map_or(now, |full_at| full_at.clamp(now, empty_from)).plus(self.every);
        if full_at <= empty_from { Ok(full_at) } else { Err(now.plus(full_at.utc() - empty_from.utc())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    const THREE: Throttle = Throttle { name: "three", burst: 3, every: Duration::seconds(10) };

    #[test]
    fn so_many_at_once_then_one_in_every_so_long() {
        let mut full_at = None;
        for _ in 0..3 {
            full_at = Some(THREE.take(full_at, at(0)).unwrap());
        }
        assert_eq!(THREE.take(full_at, at(0)), Err(at(10)));
        assert_eq!(THREE.take(full_at, at(9)), Err(at(10)));
        full_at = Some(THREE.take(full_at, at(10)).unwrap());
        assert_eq!(THREE.take(full_at, at(10)), Err(at(20)));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
        assert_eq!(THREE.take(Some(at(7_200)), at(0)), Err(at(10)));
    }

    #[test]
    fn a_bucket_left_alone_is_full_again_and_never_fuller() {
        let mut full_at = Some(at(0));
        for taken in 0..4 {
            let outcome = THREE.take(full_at, at(1_000));
            assert_eq!(outcome.is_ok(), taken < 3);
            full_at = outcome.ok().or(full_at);
        }
    }
}
