//! Bounded text: every limit on a string stands here, once.
//!
//! A [`Text`] is trimmed, in Unicode's composed form as it came, free of control characters other than line breaks and tabs, and
//! between its two bounds in characters. The document's `minLength` and `maxLength` are these bounds.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_security::confusable_detection::skeleton;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::refusal::FaultCode;

/// A name of a person, a slug's source, a label: one short line.
pub type Name = Text<1, 120>;
/// A title of a program, cohort, proposal or session.
pub type Title = Text<1, 200>;
/// A few sentences.
pub type Summary = Text<1, 2_000>;
/// A few pages.
pub type Body = Text<1, 20_000>;
/// Why somebody did what they did.
pub type Reason = Text<3, 1_000>;
/// The identifier that the coalition's CRM gave a thing.
pub type ExternalId = Text<1, 120>;
/// A word from the coalition's own list of roles, for example `principal`.
pub type RoleKey = Slug;
/// A search text.
pub type Query = Text<1, 200>;

/// Text of at least `MIN` and at most `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The least number of characters.
    pub const MIN: usize = MIN;
    /// The greatest number of characters.
    pub const MAX: usize = MAX;

    /// Takes a text that keeps the bounds once it has been trimmed.
    ///
    /// # Errors
    /// Says which bound it breaks.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        let text = text.trim();
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(TextFault::ControlCharacter);
        }
        match text.chars().count() {
            n if n < MIN => Err(TextFault::TooShort { min: MIN }),
            n if n > MAX => Err(TextFault::TooLong { max: MAX }),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Text<1, MAX> {
    /// As much as fits of a text of our own making, or of a longer one that was taken before.
    #[must_use]
    pub fn clipped(text: &str) -> Self {
        let fitting: String = text.trim().chars().take(MAX).collect();
        Self(if fitting.is_empty() { "-".to_owned() } else { fitting.trim_end().to_owned() })
    }
}

impl<const MIN: usize, const MAX: usize> std::fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        // Text of nothing but white space would be trimmed to nothing; control characters other than tab and line breaks are
        // refused.
        let pattern = match MIN {
            0 => NO_CONTROLS.to_owned(),
            1 => NOT_BLANK_NO_CONTROLS.to_owned(),
            // The least number counts what is left after trimming.
            min => format!(r"^\s*[^\s{CONTROLS}][^{CONTROLS}]{{{},}}[^\s{CONTROLS}]\s*$", min - 2),
        };
        text_schema(MIN, MAX).pattern(Some(pattern)).into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Text{MIN}To{MAX}"))
    }
}

const CONTROLS: &str = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F";
/// The pattern of text without control characters other than tab and line breaks.
pub const NO_CONTROLS: &str = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";
const NOT_BLANK_NO_CONTROLS: &str = r"^\s*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";

fn text_schema(min: usize, max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(min)).max_length(Some(max))
}

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Fewer characters than the least.
    #[error("At least {min} characters")]
    TooShort {
        /// The least.
        min: usize,
    },
    /// More characters than the greatest.
    #[error("At most {max} characters")]
    TooLong {
        /// The greatest.
        max: usize,
    },
    /// A control character other than a tab or a line break.
    #[error("Control characters are not allowed")]
    ControlCharacter,
    /// Not of the form that the field asks for.
    #[error("{0}")]
    Form(&'static str),
}

impl TextFault {
    /// The code under which a client sees it.
    #[must_use]
    pub fn code(self) -> FaultCode {
        match self {
            Self::TooShort { .. } => FaultCode::TooShort,
            Self::TooLong { .. } => FaultCode::TooLong,
            Self::ControlCharacter | Self::Form(_) => FaultCode::InvalidFormat,
        }
    }
}

