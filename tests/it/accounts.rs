//! How people come by an account, a password and an address: through HTTP, and by what is mailed.

use std::collections::BTreeSet;

use chrono::Duration;
use cohortium_domain::access::Grant;
use cohortium_domain::ids::{CoalitionId, Id, PersonId};
use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Answer, Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::mails::token_in;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    who_registers_has_an_account_once_the_address_is_shown_to_be_theirs,
    a_stranger_who_registers_leaves_no_way_in,
    whom_the_coalition_knows_gets_an_account_and_keeps_its_name,
    a_proven_address_is_evidence_of_where_one_works,
    every_address_is_answered_alike,
    of_the_links_to_an_address_the_newest_is_good,
    a_link_is_good_for_its_time_and_for_nothing_else,
    a_link_is_bound_to_its_address,
    a_new_password_ends_every_session_and_begins_none,
    an_easy_password_is_refused_at_every_door,
    changing_a_password_needs_the_one_that_one_has,
    a_new_address_counts_once_it_is_shown_to_be_ones_own,
    a_suspended_account_gets_no_link_and_uses_none,
    twins_that_use_one_link_make_one_account,
    an_account_is_set_up_by_a_link,
    what_sends_mails_or_takes_a_password_is_throttled,
}

const PHRASE: &str = "a rowboat, two figs and tea";
const OTHER: &str = "seven herons over a weir";

fn registration(email: &str) -> Value {
    json!({"coalition": "dcsc", "email": email, "given_name": "Ana", "family_name": "Ruiz"})
}

async fn register(api: &Api, email: &str) -> Answer {
    api.anonymous().post("/v1/auth/register", registration(email)).await
}

async fn log_in(api: &Api, email: &str, password: &str) -> Answer {
    api.anonymous().post("/v1/auth/login", json!({"coalition": "dcsc", "email": email, "password": password})).await
}

async fn forgot(api: &Api, email: &str) -> Answer {
    api.anonymous().post("/v1/auth/password/forgot", json!({"coalition": "dcsc", "email": email})).await
}

async fn verify(api: &Api, token: &str) -> Answer {
    verify_with(api, token, PHRASE).await
}

async fn verify_with(api: &Api, token: &str, password: &str) -> Answer {
    api.anonymous().post("/v1/auth/verify-email", json!({"token": token, "password": password})).await
}

async fn reset(api: &Api, token: &str, password: &str) -> Answer {
    api.anonymous().post("/v1/auth/password/reset", json!({"token": token, "password": password})).await
}

#[track_caller]
fn assert_not_good(answer: &Answer) {
    assert_eq!((answer.problem(422), answer.faults()), ("validation_failed", vec![("#/token", "token_invalid")]));
}

/// The token of the only mail that is due, which is of this kind.
async fn token(api: &Api, kind: MailKind, to: &str) -> String {
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (kind, to));
    token_in(&mail.text)
}

/// A person with a password, signed in.
async fn mia(api: &Api, coalition: CoalitionId) -> Session<'_> {
    let mia = api.person(coalition, "Mia", &[]).await;
    api.set_password(coalition, mia.person_id(), PHRASE).await;
    mia
}

/// What happened to a person, the latest last.
async fn entries_of(owner: &Session<'_>, person: &str) -> Vec<String> {
    let journal = owner.get(&format!("/v1/journal?subject_id={person}")).await.expect(200);
    let types = journal["items"].as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap().to_owned());
    types.collect()
}

