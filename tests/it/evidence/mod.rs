//! Evidence, through HTTP: documents, supervisors' words, what the CRM says, and what is asked for.

mod attestations;
mod decisions;
pub mod files;
mod renewals;
mod s3;
mod zoo;

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Answer, Api, Session, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::files::FileStore;
use cohortium_workflow::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use self::files::{PDF, PLACE, chunk, jpeg, png, segment};
use self::zoo::{Fate, zoo};
use crate::enrolling::{Stage, applied, state};

on_both_databases! {
    a_document_is_uploaded_looked_at_and_verifies,
    a_rejected_document_does_not_count_and_a_new_one_does,
    every_file_of_the_zoo_meets_its_fate,
    a_picture_does_not_tell_where_it_was_taken,
    a_verification_has_no_more_than_five_files,
    a_file_is_deleted_in_time_and_what_is_known_of_it_stays,
    an_upload_that_breaks_off_leaves_nothing,
    a_part_of_a_file_can_be_asked_for,
    an_upload_is_one_file_in_a_form,
}

/// Somebody whose employment staff must verify, with an application that waits for it.
pub struct Waiting<'a> {
    pub stage: Stage<'a>,
    pub mia: Session<'a>,
    pub application: String,
    /// The address of the verification.
    pub verification: String,
}

impl<'a> Waiting<'a> {
    pub async fn new(api: &'a Api) -> Self {
        let stage = Stage::new(api, "first_come").await;
        let cohort = stage.cohort(20).await;
        let mia = stage.stranger("Mia").await;
        let (application, sent) = applied(&mia, &cohort).await;
        let verification = format!("/v1/verifications/{}", sent["verification_id"].as_str().unwrap());
        Self { stage, mia, application, verification }
    }

    pub async fn upload(&self, name: &str, declared: &str, bytes: &[u8]) -> Answer {
        upload(&self.mia, &self.verification, name, declared, bytes).await
    }

    /// A document, uploaded; gives its id, and its address.
    pub async fn document(&self) -> (String, String) {
        let uploaded = self.upload("letter.pdf", "application/pdf", PDF).await;
        let address = uploaded.header("location").to_owned();
        (uploaded.expect(201)["id"].as_str().unwrap().to_owned(), address)
    }

    pub async fn read(&self) -> Value {
        self.stage.staff.get(&self.verification).await.expect(200)
    }

    pub async fn decide(&self, action: &str, body: Value) -> Answer {
        self.stage.staff.post(&format!("{}/{action}", self.verification), body).await
    }

    /// The types of what has happened to the verification, and when.
    pub async fn happened(&self) -> Vec<(String, String)> {
        let events = self.stage.staff.get("/v1/events?limit=200").await.expect(200);
        let id = self.verification.rsplit('/').next().unwrap();
        let of_it = events["items"].as_array().unwrap().iter().filter(|event| event["subject"]["id"] == json!(id));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        of_it.map(|event| (text(&event["type"]).replace("verification.", ""), text(&event["occurred_at"]))).collect()
    }

    pub async fn verbs(&self) -> Vec<String> {
        self.happened().await.into_iter().map(|(verb, _)| verb).collect()
    }
}

async fn upload(who: &Session<'_>, verification: &str, name: &str, declared: &str, bytes: &[u8]) -> Answer {
    who.request(Method::POST, &format!("{verification}/evidence")).file(name, declared, bytes).send().await
}

async fn kept_files(api: &Api) -> usize {
    must(api.ctx().files().list().await).len()
}

