//! Proposals, through HTTP: from the draft to the confirmation, and what time does to them.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::ids::CoalitionId;
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_tests::years::DCSC;
use reqwest::Method;
use serde_json::{Value, json};

use crate::programs::published;

on_both_databases! {
    a_proposal_goes_from_its_draft_to_its_confirmation,
    a_draft_is_changed_and_says_what_it_lacks,
    the_call_has_its_hours,
    a_proposal_is_for_its_author_and_for_staff,
    an_author_sees_no_decision_before_its_release,
    a_release_waits_for_every_decision,
    what_nobody_confirms_goes_to_the_reserve_as_the_clock_moves,
    what_nobody_confirms_goes_to_the_reserve_where_jobs_stand_still,
    who_declines_leaves_the_place_to_the_reserve,
    twenty_releases_at_once_are_one,
    a_program_without_a_call_takes_no_proposals,
}

pub const DURING_THE_CALL: &str = "2019-09-20T12:00:00Z";
pub const AFTER_THE_CALL: &str = "2019-10-07T12:00:00Z";
const AFTER_THE_CONFIRMATIONS: &str = "2019-10-12T12:00:00Z";

/// A coalition in September 2019, and a program whose call is open.
pub struct Setting<'a> {
    pub api: &'a Api,
    pub coalition: CoalitionId,
    pub staff: Session<'a>,
    pub program: String,
}

pub async fn setting(api: &Api) -> Setting<'_> {
    let coalition = api.coalition_with("dcsc", Clock::Test { now: at("2019-09-01T12:00:00Z") }).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let program = published(&staff).await;
    let setting = Setting { api, coalition, staff, program };
    setting.clock(DURING_THE_CALL).await;
    setting
}

impl Setting<'_> {
    pub fn list(&self) -> String {
        format!("{}/proposals", self.program)
    }

    pub async fn clock(&self, now: &str) {
        let _ = self.staff.put("/v1/clock", json!({ "now": now })).await.expect(200);
    }

    /// Moves the clock, and lets nothing happen on the way: as where jobs stand still.
    pub async fn clock_without_jobs(&self, now: &str) {
        let moved = self.api.write(self.coalition, async |tx| {
            let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
            tx.save(coalition.move_clock(at(now))?, &Actor::Operator).await
        });
        let _ = moved.await;
    }

    /// A person with a proposal that was handed in; its address.
    pub async fn submitted(&self, name: &str) -> (Session<'_>, String) {
        let author = self.api.person(self.coalition, name, &[]).await;
        let path = begin(&author, &self.list(), proposal()).await;
        let _ = author.act(&format!("{path}/submit")).await.expect(200);
        (author, path)
    }

    pub async fn release(&self) -> Value {
        self.staff.act(&format!("{}/release", self.list())).await.expect(200)
    }
}

/// A proposal that lacks nothing.
pub fn proposal() -> Value {
    json!({
        "title": "What a behavior tells us",
        "abstract": "One case a month.",
        "audience": {"roles": ["principal"], "levels": ["school"], "organization_kinds": []},
        "goals": ["A shared set of first answers"],
        "session_plan": "One case at each call.",
        "preferred_capacity": {"min": 10, "max": 15}
    })
}

pub async fn begin(author: &Session<'_>, list: &str, body: Value) -> String {
    let made = author.post(list, body).await;
    let location = made.header("location").to_owned();
    let _ = made.expect(201);
    location
}