async fn who_registers_has_an_account_once_the_address_is_shown_to_be_theirs(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let before = api.entries(coalition).await;

    assert_eq!(register(&api, "Ana@Example.org").await.expect(202), json!({"status": "accepted"}));
    assert_eq!(log_in(&api, "ana@example.org", PHRASE).await.problem(401), "invalid_credentials");
    assert_eq!(owner.get("/v1/people?email=ana@example.org").await.expect(200)["items"], json!([]));
    assert_eq!(api.entries(coalition).await, before, "nothing is there before the address is shown to be hers");

    let token = token(&api, MailKind::VerifyEmail, "Ana@Example.org").await;
    let looked = api.anonymous().get(&format!("/v1/auth/verify-email?token={token}")).await;
    assert_eq!(looked.problem(405), "method_not_allowed", "whoever looks at a link does not use it");
    assert_eq!(verify(&api, &token).await.status, 204);
    let ana = log_in(&api, "ana@example.org", PHRASE).await.expect(200);
    let me = api.bearer(ana["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
    assert_eq!(
        (&me["person"]["given_name"], &me["person"]["email_proven"], &me["grants"]),
        (&json!("Ana"), &json!(true), &json!([]))
    );
    let happened = entries_of(&owner, me["person"]["id"].as_str().unwrap()).await;
    assert_eq!(happened, ["person.created", "person.email_proven", "person.password_set"]);

    let after = api.entries(coalition).await;
    assert_not_good(&verify(&api, &token).await);
    assert_not_good(&verify(&api, "x").await);
    assert_eq!((api.entries(coalition).await, api.mails().await.len()), (after, 0));
}

async fn a_stranger_who_registers_leaves_no_way_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let before = api.entries(coalition).await;
    let mut with_password = registration("ana@example.org");
    with_password["password"] = json!(OTHER);
    let refused = api.anonymous().post("/v1/auth/register", with_password).await;
    assert_eq!(refused.faults(), [("#/password", "unknown_field")], "whoever has the address chooses it");
    // Eve registers with Ana's address; Ana, who is asked by mail, takes it for her own doing.
    let _ = register(&api, "ana@example.org").await.expect(202);
    let link = token(&api, MailKind::VerifyEmail, "ana@example.org").await;
    let bare = api.anonymous().post("/v1/auth/verify-email", json!({"token": link})).await;
    assert_eq!((bare.problem(422), bare.faults()), ("validation_failed", vec![("#/password", "required")]));
    assert_eq!(api.entries(coalition).await, before);
    assert_eq!(verify(&api, &link).await.status, 204, "what was refused has used nothing up");
    assert_eq!(log_in(&api, "ana@example.org", OTHER).await.problem(401), "invalid_credentials");
    let _ = log_in(&api, "ana@example.org", PHRASE).await.expect(200);
}

async fn whom_the_coalition_knows_gets_an_account_and_keeps_its_name(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let known = json!({"given_name": "Anita", "family_name": "Ruiz Vega", "email": "ana@example.org", "external_id": "crm-1"});
    let known = staff.post("/v1/people", known).await.expect(201);
    let _ = register(&api, "ana@example.org").await.expect(202);
    assert_eq!(verify(&api, &token(&api, MailKind::VerifyEmail, "ana@example.org").await).await.status, 204);
    let ana = log_in(&api, "ana@example.org", PHRASE).await.expect(200);
    let person = api.bearer(ana["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200)["person"].clone();
    assert_eq!((&person["id"], &person["given_name"], &person["external_id"]), (&known["id"], &json!("Anita"), &json!("crm-1")));
    assert_eq!((&known["email_proven"], &person["email_proven"]), (&json!(false), &json!(true)));
}

async fn a_proven_address_is_evidence_of_where_one_works(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let program = crate::programs::published(&staff).await;
    let program = crate::verifications::id_in(&program);
    let _ = staff.put("/v1/roles", json!({"roles": [{"key": "principal", "label": "Principal"}]})).await.expect(200);
    let school = json!({
        "name": "Elm Grove", "kind": "charter_school", "state": "DC", "membership": "active", "email_domains": ["elmgrove.example"]
    });
    let school = staff.post("/v1/organizations", school).await.expect(201);
    let known = json!({"given_name": "Ana", "family_name": "Ruiz", "email": "ana@elmgrove.example"});
    let known = staff.post("/v1/people", known).await.expect(201);
    // What the CRM says would be evidence by itself.
    let policy = json!({"accepted_kinds": ["email_domain"], "least_strength": 2, "valid_days": 365, "membership_required": false});
    let _ = staff.put(&format!("/v1/programs/{}/verification-policy", program.uuid()), policy).await.expect(200);
    let employment = json!({"organization_id": school["id"], "role": "principal", "level": "school", "starts_on": "2018-08-01"});
    let path = format!("/v1/people/{}/employments", known["id"].as_str().unwrap());
    let employment = staff.post(&path, employment).await.expect(201)["id"].as_str().unwrap().parse().unwrap();
    let opened = crate::verifications::ask(&api, coalition, program, Id::from_uuid(employment)).await;
    let path = format!("/v1/verifications/{}", opened.id);
    assert_eq!(staff.get(&path).await.expect(200)["state"], "open");
    let _ = register(&api, "ana@elmgrove.example").await.expect(202);
    assert_eq!(verify(&api, &token(&api, MailKind::VerifyEmail, "ana@elmgrove.example").await).await.status, 204);
    assert_eq!(staff.get(&path).await.expect(200)["state"], "verified");
}

async fn every_address_is_answered_alike(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let _ = mia(&api, coalition).await;
    let sue = api.person(coalition, "Sue", &[]).await;
    let suspend = format!("/v1/people/{}/suspend", sue.person_id());
    let _ = owner.post(&suspend, json!({"reason": "She has left"})).await.expect(200);
    assert_eq!(api.mail().await.kind, MailKind::AccountSuspended);
    let _ =
        owner.post("/v1/people", json!({"given_name": "A", "family_name": "B", "email": "known@example.org"})).await.expect(201);
    let told = |answer: &Answer| {
        let names: BTreeSet<&str> = answer.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
        (answer.status, answer.text.clone(), format!("{names:?}"))
    };
    let addresses = ["mia@example.org", "sue@example.org", "known@example.org", "nobody@example.org"];
    let (mut answers, before) = (Vec::new(), api.entries(coalition).await);
    for email in addresses {
        answers.push(told(&register(&api, email).await));
    }
    let registered = api.mails().await;
    for email in addresses {
        answers.push(told(&forgot(&api, email).await));
    }
    for (path, mut body) in
        [("/v1/auth/register", registration("mia@example.org")), ("/v1/auth/password/forgot", json!({"email": "mia@example.org"}))]
    {
        body["coalition"] = json!("nowhere");
        answers.push(told(&api.anonymous().post(path, body).await));
    }
    assert_eq!(answers[0].0, 202);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");

    let kinds = |mut mails: Vec<cohortium_workflow::mails::Letter>| {
        mails.sort_by_key(|mail| mail.to.to_string());
        mails.iter().map(|mail| (mail.to.to_string(), mail.kind)).collect::<Vec<_>>()
    };
    let to = |name: &str, kind| (format!("{name}@example.org"), kind);
    let (exists, verify) = (MailKind::AccountExists, MailKind::VerifyEmail);
    let expected = [to("known", verify), to("mia", exists), to("nobody", verify), to("sue", exists)];
    assert_eq!(kinds(registered), expected);
    assert_eq!(kinds(api.mails().await), [to("mia", MailKind::ResetPassword)], "nobody else has a password to be reset");
    assert_eq!(api.entries(coalition).await, before);
}

async fn of_the_links_to_an_address_the_newest_is_good(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let _ = register(&api, "ana@example.org").await.expect(202);
    let first = token(&api, MailKind::VerifyEmail, "ana@example.org").await;
    let _ = register(&api, "ANA@example.org").await.expect(202);
    let second = token(&api, MailKind::VerifyEmail, "ANA@example.org").await;
    assert_not_good(&verify(&api, &first).await);
    assert_eq!(verify(&api, &second).await.status, 204);

    let _ = mia(&api, coalition).await;
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let only = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let newest = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    assert_not_good(&reset(&api, &only, OTHER).await);
    assert_eq!(reset(&api, &newest, OTHER).await.status, 204);
}

async fn a_link_is_good_for_its_time_and_for_nothing_else(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = mia(&api, coalition).await.person_id();
    let confirm = async |token: &str| api.anonymous().post("/v1/auth/confirm-email", json!({"token": token})).await;
    let (second, day) = (Duration::seconds(1), Duration::hours(24));
    for early in [true, false] {
        let email = if early { "ana@example.org" } else { "ben@example.org" };
        let _ = register(&api, email).await.expect(202);
        let to_verify = token(&api, MailKind::VerifyEmail, email).await;
        let new = json!({"current_password": PHRASE, "email": format!("new.{email}")});
        let _ = api.sign_in(coalition, mia).await.post("/v1/me/email", new).await.expect(202);
        let to_confirm = token(&api, MailKind::ConfirmEmail, &format!("new.{email}")).await;
        for wrong in [confirm(&to_verify).await, verify(&api, &to_confirm).await, reset(&api, &to_verify, OTHER).await] {
            assert_not_good(&wrong);
        }
        api.environment().pass(if early { day - second } else { day });
        let answers = [verify(&api, &to_verify).await, confirm(&to_confirm).await];
        assert!(answers.iter().all(|answer| answer.status == if early { 204 } else { 422 }), "{early} {answers:?}");
        drop(api.mails().await);
    }
    let half_an_hour = Duration::minutes(30);
    for (passes, status) in [(half_an_hour, 422), (half_an_hour - second, 204)] {
        let _ = forgot(&api, "new.ana@example.org").await.expect(202);
        let to_reset = token(&api, MailKind::ResetPassword, "new.ana@example.org").await;
        assert_not_good(&verify(&api, &to_reset).await);
        api.environment().pass(passes);
        assert_eq!(reset(&api, &to_reset, OTHER).await.status, status, "{passes}");
    }
}

async fn a_link_is_bound_to_its_address(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
    let mia = mia(&api, coalition).await;
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let token = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let path = format!("/v1/people/{}", mia.person_id());
    let _ = staff.patch(&path, json!({"email": "mia@elsewhere.example", "email_proven": true})).await.expect(200);
    let before = api.entries(coalition).await;
    assert_not_good(&reset(&api, &token, OTHER).await);
    assert_eq!(api.entries(coalition).await, before);
    let _ = log_in(&api, "mia@elsewhere.example", PHRASE).await.expect(200);
}

async fn a_new_password_ends_every_session_and_begins_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let mia = mia(&api, coalition).await;
    let _ = forgot(&api, "MIA@example.org").await.expect(202);
    let token = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let answer = reset(&api, &token, OTHER).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "nobody is signed in by it");
    assert_eq!(mia.get("/v1/me").await.problem(401), "token_invalid");
    assert_eq!(log_in(&api, "mia@example.org", PHRASE).await.problem(401), "invalid_credentials");
    let _ = log_in(&api, "mia@example.org", OTHER).await.expect(200);
    assert_eq!(api.mail().await.kind, MailKind::PasswordChanged);
    assert_eq!(entries_of(&owner, &mia.person_id().to_string()).await.last().unwrap(), "person.password_set");
    assert_not_good(&reset(&api, &token, PHRASE).await);
}

async fn an_easy_password_is_refused_at_every_door(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = mia(&api, coalition).await;
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let reset_token = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let _ = register(&api, "mia.tester@example.org").await.expect(202);
    let registering = token(&api, MailKind::VerifyEmail, "mia.tester@example.org").await;
    let before = api.entries(coalition).await;
    for (password, fault) in [
        ("Password123456!!", "password_too_common"),
        ("aaaaaaaaaaaaaaa", "password_too_common"),
        ("passwordpassword", "password_too_common"),
        ("mia@example.org mia.tester@example.org", "password_too_common"),
        ("the very best of dcsc", "password_too_common"),
        ("fourteen chars", "too_short"),
        (&"x y".repeat(43), "too_long"),
    ] {
        let changing = json!({"current_password": PHRASE, "password": password});
        for answer in [
            verify_with(&api, &registering, password).await,
            reset(&api, &reset_token, password).await,
            mia.put("/v1/me/password", changing).await,
        ] {
            assert_eq!((answer.problem(422), answer.faults()), ("validation_failed", vec![("#/password", fault)]), "{password}");
        }
    }
    assert_eq!((api.entries(coalition).await, api.mails().await.len()), (before, 0));
    for good in
        ["               🦊 🦉 tulip", &"correct horse battery staple ".repeat(4), &format!("{}!", "seven herons ").repeat(9)]
    {
        let answer = mia.put("/v1/me/password", json!({"current_password": PHRASE, "password": good})).await;
        assert_eq!(answer.status, 204, "{good}: {}", answer.text);
        api.set_password(coalition, mia.person_id(), PHRASE).await;
    }
}

async fn changing_a_password_needs_the_one_that_one_has(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = mia(&api, coalition).await;
    let elsewhere = api.sign_in(coalition, mia.person_id()).await;
    let before = api.entries(coalition).await;
    let change = |known: &str| mia.put("/v1/me/password", json!({"current_password": known, "password": OTHER}));
    assert_eq!(change("not her password").await.problem(401), "invalid_credentials");
    assert_eq!((api.entries(coalition).await, api.mails().await.len()), (before, 0));
    let _ = elsewhere.get("/v1/me").await.expect(200);

    assert_eq!(change(PHRASE).await.status, 204);
    assert_eq!(elsewhere.get("/v1/me").await.problem(401), "token_invalid", "whoever else was signed in is not any more");
    let _ = mia.get("/v1/me").await.expect(200);
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::PasswordChanged, "mia@example.org"));
    assert_eq!(log_in(&api, "mia@example.org", PHRASE).await.problem(401), "invalid_credentials");
    let _ = log_in(&api, "mia@example.org", OTHER).await.expect(200);
}