async fn a_document_is_uploaded_looked_at_and_verifies(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let asked = world.mia.get("/v1/me/verifications").await.expect(200);
    assert_eq!(asked["items"][0]["missing"][0]["what"], "evidence");
    assert_eq!(
        asked["items"][0]["missing"][0]["kinds"],
        json!(["email_domain", "crm_match", "supervisor_attestation", "document"])
    );
    let (id, address) = world.document().await;
    let queue = world.stage.staff.get("/v1/verifications?state=open").await.expect(200);
    let piece = queue["items"][0]["evidence"].as_array().unwrap().iter().find(|piece| piece["id"] == json!(id)).unwrap();
    assert_eq!((&piece["kind"], &piece["strength"]), (&json!("document"), &json!(3)));
    assert_eq!(
        (&piece["document"]["name"], &piece["document"]["size"], &piece["document"]["available"]),
        (&json!("letter.pdf"), &json!(PDF.len()), &json!(true))
    );
    assert_eq!(queue["items"][0]["state"], "open", "nobody has looked at it");

    let before = api.entries(world.stage.coalition).await;
    let own = world.mia.get(&address).await;
    assert_eq!((own.status, &own.bytes[..]), (200, PDF));
    assert_eq!(api.entries(world.stage.coalition).await, before, "one's own is nobody's business");
    let read = world.stage.staff.get(&address).await;
    assert_eq!((read.status, read.header("content-type"), &read.bytes[..]), (200, "application/pdf", PDF));
    assert_eq!(read.header("content-disposition"), "attachment; filename=\"letter.pdf\"; filename*=UTF-8''letter.pdf");
    assert!(read.header("content-security-policy").contains("sandbox"));
    assert_eq!((read.header("x-content-type-options"), read.header("cache-control")), ("nosniff", "no-store"));
    assert_eq!(world.verbs().await, ["opened", "document_added", "document_read"]);

    let stranger = api.person(world.stage.coalition, "Olu", &[Grant::Reviewer]).await;
    let before = api.entries(world.stage.coalition).await;
    assert_eq!(stranger.get(&address).await.problem(404), "not_found");
    assert_eq!(upload(&stranger, &world.verification, "a.pdf", "application/pdf", PDF).await.problem(404), "not_found");
    assert_eq!(
        upload(&world.stage.staff, &world.verification, "a.pdf", "application/pdf", PDF).await.problem(403),
        "permission_denied"
    );
    let reason = "The letter shows it";
    let unknown = json!({"reason": reason, "evidence_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"});
    assert_eq!(world.decide("verify", unknown).await.faults(), [("#/evidence_id", "not_found")]);
    assert_eq!(api.entries(world.stage.coalition).await, before);

    let verified = world.decide("verify", json!({"reason": reason, "evidence_id": id})).await.expect(200);
    assert_eq!((&verified["state"], &verified["evidence_id"]), (&json!("verified"), &json!(id)));
    assert_eq!(state(&world.mia, &world.application).await, "enrolled");
}

async fn a_rejected_document_does_not_count_and_a_new_one_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let (first, _) = world.document().await;
    let _ = world.decide("reject", json!({"reason": "It cannot be read"})).await.expect(200);
    assert_eq!(api.mail().await.to.as_str(), "mia@example.org", "who is told so");
    assert_eq!(world.read().await["missing"][0]["what"], "evidence");
    let _ = world.stage.staff.post("/v1/clock/advance", json!({"minutes": 1})).await.expect(200);
    let (second, _) = world.document().await;
    assert_eq!(world.read().await["state"], "open", "it is to be looked at again");
    let reason = "This one can be read";
    let by = |id: &str| json!({"reason": reason, "evidence_id": id});
    assert_eq!(world.decide("verify", by(&first)).await.faults(), [("#/evidence_id", "invalid_value")]);
    let _ = world.decide("verify", by(&second)).await.expect(200);
    assert_eq!(state(&world.mia, &world.application).await, "enrolled");
    assert_eq!(world.verbs().await, ["opened", "document_added", "rejected", "reopened", "document_added", "verified"]);
}

