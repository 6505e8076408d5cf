//! What is shown as a second factor: codes that an app makes of a shared secret and the time, and codes on paper.

use std::fmt;

use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

use crate::text::{Email, SecondFactorCode, Title, TotpCode};
use crate::time::Timestamp;

/// Of how many bytes a recovery code is made: 120 bits, so that a plain hash of it tells nothing.
const RECOVERY_BYTES: usize = 15;
const RECOVERY_GROUP: usize = 4;
/// The length that RFC 4226 recommends for a secret.
const SECRET_BYTES: usize = 20;

/// The secret that a server shares with an authenticator app: SHA-1, six digits and thirty seconds, which is what all apps
/// understand.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl TotpSecret {
    /// Of bytes that nobody can guess.
    #[must_use]
    pub fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// It, to be typed into an app (RFC 4648).
    #[must_use]
    pub fn base32(&self) -> String {
        Secret::new_stack(self.0).to_base32()
    }

    /// It, to be shown to an app as a QR code: for this account, given by this issuer.
    #[must_use]
    pub fn uri(&self, issuer: &Title, account: &Email) -> String {
        // In the label of the address a colon parts the two.
        let issuer = issuer.as_str().replace(':', " ");
        // It refuses an account without a name or with a colon, which no e-mail address is.
        self.builder()
            .with_account_name(account.as_str())
            .with_issuer(Some(issuer))
            .build_noncompliant()
            .to_url()
            .unwrap_or_default()
    }

    /// Of which step the code is: this one, the one before or the one after, since clocks differ and people take their time.
    #[must_use]
    pub fn step_of(&self, code: &TotpCode, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.millis() / 1_000).ok()?;
        let totp: Totp = self.builder().build_noncompliant();
        totp.check(code.as_str(), seconds).and_then(|step| i64::try_from(step).ok())
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(Secret::new_stack(self.0))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A code on paper, for when the app is lost.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// Of bytes that nobody can guess.
    #[must_use]
    pub fn new([bytes @ .., _]: [u8; RECOVERY_BYTES + 1]) -> Self {
        Self(Secret::new(bytes.into()).to_base32())
    }

    /// It, to be read: in groups of four.
    #[must_use]
    pub fn grouped(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(RECOVERY_GROUP).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-")
    }

    /// What is kept of it: not the code.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What somebody shows as a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// What the app shows.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl From<&SecondFactorCode> for Code {
    fn from(typed: &SecondFactorCode) -> Self {
        TotpCode::new(typed.as_str())
            .map_or_else(|_| Self::Recovery(RecoveryCode(typed.as_str().replace('-', "").to_ascii_uppercase())), Self::Totp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn code(text: &str) -> TotpCode {
        TotpCode::new(text).unwrap()
    }

    /// The secret of RFC 6238's test vectors.
    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, of whose eight digits apps show the last six.
        for (seconds, shown) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(secret().step_of(&code(shown), at(seconds)), Some(seconds / 30), "{seconds}");
        }
        assert_eq!(secret().step_of(&code("287082"), at(-59)), None, "before 1970 there are no codes");
    }

    #[test]
    fn a_code_is_known_for_a_step_before_its_own_and_a_step_after() {
        // The code of step 1, which is the seconds 30 to 59.
        for (seconds, step) in [(0, Some(1)), (30, Some(1)), (59, Some(1)), (89, Some(1)), (90, None)] {
            assert_eq!(secret().step_of(&code("287082"), at(seconds)), step, "{seconds}");
        }
        assert_eq!(secret().step_of(&code("287083"), at(59)), None);
    }

    #[test]
    fn an_app_is_told_whose_account_it_is_and_who_gave_it() {
        let uri = secret().uri(&Title::new("Charters: DC & NY").unwrap(), &Email::new("ana+cop@example.org").unwrap());
        let issuer = "Charters%20%20DC%20%26%20NY";
        assert_eq!(uri, format!("otpauth://totp/{issuer}:ana%2Bcop%40example.org?secret={}&issuer={issuer}", secret().base32()));
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(format!("{:?}", secret()), "…");
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let made = RecoveryCode::new(*b"0123456789abcdef");
        assert_eq!(made.grouped(), "GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF");
        for typed in [made.grouped(), made.grouped().to_lowercase()] {
            let Code::Recovery(typed) = Code::from(&SecondFactorCode::new(&typed).unwrap()) else { panic!("{typed}") };
            assert_eq!(typed.hash(), made.hash());
        }
        assert_ne!(made.hash(), RecoveryCode::new(*b"1123456789abcdef").hash());
        assert_eq!(Code::from(&SecondFactorCode::new("287082").unwrap()), Code::Totp(code("287082")));
    }
}
