//! Transfers, merges, and cohorts that are called off with an offer to transfer, through HTTP.

use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, apply, cohort, state};

on_both_databases! {
    a_place_is_given_up_when_the_offer_in_the_other_cohort_is_confirmed,
    an_offer_to_transfer_that_lapses_leaves_the_place_as_it_was,
    of_two_offers_for_one_place_the_other_is_given_up,
    under_review_who_waits_can_be_transferred_to_where_seats_are_free,
    a_transfer_that_cannot_be_changes_nothing,
    opposite_transfers_at_once_all_go_through,
    everybody_of_a_merged_cohort_goes_on_in_the_other,
    a_merge_that_cannot_be_changes_nothing,
    a_cohort_that_is_called_off_offers_what_seats_there_are_elsewhere,
    of_all_that_is_on_offer_for_one_place_one_is_taken,
}

async fn published(stage: &Stage<'_>, wish: Value) -> String {
    let made = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await;
    let path = made.header("location").to_owned();
    let _ = made.expect(201);
    let _ = stage.staff.act(&format!("{path}/publish")).await.expect(200);
    path
}

/// What a mail says, in one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn transfer(stage: &Stage<'_>, application: &str, cohort: &str) -> Answer {
    let wish = json!({"to_cohort_id": id_of(cohort), "reason": "That group meets when her school does"});
    stage.staff.post(&format!("{application}/transfer"), wish).await
}

async fn merge(stage: &Stage<'_>, cohort: &str, into: &str) -> Answer {
    stage.staff.post(&format!("{cohort}/merge"), json!({"into_cohort_id": id_of(into), "reason": "Too few people"})).await
}

/// What a person has applied to this cohort with.
async fn own(who: &Session<'_>, cohort: &str) -> Value {
    let list = who.get(&format!("/v1/me/applications?cohort_id={}", id_of(cohort))).await.expect(200);
    list["items"][0].clone()
}

async fn a_place_is_given_up_when_the_offer_in_the_other_cohort_is_confirmed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (here, there) = (stage.cohort(1).await, stage.cohort_named("there", 5).await);
    let (place, _) = applied(&ana, &here).await;
    let (waits, _) = applied(&ben, &here).await;

    let offered = transfer(&stage, &place, &there).await;
    let offer = offered.header("location").to_owned();
    let offered = offered.expect(201);
    assert_eq!((&offered["state"], &offered["cohort_id"]), (&json!("offered"), &json!(id_of(&there))));
    assert_eq!(
        (&offered["transferred_from_id"], &offered["person_id"]),
        (&json!(id_of(&place)), &json!(ana.person_id().to_string()))
    );
    assert_eq!((state(&ana, &place).await.as_str(), stage.seats(&here).await), ("enrolled", (1, 0, 1)));
    assert_eq!(stage.seats(&there).await, (1, 4, 0), "an offer holds its seat");
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::TransferOffered, "ana@example.org"));
    let text = unwrapped(&mail.text);
    assert!(text.contains("“there” of Communities of Practice") && text.contains("until 2019-11-05, 00:00"), "{text}");
    let twice = transfer(&stage, &place, &there).await;
    assert_eq!(twice.problem(409), "already_exists");

    let confirmed = ana.act(&format!("{offer}/confirm")).await.expect(200);
    assert_eq!(confirmed["state"], "enrolled");
    let given_up = ana.get(&place).await.expect(200);
    assert_eq!((&given_up["state"], &given_up["transferred_to_id"]), (&json!("transferred"), &json!(id_of(&offer))));
    assert_eq!(given_up["allowed_actions"], json!([]));
    assert_eq!(state(&ben, &waits).await, "offered", "the seat goes to whoever waits");
    assert_eq!((stage.seats(&here).await, stage.seats(&there).await), ((1, 0, 0), (1, 4, 0)));
    let enrollment = ana.get(&place.replace("applications", "enrollments")).await.expect(200);
    assert_eq!((&enrollment["state"], enrollment.get("ended_at").is_some()), (&json!("transferred"), true));
}

