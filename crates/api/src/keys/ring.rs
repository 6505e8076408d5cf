//! Which key signs at an instant, and which are good.
//!
//! What always holds: it follows from the keys and the instant alone, so copies of the server that know the same keys agree. A copy
//! that has not seen the newest key yet signs with one that all others still take.

use chrono::Duration;
use cohortium_domain::time::Timestamp;

use super::{Jwk, SigningKey, SignsFrom};
use crate::tokens::{ACCESS_SECONDS, LEEWAY_SECONDS};

/// How long a key is good when the next one has begun to sign: as long as its last token, and an hour for copies that are slow to
/// see it.
const OVERLAP_SECONDS: i64 = ACCESS_SECONDS + LEEWAY_SECONDS + 3_600;

/// Keys, in the order in which they sign.
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    /// Of these keys.
    #[must_use]
    pub fn new(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|one, other| (one.signs_from, &one.kid).cmp(&(other.signs_from, &other.kid)));
        Self { keys }
    }

    /// The key that signs: the last that has begun to, and where none has, the first that will.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<&SigningKey> {
        let begun = self.keys.iter().rev().find(|key| key.signs_from <= SignsFrom::At(now));
        begun.or_else(|| self.keys.first())
    }

    /// The key of this name, as long as what it signed is good.
    #[must_use]
    pub fn good(&self, kid: &str, now: Timestamp) -> Option<&SigningKey> {
        self.living(now).find(|key| key.kid == kid)
    }

    /// The public keys of those that are good, the newest first.
    #[must_use]
    pub fn published(&self, now: Timestamp) -> Vec<Jwk> {
        let mut keys: Vec<Jwk> = self.living(now).map(|key| key.jwk.clone()).collect();
        keys.reverse();
        keys
    }

    /// The key that is published and does not sign yet.
    #[must_use]
    pub fn waiting(&self, now: Timestamp) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.signs_from > SignsFrom::At(now))
    }

    /// The keys of which nothing is good any more.
    pub fn dead(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.with_successors().filter(move |(_, next)| is_over(*next, now)).map(|(key, _)| key)
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the demo made one of the keys.
    #[must_use]
    pub fn has_demo_key(&self) -> bool {
        self.keys.iter().any(|key| key.of_demo)
    }

    /// Whether these are the same keys, each signing from the same instant.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let told = |key: &SigningKey| (key.kid.clone(), key.signs_from);
        self.keys.iter().map(told).eq(other.keys.iter().map(told))
    }

    fn living(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.with_successors().filter(move |(_, next)| !is_over(*next, now)).map(|(key, _)| key)
    }

    fn with_successors(&self) -> impl Iterator<Item = (&SigningKey, Option<&SigningKey>)> {
        let successors = self.keys.iter().skip(1).map(Some).chain([None]);
        self.keys.iter().zip(successors)
    }
}

/// Whether a key is over, which this one follows.
fn is_over(successor: Option<&SigningKey>, now: Timestamp) -> bool {
    match successor.map(|key| key.signs_from) {
        Some(SignsFrom::At(begun)) => begun.plus(Duration::seconds(OVERLAP_SECONDS)) <= now,
        Some(SignsFrom::Never) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(signs_from: SignsFrom) -> SigningKey {
        SigningKey::from_pkcs8(SigningKey::generate().unwrap().as_ref(), signs_from).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_key_signs_until_the_next_one_begins_and_is_good_for_its_last_token_and_an_hour() {
        let (old, new) = (key(SignsFrom::At(at(0))), key(SignsFrom::At(at(100_000))));
        let (first, second) = (old.kid.clone(), new.kid.clone());
        let ring = KeyRing::new(vec![new, old]);
        let signs = |now| ring.current(at(now)).unwrap().kid.as_str();
        let good = |kid: &str, now| ring.good(kid, at(now)).is_some();
        let over = 100_000 + 600 + 30 + 3_600;
        assert_eq!([0, 99_999, 100_000, over].map(signs), [&first, &first, &second, &second]);
        assert_eq!([0, 99_999, 100_000, over - 1, over].map(|now| good(&first, now)), [true, true, true, true, false]);
        assert!([0, 99_999, 100_000, over].iter().all(|now| good(&second, *now)), "a key is good before it signs");
        let published = |now| ring.published(at(now)).into_iter().map(|jwk| jwk.kid).collect::<Vec<_>>();
        assert_eq!(published(over - 1), [second.clone(), first.clone()]);
        assert_eq!(published(over), std::slice::from_ref(&second));
        assert_eq!(ring.dead(at(over)).map(|key| &key.kid).collect::<Vec<_>>(), [&first]);
        assert_eq!((ring.waiting(at(99_999)).map(|key| &key.kid), ring.waiting(at(100_000)).is_some()), (Some(&second), false));
    }

    #[test]
    fn the_first_key_signs_even_before_its_time() {
        let ring = KeyRing::new(vec![key(SignsFrom::At(at(50))), key(SignsFrom::At(at(100)))]);
        assert_eq!(ring.current(at(0)).unwrap().signs_from, SignsFrom::At(at(50)));
        assert!(KeyRing::new(Vec::new()).current(at(0)).is_none());
    }

    #[test]
    fn a_key_that_never_signs_ends_no_other() {
        let ring = KeyRing::new(vec![key(SignsFrom::Never), key(SignsFrom::At(at(0))), key(SignsFrom::Never)]);
        assert_eq!(ring.current(at(1_000_000)).unwrap().signs_from, SignsFrom::At(at(0)));
        assert_eq!((ring.published(at(1_000_000)).len(), ring.dead(at(1_000_000)).count()), (3, 0));
    }
}
