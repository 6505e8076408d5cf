//! Passwords, as they are chosen.
//!
//! What always holds: a password is taken as it was typed, spaces and all; it is long rather than complicated (NIST SP 800-63B-4: 15 characters where
//! it is the only factor), and never shown. Left out on purpose: how one is hashed.

use std::fmt;

use crate::text::TextFault;

/// The least number of characters.
pub const PASSWORD_MIN: usize = 15;
/// The greatest number of characters.
pub const PASSWORD_MAX: usize = 128;

/// A password that somebody chose.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password of a length that can be accepted.
    ///
    /// # Errors
    /// Says which bound it breaks.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        match text.chars().count() {
            n if n < PASSWORD_MIN => Err(TextFault::TooShort { min: PASSWORD_MIN }),
            n if n > PASSWORD_MAX => Err(TextFault::TooLong { max: PASSWORD_MAX }),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_kept_as_it_was_typed() {
        assert_eq!(Password::new("fourteen chars"), Err(TextFault::TooShort { min: 15 }));
        assert_eq!(Password::new(&"x".repeat(129)), Err(TextFault::TooLong { max: 128 }));
        let spaced = Password::new("  fifteen chars").unwrap();
        assert_eq!(spaced.expose(), "  fifteen chars");
        assert_eq!(format!("{spaced:?}"), "…");
    }
}