async fn an_offer_to_transfer_that_lapses_leaves_the_place_as_it_was(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let (here, there) = (stage.cohort(1).await, stage.cohort_named("there", 1).await);
    let (place, _) = applied(&ana, &here).await;
    let offer = transfer(&stage, &place, &there).await.header("location").to_owned();
    stage.reach_without_jobs("2019-11-05T05:00:00Z").await;
    assert!(api.mails().await.is_empty(), "what is past its time is told nobody");
    assert_eq!((state(&ana, &offer).await.as_str(), state(&ana, &place).await.as_str()), ("expired", "enrolled"));
    assert_eq!(ana.act(&format!("{offer}/confirm")).await.problem(409), "invalid_state_transition");
    // It can be offered again; and taken back.
    let second = transfer(&stage, &place, &there).await;
    let offer = second.header("location").to_owned();
    let _ = second.expect(201);
    let _ = ana.act(&format!("{offer}/withdraw")).await.expect(200);
    assert_eq!((state(&ana, &place).await.as_str(), stage.seats(&there).await), ("enrolled", (0, 1, 0)));
}

async fn of_two_offers_for_one_place_the_other_is_given_up(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy, di) =
        (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await, stage.principal("Di").await);
    let (here, third) = (stage.cohort_named("here", 2).await, stage.cohort_named("third", 2).await);
    let mut offers = Vec::new();
    for (who, title) in [(&ana, "for Ana"), (&ben, "for Ben")] {
        let (place, _) = applied(who, &here).await;
        let there = stage.cohort_named(title, 1).await;
        let offer = transfer(&stage, &place, &there).await.header("location").to_owned();
        offers.push((place, there, offer));
    }
    let _ = merge(&stage, &here, &third).await.expect(200);
    let merged = [own(&ana, &third).await, own(&ben, &third).await].map(|one| (one["state"].clone(), one["id"].clone()));
    assert!(merged.iter().all(|(state, _)| state == "offered"), "{merged:?}");
    let merged = merged.map(|(_, id)| format!("/v1/applications/{}", id.as_str().unwrap()));
    let (_, for_ben, _) = &offers[1];
    let waiting = [(applied(&cy, &third).await.0, &cy), (applied(&di, for_ben).await.0, &di)];

    // Ana takes what she was offered first, and Ben what the merge gave him.
    let (place, _, first) = &offers[0];
    let (_, _, second) = &offers[1];
    let taken = [(&ana, first, &merged[0]), (&ben, &merged[1], second)];
    for (who, confirmed, given_up) in taken {
        assert_eq!(who.act(&format!("{confirmed}/confirm")).await.expect(200)["state"], "enrolled");
        let other = who.get(given_up).await.expect(200);
        assert_eq!((&other["state"], &other["transferred_to_id"]), (&json!("transferred"), &json!(id_of(confirmed))));
        let before = stage.entries().await;
        assert_eq!(who.act(&format!("{given_up}/confirm")).await.problem(409), "invalid_state_transition");
        assert_eq!(stage.entries().await, before);
    }
    for (application, who) in waiting {
        assert_eq!(state(who, &application).await, "offered", "the seat goes to whoever waits");
    }
    assert_eq!((stage.seats(&third).await, stage.seats(for_ben).await), ((2, 0, 0), (1, 0, 0)));
    assert_eq!(ana.get(place).await.expect(200)["transferred_to_id"], json!(id_of(&merged[0])), "what has ended stays as it is");
}