async fn every_file_of_the_zoo_meets_its_fate(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let animals = zoo();
    assert!(animals.len() >= 30);
    let count = "SELECT count(*) FROM documents";
    for (what, name, declared, bytes, fate) in animals {
        // Each begins where no other was, so that five are not too many.
        database.execute("UPDATE documents SET deleted_at = kept_until").await;
        let (entries, rows, kept) =
            (api.entries(world.stage.coalition).await, database.number(count).await, kept_files(&api).await);
        let answer = world.upload(name, declared, &bytes).await;
        match fate {
            Fate::Taken(as_name) => {
                let address = answer.header("location").to_owned();
                let document = &answer.clone().expect(201)["document"];
                assert_eq!(document["name"], as_name, "{what}");
                let shown = world.mia.get(&address).await;
                let essence = declared.split(';').next().unwrap();
                assert_eq!((shown.status, shown.header("content-type")), (200, essence), "{what}");
                assert_eq!(json!(shown.bytes.len()), document["size"], "{what}");
                assert!(!shown.bytes.windows(PLACE.len()).any(|part| part == PLACE), "{what} tells too much");
                assert!(shown.header("content-disposition").starts_with("attachment; "), "{what}");
            }
            Fate::Refused(status, code) => {
                assert_eq!((answer.problem(status), what), (code, what));
                assert!(answer.faults().iter().all(|(pointer, _)| *pointer == "#/file"), "{what}");
                let now = (api.entries(world.stage.coalition).await, database.number(count).await, kept_files(&api).await);
                assert_eq!(now, (entries, rows, kept), "{what} has left something");
            }
        }
    }
}

async fn a_picture_does_not_tell_where_it_was_taken(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let exif =
        segment(0xe1, &[b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".as_slice(), PLACE].concat());
    let told = jpeg(30, 20, &[exif, segment(0xed, PLACE), segment(0xfe, PLACE)]);
    for (name, declared, bytes) in
        [("gps.jpg", "image/jpeg", told), ("gps.png", "image/png", png(3, 2, &[chunk(b"eXIf", PLACE), chunk(b"iTXt", PLACE)]))]
    {
        assert!(bytes.windows(PLACE.len()).any(|part| part == PLACE));
        let address = world.upload(name, declared, &bytes).await.header("location").to_owned();
        let shown = world.stage.staff.get(&address).await.bytes;
        assert!(shown.len() > 50 && !shown.windows(3).any(|part| part == b"GPS"), "{name}");
        assert_eq!(shown.windows(6).any(|part| part == b"Exif\0\0"), declared == "image/jpeg", "which way is up is kept");
    }
}

async fn a_verification_has_no_more_than_five_files(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let all = futures_util::future::join_all((0..8).map(|_| world.upload("a.pdf", "application/pdf", PDF))).await;
    let taken = all.iter().filter(|answer| answer.status == 201).count();
    let refused = all.iter().filter(|answer| answer.status == 422 && answer.faults() == [("#/file", "out_of_range")]).count();
    let later = all.iter().filter(|answer| answer.status == 503).count();
    assert_eq!((taken, taken + refused + later), (5, 8), "however many come at once: {all:?}");
    let before = api.entries(world.stage.coalition).await;
    assert_eq!(world.upload("a.pdf", "application/pdf", PDF).await.faults(), [("#/file", "out_of_range")]);
    assert_eq!(api.entries(world.stage.coalition).await, before);
}

async fn a_file_is_deleted_in_time_and_what_is_known_of_it_stays(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let (id, address) = world.document().await;
    let piece = async || {
        let read = world.read().await;
        read["evidence"].as_array().unwrap().iter().find(|piece| piece["id"] == json!(id)).cloned().unwrap()
    };
    assert_eq!(piece().await["document"]["kept_until"], "2020-01-31T05:00:00.000Z", "ninety days after November 1");
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 0, "it is needed still");
    api.environment().pass(chrono::Duration::hours(-2));
    world.stage.reach_without_jobs("2020-01-31T05:00:00Z").await;
    assert_eq!(world.mia.get(&address).await.problem(404), "not_found", "though no job has run");
    assert_eq!(piece().await["document"]["available"], false);
    must(jobs::settle(api.store(), false).await);
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 0, "not at once");
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 1);
    api.environment().pass(chrono::Duration::hours(-2));
    assert_eq!(kept_files(&api).await, 0);
    let document = piece().await["document"].clone();
    assert_eq!((&document["name"], &document["size"]), (&json!("letter.pdf"), &json!(PDF.len())));
    assert_eq!(world.verbs().await.last().unwrap(), "document_deleted");
    let again = world.decide("verify", json!({"reason": "It was there once", "evidence_id": id})).await;
    assert_eq!(again.faults(), [("#/evidence_id", "not_found")]);
}

