//! Passwords, as they are chosen.
//!
//! What always holds: a password is long rather than complicated (NIST SP 800-63B-4: 15 characters where it is the only factor),
//! taken whole, spaces and all, and never shown; composed and decomposed letters are one (NFKC). It is none of those that are tried
//! first, and does not say who chose it, or where. Left out on purpose: how one is hashed, and how many guesses one withstands,
//! which is measured outside.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::refusal::{FaultCode, Refusal};
use crate::text::{Email, Name, Slug, TextFault};

/// The least number of characters.
pub const PASSWORD_MIN: usize = 15;
/// The greatest number of characters.
pub const PASSWORD_MAX: usize = 128;
/// Where a password stands in whatever is sent.
pub const POINTER: &str = "#/password";

/// The name of what is signed in to.
const PRODUCT: &str = "cohortium";
/// A shorter word stands in too many others to tell anything.
const SHORTEST_TELLING_WORD: usize = 4;
/// The common passwords that are long enough to be taken otherwise, in order. `NOTICE` says where they come from.
const COMMON: &str = include_str!("common.txt");

/// A password that somebody chose.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password of a length that can be accepted.
    ///
    /// # Errors
    /// Says which bound it breaks.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        let text: String = text.nfkc().collect();
        match text.chars().count() {
            n if n < PASSWORD_MIN => Err(TextFault::TooShort { min: PASSWORD_MIN }),
            n if n > PASSWORD_MAX => Err(TextFault::TooLong { max: PASSWORD_MAX }),
            _ => Ok(Self(text)),
        }
    }

    /// The same, from a request.
    ///
    /// # Errors
    /// A fault at [`POINTER`].
    pub fn sent(text: &str) -> Result<Self, Refusal> {
        Self::new(text).map_err(|fault| Refusal::invalid(POINTER, fault.code(), fault.to_string()))
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Goes on when it is not easily guessed.
    ///
    /// # Errors
    /// [`FaultCode::PasswordTooCommon`], with the reason.
    pub fn withstands(&self, hints: &Hints, strength: Strength) -> Result<(), Refusal> {
        let folded = self.0.to_lowercase();
        let common = COMMON.lines().any(|line| line == folded);
        let said = match hints.told_by(&folded) {
            _ if common => "It is one of those that are tried first: choose another".to_owned(),
            Some(word) => format!("It contains \"{word}\", which others know of you or of the coalition: choose another"),
            None if strength < Strength::LEAST => "It is guessed too easily: take more words, and rarer ones".to_owned(),
            None => return Ok(()),
        };
        Err(Refusal::invalid(POINTER, FaultCode::PasswordTooCommon, said))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How many guesses a password withstands, on the scale of zxcvbn: 0 for the fewest, 4 for the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(pub u8);

impl Strength {
    /// Less is refused: ten thousand million guesses, which a few common words with digits behind them do not withstand.
    const LEAST: Self = Self(4);
}

/// What others know of whoever chooses a password, and of where it is to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// What must not stand in the password.
    telling: Vec<String>,
    /// What may, but makes it easier to guess.
    known: Vec<String>,
}

impl Hints {
    /// Of the one with this address, in a coalition of this slug and name; the name is empty where it is not known.
    #[must_use]
    pub fn new(email: &Email, slug: &Slug, coalition: &str) -> Self {
        let local = email.as_str().split('@').next().unwrap_or_default();
        let words = coalition.split(|c: char| !c.is_alphanumeric());
        let all = [email.as_str(), local, slug.as_str(), PRODUCT].into_iter().chain(words);
        let known: Vec<String> = all.map(str::to_lowercase).filter(|word| !word.is_empty()).collect();
        let telling = known.iter().filter(|word| word.chars().count() >= SHORTEST_TELLING_WORD).cloned().collect();
        Self { telling, known }
    }

    /// The same, with the names of the person: common words, that may stand in a password.
    #[must_use]
    pub fn named(mut self, names: [&Name; 2]) -> Self {
        self.known.extend(names.map(|name| name.as_str().to_lowercase()));
        self
    }

    /// Everything that makes a password easier to guess.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(String::as_str)
    }

    fn told_by(&self, folded: &str) -> Option<&str> {
        self.telling.iter().find(|word| folded.contains(word.as_str())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints() -> Hints {
        let (email, slug) = (Email::new("Ana.Ruiz@example.org").unwrap(), Slug::new("dcsc").unwrap());
        Hints::new(&email, &slug, "Diverse Charter Schools of DC")
    }

    fn fault(password: &str, strength: u8) -> Option<String> {
        match Password::new(password).unwrap().withstands(&hints(), Strength(strength)) {
            Ok(()) => None,
            Err(Refusal::Invalid(faults)) => {
                assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("#/password", FaultCode::PasswordTooCommon));
                Some(faults[0].detail.clone())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_password_is_long_and_kept_as_it_was_typed() {
        assert_eq!(Password::new("fourteen chars"), Err(TextFault::TooShort { min: 15 }));
        assert_eq!(Password::new(&"x".repeat(129)), Err(TextFault::TooLong { max: 128 }));
        assert!(Password::new(&"🙂".repeat(128)).is_ok(), "characters count, not bytes");
        let spaced = Password::new("  fifteen chars").unwrap();
        assert_eq!(spaced.expose(), "  fifteen chars");
        assert_eq!(format!("{spaced:?}"), "…");
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        assert_eq!(Password::new("un caf\u{e9} au lait"), Password::new("un cafe\u{301} au lait"));
        assert!(
            Password::new("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}").is_err(),
            "eight letters, not sixteen"
        );
    }

    #[test]
    fn a_common_password_is_refused_however_strong_it_looks() {
        for common in ["passwordpassword", "PasswordPassword", "john!20130605at1753", "manchesterunited"] {
            assert!(fault(common, 4).is_some_and(|said| said.contains("tried first")), "{common}");
        }
        assert_eq!(fault("a phrase of rare words", 4), None);
    }

    #[test]
    fn a_password_does_not_say_who_chose_it_or_where() {
        for (password, word) in [
            ("i am ANA.RUIZ, hello", "ana.ruiz"),
            ("ana.ruiz@example.org", "ana.ruiz@example.org"),
            ("best of the DCSC groups", "dcsc"),
            ("cohortium is my cup", "cohortium"),
            ("charter of the seas", "charter"),
        ] {
            let said = fault(password, 4).unwrap();
            assert!(said.contains(&format!("\"{word}\"")), "{password}: {said}");
        }
        assert_eq!(fault("in the ac/dc of things", 4), None, "a word of two letters tells nothing");
    }

    #[test]
    fn a_password_that_withstands_few_guesses_is_refused() {
        for (strength, taken) in [(0, false), (3, false), (4, true)] {
            assert_eq!(fault("a phrase of rare words", strength).is_none(), taken, "{strength}");
        }
    }

    #[test]
    fn names_are_known_but_may_stand_in_a_password() {
        let named = hints().named([&Name::new("Rose").unwrap(), &Name::new("Field").unwrap()]);
        assert!(named.known().any(|word| word == "rose"));
        assert_eq!(Password::new("a rose in a wet field").unwrap().withstands(&named, Strength(4)), Ok(()));
    }

    #[test]
    fn the_common_passwords_are_those_that_length_alone_would_take() {
        assert!(COMMON.lines().count() > 50);
        for line in COMMON.lines() {
            assert!(Password::new(line).is_ok() && line == line.to_lowercase(), "{line}");
        }
    }
}
