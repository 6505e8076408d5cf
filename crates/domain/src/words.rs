//! Closed vocabularies: enums that are short text wherever they leave the program.
//!
//! A word is written the same way in JSON, in the database and in the document, so it is declared once, by
//! [`words!`](crate::words!). What always holds: the text of a word is lower `snake_case`, and never changes once released.

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// A closed vocabulary whose members have a stable text.
pub trait Word: Copy + Eq + Sized + 'static {
    /// Every member, in the order of declaration.
    const ALL: &'static [Self];

    /// The stable text.
    fn as_str(self) -> &'static str;

    /// The member with this text.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.as_str() == text)
    }
}

/// Declares enums that are words: with their text, serde, and a named schema in the document.
#[macro_export]
macro_rules! words {
    ($($(#[doc = $says:literal])+ pub enum $name:ident {
        $($(#[doc = $means:literal])+ $variant:ident = $text:literal),+ $(,)?
    })+) => { $(
        $(#[doc = $says])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $means])+ #[serde(rename = $text)] $variant),+ }

        impl $crate::words::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::words::Word::as_str(*self))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::words::schema(concat!($($says),+), &[$(($text, concat!($($means),+))),+])
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    )+ };
}

/// The schema of a vocabulary: what it is, and what each of its words means.
#[must_use]
pub fn schema(says: &str, words: &[(&'static str, &str)]) -> RefOr<Schema> {
    let meanings: Vec<String> = words.iter().map(|(text, means)| format!("- `{text}`: {}", means.trim())).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().map(|(text, _)| *text)))
        .description(Some(format!("{}\n\n{}", says.trim(), meanings.join("\n"))))
        .into()
}