async fn an_upload_that_breaks_off_leaves_nothing(database: TestDatabase) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let entries = api.entries(world.stage.coalition).await;
    let head = format!(
        "POST {}/evidence HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         content-length: 400000\r\n\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
         content-type: application/pdf\r\n\r\n",
        world.verification,
        world.mia.token()
    );
    for _ in 0..20 {
        let mut stream = must(tokio::net::TcpStream::connect(api.address()).await);
        must(stream.write_all(&[head.as_bytes(), PDF, &vec![b' '; 200_000]].concat()).await);
        must(stream.shutdown().await);
        // Until the server has given it up, with an answer or without.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(world.upload("a.pdf", "application/pdf", PDF).await.status, 201, "the places are free again");
    assert_eq!((database.number("SELECT count(*) FROM documents").await, kept_files(&api).await), (1, 1));
    assert_eq!(api.entries(world.stage.coalition).await, entries + 1);
}

async fn a_part_of_a_file_can_be_asked_for(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let (_, address) = world.document().await;
    let ask = |range: &str| world.mia.request(Method::GET, &address).header("range", range);
    let part = ask("bytes=5-7").send().await;
    assert_eq!((part.status, &part.bytes[..]), (206, &PDF[5..=7]));
    assert_eq!(part.header("content-range"), format!("bytes 5-7/{}", PDF.len()));
    let whole = ask("bytes=999999-").send().await;
    assert_eq!((whole.status, whole.bytes.len(), whole.header("accept-ranges")), (200, PDF.len(), "bytes"));
    let same = ask("bytes=0-0").header("if-range", whole.header("etag")).send().await;
    let other = ask("bytes=0-0").header("if-range", "\"1-another\"").send().await;
    assert_eq!((same.status, other.status), (206, 200));
}

async fn an_upload_is_one_file_in_a_form(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let path = format!("{}/evidence", world.verification);
    let before = api.entries(world.stage.coalition).await;
    assert_eq!(world.mia.post(&path, json!({})).await.problem(415), "unsupported_media_type");
    let form = |parts: &str| {
        let call = world.mia.request(Method::POST, &path).header("content-type", "multipart/form-data; boundary=b");
        call.body(parts.replace('\n', "\r\n"))
    };
    let pdf = String::from_utf8(PDF.to_vec()).unwrap().replace('\n', " ");
    let part = |name: &str| {
        let head =
            format!("--b\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.pdf\"\ncontent-type: application/pdf");
        format!("{head}\n\n{pdf}\n")
    };
    let sent = form(&format!("{}{}--b--\n", part("file"), part("file"))).send().await;
    assert_eq!(sent.faults(), [("#/file", "duplicate")]);
    let sent = form(&format!("{}{}--b--\n", part("file"), part("other"))).send().await;
    assert_eq!((sent.problem(422), sent.faults()), ("unknown_field", vec![("#/other", "unknown_field")]));
    assert_eq!(form("--b--\n").send().await.status / 100, 4);
    assert_eq!(form(&part("file")).send().await.problem(400), "malformed_form", "it does not end");
    assert_eq!(api.entries(world.stage.coalition).await, before);
    let once = || world.mia.request(Method::POST, &path).file("a.pdf", "application/pdf", PDF).header("idempotency-key", "one");
    let (first, again) = (once().send().await, once().send().await);
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text));
    assert_eq!(database.number("SELECT count(*) FROM documents").await, 1);
    for _ in 1..5 {
        assert_eq!(world.upload("a.pdf", "application/pdf", PDF).await.status, 201);
    }
    let again = once().send().await;
    assert_eq!((again.status, &first.text), (201, &again.text), "though there is no more room");
}
