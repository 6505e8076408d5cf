//! The demo, as it stands when it has been played.

use std::collections::BTreeSet;

use cohortium_api::demo::{PASSWORD, play_dcsc, play_diso, sign_ins};
use cohortium_tests::api::{Api, Session, at, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

on_both_databases! {
    thirty_six_people_of_sixteen_schools_are_in_four_groups_of_nine,
    four_places_were_given_and_one_passed_on,
    every_stipend_is_paid_by_the_end_of_the_year,
    the_office_of_colorado_has_six_cohorts_and_one_that_is_full,
    every_kind_of_evidence_has_verified_somebody,
    a_letter_that_is_rejected_is_made_good_by_a_better_one,
    whoever_the_demo_names_can_sign_in,
    a_demo_that_is_reset_is_a_new_sandbox,
}

/// Where DCSC's story stands when nothing is said: six days after the soft deadline.
const IN_NOVEMBER: &str = "2019-11-20T17:00:00Z";
/// Where DISO's does: a month before its first session.
const IN_OCTOBER: &str = "2024-10-15T18:00:00Z";

async fn sign_in<'a>(api: &'a Api, coalition: &str, email: &str) -> Session<'a> {
    let login = json!({"coalition": coalition, "email": email, "password": PASSWORD});
    let grant = api.anonymous().post("/v1/auth/login", login).await.expect(200);
    api.bearer(grant["access_token"].as_str().unwrap())
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().unwrap()
}

async fn thirty_six_people_of_sixteen_schools_are_in_four_groups_of_nine(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_dcsc(api.ctx(), at(IN_NOVEMBER)).await);
    let staff = sign_in(&api, "dcsc", "staff@dcsc.example").await;
    let cohorts = staff.get("/v1/cohorts").await.expect(200);
    let (mut people, mut schools) = (BTreeSet::new(), BTreeSet::new());
    for cohort in items(&cohorts) {
        assert_eq!((&cohort["state"], &cohort["at_risk"], &cohort["seats"]["held"]), (&json!("open"), &json!(true), &json!(9)));
        let roster = staff.get(&format!("/v1/cohorts/{}/roster", cohort["id"].as_str().unwrap())).await.expect(200);
        for participant in roster["participants"].as_array().unwrap() {
            people.insert(participant["person_id"].as_str().unwrap().to_owned());
            schools.insert(participant["organization_name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!((items(&cohorts).len(), people.len(), schools.len()), (4, 36, 16));
    let catalog = api.anonymous().get("/v1/catalog/dcsc").await.expect(200);
    assert_eq!(catalog["programs"][0]["phase"], "signup_late");
    let owner = sign_in(&api, "dcsc", "owner@dcsc.example").await;
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true);
}

async fn four_places_were_given_and_one_passed_on(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_dcsc(api.ctx(), at(IN_NOVEMBER)).await);
    let staff = sign_in(&api, "dcsc", "staff@dcsc.example").await;
    let programs = staff.get("/v1/programs").await.expect(200);
    let program = format!("/v1/programs/{}", items(&programs)[0]["id"].as_str().unwrap());
    let proposals = staff.get(&format!("{program}/proposals")).await.expect(200);
    let in_state = |state: &str| items(&proposals).iter().filter(|proposal| proposal["state"] == state).count();
    assert_eq!((in_state("confirmed"), in_state("declined"), in_state("rejected")), (4, 1, 1));
    let ranking = staff.get(&format!("{program}/proposals/ranking")).await.expect(200);
    let titles: Vec<&str> = items(&ranking).iter().map(|ranked| ranked["title"].as_str().unwrap()).collect();
    assert_eq!(titles[3..5], ["First-Year Teachers, First-Rate Support", "Diverse by Design: Enrollment and Belonging"]);
    let stipends = staff.get("/v1/stipends").await.expect(200);
    assert_eq!((items(&stipends).len(), &stipends["ledgers"][0]["pending_minor"]), (4, &json!(2_000_000)));
    let shared = items(&stipends).iter().filter(|stipend| stipend["shares"].as_array().unwrap().len() == 2).count();
    assert_eq!(shared, 1, "two lead one of the cohorts together");
}

async fn every_stipend_is_paid_by_the_end_of_the_year(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_dcsc(api.ctx(), at("2020-07-01T16:00:00Z")).await);
    let staff = sign_in(&api, "dcsc", "staff@dcsc.example").await;
    let ledger = staff.get("/v1/stipends").await.expect(200)["ledgers"][0].clone();
    assert_eq!((&ledger["paid_minor"], &ledger["pending_minor"], &ledger["due_minor"]), (&json!(2_000_000), &json!(0), &json!(0)));
    let programs = staff.get("/v1/programs").await.expect(200);
    assert_eq!(items(&programs)[0]["phase"], "closed");
    let owner = sign_in(&api, "dcsc", "owner@dcsc.example").await;
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true);
}

