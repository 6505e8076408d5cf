//! Reviews, through HTTP: from the rubric to the line through the ranking.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::ids::{CoalitionId, Id, PersonId, ProposalId};
use cohortium_domain::journal::{Change, Happening, Subject, SubjectKind};
use cohortium_domain::mails::MailKind;
use cohortium_domain::proposals::Proposal;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::document::Operation;
use cohortium_tests::issuer::Issuer;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::authorization::table::Role;
use crate::authorization::world::World;
use crate::proposals::{AFTER_THE_CALL, Setting, setting};

on_both_databases! {
    a_proposal_is_judged_and_ranked,
    what_a_reviewer_sees_of_others,
    nobody_judges_what_it_has_a_stake_in,
    a_conflict_is_declared_for_good,
    a_decision_needs_its_reviews_or_a_reason,
    a_text_that_changes_is_judged_again,
    all_proposals_are_assigned_evenly_or_none,
    a_line_is_drawn_through_the_ranking,
    a_rubric_by_which_somebody_scored_stays,
    what_was_begun_is_taken_away_with_a_reason,
    a_blind_reviewer_is_told_nothing_of_who_the_authors_are,
}

/// A blind one, which asks for one review.
pub fn rubric() -> Value {
    json!({
        "criteria": [{"key": "plan", "label": "Session plan", "weight": 3}, {"key": "reach", "label": "Reach"}],
        "quorum": 1,
        "blind": true
    })
}

fn rubric_of(quorum: u32) -> Value {
    let mut rubric = rubric();
    rubric["quorum"] = json!(quorum);
    rubric
}

/// The same score for both criteria.
pub fn scores(score: u8) -> Value {
    json!([{"criterion": "plan", "score": score}, {"criterion": "reach", "score": score}])
}

/// The author hands in another text, as after a request to revise it.
pub async fn hand_in_anew(api: &Api, coalition: CoalitionId, id: ProposalId) {
    let handed_in = api.write(coalition, async |tx| {
        let mut proposal: Proposal = tx.lock(id).await?;
        proposal.submission += 1;
        let happened = Happening::new(Subject::new(SubjectKind::Proposal, id), "submitted");
        let proposal = tx.save(Change::one(proposal, happened), &Actor::Operator).await?;
        tx.keep_submission(&proposal).await
    });
    handed_in.await;
}

fn id_of(path: &str) -> ProposalId {
    ProposalId::from_uuid(path.rsplit('/').next().unwrap().parse().unwrap())
}

/// A coalition whose call is open and whose proposals are judged by a rubric.
struct Panel<'a> {
    setting: Setting<'a>,
    reviewers: Vec<Session<'a>>,
}

async fn panel<'a>(api: &'a Api, quorum: u32, reviewers: &[&str]) -> Panel<'a> {
    let setting = setting(api).await;
    let _ = setting.staff.put(&format!("{}/rubric", setting.program), rubric_of(quorum)).await.expect(200);
    let mut panel = Panel { setting, reviewers: Vec::new() };
    for name in reviewers {
        panel.reviewers.push(api.person(panel.setting.coalition, name, &[Grant::Reviewer]).await);
    }
    panel
}