async fn under_review_who_waits_can_be_transferred_to_where_seats_are_free(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let form = json!({"schema": {"type": "object", "properties": {"why": {"type": "string", "maxLength": 100}}}});
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), form).await.expect(200);
    let commitments = json!({"commitments": [{"label": "Calls", "text": "Come to every call"}]});
    let list = stage.staff.put(&format!("{}/commitments", stage.program), commitments).await.expect(200);
    let accepted = json!({"commitments": [{"commitment_id": list["commitments"][0]["id"], "version": 1}]});
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (here, there) = (stage.cohort(1).await, stage.cohort_named("there", 1).await);
    let (first, _) = applied(&ana, &here).await;
    let _ = stage.staff.act(&format!("{first}/offer")).await.expect(200);
    let made = ben.post(&format!("{here}/applications"), json!({"submit": true, "answers": {"why": "We are few"}})).await;
    let waits = made.header("location").to_owned();
    let _ = stage.staff.act(&format!("{waits}/waitlist")).await.expect(200);

    let offered = transfer(&stage, &waits, &there).await;
    let offer = offered.header("location").to_owned();
    assert_eq!(offered.expect(201)["answers"], json!({"why": "We are few"}), "answers go along");
    let missing = ben.act(&format!("{offer}/confirm")).await;
    assert_eq!(missing.problem(422), "commitments_missing", "what is promised is promised to the other cohort");
    assert_eq!(state(&ben, &waits).await, "waitlisted");
    let _ = ben.post(&format!("{offer}/confirm"), accepted).await.expect(200);
    assert_eq!((state(&ben, &waits).await.as_str(), stage.seats(&here).await), ("transferred", (1, 0, 0)));
}

async fn a_transfer_that_cannot_be_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (here, full) = (stage.cohort(5).await, stage.cohort_named("full", 1).await);
    let mut teachers = cohort(5);
    teachers["audience"]["roles"] = json!(["teacher"]);
    teachers["slug"] = json!("teachers");
    let teachers = published(&stage, teachers).await;
    let mut draft = cohort(5);
    draft["slug"] = json!("draft");
    let draft = stage.staff.post(&format!("{}/cohorts", stage.program), draft).await.header("location").to_owned();
    let (place, _) = applied(&ana, &here).await;
    let (taken, _) = applied(&ben, &full).await;
    let (ben_here, _) = applied(&ben, &here).await;
    let before = stage.entries().await;
    for (application, to, status, code) in [
        (&place, &full, 409, "cohort_full"),
        (&place, &teachers, 409, "not_eligible"),
        (&place, &draft, 409, "window_closed"),
        (&place, &here, 422, "validation_failed"),
        (&place, &"/v1/cohorts/0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e".to_owned(), 422, "validation_failed"),
        (&taken, &here, 409, "already_applied"),
    ] {
        assert_eq!(transfer(&stage, application, to).await.problem(status), code, "{to}");
    }
    assert_eq!(stage.entries().await, before);
    let stale = stage
        .staff
        .request(reqwest::Method::POST, &format!("{place}/transfer"))
        .header("if-match", "\"7-0\"")
        .json(&json!({"to_cohort_id": id_of(&full), "reason": "She asked"}))
        .send();
    assert_eq!(stale.await.problem(412), "precondition_failed");
    let _ = ben.act(&format!("{}/withdraw", ben_here.replace("applications", "enrollments"))).await.expect(200);
    assert_eq!(transfer(&stage, &ben_here, &full).await.problem(409), "invalid_state_transition");
    assert_eq!((stage.seats(&here).await, stage.seats(&full).await), ((1, 4, 0), (1, 0, 0)));
}

async fn opposite_transfers_at_once_all_go_through(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (one, other) = (stage.cohort(20).await, stage.cohort_named("other", 20).await);
    let mut places = Vec::new();
    for number in 0..12 {
        let person = stage.principal(&format!("P{number}")).await;
        let (from, to) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        places.push((applied(&person, from).await.0, to, person));
    }
    let offers = join_all(places.iter().map(|(place, to, _)| transfer(&stage, place, to))).await;
    let confirmations = offers.iter().zip(&places).map(|(offer, (_, _, person))| {
        let path = format!("{}/confirm", offer.header("location"));
        async move { person.act(&path).await }
    });
    for confirmed in join_all(confirmations).await {
        assert_eq!(confirmed.expect(200)["state"], "enrolled");
    }
    assert_eq!((stage.seats(&one).await, stage.seats(&other).await), ((6, 14, 0), (6, 14, 0)));
    for (place, _, person) in &places {
        assert_eq!(state(person, place).await, "transferred");
    }
}

