//! How people show where they work, each in another way; and one whose first letter was not enough.
//!
//! The CRM speaks for those whom it knows. Whoever registers by themselves shows it by the address, by a supervisor's word, by a
//! letter, or has staff ask.

use cohortium_domain::ids::{ApplicationId, CohortId, VerificationId};
use cohortium_domain::links::TokenHash;
use cohortium_domain::text::{Email, Name, Reason, Title};
use cohortium_domain::verifications::attestations::{AttestationAnswer, Attester};
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;
use cohortium_workflow::verifications::Verdict;

use super::cast::{DISCIPLINE, NEWCOMERS, SAFETY, SCHOOL_504};
use super::joining::{apply, join, of};
use crate::demo::paper;
use crate::demo::stage::{Halt, Job, Played, Stage};

/// Whom Ursula asks to say that she works there.
const SUPERVISOR: &str = "amos.reyes@sagebrush.example";

/// By the end of September four more have shown where they work, and taken their seats.
pub(super) async fn show_where_they_work(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
    by_address(stage, of(cohorts, SCHOOL_504)?).await?;
    by_supervisor(stage, of(cohorts, DISCIPLINE)?).await?;
    by_letter(stage, of(cohorts, SAFETY)?).await?;
    by_staff(stage, of(cohorts, SCHOOL_504)?).await
}

/// Wade signs in with his address at the school, and that is enough.
async fn by_address(stage: &mut Stage<'_>, cohort: CohortId) -> Played {
    stage.reach("2024-09-26 08:50").await?;
    let (application, _) = apply_anew(stage, "wade", cohort).await?;
    stage.reach("2024-09-26 10:10").await?;
    join(stage, "wade", application).await
}

/// Ursula has her supervisor asked, who follows the link in the mail and says yes.
async fn by_supervisor(stage: &mut Stage<'_>, cohort: CohortId) -> Played {
    stage.reach("2024-09-26 11:00").await?;
    let (application, verification) = apply_anew(stage, "ursula", cohort).await?;
    let token = ask_supervisor(stage, verification).await?;
    stage.reach("2024-09-27 08:15").await?;
    let by = Attester { name: Name::new("Amos Reyes")?, title: Some(Title::new("Executive Director")?) };
    let yes = AttestationAnswer { confirms: true, by };
    stage.set_up(async |tx| workflow::verifications::attestations::answer(tx, &token, &Input::given(yes.clone())).await).await?;
    stage.reach("2024-09-27 09:30").await?;
    join(stage, "ursula", application).await
}

/// Asks until the mail comes to whoever opens it here; gives the link in it, as it is kept.
async fn ask_supervisor(stage: &Stage<'_>, verification: VerificationId) -> Played<TokenHash> {
    let supervisor = Email::new(SUPERVISOR)?;
    for _ in 0..3 {
        let asked = stage.act("ursula", async |tx, ursula| {
            workflow::verifications::attestations::ask(tx, ursula, verification, &Input::given(supervisor.clone())).await
        });
        asked.await?;
        if let Some(token) = stage.token_mailed_to(&supervisor).await? {
            return Ok(workflow::links::hash(&token));
        }
    }
    Err(Halt::Broken(format!("{SUPERVISOR} was mailed no link")))
}

/// Tess shows a letter of years ago, which is rejected; then one of this fall, by which she is verified.
async fn by_letter(stage: &mut Stage<'_>, cohort: CohortId) -> Played {
    stage.reach("2024-09-27 13:00").await?;
    let (application, verification) = apply_anew(stage, "tess", cohort).await?;
    let of_2021 = paper::letter(&["Columbine Charter Academy", "May 3, 2021", "We offer Tess Moreno the post of a teacher."]);
    stage.upload("tess", verification, "offer.pdf", &of_2021).await?;
    stage.reach("2024-09-30 09:10").await?;
    let old =
        Reason::new("This offer is of 2021, and for a teacher: please show a letter of this school year that names your post")?;
    stage
        .act("staff", async |tx, staff| workflow::verifications::reject(tx, staff, verification, &Input::given(old.clone())).await)
        .await?;
    stage.reach("2024-09-30 16:45").await?;
    let of_2024 =
        paper::letter(&["Columbine Charter Academy", "September 30, 2024", "Tess Moreno is our Assistant Principal since August."]);
    let better = stage.upload("tess", verification, "letter.pdf", &of_2024).await?;
    stage.reach("2024-09-30 17:20").await?;
    let shown = Verdict { reason: Reason::new("The head of school has signed it today")?, evidence_id: Some(better) };
    verify(stage, verification, shown).await?;
    join(stage, "tess", application).await
}

/// Vera has nothing to show, and the school's office answers the telephone.
async fn by_staff(stage: &mut Stage<'_>, cohort: CohortId) -> Played {
    stage.reach("2024-09-30 18:05").await?;
    let (application, verification) = apply_anew(stage, "vera", cohort).await?;
    stage.reach("2024-09-30 18:40").await?;
    let asked = Verdict { reason: Reason::new("We called Saint Mary's office, which knows her well")?, evidence_id: None };
    verify(stage, verification, asked).await?;
    join(stage, "vera", application).await
}

/// Yara's letter lies there still when the curtain falls.
pub(super) async fn leave_a_letter_to_look_at(stage: &mut Stage<'_>, cohorts: &[CohortId]) -> Played {
    stage.reach("2024-10-14 16:30").await?;
    let (_, verification) = apply_anew(stage, "yara", of(cohorts, DISCIPLINE)?).await?;
    let letter = paper::letter(&["Pine Creek School District", "October 11, 2024", "Yara Sandoz is our Discipline Coordinator."]);
    stage.upload("yara", verification, "letter.pdf", &letter).await.map(drop)
}

/// Somebody registers, says where they work, and applies: what the program asks for is not shown by that.
async fn apply_anew(stage: &mut Stage<'_>, who: &'static str, cohort: CohortId) -> Played<(ApplicationId, VerificationId)> {
    let newcomer = NEWCOMERS.iter().find(|((key, ..), _)| *key == who);
    let ((key, name, at, title, role, level), email) = newcomer.ok_or_else(|| Halt::Broken(format!("{who} is no newcomer")))?;
    stage.enter(key, *name, email, &[]).await?;
    stage.claim(key, at, Job { title, role, level: *level, since: "2022-08-01", until: None }).await?;
    let application = apply(stage, key, cohort).await?;
    let verification = application.verification_id.ok_or_else(|| Halt::Broken(format!("nothing is asked of {who}")))?;
    Ok((application.id, verification))
}

async fn verify(stage: &Stage<'_>, verification: VerificationId, verdict: Verdict) -> Played {
    let verified = stage.act("staff", async |tx, staff| {
        workflow::verifications::verify(tx, staff, verification, &Input::given(verdict.clone())).await
    });
    verified.await.map(drop)
}