impl Panel<'_> {
    async fn entries(&self) -> u64 {
        self.setting.api.entries(self.setting.coalition).await
    }

    async fn assign(&self, proposal: &str, reviewer: usize) -> Answer {
        let body = json!({"reviewer_id": self.reviewers[reviewer].person_id()});
        self.setting.staff.post(&format!("{proposal}/reviews"), body).await
    }

    /// The review of a proposal that a reviewer is assigned: its address.
    async fn assigned(&self, proposal: &str, reviewer: usize) -> String {
        let made = self.assign(proposal, reviewer).await;
        let location = made.header("location").to_owned();
        let _ = made.expect(201);
        location
    }

    async fn hand_in(&self, review: &str, reviewer: usize, score: u8) {
        let _ = self.reviewers[reviewer].patch(review, json!({ "scores": scores(score) })).await.expect(200);
        let _ = self.reviewers[reviewer].act(&format!("{review}/submit")).await.expect(200);
    }

    async fn judge(&self, proposal: &str, reviewer: usize, score: u8) -> String {
        let review = self.assigned(proposal, reviewer).await;
        self.hand_in(&review, reviewer, score).await;
        review
    }

    async fn reviews(&self, proposal: &str) -> Value {
        self.setting.staff.get(&format!("{proposal}/reviews")).await.expect(200)
    }

    async fn ranking(&self, query: &str) -> Value {
        let ranking = self.setting.staff.get(&format!("{}/ranking{query}", self.setting.list())).await;
        ranking.expect(200)["items"].clone()
    }

    /// Where somebody works, since 2018.
    async fn employ(&self, who: &Session<'_>, organization: &str) {
        let body = json!({"organization_id": organization, "role": "principal", "level": "school", "starts_on": "2018-08-01"});
        let _ = who.post("/v1/me/employments", body).await.expect(201);
    }

    async fn school(&self) -> String {
        let staff = &self.setting.staff;
        let _ = staff.put("/v1/roles", json!({"roles": [{"key": "principal", "label": "Principal"}]})).await.expect(200);
        let body = json!({"name": "Elm Grove", "kind": "charter_school", "state": "DC"});
        staff.post("/v1/organizations", body).await.expect(201)["id"].as_str().unwrap().to_owned()
    }
}

async fn a_proposal_is_judged_and_ranked(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 2, &["Rita", "Ron"]).await;
    let (author, first) = panel.setting.submitted("Ana").await;
    let (_, second) = panel.setting.submitted("Ben").await;
    let made = panel.assign(&first, 0).await;
    let review = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!((&made["state"], &made["scores"]), (&json!("assigned"), &json!([])));
    assert_eq!(author.get(&first).await.expect(200)["state"], "in_review");
    assert_eq!(panel.assign(&first, 0).await.problem(409), "already_exists");

    let rita = &panel.reviewers[0];
    let mine = rita.get("/v1/me/reviews").await.expect(200);
    assert_eq!(mine["items"][0]["proposal_title"], "What a behavior tells us");
    let proposal = rita.get(&format!("{review}/proposal")).await.expect(200);
    assert_eq!((&proposal["submission"], proposal.get("facilitator_ids")), (&json!(1), None));
    let half =
        json!({"scores": [{"criterion": "plan", "score": 5, "comment": "Clear"}], "comment": "Good", "note_to_staff": "Ask"});
    let begun = rita.patch(&review, half).await.expect(200);
    assert_eq!((&begun["state"], begun.get("weighted_mean")), (&json!("in_progress"), None));
    let lacking = rita.act(&format!("{review}/submit")).await;
    assert_eq!((lacking.problem(422), lacking.faults()), ("validation_failed", vec![("#/scores", "required")]));
    let wrong = rita.patch(&review, json!({"scores": [{"criterion": "charm", "score": 3}]})).await;
    assert_eq!(wrong.faults(), [("#/scores/0/criterion", "not_found")]);
    let both = json!({"scores": [{"criterion": "plan", "score": 5}, {"criterion": "reach", "score": 2}]});
    let _ = rita.patch(&review, both).await.expect(200);
    let handed_in = rita.act(&format!("{review}/submit")).await.expect(200);
    assert_eq!((&handed_in["state"], &handed_in["weighted_mean"]), (&json!("submitted"), &json!(4.25)));
    assert_eq!(rita.patch(&review, json!({"comment": "Too late"})).await.problem(409), "invalid_state_transition");

    let _ = panel.judge(&second, 0, 4).await;
    let _ = panel.judge(&second, 1, 4).await;
    let quorum = panel.reviews(&first).await["quorum"].clone();
    let told = json!({"needed": 2, "counted": 1, "missing": 1, "pending": 0, "outdated": 0, "contradictory": false});
    assert_eq!(quorum, told);
    let ranking = panel.ranking("").await;
    assert_eq!((&ranking[0]["figures"]["mean"], &ranking[0]["position"]), (&json!(4.25), &json!(1)));
    assert_eq!((&ranking[0]["quorum"], &ranking[1]["quorum"]["missing"]), (&told, &json!(0)));
    let _ = panel.ranking("?by=normalized").await;
    for path in [format!("{first}/reviews"), review.clone(), format!("{}/ranking", panel.setting.list())] {
        assert!(matches!(author.get(&path).await.status, 403), "the author sees nothing of it: {path}");
    }
}