async fn the_office_of_colorado_has_six_cohorts_and_one_that_is_full(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_diso(api.ctx(), at(IN_OCTOBER)).await);
    let staff = sign_in(&api, "diso", "staff@diso.example").await;
    let cohorts = staff.get("/v1/cohorts").await.expect(200);
    assert_eq!(items(&cohorts).len(), 6);
    let rural = items(&cohorts).iter().find(|cohort| cohort["title"] == "Rural Leadership").unwrap();
    assert_eq!((&rural["seats"]["held"], &rural["seats"]["left"], &rural["waitlist_length"]), (&json!(3), &json!(0), &json!(1)));
    let of_state = async |state: &str| {
        let found = staff.get(&format!("/v1/applications?state={state}")).await.expect(200);
        items(&found).len()
    };
    assert_eq!((of_state("enrolled").await, of_state("offered").await), (14, 1));
    let flagged = staff.get("/v1/applications?flagged=true").await.expect(200);
    assert_eq!(items(&flagged).len(), 1, "who changed jobs is for staff to look at");
    assert_eq!((of_state("declined").await, of_state("submitted").await), (2, 2));
    let owner = sign_in(&api, "diso", "owner@diso.example").await;
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true);
}

async fn every_kind_of_evidence_has_verified_somebody(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_diso(api.ctx(), at(IN_OCTOBER)).await);
    let staff = sign_in(&api, "diso", "staff@diso.example").await;
    let events = staff.get("/v1/events?type=verification.verified&limit=200").await.expect(200);
    let kind = |event: &Value| event["data"]["evidence_kind"].as_str().unwrap().to_owned();
    let kinds: BTreeSet<String> = items(&events).iter().map(kind).collect();
    let all = ["crm_match", "document", "email_domain", "staff_override", "supervisor_attestation"];
    assert_eq!(kinds, all.map(str::to_owned).into());
    let verified = staff.get("/v1/verifications?state=verified&limit=200").await.expect(200);
    let employments: BTreeSet<&str> = items(&verified).iter().map(|one| one["employment_id"].as_str().unwrap()).collect();
    assert_eq!(employments.len(), items(&verified).len());
    // One letter waits to be looked at, and is there to be downloaded.
    let open = staff.get("/v1/verifications?state=open").await.expect(200);
    let pieces = items(&open).iter().flat_map(|one| one["evidence"].as_array().unwrap().iter().map(move |piece| (one, piece)));
    let letters: Vec<_> = pieces.filter(|(_, piece)| piece["kind"] == "document").collect();
    let [(of, letter)] = letters[..] else { panic!("{letters:?}") };
    let address = format!("/v1/verifications/{}/evidence/{}/download", of["id"].as_str().unwrap(), letter["id"].as_str().unwrap());
    let read = staff.get(&address).await;
    assert_eq!((read.status, read.header("content-type")), (200, "application/pdf"));
    assert!(read.text.contains("Yara Sandoz"));
}