async fn everybody_of_a_merged_cohort_goes_on_in_the_other(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (here, there) = (stage.cohort(2).await, stage.cohort_named("there", 4).await);
    let mut people = Vec::new();
    for name in ["Ana", "Ben", "Cy", "Dan", "Eva"] {
        people.push(stage.principal(name).await);
    }
    let [ana, ben, cy, dan, eva] = &people[..] else { panic!("five people") };
    let (first, _) = applied(ana, &here).await;
    let (held, _) = applied(ben, &here).await;
    let (waits, _) = applied(cy, &here).await;
    // One of them is in the other cohort too, and another holds a seat there.
    let _ = applied(ben, &there).await;
    let _ = applied(dan, &there).await;
    let draft = eva.post(&format!("{here}/applications"), json!({})).await.expect(201);

    let merged = merge(&stage, &here, &there).await.expect(200);
    assert_eq!((&merged["state"], &merged["merged_into_id"]), (&json!("cancelled"), &json!(id_of(&there))));
    assert_eq!(stage.seats(&here).await, (0, 2, 0));
    assert_eq!(own(ana, &there).await["state"], "offered");
    assert_eq!(own(ben, &there).await["state"], "enrolled", "who is in both is not doubled");
    assert_eq!(own(cy, &there).await["state"], "offered", "a seat was free for who waited");
    assert_eq!(own(eva, &there).await["state"], "draft");
    assert_eq!(stage.seats(&there).await, (4, 0, 0));
    let told = [(ana, &first, ana), (ben, &held, ben), (cy, &waits, cy)];
    for (who, path, other) in told {
        let read = who.get(path).await.expect(200);
        assert_eq!((&read["state"], &read["transferred_to_id"]), (&json!("transferred"), &own(other, &there).await["id"]));
    }
    assert_eq!(state(eva, &format!("/v1/applications/{}", draft["id"].as_str().unwrap())).await, "transferred");
    let offer = format!("/v1/applications/{}", own(ana, &there).await["id"].as_str().unwrap());
    assert_eq!(ana.act(&format!("{offer}/confirm")).await.expect(200)["state"], "enrolled");
    assert_eq!(merge(&stage, &here, &there).await.problem(409), "invalid_state_transition");
    let mails = api.mails().await;
    assert!(mails.iter().all(|mail| mail.kind == MailKind::CohortChanged), "{mails:?}");
    let told = |who: &str| {
        let mail = mails.iter().find(|mail| mail.to.as_str() == format!("{who}@example.org"));
        unwrapped(&mail.unwrap().text)
    };
    for (who, how) in [
        ("ana", "You have a place in “there”"),
        ("ben", "You have a place in “there”"),
        ("cy", "held for you: confirm it until 2019-11-05, 00:00"),
        ("eva", "a draft of an application to “there”"),
    ] {
        assert!(told(who).contains("was merged into “there”") && told(who).contains(how), "{who}: {}", told(who));
    }
    assert_eq!(mails.len(), 4, "who was there already is told nothing");
}