async fn what_a_reviewer_sees_of_others(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 2, &["Rita", "Ron"]).await;
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let _ = panel.judge(&proposal, 0, 4).await;
    let review = panel.assigned(&proposal, 1).await;
    let ron = &panel.reviewers[1];
    assert_eq!(ron.get(&format!("{review}/peers")).await.problem(409), "not_ready", "its own comes first");
    panel.hand_in(&review, 1, 3).await;
    let peers = ron.get(&format!("{review}/peers")).await;
    assert!(!peers.text.contains(&panel.reviewers[0].person_id().to_string()), "it is not said whose they are");
    let peers = peers.expect(200);
    assert_eq!((peers["items"].as_array().unwrap().len(), &peers["items"][0]["weighted_mean"]), (1, &json!(4.0)));
    assert!(peers["items"][0].get("note_to_staff").is_none());
    assert_eq!(panel.reviewers[0].get(&review).await.problem(404), "not_found", "another's review");
    assert_eq!(panel.reviewers[0].patch(&review, json!({"comment": "Mine now"})).await.problem(404), "not_found");
    assert_eq!(ron.get(&format!("{proposal}/reviews")).await.problem(403), "permission_denied");
    assert_eq!(ron.get(&proposal).await.problem(404), "not_found", "the proposal is read by its review");
}

async fn nobody_judges_what_it_has_a_stake_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita", "Ron"]).await;
    let school = panel.school().await;
    let (author, proposal) = panel.setting.submitted("Ana").await;
    let review = panel.assigned(&proposal, 1).await;
    panel.employ(&author, &school).await;
    panel.employ(&panel.reviewers[0], &school).await;
    let before = panel.entries().await;
    assert_eq!(panel.assign(&proposal, 0).await.problem(403), "conflict_of_interest", "they work together");
    assert_eq!(panel.entries().await, before);

    // The second begins to work there too, after it was assigned.
    panel.hand_in(&review, 1, 5).await;
    assert_eq!(panel.reviews(&proposal).await["quorum"]["counted"], 1);
    panel.employ(&panel.reviewers[1], &school).await;
    let (before, ron) = (panel.entries().await, &panel.reviewers[1]);
    for path in [format!("{review}/proposal"), format!("{review}/peers")] {
        assert_eq!(ron.get(&path).await.problem(403), "conflict_of_interest", "{path}");
    }
    assert_eq!(panel.entries().await, before);
    let listed = panel.reviews(&proposal).await;
    assert_eq!((&listed["quorum"]["counted"], &listed["items"][0]["conflict_found"]), (&json!(0), &json!(true)));
    assert_eq!(panel.ranking("").await[0].get("position"), None);
    assert!(ron.get(&review).await.expect(200).get("conflict_found").is_none(), "it would tell where the author works");

    let own = api.person(panel.setting.coalition, "Zoe", &[Grant::Reviewer, Grant::Staff]).await;
    let made = own.post(&panel.setting.list(), crate::proposals::proposal()).await;
    let path = made.header("location").to_owned();
    let _ = own.act(&format!("{path}/submit")).await.expect(200);
    for who in [&own, &panel.setting.staff] {
        let to_oneself = who.post(&format!("{path}/reviews"), json!({"reviewer_id": own.person_id()})).await;
        assert_eq!(to_oneself.problem(403), "conflict_of_interest");
    }
    assert_eq!(own.get(&format!("{path}/reviews")).await.problem(403), "conflict_of_interest", "also as staff");
    let seen = own.get(&format!("{}/ranking", panel.setting.list())).await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "all but its own");
}

