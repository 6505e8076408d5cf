//! Files in a bucket, on a store that speaks S3: the one at `COHORTIUM_TEST_S3`, which `tests/run` starts.

use cohortium_api::config::{Bucket, Secret};
use cohortium_api::files::Files;
use cohortium_tests::api::{Api, Settings, must};
use cohortium_tests::database::TestDatabase;
use cohortium_workflow::files::FileStore;
use cohortium_workflow::jobs;
use serde_json::json;

use super::Waiting;
use super::files::PDF;

/// The place of a test's own, where there is a store.
fn bucket(endpoint: String) -> Bucket {
    Bucket {
        endpoint,
        name: "evidence".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "testing".to_owned(),
        secret_access_key: Secret::new("testing".to_owned()),
    }
}

#[tokio::test]
async fn a_document_is_kept_in_a_bucket_and_deleted_there() {
    let Ok(endpoint) = std::env::var("COHORTIUM_TEST_S3") else { return };
    let made = must(reqwest::Client::new().put(format!("{endpoint}/evidence")).send().await);
    assert!(made.status().is_success(), "{made:?}");
    let files = must(Files::in_bucket(&bucket(endpoint)));
    let database = TestDatabase::sqlite().await;
    let api = Api::start_with(database.url(), Settings { files: Some(files.clone()), ..Settings::default() }).await;
    let world = Waiting::new(&api).await;
    let (_, address) = world.document().await;
    let read = world.stage.staff.get(&address).await;
    assert_eq!((read.status, &read.bytes[..]), (200, PDF));
    assert_eq!(must(files.list().await).len(), 1);
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), &files).await), 0);
    api.environment().pass(chrono::Duration::hours(-2));
    let _ = world.stage.staff.put("/v1/clock", json!({"now": "2020-02-01T12:00:00Z"})).await.expect(200);
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), &files).await), 1);
    assert_eq!(must(files.list().await), []);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_told_as_such_and_nothing_is_written_down() {
    let files = must(Files::in_bucket(&bucket("http://127.0.0.1:9".to_owned())));
    let database = TestDatabase::sqlite().await;
    let api = Api::start_with(database.url(), Settings { files: Some(files), ..Settings::default() }).await;
    let world = Waiting::new(&api).await;
    let before = api.entries(world.stage.coalition).await;
    assert_eq!(world.upload("letter.pdf", "application/pdf", PDF).await.problem(503), "files_unavailable");
    assert_eq!(api.entries(world.stage.coalition).await, before);
}
