//! Every problem there is, met through HTTP: its status, its shape, and that nothing has changed.
//!
//! A code that the table gains must have its arm below, or this does not compile; one that nothing can meet has no business in the
//! table.

use std::num::NonZeroU16;
use std::time::Duration;

use cohortium_api::config::Limits;
use cohortium_api::openapi::DOCUMENT;
use cohortium_api::problem::Code;
use cohortium_api::rate_limits::RateLimitArgs;
use cohortium_domain::access::{ClientScope, Grant};
use cohortium_domain::words::Word;
use cohortium_tests::api::{Answer, Api, Session, at, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_tests::wire::{Wire, exchange};
use futures_util::future::LocalBoxFuture;
use reqwest::Method;
use serde_json::{Value, json};

use crate::document::faults;
use crate::enrolling::{Stage, applied, apply, cohort};
use crate::evidence::files::PDF;
use crate::programs::{dcsc, published};
use crate::proposals::proposal;
use crate::second_factor::{PASSWORD, enrolled};
use crate::stipends::Payroll;

on_both_databases! {
    every_problem_is_met_and_changes_nothing,
}

/// SQLite has one writer, behind whom a twin waits before it could ask for its key.
const ON_POSTGRES_ALONE: &[Code] = &[Code::IdempotencyKeyInUse];

/// A request that meets with a problem when it is sent; afterwards the world is as it was.
type Attempt<'a> = LocalBoxFuture<'a, Answer>;

/// Where all problems can be met: November 1, in a program with sign-up, and one whose call for proposals is over.
struct World<'a> {
    database: &'a TestDatabase,
    stage: &'a Stage<'a>,
    member: Session<'a>,
    /// The address of the program with a call.
    call: String,
    /// A server that has no place for any request.
    crowded: &'a Api,
    /// A server that waits for nothing.
    hasty: &'a Api,
    /// A server that lets everybody ask once.
    stingy: &'a Api,
}

async fn every_problem_is_met_and_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (member, call) = (api.person(stage.coalition, "Mia", &[]).await, published(&stage.staff).await);
    let crowded = Api::start_with(database.url(), Limits { requests: 0, ..Limits::default() }).await;
    let none = Duration::ZERO;
    let hasty = Api::start_with(database.url(), Limits { work_time: none, body_time: none, ..Limits::default() }).await;
    let rates = RateLimitArgs::all(NonZeroU16::MIN);
    let stingy = Api::start_with(database.url(), Limits { rates, ..Limits::default() }).await;
    let world = World { stingy: &stingy, database: &database, stage: &stage, member, call, crowded: &crowded, hasty: &hasty };
    let left_out = |code: &&Code| !database.is_postgres() && ON_POSTGRES_ALONE.contains(code);
    for code in Code::ALL.iter().filter(|code| !left_out(code)) {
        let attempt = world.attempt(*code).await;
        let before = world.everything().await;
        let answer = attempt.await;
        check(*code, &answer);
        let entries = i64::from(code == &Code::RefreshTokenReused);
        assert_eq!(
            world.everything().await,
            before + entries,
            "{code} has changed something, but for what the journal tells of it"
        );
    }
}

/// An error is told alike wherever it comes from.
fn check(code: Code, answer: &Answer) {
    assert_eq!(answer.problem(code.status()), code.as_str(), "{}", answer.text);
    assert_eq!(faults(&DOCUMENT["components"]["schemas"]["Problem"], &answer.body), Vec::<String>::new(), "{code}");
    let told = |member: &str| answer.body[member].as_str().unwrap_or_default().to_owned();
    assert_eq!(told("type"), format!("https://cohortium.dev/problems/{}", code.as_str().replace('_', "-")));
    assert_eq!((told("title").as_str(), &answer.body["status"]), (code.title(), &json!(code.status())));
    assert_eq!(told("instance"), format!("urn:uuid:{}", answer.header("x-request-id")));
    assert_eq!(answer.header("cache-control"), "no-store", "{code}");
    for (status, header) in [(401, "www-authenticate"), (405, "allow"), (429, "retry-after"), (503, "retry-after")] {
        assert!(code.status() != status || !answer.header(header).is_empty(), "{code} without {header}");
    }
    for inside in ["SELECT", "INSERT", "sqlite", "postgres", "/dev/shm", "people_", "Bearer ey", "Mia@"] {
        assert!(!answer.text.contains(inside), "{code} tells of the inside: {}", answer.text);
    }
}