async fn a_conflict_is_declared_for_good(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita"]).await;
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let review = panel.judge(&proposal, 0, 5).await;
    let rita = &panel.reviewers[0];
    let body = json!({"kind": "personal", "note": "We are neighbors"});
    let declared = rita.post(&format!("{review}/declare-conflict"), body.clone()).await.expect(200);
    assert_eq!((&declared["state"], &declared["conflict"]), (&json!("conflicted"), &body));
    assert_eq!(rita.get(&format!("{review}/proposal")).await.problem(403), "conflict_of_interest");
    assert_eq!(panel.reviews(&proposal).await["quorum"]["counted"], 0);
    assert_eq!(panel.assign(&proposal, 0).await.problem(403), "conflict_of_interest");
    let assign = format!("{}/reviews/assign", panel.setting.program);
    let lacking = panel.setting.staff.post(&assign, json!({})).await;
    assert_eq!((lacking.problem(409), &lacking.body["errors"][0]["params"]["lacking"]), ("not_ready", &json!(1)));
}

async fn a_decision_needs_its_reviews_or_a_reason(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 2, &["Rita", "Ron", "Rob"]).await;
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let _ = panel.judge(&proposal, 0, 2).await;
    let (staff, before) = (&panel.setting.staff, panel.entries().await);
    for decision in ["accept", "reject", "reserve"] {
        assert_eq!(staff.act(&format!("{proposal}/{decision}")).await.problem(422), "reason_required", "{decision}");
    }
    assert_eq!(panel.entries().await, before);
    let _ = panel.judge(&proposal, 1, 4).await;
    let quorum = panel.reviews(&proposal).await["quorum"].clone();
    assert_eq!((&quorum["contradictory"], &quorum["needed"], &quorum["missing"]), (&json!(true), &json!(3), &json!(1)));
    assert_eq!(staff.act(&format!("{proposal}/accept")).await.problem(422), "reason_required", "they contradict each other");
    let assigned = staff.post(&format!("{}/reviews/assign", panel.setting.program), json!({"seed": 1})).await.expect(200);
    assert_eq!(assigned["assigned"].as_array().unwrap().len(), 1, "one more is asked for");
    let review = format!("/v1/reviews/{}", assigned["assigned"][0]["review_id"].as_str().unwrap());
    panel.hand_in(&review, 2, 3).await;
    let _ = staff.act(&format!("{proposal}/accept")).await.expect(200);

    let (_, other) = panel.setting.submitted("Ben").await;
    let _ = staff.post(&format!("{other}/reject"), json!({"reason": "It is about something else"})).await.expect(200);
    panel.setting.clock(AFTER_THE_CALL).await;
    let _ = panel.setting.release().await;
    let rita = &panel.reviewers[0];
    let mine = rita.get("/v1/me/reviews").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let late = rita.post(&format!("/v1/reviews/{mine}/declare-conflict"), json!({"kind": "other"})).await;
    assert_eq!(late.problem(409), "window_closed", "the decision has been released");
}

async fn a_text_that_changes_is_judged_again(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita"]).await;
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let review = panel.judge(&proposal, 0, 3).await;
    let rita = &panel.reviewers[0];
    assert_eq!(rita.act(&format!("{review}/reopen")).await.problem(409), "not_ready", "the text is the same");
    hand_in_anew(&api, panel.setting.coalition, id_of(&proposal)).await;
    let read = rita.get(&review).await.expect(200);
    assert_eq!((&read["outdated"], &read["allowed_actions"]), (&json!(true), &json!(["reopen", "declare_conflict"])));
    assert_eq!(panel.reviews(&proposal).await["quorum"]["outdated"], 1);
    assert_eq!(panel.setting.staff.act(&format!("{proposal}/accept")).await.problem(422), "reason_required");
    let assign = format!("{}/reviews/assign", panel.setting.program);
    let assigned = panel.setting.staff.post(&assign, json!({})).await.expect(200);
    assert_eq!(assigned["assigned"], json!([]), "its reviewer amends it");
    let _ = rita.act(&format!("{review}/reopen")).await.expect(200);
    assert_eq!(rita.act(&format!("{review}/submit")).await.problem(409), "not_ready", "it has not been looked at again");
    let _ = rita.patch(&review, json!({})).await.expect(200);
    let again = rita.act(&format!("{review}/submit")).await.expect(200);
    assert_eq!((&again["outdated"], &again["submission"]), (&json!(false), &json!(2)));
    let _ = panel.setting.staff.act(&format!("{proposal}/accept")).await.expect(200);
}

