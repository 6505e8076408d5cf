//! From the kick-off to the close-out: sessions are held, what they make due is paid, and the year is closed.

use cohortium_domain::ids::{CohortId, ProgramId, SessionId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::sessions::SessionKind;
use cohortium_domain::stipends::{Installment, InstallmentState, Payment};
use cohortium_domain::tax_forms::{TaxFiling, TaxFormKind};
use cohortium_domain::text::Text;
use cohortium_domain::time::Timestamp;
use cohortium_store::InstallmentFilter;
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;

use super::cast::AUTHORS;
use crate::demo::stage::{Played, Stage, date};

/// Who sends in a tax form in October. The third facilitator forgets.
const PUNCTUAL: [&str; 4] = ["author-1", "author-2", "author-4", "co-facilitator"];
const FORGETFUL: &str = "author-3";

/// The office files the forms without which nobody can be paid.
pub(super) async fn file_tax_forms(stage: &Stage<'_>) -> Played {
    stage.reach("2019-10-15 10:00").await?;
    for who in PUNCTUAL {
        file_tax_form(stage, who, "2019-10-15").await?;
    }
    Ok(())
}

async fn file_tax_form(stage: &Stage<'_>, who: &str, on: &str) -> Played {
    let person = stage.person(who)?;
    let filing = TaxFiling { kind: TaxFormKind::W9, received_on: date(on)?, expires_on: None };
    stage.act("staff", async |tx, staff| workflow::tax_forms::file(tx, staff, person, &Input::given(filing)).await).await.map(drop)
}

/// The four kick-offs are held, which makes the first half of each stipend due; whoever has a tax form on file is paid before the
/// holidays.
pub(super) async fn kick_off(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    hold(stage, cohorts, |kind| kind == SessionKind::Kickoff).await?;
    stage.reach("2019-12-16 10:00").await?;
    approve(stage).await?;
    stage.reach("2019-12-18 10:00").await?;
    pay(stage, "ACH 2019-12").await?;
    stage.reach("2020-01-06 09:00").await?;
    file_tax_form(stage, FORGETFUL, "2020-01-06").await?;
    stage.reach("2020-01-08 10:00").await?;
    pay(stage, "ACH 2020-01").await
}

/// The day together, the calls and the close-out.
pub(super) async fn meet(stage: &Stage<'_>, cohorts: &[CohortId]) -> Played {
    hold(stage, cohorts, |kind| kind != SessionKind::Kickoff).await
}

/// In June the facilitators complete their cohorts, the second half is paid, and the office closes the program.
pub(super) async fn finish(stage: &Stage<'_>, program: ProgramId, cohorts: &[CohortId]) -> Played {
    stage.reach("2020-06-16 10:00").await?;
    for (id, (author, ..)) in cohorts.iter().zip(AUTHORS) {
        stage.act(author, async |tx, author| workflow::cohorts::complete(tx, author, *id, Precondition::NotNeeded).await).await?;
    }
    stage.reach("2020-06-18 10:00").await?;
    approve(stage).await?;
    stage.reach("2020-06-22 10:00").await?;
    pay(stage, "ACH 2020-06").await?;
    stage.reach("2020-06-30 12:00").await?;
    stage
        .act("staff", async |tx, staff| workflow::programs::close(tx, staff, program, Precondition::NotNeeded).await)
        .await
        .map(drop)
}

/// Each facilitator says that a session was held, when it is over.
async fn hold(stage: &Stage<'_>, cohorts: &[CohortId], wanted: impl Fn(SessionKind) -> bool) -> Played {
    let mut sessions: Vec<(Timestamp, SessionId, &str)> = Vec::new();
    for (cohort, (author, ..)) in cohorts.iter().zip(AUTHORS) {
        let of_cohort = stage.act("staff", async |tx, _| tx.sessions_of(*cohort).await).await?;
        let wanted = of_cohort.iter().filter(|session| wanted(session.details.kind));
        sessions.extend(wanted.map(|session| (session.slot.ends_at(), session.id, *author)));
    }
    sessions.sort_unstable();
    for (over_at, id, author) in sessions {
        stage.reach_instant(over_at).await?;
        stage.act(author, async |tx, author| workflow::sessions::hold(tx, author, id, Precondition::NotNeeded).await).await?;
    }
    Ok(())
}

async fn approve(stage: &Stage<'_>) -> Played {
    for installment in installments(stage, InstallmentState::Due).await? {
        let approved = stage
            .act("staff", async |tx, staff| workflow::stipends::approve(tx, staff, installment.id, Precondition::NotNeeded).await);
        approved.await?;
    }
    Ok(())
}

/// Pays what is approved to whoever has a tax form on file; the others have to wait for theirs.
async fn pay(stage: &Stage<'_>, reference: &str) -> Played {
    let payment = Payment { reference: Text::new(reference)?, paid_on: None };
    for installment in installments(stage, InstallmentState::Approved).await? {
        let on_file = stage.act("staff", async |tx, _| tx.hold_tax_form(installment.payee_id).await).await?.is_some();
        if on_file {
            let paid = stage.act("staff", async |tx, staff| {
                workflow::stipends::pay(tx, staff, installment.id, &Input::given(payment.clone())).await
            });
            paid.await?;
        } else {
            let refused = stage.refused("staff", async |tx, staff| {
                workflow::stipends::pay(tx, staff, installment.id, &Input::given(payment.clone())).await
            });
            refused.await?;
        }
    }
    Ok(())
}

async fn installments(stage: &Stage<'_>, state: InstallmentState) -> Played<Vec<Installment>> {
    let filter = InstallmentFilter { states: vec![state], ..InstallmentFilter::default() };
    stage.act("staff", async |tx, _| tx.installments(&filter).await).await
}