async fn a_new_address_counts_once_it_is_shown_to_be_ones_own(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let _ = api.person(coalition, "Ben", &[]).await;
    let mia = mia(&api, coalition).await;
    let ask = |known: &str, email: &str| mia.post("/v1/me/email", json!({"current_password": known, "email": email}));
    let confirm = async |token: &str| api.anonymous().post("/v1/auth/confirm-email", json!({"token": token})).await;
    let before = api.entries(coalition).await;
    assert_eq!(ask("not her password", "mia@new.example").await.problem(401), "invalid_credentials");
    assert_eq!(api.mails().await.len(), 0);
    assert_eq!(ask(PHRASE, "ben@example.org").await.expect(202), json!({"status": "accepted"}), "taken, which is not told");
    let taken = token(&api, MailKind::ConfirmEmail, "ben@example.org").await;
    assert_eq!(confirm(&taken).await.problem(409), "already_exists", "told to whoever has the address");
    let _ = ask(PHRASE, "mia@first.example").await.expect(202);
    let first = token(&api, MailKind::ConfirmEmail, "mia@first.example").await;
    let _ = ask(PHRASE, "Mia@New.example").await.expect(202);
    let second = token(&api, MailKind::ConfirmEmail, "Mia@New.example").await;
    for overtaken in [&first, &taken] {
        assert_not_good(&confirm(overtaken).await);
    }
    assert_eq!(mia.get("/v1/me").await.expect(200)["person"]["email"], "mia@example.org");
    assert_eq!(api.entries(coalition).await, before, "nothing has changed yet");

    assert_eq!(confirm(&second).await.status, 204);
    let person = mia.get("/v1/me").await.expect(200)["person"].clone();
    assert_eq!((&person["email"], &person["email_proven"]), (&json!("Mia@New.example"), &json!(true)));
    let told = api.mail().await;
    assert_eq!((told.kind, told.to.as_str()), (MailKind::EmailChanged, "mia@example.org"), "the old address is told");
    assert_not_good(&confirm(&second).await);
    assert_eq!(log_in(&api, "mia@example.org", PHRASE).await.problem(401), "invalid_credentials");
    let _ = log_in(&api, "mia@new.example", PHRASE).await.expect(200);
}