async fn all_proposals_are_assigned_evenly_or_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 2, &["Rita", "Ron", "Rob"]).await;
    for name in ["Ana", "Ben", "Cleo", "Dan"] {
        let _ = panel.setting.submitted(name).await;
    }
    let (staff, assign) = (&panel.setting.staff, format!("{}/reviews/assign", panel.setting.program));
    let before = panel.entries().await;
    let dry = staff.post(&assign, json!({"seed": 11, "dry_run": true})).await.expect(200);
    assert_eq!((panel.entries().await, dry["assigned"].as_array().unwrap().len()), (before, 8), "nothing is saved");
    let too_many = staff.post(&assign, json!({"reviews_per_proposal": 4})).await;
    assert_eq!((too_many.problem(409), too_many.body["errors"].as_array().unwrap().len()), ("not_ready", 4));
    let unknown = staff.post(&assign, json!({"reviewer_ids": [staff.person_id()]})).await;
    assert_eq!(unknown.faults(), [("#/reviewer_ids/0", "not_found")]);
    assert_eq!((panel.entries().await, api.mails().await.len()), (before, 0));

    let done = staff.post(&assign, json!({"seed": 11})).await.expect(200);
    let pairs = |of: &Value| {
        let pair = |one: &Value| (one["proposal_id"].clone(), one["reviewer_id"].clone());
        of["assigned"].as_array().unwrap().iter().map(pair).collect::<Vec<_>>()
    };
    assert_eq!((pairs(&done), &done["seed"]), (pairs(&dry), &json!(11)), "the same seed, the same plan");
    let all = done["loads"].as_array().unwrap();
    let of_rita = all.iter().find(|one| one["reviewer_id"] == json!(panel.reviewers[0].person_id())).unwrap()["reviews"].clone();
    let mut loads: Vec<_> = all.iter().map(|one| one["reviews"].as_u64().unwrap()).collect();
    loads.sort_unstable();
    assert_eq!(loads, [2, 3, 3]);
    // Each is written to once, however many they got.
    let mails = api.mails().await;
    assert!(mails.iter().all(|mail| mail.kind == MailKind::ReviewsAssigned), "{mails:?}");
    let mut told: Vec<&str> = mails.iter().map(|mail| mail.text.split(" wait").next().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["2 proposals", "3 proposals", "3 proposals"]);
    let again = staff.act(&assign).await.expect(200);
    assert_eq!(again["assigned"], json!([]), "every proposal has its reviews");
    assert!(api.mails().await.is_empty());
    let listed = staff.get(&panel.setting.list()).await.expect(200);
    assert!(listed["items"].as_array().unwrap().iter().all(|item| item["state"] == "in_review"));

    // Whoever joins the panel now has nothing, and would have to get two: but only one is missing.
    let _ = api.person(panel.setting.coalition, "Ray", &[Grant::Reviewer]).await;
    let (_, fifth) = panel.setting.submitted("Eve").await;
    let _ = panel.judge(&fifth, 0, 5).await;
    let told = api.mail().await;
    assert!(
        told.to.as_str() == "rita@example.org" && told.text.starts_with(&format!("{of_rita} proposals wait")),
        "one is handed in: {told:?}"
    );
    let before = panel.entries().await;
    let uneven = staff.post(&assign, json!({})).await;
    assert_eq!(uneven.problem(409), "not_ready");
    assert!(uneven.body["detail"].as_str().unwrap().contains("differ by"), "{}", uneven.text);
    assert_eq!(panel.entries().await, before);
    let allowed = staff.post(&assign, json!({"load_difference": 4})).await.expect(200);
    assert_eq!(allowed["assigned"].as_array().unwrap().len(), 1);
}