async fn a_proposal_goes_from_its_draft_to_its_confirmation(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let author = api.person(setting.coalition, "Ana", &[]).await;
    let made = author.post(&setting.list(), proposal()).await;
    let (path, etag) = (made.header("location").to_owned(), made.header("etag").to_owned());
    let draft = made.expect(201);
    assert_eq!((&draft["state"], &draft["author_id"]), (&json!("draft"), &json!(author.person_id())));
    assert_eq!(draft["allowed_actions"], json!(["update", "invite_facilitator", "submit", "withdraw"]));
    let mut given = proposal();
    given.as_object_mut().unwrap().retain(|name, value| *value != draft[name]);
    assert_eq!(given, json!({}), "everything that was given is there");
    let read = author.get(&path).await;
    assert_eq!((read.header("etag"), &read.body), (etag.as_str(), &draft));

    let stale = author.request(Method::POST, &format!("{path}/submit")).header("if-match", "\"7-x\"").send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    let submitted = author.act(&format!("{path}/submit")).await.expect(200);
    assert_eq!((&submitted["state"], &submitted["submitted_at"]), (&json!("submitted"), &json!("2019-09-20T12:00:00.000Z")));
    assert_eq!(author.patch(&path, json!({"title": "Too late"})).await.problem(409), "invalid_state_transition");

    setting.clock(AFTER_THE_CALL).await;
    let staged = setting.staff.post(&format!("{path}/accept"), json!({"reason": "A strong plan"})).await.expect(200);
    assert_eq!((&staged["state"], &staged["staged"]), (&json!("in_review"), &json!({"decision": "accept"})));
    assert_eq!(setting.release().await, json!({"accepted": [draft["id"]], "rejected": [], "reserved": []}));
    let accepted = author.get(&path).await.expect(200);
    assert_eq!((&accepted["state"], &accepted["lapses_at"]), (&json!("accepted"), &json!("2019-10-11T04:00:00.000Z")));
    assert_eq!(accepted["allowed_actions"], json!(["withdraw", "confirm", "decline"]));
    let confirmed = author.act(&format!("{path}/confirm")).await.expect(200);
    assert_eq!((&confirmed["state"], &confirmed["allowed_actions"]), (&json!("confirmed"), &json!([])));
    for action in ["withdraw", "decline", "confirm", "submit"] {
        assert_eq!(author.act(&format!("{path}/{action}")).await.problem(409), "invalid_state_transition", "{action}");
    }
}

async fn a_draft_is_changed_and_says_what_it_lacks(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let author = api.person(setting.coalition, "Ana", &[]).await;
    let path = begin(&author, &setting.list(), proposal()).await;
    let cleared = json!({"abstract": null, "session_plan": null, "preferred_capacity": null, "goals": [],
        "audience": {"roles": [], "levels": [], "organization_kinds": []}, "title": "Another"});
    let changed = author.patch(&path, cleared).await.expect(200);
    assert_eq!((&changed["title"], &changed["goals"]), (&json!("Another"), &json!([])));
    assert!(["abstract", "session_plan", "preferred_capacity"].iter().all(|name| changed.get(name).is_none()));

    let before = api.entries(setting.coalition).await;
    let lacking = author.act(&format!("{path}/submit")).await;
    assert_eq!(lacking.problem(422), "validation_failed");
    let parts = ["#/abstract", "#/audience", "#/goals", "#/preferred_capacity", "#/session_plan"];
    assert_eq!(lacking.faults(), parts.map(|pointer| (pointer, "required")));
    let wrong = author.patch(&path, json!({"preferred_capacity": {"min": 20, "max": 10}})).await;
    assert_eq!(wrong.faults(), [("#/preferred_capacity/min", "out_of_range")]);
    let unknown = author.patch(&path, json!({"audience": {"role": ["principal"]}, "state": "accepted"})).await;
    assert_eq!(unknown.problem(422), "validation_failed");
    assert_eq!(api.entries(setting.coalition).await, before);
    assert_eq!(author.get(&path).await.expect(200), changed);
}