impl<'a> World<'a> {
    async fn attempt(&'a self, code: Code) -> Attempt<'a> {
        let (staff, nobody) = (&self.stage.staff, self.stage.api.anonymous());
        let person = format!("/v1/people/{}", self.member.person_id());
        match code {
            Code::MalformedJson => self.body("{".to_owned()),
            Code::MalformedForm => self.half_a_form(),
            Code::JsonTooDeep => self.body("[".repeat(33)),
            Code::PayloadTooLarge => self.body(" ".repeat(256 * 1024 + 1)),
            Code::UnknownField => {
                self.body(json!({"given_name": "A", "family_name": "B", "email": "a@b.org", "age": 7}).to_string())
            }
            Code::ValidationFailed => self.body(json!({"given_name": 7}).to_string()),
            Code::AlreadyExists => self.body(somebody("mia@example.org").to_string()),
            Code::UnsupportedMediaType => send(staff.request(Method::POST, "/v1/people").body("{}")),
            Code::UnknownParameter => send(staff.request(Method::GET, "/v1/people?color=red")),
            Code::InvalidParameter => send(staff.request(Method::GET, "/v1/people?limit=0")),
            Code::InvalidCursor => send(staff.request(Method::GET, "/v1/people?cursor=abc")),
            Code::IdempotencyKeyInvalid => send(keyed(staff, "", "a@example.org")),
            Code::IdempotencyKeyReused => self.key_reused().await,
            Code::IdempotencyKeyInUse => self.key_in_use().await,
            Code::AuthenticationRequired => send(nobody.request(Method::GET, "/v1/me")),
            Code::InvalidCredentials => login(self.stage.api),
            Code::RefreshTokenReused => self.refresh_token_reused().await,
            Code::RateLimited => self.rate_limited().await,
            Code::TokenInvalid => send(self.stage.api.bearer("x").request(Method::GET, "/v1/me")),
            Code::TokenExpired => self.token_expired().await,
            Code::PermissionDenied => send(self.member.request(Method::POST, "/v1/people")),
            Code::NotFound => send(staff.request(Method::GET, "/v1/people/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e")),
            Code::RouteNotFound => send(nobody.request(Method::GET, "/v1/nothing")),
            Code::MethodNotAllowed => send(nobody.request(Method::DELETE, "/v1/me")),
            Code::MisdirectedRequest => send(nobody.request(Method::GET, "/v1/me").header("host", "example.net")),
            Code::AddressTooLong => send(nobody.request(Method::GET, &format!("/v1/me?{}", "x".repeat(8 * 1024)))),
            Code::HeadersTooLarge => send(nobody.request(Method::GET, "/v1/me").header("x", &"x".repeat(33 * 1024))),
            Code::RequestTimeout => self.half_a_body(),
            Code::PreconditionRequired => send(staff.request(Method::PATCH, &person).json(&json!({}))),
            Code::PreconditionFailed => send(staff.request(Method::PATCH, &person).header("if-match", "\"7-0\"").json(&json!({}))),
            Code::InvalidStateTransition => send(staff.request(Method::POST, &format!("{}/publish", self.stage.program))),
            Code::ExternalIdConflict => self.external_id_conflict().await,
            Code::AlreadyApplied => self.already_applied().await,
            Code::SeatsBelowHeld => self.seats_below_held().await,
            Code::CohortFull => self.waiting("One", "Two", "offer", json!({})).await,
            Code::ReasonRequired => self.waiting("Three", "Four", "decline", json!({"reason_code": "other"})).await,
            Code::NotReady => send(staff.request(Method::POST, &format!("{}/proposals/release", self.call))),
            Code::WindowClosed => self.window_closed().await,
            Code::NotEligible => self.not_eligible().await,
            Code::NotVerified => self.not_verified().await,
            Code::ConflictOfInterest => self.conflict_of_interest().await,
            Code::FileInUse => self.file_in_use().await,
            Code::SamePerson => self.same_person().await,
            Code::TaxFormMissing => self.tax_form_missing().await,
            Code::CommitmentsMissing => self.commitments_missing().await,
            Code::TimelineOutOfOrder => self.timeline_out_of_order().await,
            Code::InternalError => self.without_a_table(),
            Code::Timeout => login(self.hasty),
            Code::Overloaded => login(self.crowded),
            Code::StorageFull => self.storage_full(),
            Code::DatabaseUnavailable => self.database_unavailable().await,
            Code::FilesUnavailable => self.files_unavailable().await,
            Code::InsufficientScope => self.insufficient_scope().await,
            Code::InsufficientUserAuthentication => self.stale_sign_in().await,
            Code::SecondFactorRequired => self.second_factor_required().await,
            Code::SecretShownBefore => self.secret_shown_before().await,
        }
    }

    /// A number that is another one as soon as a row comes, goes or is changed.
    async fn everything(&self) -> i64 {
        let tables = ["journal", "people", "organizations", "applications", "idempotency_keys", "sign_ins"];
        let counts = tables.map(|table| format!("(SELECT count(*) FROM {table})")).join(" + ");
        let versions = ["people", "programs", "cohorts", "applications", "verifications"]
            .map(|table| format!("(SELECT coalesce(sum(version), 0) FROM {table})"));
        self.database.number(&format!("SELECT CAST({counts} + {} AS BIGINT)", versions.join(" + "))).await
    }

    /// A cohort of this name with so many seats; gives its address.
    async fn cohort(&self, slug: &str, max: u32) -> String {
        let mut wish = cohort(max);
        wish["slug"] = json!(slug);
        let made = self.stage.staff.post(&format!("{}/cohorts", self.stage.program), wish).await;
        let path = made.header("location").to_owned();
        let _ = self.stage.staff.act(&format!("{path}/publish")).await.expect(200);
        path
    }

    /// Staff send this to make a person.
    fn body(&self, body: String) -> Attempt<'a> {
        send(self.stage.staff.request(Method::POST, "/v1/people").header("content-type", "application/json").body(body))
    }