async fn a_suspended_account_gets_no_link_and_uses_none(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let mia = mia(&api, coalition).await;
    let _ = mia.post("/v1/me/email", json!({"current_password": PHRASE, "email": "mia@new.example"})).await.expect(202);
    let to_confirm = token(&api, MailKind::ConfirmEmail, "mia@new.example").await;
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    let to_reset = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let path = format!("/v1/people/{}/suspend", mia.person_id());
    let _ = owner.post(&path, json!({"reason": "She has left"})).await.expect(200);
    assert_eq!(api.mail().await.kind, MailKind::AccountSuspended);
    let before = api.entries(coalition).await;
    assert_not_good(&reset(&api, &to_reset, OTHER).await);
    assert_not_good(&api.anonymous().post("/v1/auth/confirm-email", json!({"token": to_confirm})).await);
    let _ = forgot(&api, "mia@example.org").await.expect(202);
    assert_eq!((api.entries(coalition).await, api.mails().await.len()), (before, 0));
}

async fn twins_that_use_one_link_make_one_account(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let _ = mia(&api, coalition).await;
    let twins = (0..3).map(|_| forgot(&api, "mia@example.org"));
    let answers = futures_util::future::join_all(twins).await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    let _ = token(&api, MailKind::ResetPassword, "mia@example.org").await;
    let _ = register(&api, "ana@example.org").await.expect(202);
    let token = token(&api, MailKind::VerifyEmail, "ana@example.org").await;
    let before = api.entries(coalition).await;
    let twins = (0..10).map(|_| verify(&api, &token));
    let answers = futures_util::future::join_all(twins).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    answers.iter().filter(|answer| answer.status != 204).for_each(assert_not_good);
    assert_eq!(api.entries(coalition).await, before + 3);
}

