//! Deadlines, met by many at once: what was in time by the server's clock when it was committed counts, and nothing else.

use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::{CohortId, Id};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Tx};
use cohortium_tests::api::{Answer, Api, ORIGIN, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow as workflow;
use cohortium_workflow::applications::ApplicationWish;
use cohortium_workflow::input::Input;
use futures_util::stream::{self, StreamExt};
use serde_json::Map;

use crate::enrolling::{Stage, apply};

on_both_databases! {
    of_those_who_sign_up_while_sign_up_closes_each_is_in_time_or_told_that_it_is_over,
    what_is_decided_in_time_and_would_be_committed_too_late_is_judged_again,
}

const CLOSES_AT: &str = "2019-12-09T05:00:00.000Z";

/// In time, or refused with the instant.
fn judge(answer: &Answer) -> bool {
    if answer.status == 201 {
        let sent: Timestamp = at(answer.body["submitted_at"].as_str().unwrap());
        assert!(sent < at(CLOSES_AT), "{}", answer.text);
        return true;
    }
    assert_eq!((answer.problem(409), answer.body["closed_at"].as_str()), ("window_closed", Some(CLOSES_AT)));
    false
}

async fn of_those_who_sign_up_while_sign_up_closes_each_is_in_time_or_told_that_it_is_over(database: TestDatabase) {
    let api = Api::start(&database).await;
    // A coalition that lives by the process's clock, which moves while they sign up.
    let stage = Stage::with_clock(&api, "first_come", Clock::Live).await;
    let path = stage.cohort(20).await;
    let mut people = Vec::new();
    for number in 0..200 {
        people.push(stage.principal(&format!("P{number}")).await);
    }
    api.environment().set(at("2019-12-09T04:59:59.900Z"));
    let people: Vec<_> =
        futures_util::future::join_all(people.iter().map(|one| api.sign_in(stage.coalition, one.person_id()))).await;
    let sign_up = people.iter().map(async |person| {
        let answer = apply(person, &path).await;
        api.environment().pass(chrono::Duration::milliseconds(1));
        answer
    });
    let answers: Vec<Answer> = stream::iter(sign_up).buffer_unordered(8).collect().await;
    let in_time = answers.iter().filter(|answer| judge(answer)).count();
    assert!(in_time > 0 && in_time < people.len(), "{in_time} were in time");
}

async fn what_is_decided_in_time_and_would_be_committed_too_late_is_judged_again(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::with_clock(&api, "first_come", Clock::Live).await;
    let path = stage.cohort(20).await;
    let ana = stage.principal("Ana").await;
    let cohort = CohortId::from_uuid(path.rsplit('/').next().unwrap().parse().unwrap());
    let actor = Actor::Person { id: ana.person_id(), grants: [].into() };
    let wish = ApplicationWish { answers: Map::new(), commitments: Vec::new(), employment_id: None, submit: true };
    let before = stage.entries().await;
    api.environment().set(at("2019-12-09T04:59:59.999Z"));
    let sign_up = async |tx: &mut Tx| {
        let made = workflow::applications::create(tx, &actor, cohort, &Input::given(wish.clone())).await?;
        assert_eq!(
            made.application.submitted_at,
            Some(at("2019-12-09T04:59:59.999Z")),
            "it is not asked again when it is too late"
        );
        api.environment().set(at(CLOSES_AT));
        Ok(made.application.state())
    };
    let refused = Box::pin(api.store().write(stage.coalition, ORIGIN, sign_up)).await;
    let over =
        |refusal: &Refusal| matches!(refusal, Refusal::WindowClosed { closed_at: Some(instant), .. } if *instant == at(CLOSES_AT));
    assert!(matches!(&refused, Err(Error::Refused(refusal)) if over(refusal)), "{refused:?}");
    assert_eq!(stage.entries().await, before);
    assert_eq!(database.number("SELECT seats_held FROM cohorts").await, 0);
}
