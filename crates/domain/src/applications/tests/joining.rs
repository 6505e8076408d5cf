//! Answers that change after they were sent, and people whom staff add.

use super::*;

#[test]
fn of_what_was_sent_the_answers_alone_can_change_until_they_are_frozen() {
    let form = form();
    let answers = |why: &str| Answers { form_version: 3, values: Map::from_iter([("why".to_owned(), json!(why))]) };
    let sent = |state| Application {
        answers: answers("I work alone"),
        submitted_at: Some(at(NOW - 10)),
        ..in_state(state, Action::UpdateApplication)
    };
    let other = || ApplicationUpdate { answers: Some(answers("We are two")), ..ApplicationUpdate::default() };
    let update = |application: Application, update, day: &str| {
        application.update(update, &form.on(day.parse().unwrap(), NONE), &[], &signup(RollingReview), at(NOW))
    };
    for state in [ApplicationState::Submitted, ApplicationState::Waitlisted, ApplicationState::Offered, ApplicationState::Enrolled]
    {
        let before = sent(state);
        let after = update(before.clone(), other(), "1970-01-09").unwrap().value;
        assert_eq!((&after.answers, &after.standing), (&answers("We are two"), &before.standing), "{state}");
        let Err(Refusal::Invalid(faults)) = update(before, other(), "1970-01-10") else { panic!("{state}") };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("#/answers/why", FaultCode::Frozen));
    }
    let wrong = ApplicationUpdate {
        answers: Some(Answers { form_version: 3, values: Map::from_iter([("why".to_owned(), json!(7))]) }),
        commitments: Some(Vec::new()),
        workplace: Some(None),
    };
    let Err(Refusal::Invalid(faults)) = update(sent(ApplicationState::Submitted), wrong.clone(), "1970-01-09") else { panic!() };
    let told: Vec<(&str, FaultCode)> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    let expected =
        [("#/commitments", FaultCode::Frozen), ("#/employment_id", FaultCode::Frozen), ("#/answers/why", FaultCode::InvalidType)];
    assert_eq!(told, expected);
    assert!(
        update(in_state(ApplicationState::Draft, Action::UpdateApplication), wrong, "1970-01-20").is_ok(),
        "a draft is judged when it is sent"
    );
}

#[test]
fn whom_staff_add_is_enrolled_whatever_the_rules_say_and_the_entry_tells() {
    let (cohort, why) = (open_cohort(1, 2), reason("the superintendent asked for it"));
    let blank = |person| Application::blank(id(77), &cohort, id(person), Answers::default(), at(NOW)).value;
    let unmet = unmet();
    let add = |application: Application, now| {
        application.add(&cohort, || Ok(seat()), (&applicant(&unmet, Verified::No), &why), &signup(RollingReview), at(now))
    };
    let added = add(blank(1), NOW).unwrap();
    assert_eq!(added.value.standing, Standing::Enrolled { enrolled_at: at(NOW) });
    assert_eq!((added.value.submitted_at, added.value.workplace), (Some(at(NOW)), unmet.workplace));
    let entry = &added.happened[0];
    assert_eq!((entry.verb, &entry.reason), ("enrolled", &Some(why.clone())));
    assert_eq!((&entry.data["added"], &entry.data["unmet"]), (&json!(true), &json!(["role", "not_verified"])));
    assert!(add(blank(1), KICKOFF + 1).is_ok(), "also when sign-up has closed");
    assert!(matches!(add(blank(900), NOW), Err(Refusal::SamePerson(_))), "who leads the cohort");
    let full = blank(1).add(
        &cohort,
        || Err(Refusal::CohortFull(String::new())),
        (&applicant(&unmet, Verified::No), &why),
        &signup(RollingReview),
        at(NOW),
    );
    assert!(matches!(full, Err(Refusal::CohortFull(_))));
    let over = crate::cohorts::Standing::Completed { started_at: None, completed_at: at(NOW) };
    for standing in [crate::cohorts::Standing::Draft, over] {
        let cohort = Cohort { standing, ..cohort.clone() };
        let refused =
            blank(1).add(&cohort, || Ok(seat()), (&applicant(&unmet, Verified::No), &why), &signup(RollingReview), at(NOW));
        assert!(matches!(refused, Err(Refusal::InvalidTransition { machine: "cohort", .. })));
    }
}

#[test]
fn who_is_passed_over_by_an_addition_is_so_with_the_reason() {
    let waits = application(5, Standing::Waitlisted { since: at(150), place: place() });
    let passing_over = vec![waits.passed_over(&Refusal::NotVerified(String::new()))];
    let (cohort, why, eligible) = (open_cohort(1, 2), reason("the superintendent asked for it"), eligible());
    let blank = Application::blank(id(77), &cohort, id(1), Answers::default(), at(NOW)).value;
    let seat = || Ok(FreeSeat { passing_over });
    let added = blank.add(&cohort, seat, (&applicant(&eligible, verified()), &why), &signup(FirstCome), at(NOW)).unwrap();
    let told: Vec<_> = added.happened.iter().map(|entry| (entry.verb, entry.reason.clone())).collect();
    assert_eq!(told, [("passed_over", Some(why.clone())), ("enrolled", Some(why))]);
    assert_eq!(added.happened[1].data["unmet"], json!([]));
}

#[test]
fn answers_name_no_file_that_is_not_their_persons_from_the_first_draft_on() {
    let schema = json!({"type": "object", "required": ["why"], "properties": {"cv": {"type": "string", "format": "x-file"}}});
    let form = ApplicationForm { schema: FormSchema::new(schema).unwrap(), ..ApplicationForm::initial(id(1), at(NOW)) };
    let (own, foreign): (FileId, FileId) = (id(1), id(2));
    let write = |file: FileId| Answers::to(&form, Map::from_iter([("cv".to_owned(), json!(file))]), &BTreeSet::from([own]));
    assert_eq!(write(own).unwrap().file_ids(), BTreeSet::from([own]), "though `why` is missing");
    let Err(Refusal::Invalid(faults)) = write(foreign) else { panic!("a foreign file was taken") };
    assert_eq!((faults[0].pointer.as_str(), faults[0].code, faults.len()), ("#/answers/cv", FaultCode::NotFound, 1));
}