/// Declares a text of a stricter form than its length: its own named schema, with a pattern.
macro_rules! formed_text {
    ($($(#[$doc:meta])* $name:ident($min:literal, $max:literal, $pattern:literal, $format:expr), $check:expr, $says:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The least number of characters.
            pub const MIN: usize = $min;
            /// The greatest number of characters.
            pub const MAX: usize = $max;

            /// Takes a text of this form.
            ///
            /// # Errors
            /// Says what is wrong with it.
            pub fn new(text: &str) -> Result<Self, TextFault> {
                let text = Text::<$min, $max>::new(text)?.0;
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(TextFault::Form($says)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let format: Option<&str> = $format;
                text_schema($min, $max)
                    .pattern(Some($pattern))
                    .format(format.map(|name| SchemaFormat::Custom(name.to_owned())))
                    .description(Some($says))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+ };
}

formed_text! {
    /// A name for a path: lower-case letters, digits and single hyphens.
    Slug(1, 80, "^[a-z0-9]+([-_][a-z0-9]+)*$", None), is_slug,
        "Lower-case letters and digits, in parts joined by single hyphens or underscores";
    /// An e-mail address, as its owner writes it.
    Email(3, 254, r"^[^\s@<>,;:]+@[^\s@<>,;:.]+(\.[^\s@<>,;:.]+)+$", Some("email")), is_email,
        "An e-mail address, for example ana@example.org";
    /// The domain of an organization's e-mail addresses.
    EmailDomain(3, 253, r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", Some("hostname")), is_domain,
        "A domain name in lower case, for example example.org";
    /// A web address.
    WebAddress(8, 2000, r"^https?://[^\s/?#@]+([/?#]\S*)?$", Some("uri")), is_web_address,
        "An address that begins with https:// or http://";
    /// A state or territory of the United States, as its postal code.
    StateCode(2, 2, "^[A-Z]{2}$", None), |text| text.bytes().all(|b| b.is_ascii_uppercase()),
        "Two capital letters, for example CO";
    /// The identifier that the National Center for Education Statistics gave a school or a district.
    NcesId(7, 12, "^[0-9]{7}([0-9]{5})?$", None), |text| matches!(text.len(), 7 | 12) && text.bytes().all(|b| b.is_ascii_digit()),
        "Seven digits for a district, twelve for a school";
    /// A school year, as it is spoken of.
    SchoolYear(7, 7, "^[0-9]{4}-[0-9]{2}$", None), is_school_year,
        "A school year, for example 2019-20";
    /// What an authenticator app shows.
    TotpCode(6, 6, "^[0-9]{6}$", None), |text| text.bytes().all(|b| b.is_ascii_digit()),
        "The six digits that the authenticator app shows";
    /// What is shown as a second factor.
    SecondFactorCode(6, 29, "^([0-9]{6}|([A-Za-z2-7]{4}-){5}[A-Za-z2-7]{4})$", None), is_second_factor_code,
        "The six digits that the authenticator app shows, or a recovery code";
    /// An ISO 4217 currency.
    Currency(3, 3, "^[A-Z]{3}$", None), |text| text.bytes().all(|b| b.is_ascii_uppercase()),
        "Three capital letters, for example USD";
}

impl From<Name> for Title {
    fn from(name: Name) -> Self {
        Self(name.0)
    }
}

impl Slug {
    /// The slug that a text suggests: its ASCII letters and digits, in lower case, its words joined by hyphens; `untitled`, where
    /// there are none. At most so many characters that a number can be put behind it.
    #[must_use]
    pub fn suggested_by(text: &str) -> Self {
        let mut slug = String::new();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            let room = LONGEST_SUGGESTED_SLUG.saturating_sub(slug.len() + 1);
            if room == 0 {
                break;
            }
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.extend(word.chars().take(room).map(|c| c.to_ascii_lowercase()));
        }
        if slug.is_empty() { Self("untitled".to_owned()) } else { Self(slug) }
    }
}

const LONGEST_SUGGESTED_SLUG: usize = 60;

impl Email {
    /// The address as addresses are compared: without case, its domain in ASCII (IDNA).
    #[must_use]
    pub fn normalized(&self) -> String {
        let local = self.0.split('@').next().unwrap_or_default();
        format!("{}@{}", local.to_lowercase(), self.domain())
    }

    /// The part behind the `@`, in lower case and in ASCII (IDNA).
    #[must_use]
    pub fn domain(&self) -> String {
        let domain = self.0.rsplit('@').next().unwrap_or_default();
        idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
    }

    /// Whether it can be taken for another address, of plain letters alone (UTS #39).
    #[must_use]
    pub fn confusable(&self) -> bool {
        !self.0.is_ascii() && skeleton(&self.0).all(|c| c.is_ascii())
    }
}

/// The form of a text by which lists are searched and sorted, the same on every database: lower case, white space folded.
#[must_use]
pub fn sort_key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn is_slug(text: &str) -> bool {
    text.split(['-', '_']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn is_email(text: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | ':' | '@');
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !local.contains(forbidden)
        && !domain.contains(forbidden)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

fn is_domain(text: &str) -> bool {
    let label = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    text.contains('.') && text.split('.').all(label)
}

fn is_web_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.is_empty() && !authority.contains('@') && !text.contains(char::is_whitespace)
}

fn is_second_factor_code(text: &str) -> bool {
    let group = |part: &str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'2'..=b'7'));
    TotpCode::new(text).is_ok() || (text.split('-').count() == 6 && text.split('-').all(group))
}

fn is_school_year(text: &str) -> bool {
    let Some((first, second)) = text.split_once('-') else { return false };
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let following = |year: u32| second.parse() == Ok((year + 1) % 100);
    digits(first, 4) && digits(second, 2) && first.parse().is_ok_and(following)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_keeps_its_bounds() {
        assert_eq!(Text::<1, 3>::new(" ab ").map(String::from), Ok("ab".to_owned()));
        assert_eq!(Text::<1, 3>::new("  "), Err(TextFault::TooShort { min: 1 }));
        assert_eq!(Text::<1, 3>::new("abcd"), Err(TextFault::TooLong { max: 3 }));
        assert!(Text::<1, 3>::new("äöü").is_ok(), "bounds count characters, not bytes");
        assert_eq!(Text::<1, 3>::new("a\u{0}b"), Err(TextFault::ControlCharacter));
    }

    #[test]
    fn a_text_that_is_too_long_is_clipped() {
        let clipped = |text: &str| Text::<1, 3>::clipped(text).to_string();
        assert_eq!((clipped(" ab "), clipped("ab cd"), clipped("äöüß")), ("ab".to_owned(), "ab".to_owned(), "äöü".to_owned()));
        assert_eq!(clipped(""), "-");
    }

    #[test]
    fn a_form_is_kept() {
        for good in ["dcsc", "2019-20", "section_504_coordinator"] {
            assert!(Slug::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a--b", "A", "a b", "ä"] {
            assert!(Slug::new(bad).is_err(), "{bad}");
        }
        for good in ["ana@example.org", "o'hara+cop@k12.co.us"] {
            assert!(Email::new(good).is_ok(), "{good}");
        }
        for bad in ["ana", "ana@", "@example.org", "ana@example", "a b@example.org", "ana@ex..org", "a@b@c.org", "<a@b.org>"] {
            assert!(Email::new(bad).is_err(), "{bad}");
        }
        assert!(SchoolYear::new("2019-20").is_ok() && SchoolYear::new("1999-00").is_ok());
        assert!(SchoolYear::new("2019-21").is_err() && SchoolYear::new("19-20").is_err());
        for good in ["012345", "ABCD-EFGH-IJKL-MNOP-QRST-UV27", "abcd-efgh-ijkl-mnop-qrst-uv27"] {
            assert!(SecondFactorCode::new(good).is_ok(), "{good}");
        }
        for bad in
            ["01234", "0123456", "01234x", "ABCD-EFGH-IJKL-MNOP-QRST", "ABCD-EFGH-IJKL-MNOP-QRST-UV18", "ABCDEFGHIJKLMNOPQRSTUV27"]
        {
            assert!(SecondFactorCode::new(bad).is_err(), "{bad}");
        }
        assert!(WebAddress::new("https://example.org/a?b").is_ok());
        assert!(WebAddress::new("https://a@example.org").is_err() && WebAddress::new("javascript:alert(1)").is_err());
    }

    #[test]
    fn a_slug_suggested_by_any_text_is_a_slug() {
        let suggested = |text: &str| Slug::suggested_by(text).to_string();
        assert_eq!(suggested("  Behind the Behaviors: 504 & more "), "behind-the-behaviors-504-more");
        assert_eq!(suggested("Über uns"), "ber-uns");
        assert_eq!(suggested("第一"), "untitled");
        for text in ["a".repeat(200), "ab ".repeat(70), "-".to_owned()] {
            let slug = suggested(&text);
            assert!(slug.len() <= LONGEST_SUGGESTED_SLUG && Slug::new(&slug).is_ok(), "{slug}");
        }
    }

    #[test]
    fn addresses_are_compared_without_case() {
        let normalized = |text: &str| Email::new(text).map(|email| email.normalized());
        assert_eq!(normalized("Ana@Example.org"), normalized("ana@example.ORG"));
        assert_eq!(normalized("ana@Bücher.example"), Ok("ana@xn--bcher-kva.example".to_owned()));
        assert_eq!(normalized("ana@Bücher.example"), normalized("ana@bu\u{308}cher.example"), "composed or not");
        assert_ne!(normalized("аna@example.org"), normalized("ana@example.org"), "the first letter is Cyrillic");
    }

    #[test]
    fn an_address_that_can_be_taken_for_another_is_told() {
        let confusable = |text: &str| Email::new(text).map(|email| email.confusable());
        assert_eq!(confusable("аna@example.org"), Ok(true), "the first letter is Cyrillic");
        for honest in ["ana@example.org", "rn1@example.org", "müller@example.org", "анна@пример.рф"] {
            assert_eq!(confusable(honest), Ok(false), "{honest}");
        }
    }
}
