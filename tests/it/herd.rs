//! A herd: many who sign up at once.

use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, apply};

on_both_databases! {
    of_two_hundred_who_sign_up_at_once_for_twenty_seats_twenty_have_one_and_the_others_wait_in_order,
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
    let answers = futures_util::future::join_all(people.iter().map(|person| apply(person, &path))).await;
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