async fn an_account_is_set_up_by_a_link(database: TestDatabase) {
    use cohortium_domain::people::Person;
    use cohortium_workflow::links::Token;
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let ana = json!({"given_name": "Ana", "family_name": "Ruiz", "email": "ana@example.org", "email_proven": true});
    let ana = owner.post("/v1/people", ana).await.expect(201);
    let ana = PersonId::from_uuid(ana["id"].as_str().unwrap().parse().unwrap());
    let made = Token::make(&**api.store().environment());
    let told = api.write(coalition, async |tx| {
        let person: Person = tx.get(ana).await?;
        cohortium_workflow::accounts::set_up(tx, &person, &made).await
    });
    let token = token_in(&told.await);
    assert_eq!(reset(&api, &token, PHRASE).await.status, 204);
    let _ = log_in(&api, "ana@example.org", PHRASE).await.expect(200);
    assert_not_good(&reset(&api, &token, OTHER).await);
    assert_eq!(api.mails().await.len(), 0);
}

async fn what_sends_mails_or_takes_a_password_is_throttled(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = mia(&api, coalition).await;
    for email in ["mia@example.org", "nobody@example.org"] {
        for _ in 0..3 {
            let _ = forgot(&api, email).await.expect(202);
        }
        let fourth = forgot(&api, email).await;
        assert_eq!((fourth.problem(429), fourth.header("retry-after")), ("rate_limited", "3600"), "{email}");
    }
    assert_eq!(register(&api, "mia@example.org").await.problem(429), "rate_limited");
    assert_eq!(api.mails().await.len(), 1);

    let to_stranger = || mia.post("/v1/me/email", json!({"current_password": PHRASE, "email": "stranger@example.org"}));
    for _ in 0..3 {
        let _ = to_stranger().await.expect(202);
    }
    assert_eq!(to_stranger().await.problem(429), "rate_limited", "nobody has mails heaped on strangers");
    drop(api.mails().await);

    let change = |known: &str| mia.put("/v1/me/password", json!({"current_password": known, "password": OTHER}));
    for _ in 0..5 {
        assert_eq!(change("not her password").await.problem(401), "invalid_credentials");
    }
    assert_eq!(change(PHRASE).await.problem(429), "rate_limited");
    api.environment().pass(Duration::minutes(3));
    let mia = api.sign_in(coalition, mia.person_id()).await;
    assert_eq!(mia.put("/v1/me/password", json!({"current_password": PHRASE, "password": OTHER})).await.status, 204);
}
