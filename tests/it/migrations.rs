//! The schema on both databases.

use std::sync::Arc;

use cohortium_store::Store;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::environment::TestEnvironment;

cohortium_tests::on_both_databases!(a_test_begins_on_a_migrated_database, the_schema_is_taken_away_and_made_again);

async fn a_test_begins_on_a_migrated_database(database: TestDatabase) {
    assert!(!connect(&database).await.migrations_pending().await.unwrap());
}

async fn the_schema_is_taken_away_and_made_again(database: TestDatabase) {
    let store = connect(&database).await;
    store.unmigrate().await.unwrap();
    assert!(store.migrations_pending().await.unwrap());
    store.migrate().await.unwrap();
    assert!(!store.migrations_pending().await.unwrap());
}

async fn connect(database: &TestDatabase) -> Store {
    Store::connect(database.url(), Arc::new(TestEnvironment::default())).await.unwrap()
}