async fn a_line_is_drawn_through_the_ranking(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita"]).await;
    let mut proposals = Vec::new();
    for (name, score) in [("Ana", 2), ("Ben", 5), ("Cleo", 4)] {
        let (_, proposal) = panel.setting.submitted(name).await;
        let _ = panel.judge(&proposal, 0, score).await;
        proposals.push(id_of(&proposal).to_string());
    }
    let (staff, line) = (&panel.setting.staff, format!("{}/line", panel.setting.list()));
    let drawn = staff.post(&line, json!({"accept": 1, "reserve": 1})).await.expect(200);
    assert_eq!(drawn, json!({"accept": [proposals[1]], "reserve": [proposals[2]], "reject": [proposals[0]]}));
    let staged: Vec<Value> = panel.ranking("").await.as_array().unwrap().iter().map(|one| one["staged_decision"].clone()).collect();
    assert_eq!(staged, ["accept", "reserve", "reject"]);

    let (_, unjudged) = panel.setting.submitted("Dan").await;
    let before = panel.entries().await;
    assert_eq!(staff.post(&line, json!({"accept": 2})).await.problem(422), "reason_required", "one has not been judged");
    assert_eq!(panel.entries().await, before);
    let kept = staff.post(&line, json!({"accept": 0, "keep_staged": true, "reason": "It came too late"})).await.expect(200);
    assert_eq!(kept, json!({"accept": [], "reserve": [], "reject": [id_of(&unjudged).to_string()]}));
    panel.setting.clock(AFTER_THE_CALL).await;
    let released = panel.setting.release().await;
    assert_eq!((&released["accepted"], &released["reserved"]), (&json!([proposals[1]]), &json!([proposals[2]])));
    assert_eq!(staff.post(&line, json!({"accept": 9, "reason": "All of them"})).await.problem(409), "not_ready", "all are decided");
}

async fn a_rubric_by_which_somebody_scored_stays(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita"]).await;
    let path = format!("{}/rubric", panel.setting.program);
    let read = panel.reviewers[0].get(&path).await.expect(200);
    assert_eq!((&read["version"], &read["frozen"], &read["contradiction_spread"]), (&json!(1), &json!(false), &json!(2.0)));
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let _ = panel.judge(&proposal, 0, 4).await;
    let (staff, before) = (&panel.setting.staff, panel.entries().await);
    let mut changed = rubric();
    changed["blind"] = json!(false);
    changed["criteria"][0]["weight"] = json!(1);
    let frozen = staff.put(&path, changed).await;
    assert_eq!(
        (frozen.problem(422), frozen.faults()),
        ("validation_failed", vec![("#/blind", "frozen"), ("#/criteria", "frozen")])
    );
    assert_eq!(panel.entries().await, before);
    let more = staff.put(&path, rubric_of(2)).await.expect(200);
    assert_eq!((&more["quorum"], &more["frozen"]), (&json!(2), &json!(true)));
}

async fn what_was_begun_is_taken_away_with_a_reason(database: TestDatabase) {
    let api = Api::start(&database).await;
    let panel = panel(&api, 1, &["Rita"]).await;
    let (_, proposal) = panel.setting.submitted("Ana").await;
    let (staff, rita) = (&panel.setting.staff, &panel.reviewers[0]);
    let review = panel.assigned(&proposal, 0).await;
    assert_eq!(staff.request(Method::DELETE, &review).send().await.problem(428), "precondition_required");
    assert_eq!(staff.delete(&review).await.status, 204);
    assert_eq!(rita.get(&review).await.problem(404), "not_found");
    let again = panel.assigned(&proposal, 0).await;
    let _ = rita.patch(&again, json!({"comment": "I begin"})).await.expect(200);
    let before = panel.entries().await;
    assert_eq!(staff.delete(&again).await.problem(422), "reason_required");
    assert_eq!(panel.entries().await, before);
    assert_eq!(staff.delete(&format!("{again}?reason=She%20is%20ill")).await.status, 204);
    let third = panel.judge(&proposal, 0, 3).await;
    assert_eq!(staff.delete(&format!("{third}?reason=Too%20strict")).await.problem(409), "invalid_state_transition");
    assert_eq!(panel.reviews(&proposal).await["items"].as_array().unwrap().len(), 1);
}