    fn half_a_form(&self) -> Attempt<'a> {
        let call = self.member.request(Method::POST, "/v1/verifications/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e/evidence");
        send(call.header("content-type", "multipart/form-data; boundary=x").body("--x\r\ncontent-disposition: form-data"))
    }

    /// The folder of the files has gone.
    async fn files_unavailable(&self) -> Attempt<'a> {
        let (who, cohort) = (self.stage.stranger("Fin").await, self.cohort("files", 2).await);
        let verification = applied(&who, &cohort).await.1["verification_id"].as_str().unwrap().to_owned();
        let call = who.request(Method::POST, &format!("/v1/verifications/{verification}/evidence"));
        let kept = call.file("letter.pdf", "application/pdf", PDF).send().await;
        must(std::fs::remove_dir_all(self.stage.api.file_folder()));
        send(who.request(Method::GET, kept.header("location")))
    }

    fn half_a_body(&self) -> Attempt<'a> {
        let address = self.hasty.address();
        let head =
            "POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        Box::pin(async move { exchange(address, head.as_bytes()).await })
    }

    async fn key_reused(&self) -> Attempt<'a> {
        let _ = keyed(&self.stage.staff, "k", "k@example.org").send().await.expect(201);
        send(keyed(&self.stage.staff, "k", "another@example.org"))
    }

    /// Somebody else has the key, and does not let go of it.
    async fn key_in_use(&'a self) -> Attempt<'a> {
        let _ = keyed(&self.stage.staff, "twin", "twin@example.org").send().await.expect(201);
        let mut twin = self.database.connection().await;
        must(twin.execute("BEGIN; DELETE FROM idempotency_keys").await);
        Box::pin(async move {
            let answer = keyed(&self.stage.staff, "twin", "twin@example.org").send().await;
            must(twin.execute("ROLLBACK").await);
            answer
        })
    }

    async fn token_expired(&'a self) -> Attempt<'a> {
        let session = self.stage.api.sign_in(self.stage.coalition, self.member.person_id()).await;
        Box::pin(async move {
            let environment = self.stage.api.environment();
            environment.set(at("2019-11-01T12:11:00Z"));
            let answer = session.get("/v1/me").await;
            environment.set(at("2019-11-01T12:00:00Z"));
            answer
        })
    }

    async fn refresh_token_reused(&'a self) -> Attempt<'a> {
        let session = self.stage.api.sign_in(self.stage.coalition, self.member.person_id()).await;
        let refresh = json!({"refresh_token": session.refresh_token()});
        let nobody = self.stage.api.anonymous();
        let tokens = nobody.post("/v1/auth/refresh", refresh.clone()).await.expect(200);
        let _ = self.stage.api.bearer(tokens["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        send(nobody.request(Method::POST, "/v1/auth/refresh").json(&refresh))
    }

    async fn second_factor_required(&self) -> Attempt<'a> {
        let api = self.stage.api;
        let tess = enrolled(api, self.stage.coalition, "Tess", &[]).await;
        let login = json!({"coalition": "dcsc", "email": tess.email, "password": PASSWORD});
        send(api.anonymous().request(Method::POST, "/v1/auth/login").json(&login))
    }

    async fn insufficient_scope(&self) -> Attempt<'a> {
        let client = self.stage.api.client(self.stage.coalition, &[ClientScope::MembersRead]).await;
        send(client.request(Method::POST, "/v1/people"))
    }

    async fn secret_shown_before(&self) -> Attempt<'a> {
        let owner = self.stage.api.person(self.stage.coalition, "Owen", &[Grant::Owner]).await;
        let wish = json!({"name": "CRM", "scopes": ["members:read"]});
        let make = || owner.request(Method::POST, "/v1/api-clients").header("idempotency-key", "k").json(&wish);
        let _ = make().send().await.expect(201);
        send(make())
    }

    async fn stale_sign_in(&'a self) -> Attempt<'a> {
        let owner = self.stage.api.person(self.stage.coalition, "Olga", &[Grant::Owner]).await;
        let refresh = json!({"refresh_token": owner.refresh_token()});
        Box::pin(async move {
            let environment = self.stage.api.environment();
            environment.set(at("2019-11-01T12:15:00Z"));
            let tokens = self.stage.api.anonymous().post("/v1/auth/refresh", refresh).await.expect(200);
            let owner = self.stage.api.bearer(tokens["access_token"].as_str().unwrap());
            let answer = owner.post("/v1/api-clients", json!({"name": "CRM", "scopes": ["members:read"]})).await;
            environment.set(at("2019-11-01T12:00:00Z"));
            answer
        })
    }

    async fn rate_limited(&self) -> Attempt<'a> {
        let nobody = self.stingy.anonymous();
        let _ = nobody.get("/v1/catalog/dcsc").await.expect(200);
        send(nobody.request(Method::GET, "/v1/catalog/dcsc"))
    }

    async fn external_id_conflict(&self) -> Attempt<'a> {
        let school = json!({"name": "Birch Row", "kind": "charter_school", "state": "DC", "external_id": "7"});
        let _ = self.stage.staff.post("/v1/organizations", school.clone()).await.expect(201);
        send(self.stage.staff.request(Method::POST, "/v1/organizations").json(&school))
    }

    async fn already_applied(&self) -> Attempt<'a> {
        let (who, cohort) = (self.stage.principal("Pia").await, self.cohort("applied", 1).await);
        let _ = apply(&who, &cohort).await.expect(201);
        Box::pin(async move { apply(&who, &cohort).await })
    }

    async fn seats_below_held(&self) -> Attempt<'a> {
        let cohort = self.cohort("below", 2).await;
        for name in ["Ada", "Bea"] {
            let _ = apply(&self.stage.principal(name).await, &cohort).await.expect(201);
        }
        let fewer = json!({"capacity": {"max": 1}});
        send(self.stage.staff.request(Method::PATCH, &cohort).header("if-match", "*").json(&fewer))
    }

    /// Staff do this to somebody who waits behind another.
    async fn waiting(&self, first: &str, second: &str, verb: &str, body: Value) -> Attempt<'a> {
        let cohort = self.cohort(verb, 1).await;
        let _ = apply(&self.stage.principal(first).await, &cohort).await.expect(201);
        let (waiting, _) = applied(&self.stage.principal(second).await, &cohort).await;
        let call = self.stage.staff.request(Method::POST, &format!("{waiting}/{verb}"));
        send(if body == json!({}) { call } else { call.json(&body) })
    }

    async fn window_closed(&self) -> Attempt<'a> {
        let draft = self.member.post(&format!("{}/proposals", self.call), proposal()).await;
        send(self.member.request(Method::POST, &format!("{}/submit", draft.header("location"))))
    }

    async fn not_eligible(&self) -> Attempt<'a> {
        let teacher = self.stage.employed("Tea", &self.stage.school, "teacher").await;
        let cohort = self.cohort("eligible", 1).await;
        Box::pin(async move { apply(&teacher, &cohort).await })
    }

    /// The turn of somebody who waits has come, but nobody has verified where they work.
    async fn not_verified(&self) -> Attempt<'a> {
        let (first, stranger) = (self.stage.principal("Fay").await, self.stage.stranger("Stu").await);
        let cohort = self.cohort("verified", 1).await;
        let (enrolled, _) = applied(&first, &cohort).await;
        let (waiting, _) = applied(&stranger, &cohort).await;
        let _ = first.act(&format!("{}/withdraw", enrolled.replace("applications", "enrollments"))).await.expect(200);
        send(stranger.request(Method::POST, &format!("{waiting}/confirm")))
    }

    async fn same_person(&self) -> Attempt<'a> {
        let (lead, cohort) = (self.stage.principal("Lea").await, self.cohort("led", 1).await);
        let _ = self.stage.staff.patch(&cohort, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
        Box::pin(async move { apply(&lead, &cohort).await })
    }

    /// What was sent names the file.
    async fn file_in_use(&self) -> Attempt<'a> {
        let (who, cohort) = (self.stage.principal("Ida").await, self.cohort("filed", 2).await);
        let schema = json!({"type": "object", "properties": {"cv": {"type": "string", "format": "x-file"}}});
        let form = format!("{}/application-form", self.stage.program);
        let _ = self.stage.staff.put(&form, json!({ "schema": schema })).await.expect(200);
        let uploaded = who.request(Method::POST, "/v1/me/files").file("cv.pdf", "application/pdf", PDF).send().await.expect(201);
        let body = json!({"answers": {"cv": uploaded["id"]}, "submit": true});
        let _ = who.post(&format!("{cohort}/applications"), body).await.expect(201);
        let file = format!("/v1/me/files/{}", uploaded["id"].as_str().unwrap());
        send(who.request(Method::DELETE, &file).header("if-match", "*"))
    }

    async fn tax_form_missing(&self) -> Attempt<'a> {
        let payroll = Payroll::of(self.stage, "Paige").await;
        let installment = payroll.approved("training").await;
        send(payroll.stage.staff.request(Method::POST, &format!("{installment}/pay")).json(&json!({"reference": "Check 1"})))
    }

    /// The one draft that can be assigned to nobody: its author is the reviewer.
    async fn conflict_of_interest(&self) -> Attempt<'a> {
        let author = self.stage.api.person(self.stage.coalition, "Rita", &[Grant::Reviewer]).await;
        let made = author.post(&format!("{}/proposals", self.call), proposal()).await;
        let reviews = format!("{}/reviews", made.header("location"));
        let body = json!({"reviewer_id": author.person_id()});
        send(self.stage.staff.request(Method::POST, &reviews).json(&body))
    }

    async fn commitments_missing(&self) -> Attempt<'a> {
        let (who, cohort) = (self.stage.principal("Cam").await, self.cohort("promised", 1).await);
        let hours = json!({"kickoff": {"wall_time": "16:00", "duration_minutes": 60}});
        let _ = self.stage.staff.post(&format!("{cohort}/sessions/generate"), hours).await.expect(200);
        Box::pin(async move { apply(&who, &cohort).await })
    }

    async fn timeline_out_of_order(&self) -> Attempt<'a> {
        let mut program = dcsc();
        program["slug"] = json!("without-dates");
        let made = self.stage.staff.post("/v1/programs", program).await;
        send(self.stage.staff.request(Method::POST, &format!("{}/publish", made.header("location"))))
    }

    /// What should not be: the defect that an internal error stands for.
    fn without_a_table(&'a self) -> Attempt<'a> {
        Box::pin(async move {
            self.database.execute("ALTER TABLE organizations RENAME TO gone").await;
            let answer = self.stage.staff.get("/v1/organizations").await;
            self.database.execute("ALTER TABLE gone RENAME TO organizations").await;
            answer
        })
    }

    /// PostgreSQL says so itself; on SQLite the journal has no number left, which is told as a full disk is.
    fn storage_full(&'a self) -> Attempt<'a> {
        let (full, empty) = if self.database.is_postgres() {
            let refuse = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$; \
                CREATE TRIGGER full_disk BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION full_disk()";
            (refuse.to_owned(), "DROP FUNCTION full_disk CASCADE".to_owned())
        } else {
            let numbers = |last: &str| format!("UPDATE sqlite_sequence SET seq = {last} WHERE name = 'journal'");
            (numbers(&i64::MAX.to_string()), numbers("(SELECT max(number) FROM journal)"))
        };
        Box::pin(async move {
            self.database.execute(&full).await;
            let answer = self.stage.staff.post("/v1/people", somebody("full@example.org")).await;
            self.database.execute(&empty).await;
            answer
        })
    }

    /// PostgreSQL is not there; SQLite's file is damaged.
    async fn database_unavailable(&'a self) -> Attempt<'a> {
        if self.database.is_postgres() {
            let mut wire = Wire::to(self.database).await;
            let api = Api::start_with(wire.url(), Limits::default()).await;
            return Box::pin(async move {
                wire.cut().await;
                api.anonymous().get("/v1/catalog/dcsc").await
            });
        }
        let damage = |from: &str, to: &str, version: u32| {
            format!(
                "PRAGMA writable_schema = ON; PRAGMA schema_version = {version}; \
                 UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name = 'organizations'"
            )
        };
        let (damaged, mended) = (damage("CREATE TABLE", "CREATE WHAT", 1_000), damage("CREATE WHAT", "CREATE TABLE", 2_000));
        let mut connection = self.database.connection().await;
        Box::pin(async move {
            must(connection.execute(&damaged).await);
            let answer = self.stage.staff.get("/v1/organizations").await;
            must(connection.execute(&mended).await);
            answer
        })
    }
}

fn send<'a>(call: cohortium_tests::api::Call) -> Attempt<'a> {
    Box::pin(call.send())
}

fn keyed(who: &Session<'_>, key: &str, email: &str) -> cohortium_tests::api::Call {
    who.request(Method::POST, "/v1/people").header("idempotency-key", key).json(&somebody(email))
}

fn somebody(email: &str) -> Value {
    json!({"given_name": "A", "family_name": "B", "email": email})
}

fn login(api: &Api) -> Attempt<'_> {
    let login = json!({"coalition": "dcsc", "email": "nobody@example.org", "password": "nothing that opens"});
    send(api.anonymous().request(Method::POST, "/v1/auth/login").json(&login))
}
