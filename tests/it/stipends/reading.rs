//! Who sees what of stipends, the lists with their sums, and what the bookkeeper gets.

use cohortium_domain::access::ClientScope;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use super::Payroll;
use crate::enrolling::Stage;

on_both_databases! {
    a_payee_sees_their_own_and_nobody_else_does,
    lists_are_filtered_and_summed,
    the_ledger_is_a_list_for_spreadsheets,
}

async fn a_payee_sees_their_own_and_nobody_else_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let stranger = api.person(stage.coalition, "Sid", &[]).await;
    let theirs = payroll.installment("training").await;
    for (payee, count) in [(&payroll.lead, 3), (&payroll.co_lead, 3)] {
        let seen = payee.get(&payroll.stipend).await.expect(200);
        let installments = seen["installments"].as_array().unwrap();
        assert!(installments.len() == count && installments.iter().all(|one| one["person_id"] == json!(payee.person_id())));
        assert_eq!((seen["ledger"]["pending_minor"].as_i64(), &seen["allowed_actions"]), (Some(250_000), &json!([])));
        let mine = payee.get("/v1/me/stipends").await.expect(200);
        assert_eq!((&mine["items"][0]["id"], &mine["ledgers"][0]["pending_minor"]), (&seen["id"], &json!(250_000)));
    }
    assert_eq!(payroll.co_lead.get(&theirs).await.problem(404), "not_found");
    assert_eq!(stranger.get(&payroll.stipend).await.problem(404), "not_found");
    assert_eq!(stranger.get("/v1/me/stipends").await.expect(200)["items"], json!([]));
    assert_eq!(payroll.lead.get("/v1/stipends").await.problem(403), "permission_denied");
    let bookkeeper = api.client(stage.coalition, &[ClientScope::StipendsRead]).await;
    assert_eq!(bookkeeper.get(&payroll.stipend).await.expect(200)["installments"].as_array().unwrap().len(), 6);
    let _ = bookkeeper.get(&theirs).await.expect(200);
    let crm = api.client(stage.coalition, &[ClientScope::MembersRead]).await;
    assert_eq!(crm.get("/v1/stipends").await.problem(403), "insufficient_scope");
}

async fn lists_are_filtered_and_summed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (first, second) = (Payroll::of(&stage, "Lea").await, Payroll::of(&stage, "Max").await);
    let _ = first.approved("training").await;
    let list = async |query: &str| {
        let page = stage.staff.get(&format!("/v1/stipends?{query}")).await.expect(200);
        let stipends: Vec<String> =
            page["items"].as_array().unwrap().iter().map(|one| format!("/v1/stipends/{}", one["id"].as_str().unwrap())).collect();
        (stipends, page)
    };
    // They were made at the same instant, and stand in the order of their ids.
    let mut both = vec![first.stipend.clone(), second.stipend.clone()];
    both.sort();
    let (all, page) = list("").await;
    assert_eq!((&all, page["ledgers"].as_array().unwrap().len()), (&both, 1));
    let sums = |page: &Value, name: &str| page["ledgers"][0][name].as_i64().unwrap();
    assert_eq!(
        (sums(&page, "approved_minor"), sums(&page, "due_minor"), sums(&page, "pending_minor")),
        (100_000, 100_000, 800_000)
    );
    let (approved, page) = list("state=approved&state=paid").await;
    assert_eq!((approved.len(), &approved[0]), (1, &first.stipend));
    assert_eq!((sums(&page, "approved_minor"), sums(&page, "pending_minor")), (100_000, 0), "what was asked for");
    let (hers, page) = list(&format!("person_id={}", second.lead.person_id())).await;
    assert_eq!((hers, sums(&page, "pending_minor")), (vec![second.stipend.clone()], 250_000));
    let (none, page) = list(&format!("state=paid&cohort_id={}", first.cohort.trim_start_matches("/v1/cohorts/"))).await;
    assert!(none.is_empty() && page["ledgers"] == json!([]));
    let (of_program, _) = list(&format!("program_id={}", stage.program.trim_start_matches("/v1/programs/"))).await;
    assert_eq!(of_program, both);
    let (one, page) = list("limit=1&with_total=true").await;
    assert_eq!((one.as_slice(), &page["total"], sums(&page, "pending_minor")), (&both[..1], &json!(2), 800_000));
    let (next, page) = list(&format!("limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((next.as_slice(), page.get("next_cursor")), (&both[1..], None));
}

async fn the_ledger_is_a_list_for_spreadsheets(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let named = json!({"given_name": "=HYPERLINK(\"http://evil\")", "family_name": "+1", "external_id": "crm-7"});
    let _ = stage.staff.patch(&format!("/v1/people/{}", payroll.lead.person_id()), named).await.expect(200);
    let employment = json!({"organization_id": stage.school, "role": "principal", "level": "school", "starts_on": "2018-08-01"});
    let _ = payroll.lead.post("/v1/me/employments", employment).await.expect(201);
    let _ = stage.staff.patch(&payroll.cohort, json!({"title": "Rural \"leaders\",\nall"})).await.expect(200);
    payroll.file_form().await;
    let paid = payroll.approved("training").await;
    let _ = stage.staff.post(&format!("{paid}/pay"), json!({"reference": "-7+1"})).await.expect(200);

    let path = format!("{}/stipend-ledger.csv", stage.program);
    let file = stage.staff.get(&path).await;
    assert_eq!(file.status, 200, "{}", file.text);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"stipends-cop.csv\"");
    // The client takes the mark away where it reads text.
    assert!(file.text.trim_start_matches('\u{feff}').starts_with("installment_id,stipend_id,program,"), "{}", file.text);
    assert_eq!(file.text.matches("\r\n").count(), 7, "a line for each, and one for the names");
    let line = "\"'=HYPERLINK(\"\"http://evil\"\")\",'+1,lea@example.org,Cedar Hollow,,training,After: training,1000.00,100000,USD,paid,\
                2019-11-01,2019-11-01,2019-11-01,'-7+1,\r\n";
    assert!(file.text.contains(line), "{}", file.text);
    assert!(file.text.contains("\"Rural \"\"leaders\"\",\nall\"") && file.text.contains(",crm-7,"), "{}", file.text);
    let hers = stage.staff.get(&format!("{path}?state=paid&person_id={}", payroll.lead.person_id())).await;
    assert_eq!(hers.text.matches("\r\n").count(), 2);
    assert_eq!(payroll.lead.get(&path).await.problem(403), "permission_denied");
}
