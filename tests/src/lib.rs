//! What the tests stand on: throwaway databases, one for each test, and a clock that stands.
//!
//! What always holds: tests share no data, so they run in any order and at once; PostgreSQL is never skipped: where there is none,
//! its tests fail and say how to get it. Left out on purpose: what the API does; that is what the tests say.

pub mod api;
pub mod database;
pub mod document;
pub mod environment;
pub mod issuer;
pub mod mails;
mod postgres;
pub mod wire;
pub mod years;

/// Makes two tests of each function named: `name::sqlite` and `name::postgres`, each on a migrated database of its own.
///
/// The functions are `async fn name(database: TestDatabase)`. One that the list forgets is dead code, which does not pass the
/// lints.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::database::on_sqlite(super::$name);
            }

            #[test]
            fn postgres() {
                $crate::database::on_postgres(super::$name);
            }
        }
    )+ };
}