async fn a_merge_that_cannot_be_changes_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (here, small) = (stage.cohort(5).await, stage.cohort_named("small", 1).await);
    let mut teachers = cohort(5);
    teachers["audience"]["roles"] = json!(["teacher"]);
    teachers["slug"] = json!("teachers");
    let teachers = published(&stage, teachers).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (place, _) = applied(&ana, &here).await;
    let _ = applied(&ben, &here).await;
    let before = stage.entries().await;
    let full = merge(&stage, &here, &small).await;
    assert_eq!(full.problem(409), "cohort_full");
    assert!(full.body["detail"].as_str().unwrap().starts_with("2 people need a seat there, and 1 are free"), "{}", full.text);
    let unfit = merge(&stage, &here, &teachers).await;
    assert_eq!((unfit.problem(409), unfit.faults().len()), ("not_ready", 2));
    assert_eq!(merge(&stage, &here, &here).await.problem(422), "validation_failed");
    assert_eq!(stage.entries().await, before);
    assert_eq!((state(&ana, &place).await.as_str(), stage.seats(&small).await), ("enrolled", (0, 1, 0)));
    stage.reach("2019-12-10T12:00:00Z").await;
    assert_eq!(merge(&stage, &here, &small).await.problem(409), "invalid_state_transition", "it has kicked off");
}

async fn a_cohort_that_is_called_off_offers_what_seats_there_are_elsewhere(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (here, there) = (stage.cohort(2).await, stage.cohort_named("there", 1).await);
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let (first, _) = applied(&ana, &here).await;
    stage.reach("2019-11-02T12:00:00Z").await;
    let (second, _) = applied(&ben, &here).await;
    let (waits, _) = applied(&cy, &here).await;
    let wish = json!({"reason": "Too few people", "transfer_to_cohort_id": id_of(&there)});
    let cancelled = stage.staff.post(&format!("{here}/cancel"), wish).await.expect(200);
    assert_eq!((&cancelled["state"], cancelled.get("merged_into_id")), (&json!("cancelled"), None));
    assert_eq!(own(&ana, &there).await["state"], "offered");
    assert_eq!((state(&ana, &first).await.as_str(), state(&ben, &second).await.as_str()), ("transferred", "removed"));
    let declined = cy.get(&waits).await.expect(200);
    assert_eq!((&declined["state"], &declined["reason_code"]), (&json!("declined"), &json!("cohort_cancelled")));
    assert_eq!((stage.seats(&here).await, stage.seats(&there).await), ((0, 2, 0), (1, 0, 0)));
    let mail = api.mail().await;
    let text = unwrapped(&mail.text);
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::CohortChanged, "ana@example.org"));
    assert!(text.contains("was called off. A place in “there” is held for you"), "{text}");
    assert_eq!(apply(&ben, &there).await.expect(201)["state"], "waitlisted", "the seat is held for who it was offered to");
}

async fn of_all_that_is_on_offer_for_one_place_one_is_taken(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (here, there, third) = (stage.cohort(2).await, stage.cohort_named("there", 2).await, stage.cohort_named("third", 2).await);
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let mut offers = Vec::new();
    for who in [&ana, &ben] {
        let (place, _) = applied(who, &here).await;
        offers.push(transfer(&stage, &place, &there).await.header("location").to_owned());
    }
    let _ = merge(&stage, &here, &third).await.expect(200);
    assert_eq!((stage.seats(&there).await, stage.seats(&third).await), ((2, 0, 0), (2, 0, 0)), "both are on offer");

    // One takes the place that the merge brought, the other the one that was on offer before.
    let by_merge = format!("/v1/applications/{}", own(&ana, &third).await["id"].as_str().unwrap());
    let given_up = format!("/v1/applications/{}", own(&ben, &third).await["id"].as_str().unwrap());
    assert_eq!(ana.act(&format!("{by_merge}/confirm")).await.expect(200)["state"], "enrolled");
    assert_eq!(ben.act(&format!("{}/confirm", offers[1])).await.expect(200)["state"], "enrolled");
    for (who, other, taken) in [(&ana, &offers[0], &by_merge), (&ben, &given_up, &offers[1])] {
        let read = who.get(other).await.expect(200);
        assert_eq!((&read["state"], &read["transferred_to_id"]), (&json!("transferred"), &json!(id_of(taken))));
        assert_eq!(who.act(&format!("{other}/confirm")).await.problem(409), "invalid_state_transition");
    }
    assert_eq!((stage.seats(&there).await, stage.seats(&third).await), ((1, 1, 0), (1, 1, 0)));
}