async fn a_letter_that_is_rejected_is_made_good_by_a_better_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_diso(api.ctx(), at("2024-09-30T18:00:00Z")).await);
    let staff = sign_in(&api, "diso", "staff@diso.example").await;
    let rejected = staff.get("/v1/verifications?state=rejected").await.expect(200);
    let verification = format!("/v1/verifications/{}", items(&rejected)[0]["id"].as_str().unwrap());
    let told = staff.get(&verification).await.expect(200);
    assert!(told["reason"].as_str().unwrap().contains("2021"), "{told}");

    let owner = sign_in(&api, "diso", "owner@diso.example").await;
    let _ = owner.act("/v1/sandbox/reset").await.expect(200);
    let owner = sign_in(&api, "diso", "owner@diso.example").await;
    let rejections = owner.get("/v1/journal?type=verification.rejected").await.expect(200);
    let subject = items(&rejections)[0]["subject"]["id"].as_str().unwrap().to_owned();
    let entries = owner.get(&format!("/v1/journal?subject_id={subject}")).await.expect(200);
    let types: Vec<&str> = items(&entries).iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let verbs = ["opened", "document_added", "rejected", "reopened", "document_added", "verified"];
    assert_eq!(types, verbs.map(|verb| format!("verification.{verb}")));
}

async fn whoever_the_demo_names_can_sign_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_dcsc(api.ctx(), at(IN_NOVEMBER)).await);
    must(play_diso(api.ctx(), at(IN_OCTOBER)).await);
    for named in sign_ins() {
        let me = sign_in(&api, named.coalition, named.email).await.get("/v1/me").await.expect(200);
        let name = format!("{} {}", me["person"]["given_name"].as_str().unwrap(), me["person"]["family_name"].as_str().unwrap());
        assert_eq!((name.as_str(), &me["coalition"]["slug"]), (named.person, &json!(named.coalition)));
        let grants = if ["owner", "staff", "reviewer"].contains(&named.role) { json!([named.role]) } else { json!([]) };
        assert_eq!(me["grants"], grants, "{}", named.email);
        let leads = !me["facilitates"].as_array().unwrap().is_empty();
        let takes_part = !me["enrolled_in"].as_array().unwrap().is_empty();
        assert_eq!((leads, takes_part), (named.role == "facilitator", named.role == "participant"), "{}", named.email);
    }
}

async fn a_demo_that_is_reset_is_a_new_sandbox(database: TestDatabase) {
    let api = Api::start(&database).await;
    must(play_diso(api.ctx(), at(IN_OCTOBER)).await);
    let (email, reset) = ("owner@diso.example", "/v1/sandbox/reset");
    let owner = sign_in(&api, "diso", email).await;
    let staff = sign_in(&api, "diso", "staff@diso.example").await;
    assert_eq!(staff.act(reset).await.problem(403), "permission_denied");
    let before = owner.get("/v1/me").await.expect(200)["coalition"]["id"].clone();
    let _ = staff.put("/v1/clock", json!({"now": "2025-01-14T18:00:00Z"})).await.expect(200);

    let clock = owner.act(reset).await.expect(200);
    assert_eq!(clock, json!({"mode": "test", "now": "2024-10-15T18:00:00.000Z"}));
    for gone in [&owner, &staff] {
        assert_eq!(gone.get("/v1/me").await.problem(401), "token_invalid");
    }
    let owner = sign_in(&api, "diso", email).await;
    assert_ne!(owner.get("/v1/me").await.expect(200)["coalition"]["id"], before);
    assert_eq!(owner.get("/v1/clock").await.expect(200), clock);
    assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true);
    let catalog = api.anonymous().get("/v1/catalog/diso").await.expect(200);
    assert_eq!((&catalog["programs"][0]["phase"], &catalog["name"]), (&json!("signup_open"), &json!("DISO")));
}