async fn the_call_has_its_hours(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition_with("dcsc", Clock::Test { now: at("2019-09-01T12:00:00Z") }).await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let author = api.person(coalition, "Ana", &[]).await;
    let list = format!("{}/proposals", published(&staff).await);
    let submit = format!("{}/submit", begin(&author, &list, proposal()).await);
    let clock = async |now: &str| staff.put("/v1/clock", json!({ "now": now })).await.expect(200);
    let _ = clock("2019-09-12T03:59:59.999Z").await;
    let early = author.act(&submit).await;
    assert_eq!((early.problem(409), &early.body["opens_at"]), ("window_closed", &json!("2019-09-12T04:00:00.000Z")));
    let _ = clock("2019-10-04T04:00:00Z").await;
    let before = api.entries(coalition).await;
    let late = author.act(&submit).await;
    assert_eq!((late.problem(409), &late.body["closed_at"]), ("window_closed", &json!("2019-10-04T04:00:00.000Z")));
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_proposal_is_for_its_author_and_for_staff(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (author, path) = setting.submitted("Ana").await;
    let (other, _) = setting.submitted("Ben").await;
    let before = api.entries(setting.coalition).await;
    assert_eq!(other.get(&path).await.problem(404), "not_found");
    for action in ["submit", "withdraw", "confirm", "decline"] {
        assert_eq!(other.act(&format!("{path}/{action}")).await.problem(404), "not_found", "{action}");
        assert_eq!(setting.staff.act(&format!("{path}/{action}")).await.problem(403), "permission_denied", "{action}");
    }
    for action in ["accept", "reject", "reserve"] {
        assert_eq!(author.act(&format!("{path}/{action}")).await.problem(403), "permission_denied", "{action}");
    }
    assert_eq!(author.act(&format!("{}/release", setting.list())).await.problem(403), "permission_denied");
    let elsewhere = api.person(api.coalition("diso").await, "Sid", &[Grant::Staff]).await;
    assert_eq!(elsewhere.act(&format!("{path}/accept")).await.problem(404), "not_found");
    assert_eq!(elsewhere.get(&setting.list()).await.problem(404), "not_found");
    assert_eq!(api.entries(setting.coalition).await, before);

    let listed = async |who: &Session<'_>, query: &str| who.get(&format!("{}{query}", setting.list())).await.expect(200);
    assert_eq!(listed(&author, "").await["items"].as_array().unwrap().len(), 1);
    let first = listed(&setting.staff, "?limit=1&with_total=true").await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (1, &json!(2)));
    let rest = listed(&setting.staff, &format!("?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), rest.get("next_cursor")), (1, None));
    assert_ne!(rest["items"], first["items"]);
}

async fn an_author_sees_no_decision_before_its_release(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (author, path) = setting.submitted("Ana").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/reject")).await.expect(200);
    let _ = setting.staff.post(&format!("{path}/reserve"), json!({"rank": 3})).await.expect(200);
    let seen = author.get(&path).await.expect(200);
    assert_eq!((&seen["state"], seen.get("staged"), seen.get("reserve_rank")), (&json!("in_review"), None, None));
    assert!(author.get(&setting.list()).await.expect(200)["items"][0].get("staged").is_none());
    let known = setting.staff.get(&path).await.expect(200);
    assert_eq!(known["staged"], json!({"decision": "reserve", "rank": 3}));
    let _ = setting.release().await;
    let seen = author.get(&path).await.expect(200);
    assert_eq!((&seen["state"], &seen["reserve_rank"]), (&json!("in_review"), &json!(3)));
}

async fn a_release_waits_for_every_decision(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (_, first) = setting.submitted("Ana").await;
    let (_, second) = setting.submitted("Ben").await;
    let _ = setting.staff.act(&format!("{first}/accept")).await.expect(200);
    let release = format!("{}/release", setting.list());
    assert_eq!(setting.staff.act(&release).await.problem(409), "window_closed", "somebody better may still come");
    setting.clock(AFTER_THE_CALL).await;
    let before = api.entries(setting.coalition).await;
    let waiting = setting.staff.act(&release).await;
    assert_eq!(waiting.problem(409), "not_ready");
    assert_eq!(waiting.body["errors"][0]["params"]["proposal_id"], json!(second.trim_start_matches("/v1/proposals/")));
    assert_eq!(api.entries(setting.coalition).await, before);
    assert_eq!(setting.staff.get(&first).await.expect(200)["state"], "in_review");

    let reserved = setting.staff.act(&format!("{second}/reserve")).await.expect(200);
    assert_eq!(reserved["staged"], json!({"decision": "reserve", "rank": 1}), "behind all others");
    let _ = setting.release().await;
    assert_eq!(setting.staff.act(&release).await.problem(409), "not_ready", "there is nothing more to release");
}

async fn what_nobody_confirms_goes_to_the_reserve_as_the_clock_moves(database: TestDatabase) {
    what_nobody_confirms_goes_to_the_reserve(database, true).await;
}

async fn what_nobody_confirms_goes_to_the_reserve_where_jobs_stand_still(database: TestDatabase) {
    what_nobody_confirms_goes_to_the_reserve(database, false).await;
}

async fn what_nobody_confirms_goes_to_the_reserve(database: TestDatabase, jobs: bool) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, first) = setting.submitted("Ana").await;
    let (ben, second) = setting.submitted("Ben").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{first}/accept")).await.expect(200);
    let _ = setting.staff.act(&format!("{second}/reserve")).await.expect(200);
    let _ = setting.release().await;
    if jobs {
        setting.clock(AFTER_THE_CONFIRMATIONS).await;
    } else {
        setting.clock_without_jobs(AFTER_THE_CONFIRMATIONS).await;
    }
    let told = async || {
        let told = setting.staff.get("/v1/events?type=proposal.lapsed&type=proposal.promoted&type=proposal.confirmed").await;
        told.expect(200)["items"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told().await.len(), if jobs { 2 } else { 0 });

    let gone = ana.get(&first).await.expect(200);
    assert_eq!(
        (&gone["state"], &gone["lapsed"], &gone["settled_at"]),
        (&json!("declined"), &json!(true), &json!("2019-10-11T04:00:00.000Z"))
    );
    let come = ben.get(&second).await.expect(200);
    assert_eq!(
        (&come["state"], &come["lapses_at"]),
        (&json!("accepted"), &json!("2019-10-19T04:00:00.000Z")),
        "seven days of his own"
    );
    let listed = setting.staff.get(&setting.list()).await.expect(200);
    let state =
        |of: &Value| listed["items"].as_array().unwrap().iter().find(|item| item["id"] == of["id"]).unwrap()["state"].clone();
    assert_eq!((state(&gone), state(&come)), (json!("declined"), json!("accepted")));

    let late = ana.act(&format!("{first}/confirm")).await;
    assert_eq!((late.problem(409), &late.body["current_state"]), ("invalid_state_transition", &json!("declined")));
    assert_eq!(ben.act(&format!("{second}/confirm")).await.expect(200)["state"], "confirmed");
    assert_eq!(told().await, ["proposal.lapsed", "proposal.promoted", "proposal.confirmed"]);
}

async fn who_declines_leaves_the_place_to_the_reserve(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, first) = setting.submitted("Ana").await;
    let (_, second) = setting.submitted("Ben").await;
    let (_, third) = setting.submitted("Cal").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{first}/accept")).await.expect(200);
    let _ = setting.staff.post(&format!("{second}/reserve"), json!({"rank": 2})).await.expect(200);
    let _ = setting.staff.post(&format!("{third}/reserve"), json!({"rank": 1, "reason": "The stronger plan"})).await.expect(200);
    let _ = setting.release().await;
    assert_eq!(ana.act(&format!("{first}/decline")).await.expect(200)["state"], "declined");
    assert_eq!(setting.staff.get(&third).await.expect(200)["state"], "accepted");
    assert_eq!(setting.staff.get(&second).await.expect(200)["state"], "in_review");
}

async fn twenty_releases_at_once_are_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (_, path) = setting.submitted("Ana").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/accept")).await.expect(200);
    let release = format!("{}/release", setting.list());
    let answers = futures_util::future::join_all((0..20).map(|_| setting.staff.act(&release))).await;
    let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((statuses(200), statuses(409)), (1, 19));
    let told = setting.staff.get("/v1/events?type=proposal.accepted").await.expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
}

async fn a_program_without_a_call_takes_no_proposals(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition_with("diso", Clock::Test { now: at("2019-09-01T12:00:00Z") }).await;
    let author = api.person(coalition, "Ana", &[]).await;
    let days: Vec<_> = DCSC.iter().copied().skip(3).collect();
    let list = format!("/v1/programs/{}/proposals", api.program(coalition, "year", &days).await);
    let before = api.entries(coalition).await;
    assert_eq!(author.post(&list, proposal()).await.problem(409), "window_closed");
    assert_eq!(author.get(&list).await.expect(200)["items"], json!([]));
    assert_eq!(
        author.post("/v1/programs/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e/proposals", proposal()).await.problem(404),
        "not_found"
    );
    assert_eq!(api.entries(coalition).await, before);
}
