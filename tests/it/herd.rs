//! A herd: many who sign up at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::enrolling::{Stage, apply};

on_both_databases! {
    of_two_hundred_who_sign_up_at_once_for_twenty_seats_twenty_have_one_and_the_others_wait_in_order,
    whoever_was_answered_before_another_asked_comes_before_that_one,
    while_people_come_and_go_no_seat_is_held_twice_and_none_is_lost,
}

async fn of_two_hundred_who_sign_up_at_once_for_twenty_seats_twenty_have_one_and_the_others_wait_in_order(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(20).await;
    let mut people = Vec::new();
    for number in 0..200 {
        people.push(stage.principal(&format!("P{number}")).await);
    }
    // Whom the database has no time for comes again.
    let insist = async |person: &Session<'_>| loop {
        let answer = apply(person, &path).await;
        if answer.status != 503 {
            return answer;
        }
    };
    let answers = futures_util::future::join_all(people.iter().map(insist)).await;
    let with = |state: &str| answers.iter().filter(|answer| answer.body["state"] == state).count();
    assert!(answers.iter().all(|answer| answer.status == 201), "{:?}", answers.iter().find(|answer| answer.status != 201));
    assert_eq!((with("enrolled"), with("waitlisted")), (20, 180));
    assert_eq!(stage.seats(&path).await, (20, 0, 180));

    let mut positions = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = stage.staff.get(&format!("{path}/waitlist?limit=100{cursor}")).await.expect(200);
        positions.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["position"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(positions, (1..=180).collect::<Vec<u64>>(), "each position once, in order");
}

async fn whoever_was_answered_before_another_asked_comes_before_that_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(4).await;
    let mut people = Vec::new();
    for number in 0..40 {
        people.push(stage.principal(&format!("P{number}")).await);
    }
    // Six at a time; each asks and is answered at a tick of its own.
    let ticks = AtomicUsize::new(0);
    let tick = || ticks.fetch_add(1, Ordering::SeqCst);
    let ask = async |person: &Session<'_>| {
        let asked = tick();
        let made = apply(person, &path).await.expect(201);
        (asked, tick(), made["waitlist_position"].as_u64().unwrap_or_default())
    };
    let mut answers: Vec<(usize, usize, u64)> = stream::iter(people.iter().map(ask)).buffer_unordered(6).collect().await;
    // Who has a seat comes before all who wait.
    for (_, answered, place) in &answers {
        let later = answers.iter().filter(|(asked, ..)| asked > answered);
        assert!(
            later.clone().all(|(_, _, other)| other > place || (*place, *other) == (0, 0)),
            "{place} was there before {later:?}"
        );
    }
    answers.sort_by_key(|(_, _, place)| *place);
    let places: Vec<u64> = answers.iter().map(|(_, _, place)| *place).collect();
    assert_eq!(places, [0; 4].into_iter().chain(1..=36).collect::<Vec<u64>>());
}

async fn while_people_come_and_go_no_seat_is_held_twice_and_none_is_lost(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = stage.cohort(5).await;
    let mut people = Vec::new();
    for number in 0..30 {
        people.push(stage.principal(&format!("P{number}")).await);
    }
    // Everybody signs up; every other one leaves again at once, whatever the answer was.
    let come_and_go = people.iter().enumerate().map(async |(number, person)| {
        let made = apply(person, &path).await;
        assert_eq!(made.status, 201, "{}", made.text);
        if number % 2 == 0 {
            return;
        }
        let location = made.header("location");
        let left = person.act(&format!("{location}/withdraw")).await;
        // Whoever was enrolled meanwhile, or at once, leaves the cohort instead.
        if left.status == 409 {
            let left = person.act(&format!("{}/withdraw", location.replace("applications", "enrollments"))).await;
            assert_eq!(left.status, 200, "{}", left.text);
        }
    });
    futures_util::future::join_all(come_and_go).await;
    let page = stage.staff.get("/v1/applications?limit=200").await.expect(200);
    let count = |states: &[&str]| {
        let items: &Vec<Value> = page["items"].as_array().unwrap();
        items.iter().filter(|item| states.contains(&item["state"].as_str().unwrap())).count()
    };
    let (held, waiting) = (count(&["enrolled", "offered"]), count(&["waitlisted"]));
    assert_eq!((held, waiting, count(&["withdrawn"])), (5, 10, 15));
    assert_eq!(stage.seats(&path).await, (5, 0, 10));
    assert_eq!(json!(5), stage.staff.get(&path).await.expect(200)["seats"]["max"]);
}
