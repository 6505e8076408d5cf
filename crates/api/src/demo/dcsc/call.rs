//! The call for proposals: six are handed in and judged, four become cohorts, and a place that is declined goes to the next.

use cohortium_domain::cohorts::Audience;
use cohortium_domain::employments::Level;
use cohortium_domain::ids::{ProgramId, ProposalId, ReviewId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::Capacity;
use cohortium_domain::proposals::{Content, ContentUpdate, Until};
use cohortium_domain::reviews::ranking::RankedBy;
use cohortium_domain::reviews::{AssessmentUpdate, Line, Score};
use cohortium_domain::rubrics::{Criterion, RubricTerms};
use cohortium_domain::stipends::{Currency, DueWhen, Money, PlannedInstallment, StipendTerms};
use cohortium_domain::text::{Body, Email, Name, Slug, Summary, Text, Title};
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;
use cohortium_workflow::reviews::{Assignment, LineWish};

use super::cast::{AUTHORS, CO_FACILITATOR, PITCHES, Pitch, SCHOOLS};
use crate::demo::stage::{Halt, Played, Stage, date};

/// By what the proposals are judged: key, label, weight.
const CRITERIA: &[(&str, &str, u16)] = &[
    ("need", "What members need", 3),
    ("plan", "A plan that can be carried out", 2),
    ("sharing", "Something left for the field", 1),
];

/// How each proposal is scored, criterion by criterion: by one reviewer, and by the other.
const SCORES: [[[u8; 3]; 2]; 6] = [
    [[5, 5, 4], [5, 4, 5]],
    [[5, 4, 5], [4, 5, 5]],
    [[5, 4, 4], [4, 4, 5]],
    [[4, 4, 3], [4, 3, 4]],
    [[4, 5, 4], [4, 4, 4]],
    [[3, 3, 2], [2, 3, 3]],
];

/// What staff write to each author.
const LETTERS: [&str; 6] = [
    "Both readers saw a plan that a second year can rest on. We look forward to it.",
    "Nobody else asked whose stories are told. Please keep two calls for units from smaller schools.",
    "Much needed, and well prepared. One reader wonders who interprets at the kick-off.",
    "A strong proposal, and one place too few. You are the first to hear when one comes free.",
    "Thank you for writing the plan anew: it convinced both readers.",
    "The idea is good, and the plan still thin. We would be glad to read it again next year.",
];

/// The rules of the call: by what proposals are judged, and what leading a cohort is paid.
pub(super) async fn set_rules(stage: &Stage<'_>, program: ProgramId) -> Played {
    let criterion = |(key, label, weight): &(&str, &str, u16)| {
        Ok::<_, Halt>(Criterion { key: Slug::new(key)?, label: Name::new(label)?, description: None, weight: *weight })
    };
    let rubric = RubricTerms {
        criteria: CRITERIA.iter().map(criterion).collect::<Played<_>>()?,
        quorum: 2,
        blind: true,
        reviews_due_on: Some(date("2019-10-07")?),
        ..RubricTerms::default()
    };
    let installment = |key: &str, label: &str, due_when| {
        Ok::<_, Halt>(PlannedInstallment { key: Slug::new(key)?, label: Name::new(label)?, amount_minor: 250_000, due_when })
    };
    let stipend = StipendTerms {
        amount: Money { amount_minor: 500_000, currency: Currency::Usd },
        installments: vec![
            installment("kick-off", "After the kick-off call", DueWhen::KickoffHeld)?,
            installment("close-out", "After the close-out call", DueWhen::CloseoutHeld)?,
        ],
    };
    let set = stage.act("staff", async |tx, staff| {
        workflow::program_documents::replace_rubric(tx, staff, program, &Input::given(rubric.clone())).await?;
        workflow::program_documents::replace_stipend_plan(tx, staff, program, &Input::given(Some(stipend.clone()))).await
    });
    set.await.map(drop)
}

/// Six proposals, each written and handed in while the call was open; one of them by two who want to lead together.
pub(super) async fn propose(stage: &Stage<'_>, program: ProgramId) -> Played<Vec<ProposalId>> {
    let mut proposals = Vec::new();
    for (pitch, when) in PITCHES.iter().zip([
        "2019-09-16 15:20",
        "2019-09-19 09:05",
        "2019-09-24 20:40",
        "2019-09-27 12:00",
        "2019-10-01 16:30",
        "2019-10-03 22:50",
    ]) {
        stage.reach(when).await?;
        let content = content(pitch)?;
        let drafted = stage
            .act(pitch.author, async |tx, author| {
                workflow::proposals::create(tx, author, program, &Input::given(content.clone())).await
            })
            .await?;
        if pitch.author == "author-4" {
            ask_along(stage, drafted.id).await?;
        }
        submit(stage, pitch.author, drafted.id).await?;
        proposals.push(drafted.id);
    }
    Ok(proposals)
}

async fn submit(stage: &Stage<'_>, author: &str, proposal: ProposalId) -> Played {
    let submitted =
        stage.act(author, async |tx, author| workflow::proposals::submit(tx, author, proposal, Precondition::NotNeeded).await);
    submitted.await.map(drop)
}

/// The author asks a colleague to lead together, who agrees.
async fn ask_along(stage: &Stage<'_>, proposal: ProposalId) -> Played {
    let (key, given, family, school, _) = CO_FACILITATOR;
    let domain = SCHOOLS.iter().find(|(known, ..)| known == school).map_or("", |(_, _, domain, _)| domain);
    let email = Email::new(&format!("{given}.{family}@{domain}").to_lowercase())?;
    let asked = stage
        .act("author-4", async |tx, author| {
            workflow::facilitator_invitations::invite(tx, author, proposal, &Input::given(email.clone())).await
        })
        .await?;
    let agreed = stage.act(key, async |tx, colleague| {
        workflow::facilitator_invitations::accept(tx, colleague, asked.id, Precondition::NotNeeded).await
    });
    agreed.await.map(drop)
}

fn content(pitch: &Pitch) -> Played<Content> {
    let goals = pitch.goals.iter().map(|goal| Text::new(goal)).collect::<Result<_, _>>()?;
    Ok(Content {
        r#abstract: Some(Summary::new(pitch.summary)?),
        audience: Audience { levels: [Level::School].into(), ..Audience::default() },
        goals,
        session_plan: Some(Body::new(
            "A kick-off call, four hours together in January, a call each month, and a close-out with what we made.",
        )?),
        preferred_capacity: Some(Capacity { min: 10, max: 20 }),
        ..Content::titled(Title::new(pitch.title)?)
    })
}

/// The fifth is asked to say more about its plan, and does.
pub(super) async fn revise(stage: &Stage<'_>, proposals: &[ProposalId]) -> Played {
    let (Some(proposal), Some((author, ..))) = (proposals.get(4).copied(), AUTHORS.get(4)) else { return Ok(()) };
    stage.reach("2019-10-04 10:00").await?;
    let request = (Text::new("Who observes whom, and how often? Two sentences are enough.")?, Until::On(date("2019-10-05")?));
    stage
        .act("staff", async |tx, staff| {
            workflow::proposals::request_revision(tx, staff, proposal, &Input::given(request.clone())).await
        })
        .await?;
    stage.reach("2019-10-05 14:20").await?;
    let plan = Body::new(
        "A kick-off call, four hours together in January, a call each month, and a close-out with what we made. \
         Each coach observes one new teacher of another school a month, and is observed once.",
    )?;
    let better = ContentUpdate { session_plan: Some(Some(plan)), ..ContentUpdate::default() };
    stage
        .act(author, async |tx, author| workflow::proposals::update(tx, author, proposal, &Input::given(better.clone())).await)
        .await?;
    submit(stage, author, proposal).await
}

/// Three reviewers share the proposals, two for each; one of them works where an author does, and is not given that one.
pub(super) async fn review(stage: &Stage<'_>, program: ProgramId, proposals: &[ProposalId]) -> Played {
    stage.reach("2019-10-05 16:00").await?;
    let assignment = Assignment { seed: Some(2019), ..Assignment::default() };
    let assigned = stage
        .act("staff", async |tx, staff| workflow::reviews::assign_all(tx, staff, program, &Input::given(assignment.clone())).await)
        .await?;
    for (reviewer, when) in
        [("reviewer", "2019-10-06 17:00"), ("reviewer-2", "2019-10-07 08:30"), ("reviewer-3", "2019-10-07 20:10")]
    {
        stage.reach(when).await?;
        let person = stage.person(reviewer)?;
        for (place, proposal) in proposals.iter().enumerate() {
            let mut of_proposal = assigned.pairs.iter().filter(|(assigned, ..)| assigned == proposal);
            let turn = of_proposal.clone().position(|(_, reviewer, _)| *reviewer == person);
            let review = of_proposal.find_map(|(_, reviewer, review)| review.filter(|_| *reviewer == person));
            if let (Some(turn), Some(review)) = (turn, review) {
                let scores = SCORES.get(place).and_then(|both| both.get(turn)).copied().unwrap_or_default();
                judge(stage, reviewer, review, scores).await?;
            }
        }
    }
    Ok(())
}

async fn judge(stage: &Stage<'_>, reviewer: &str, review: ReviewId, scores: [u8; 3]) -> Played {
    let score =
        |((key, ..), score): (&(&str, &str, u16), u8)| Ok::<_, Halt>(Score { criterion: Slug::new(key)?, score, comment: None });
    let scores = CRITERIA.iter().zip(scores).map(score).collect::<Played<Vec<_>>>()?;
    let judged = AssessmentUpdate { scores: Some(scores), ..AssessmentUpdate::default() };
    let handed_in = stage.act(reviewer, async |tx, reviewer| {
        workflow::reviews::update(tx, reviewer, review, &Input::given(judged.clone())).await?;
        workflow::reviews::submit(tx, reviewer, review, Precondition::NotNeeded).await
    });
    handed_in.await.map(drop)
}

/// Four are accepted by the ranking, one is kept in reserve, one is not; the authors hear of it all at once. One declines, so the
/// one in reserve is accepted, and four confirm.
pub(super) async fn choose(stage: &Stage<'_>, program: ProgramId, proposals: &[ProposalId]) -> Played {
    stage.reach("2019-10-08 11:00").await?;
    for (id, letter) in proposals.iter().zip(LETTERS) {
        let feedback = (None, Some(Text::new(letter)?));
        stage
            .act("staff", async |tx, staff| {
                workflow::proposals::feedback::replace(tx, staff, *id, &Input::given(feedback.clone())).await
            })
            .await?;
    }
    let line = Line { accept: 4, reserve: 1, keep_staged: false };
    let decided = stage.act("staff", async |tx, staff| {
        let wish = LineWish { line, by: RankedBy::Mean, reason: None };
        workflow::reviews::draw_line(tx, staff, program, &Input::given(wish)).await?;
        workflow::proposals::release(tx, staff, program, Precondition::NotNeeded).await
    });
    decided.await?;
    stage.reach("2019-10-09 09:30").await?;
    if let (Some(proposal), Some((author, ..))) = (proposals.get(4).copied(), AUTHORS.get(4)) {
        stage
            .act(author, async |tx, author| workflow::proposals::decline(tx, author, proposal, Precondition::NotNeeded).await)
            .await?;
    }
    stage.reach("2019-10-09 18:00").await?;
    for (id, (author, ..)) in proposals.iter().zip(AUTHORS).take(4) {
        stage.act(author, async |tx, author| workflow::proposals::confirm(tx, author, *id, Precondition::NotNeeded).await).await?;
    }
    Ok(())
}