/// Everything that can be read is read as a reviewer of a blind program, with every id that there is, and nothing in it names an
/// author.
async fn a_blind_reviewer_is_told_nothing_of_who_the_authors_are(database: TestDatabase) {
    let issuer = Issuer::start();
    let api = Api::start_with(database.url(), &issuer).await;
    let world = World::build(&api, &issuer).await;
    let place = &world.ours;
    let (staff, reviewer, author) =
        (place.session(Role::Staff), place.session(Role::Reviewer), place.session(Role::Author).person_id());
    let name = |given: &str| json!({"given_name": given, "family_name": "Quillfeather", "email": format!("{given}@quill.example")});
    let _ = staff.patch(&format!("/v1/people/{author}"), name("Zephyrine")).await.expect(200);
    let partner = staff.post("/v1/people", name("Ottoline")).await.expect(201)["id"].as_str().unwrap().to_owned();
    for proposal in ["judged proposal", "second judged proposal", "third judged proposal"] {
        join(&api, place.coalition(), id_of(place.id(proposal)), &partner).await;
    }
    let path = format!("/v1/organizations/{}", place.id("organization"));
    let _ = staff.patch(&path, json!({"name": "Thistledown Academy"})).await.expect(200);
    let review = format!("/v1/reviews/{}", place.id("review"));
    let _ = reviewer.patch(&review, json!({ "scores": scores(3) })).await.expect(200);
    let _ = reviewer.act(&format!("{review}/submit")).await.expect(200);

    let (author, organization) = (author.to_string(), place.id("organization").to_owned());
    let secrets =
        [author.as_str(), &partner, &organization, "Zephyrine", "Ottoline", "Quillfeather", "quill.example", "Thistledown"];
    let mut ids: Vec<String> = place.things().map(|(_, id)| id.to_owned()).collect();
    ids.extend([author.clone(), partner.clone()]);
    let (mut asked, mut told) = (0, Vec::new());
    // Whom an attestation is about is told to whoever has the link, which is a supervisor.
    let by_session = |operation: &Operation| operation.method == "get" && !operation.path.starts_with("/v1/attestations");
    for operation in Operation::all().into_iter().filter(by_session) {
        let paths = match operation.path.split_once('{') {
            None => vec![operation.path.to_owned()],
            Some((before, rest)) => {
                let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
                ids.iter().map(|id| format!("{before}{id}{after}")).collect()
            }
        };
        for path in paths {
            let answer = reviewer.get(&path).await;
            asked += usize::from(answer.status == 200);
            // What was asked for may be told again, and nothing else.
            let said = answer.text.replace(&path, "");
            let headers = format!("{:?}", answer.headers).replace(&path, "");
            let said = said + &headers;
            let leaks = secrets.iter().filter(|secret| !path.contains(**secret) && said.contains(**secret));
            told.extend(leaks.map(|secret| format!("{path} tells {secret}")));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(asked > 50, "only {asked} could be read");
    let seen = reviewer.get(&format!("{review}/proposal")).await.expect(200);
    assert_eq!(seen["title"], "What a behavior tells us", "the text itself is there");
    let open = staff.get(&format!("/v1/proposals/{}", place.id("judged proposal"))).await;
    assert!(open.text.contains(&author), "and staff see whose it is");
}

/// Somebody agrees to facilitate a proposal with its author.
async fn join(api: &Api, coalition: CoalitionId, proposal: ProposalId, person: &str) {
    let person = PersonId::from_uuid(person.parse().unwrap());
    let joined = api.write(coalition, async |tx| {
        let mut proposal: Proposal = tx.lock(proposal).await?;
        proposal.co_facilitators.push(person);
        let happened = Happening::new(Subject::new(SubjectKind::Proposal, proposal.id), "joined");
        tx.save(Change::one(proposal, happened), &Actor::Operator).await
    });
    let _ = joined.await;
}
