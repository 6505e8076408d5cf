use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::{Actor, Grant};
use crate::cohorts::Audience;
use crate::ids::Id;
use crate::programs::{Capacity, Terms};
use crate::refusal::FaultCode;
use crate::text::{Slug, Text};
use crate::timeline::{Milestone, MilestoneKind, When};
use crate::words::Word;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Opens on day 1, is advertised to close on day 10 and takes an hour more, and asks for confirmations by day 20.
fn call() -> Call {
    Call {
        window: SubmissionWindow { opens_at: at(DAY), closes_at: at(10 * DAY), accepted_until: at(10 * DAY + HOUR) },
        confirmations_due_at: at(20 * DAY),
        days_to_confirm: 3,
        time_zone: Zone::UTC,
    }
}

fn complete() -> Content {
    Content {
        title: Text::new("Behind the behaviors").unwrap(),
        r#abstract: Some(Text::new("What a behavior says, and what we answer.").unwrap()),
        audience: Audience { roles: [Slug::new("principal").unwrap()].into(), ..Audience::default() },
        goals: vec![Text::new("A shared plan").unwrap()],
        session_plan: Some(Text::new("One case at each call.").unwrap()),
        preferred_capacity: Some(Capacity { min: 10, max: 15 }),
    }
}

fn draft(n: u128) -> Proposal {
    let (id, program, author) = (Uuid::from_u128(n), Uuid::from_u128(100), Uuid::from_u128(200 + n));
    Proposal::create(id.into(), program.into(), author.into(), complete(), at(0)).unwrap().value
}

fn standing(n: u128, standing: Standing) -> Proposal {
    let submitted_at = (standing.state() != ProposalState::Draft).then(|| at(DAY + i64::try_from(n).unwrap()));
    Proposal { submitted_at, standing, ..draft(n) }
}

const STAGED: Standing = Standing::InReview { staged: Some(Staged::Accept), reserve: None };
const RESERVED: Standing = Standing::InReview { staged: None, reserve: Some(1) };

fn accepted() -> Standing {
    Standing::Accepted { accepted_at: at(11 * DAY), confirm_until: None }
}

fn reserved(n: u128, rank: Rank) -> Proposal {
    standing(n, Standing::InReview { staged: None, reserve: Some(rank) })
}

fn confirmed() -> Standing {
    Standing::Confirmed { confirmed_at: at(12 * DAY), cohort_id: None }
}

fn every_standing() -> [Standing; 10] {
    [
        Standing::Draft,
        Standing::Submitted,
        Standing::InReview { staged: None, reserve: None },
        STAGED,
        RESERVED,
        accepted(),
        confirmed(),
        Standing::Rejected { rejected_at: at(11 * DAY) },
        Standing::Withdrawn { withdrawn_at: at(11 * DAY) },
        Standing::Declined { declined_at: at(12 * DAY), lapsed: false },
    ]
}

type Step = fn(Proposal, Timestamp) -> Result<Change<Proposal>, Refusal>;

/// Everything that is done to one proposal by somebody.
fn steps() -> [(Action, Step); 8] {
    [
        (Action::UpdateProposal, |proposal, now| proposal.update(ContentUpdate::default(), now)),
        (Action::SubmitProposal, |proposal, now| proposal.submit(&call(), now)),
        (Action::WithdrawProposal, |proposal, now| proposal.withdraw(&call(), now)),
        (Action::AcceptProposal, |proposal, now| proposal.stage(Staged::Accept, None, now)),
        (Action::RejectProposal, |proposal, now| proposal.stage(Staged::Reject, None, now)),
        (Action::ReserveProposal, |proposal, now| proposal.stage(Staged::Reserve { rank: 1 }, None, now)),
        (Action::ConfirmProposal, |proposal, now| proposal.confirm(&call(), now)),
        (Action::DeclineProposal, |proposal, now| proposal.decline(&call(), now)),
    ]
}

fn settle(proposals: Vec<Proposal>, now: Timestamp) -> (Round, Vec<Change<Proposal>>) {
    Round::settle(proposals, call(), now)
}

fn states(proposals: &[Proposal]) -> Vec<ProposalState> {
    proposals.iter().map(Proposal::state).collect()
}

fn new_ids() -> impl FnMut() -> CohortId {
    let mut next = 300_u128;
    move || {
        next += 1;
        CohortId::from_uuid(Uuid::from_u128(next))
    }
}

#[test]
fn the_call_follows_from_the_timeline_and_a_staff_led_program_has_none() {
    let days = [
        (MilestoneKind::ProposalsOpen, "2019-09-12"),
        (MilestoneKind::ProposalsDue, "2019-10-03"),
        (MilestoneKind::OfferingsFinal, "2019-10-10"),
        (MilestoneKind::SignupOpens, "2019-10-17"),
        (MilestoneKind::Kickoff, "2019-12-09"),
        (MilestoneKind::Closeout, "2020-06-15"),
    ];
    let milestones = days.iter().zip(1..).map(|((kind, day), n)| Milestone {
        id: Uuid::from_u128(n).into(),
        kind: *kind,
        label: Text::new(kind.default_label()).unwrap(),
        when: When::On(day.parse().unwrap()),
    });
    let milestones: Vec<_> = milestones.collect();
    let time_zone: Zone = "America/New_York".parse().unwrap();
    let terms = Terms { grace_minutes: 60, ..Terms::default() };
    let call_of = |delivery| Call::of(&Timeline::resolve(&Calendar { time_zone, delivery, terms }, milestones.clone()).unwrap());
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = SubmissionWindow {
        opens_at: instant("2019-09-12T04:00:00Z"),
        closes_at: instant("2019-10-04T04:00:00Z"),
        accepted_until: instant("2019-10-04T05:00:00Z"),
    };
    let confirmations_due_at = instant("2019-10-11T04:00:00Z");
    let expected = Call { window, confirmations_due_at, days_to_confirm: terms.offer_days, time_zone };
    assert_eq!(call_of(Delivery::CallForProposals), Some(expected));
    assert_eq!(call_of(Delivery::StaffLed), None);
}

#[test]
fn the_table_of_proposals() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn what_each_step_comes_to_from_each_state() {
    let mut lines = Vec::new();
    for standing_before in every_standing() {
        for (action, step) in steps() {
            // Only a draft can be handed in, and that only while the call is open.
            let now = if action == Action::SubmitProposal { at(5 * DAY) } else { at(15 * DAY) };
            let before = standing(1, standing_before);
            let outcome = step(before.clone(), now);
            let in_table = MACHINE.check(before.state(), action).is_ok();
            assert_eq!(outcome.is_ok(), in_table, "{} of {standing_before:?}", action.verb());
            let outcome = match outcome {
                Ok(change) => {
                    assert!(MACHINE.leads(before.state(), action, change.value.state()), "{}", action.verb());
                    assert_eq!(change.value.meta.updated_at, now);
                    format!("{:?} [{}]", change.value.standing, change.happened[0].entry_type())
                }
                Err(refusal) => refusal.to_string(),
            };
            lines.push(format!("{standing_before:?} | {} | {outcome}", action.verb()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_draft_may_lack_all_but_its_title_and_says_what_is_missing_when_it_is_handed_in() {
    let bare = Content::titled(Text::new("A title").unwrap());
    let author = PersonId::from_uuid(Uuid::nil());
    let draft = Proposal::create(Uuid::nil().into(), Uuid::nil().into(), author, bare, at(0)).unwrap().value;
    let Err(Refusal::Invalid(faults)) = draft.submit(&call(), at(5 * DAY)) else { panic!("it must be refused as not valid") };
    let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    let parts = ["#/abstract", "#/audience", "#/goals", "#/session_plan", "#/preferred_capacity"];
    assert_eq!(told, parts.map(|pointer| (pointer, FaultCode::Required)));
}

#[test]
fn parts_keep_their_bounds_from_the_first_draft_on() {
    let goals = vec![Text::new("One more").unwrap(); MOST_GOALS + 1];
    let preferred_capacity = Some(Capacity { min: 0, max: 0 });
    let too_much = Content { goals: goals.clone(), preferred_capacity, ..complete() };
    let Err(Refusal::Invalid(faults)) = too_much.check() else { panic!("too many goals, and room for nobody") };
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["#/goals", "#/preferred_capacity/min", "#/preferred_capacity/max"]);
    let update = ContentUpdate { goals: Some(goals), ..ContentUpdate::default() };
    assert!(matches!(draft(1).update(update, at(1)), Err(Refusal::Invalid(_))));
}

#[test]
fn an_update_changes_what_it_names_and_clears_what_it_clears() {
    let update = ContentUpdate {
        title: Some(Text::new("Another").unwrap()),
        r#abstract: Some(None),
        audience: Some(Audience::default()),
        goals: Some(Vec::new()),
        session_plan: Some(None),
        preferred_capacity: Some(None),
    };
    assert_eq!(draft(1).update(update, at(7)).unwrap().value.content, Content::titled(Text::new("Another").unwrap()));
    assert_eq!(draft(1).update(ContentUpdate::default(), at(7)).unwrap().value.content, complete());
}

#[test]
fn proposals_are_taken_from_the_opening_to_the_end_of_the_grace_that_is_not_advertised() {
    let (opens, until) = (DAY, 10 * DAY + HOUR);
    for (now, open) in [(opens - 1, false), (opens, true), (10 * DAY, true), (until - 1, true), (until, false)] {
        assert_eq!(draft(1).submit(&call(), at(now)).is_ok(), open, "at {now}");
    }
    let Err(Refusal::WindowClosed { opens_at, .. }) = draft(1).submit(&call(), at(0)) else { panic!("too early") };
    assert_eq!(opens_at, Some(at(opens)));
    let Err(Refusal::WindowClosed { closed_at, .. }) = draft(1).submit(&call(), at(until)) else { panic!("too late") };
    assert_eq!(closed_at, Some(at(10 * DAY)), "what is told is the advertised instant");
}

#[test]
fn an_acceptance_not_confirmed_in_time_reads_declined_and_can_be_taken_up_by_nobody() {
    let proposal = standing(1, accepted());
    let (last, due) = (at(20 * DAY - 1), at(20 * DAY));
    assert_eq!(proposal.clone().as_of(&call(), last), proposal);
    assert!(proposal.clone().confirm(&call(), last).is_ok());
    assert_eq!(proposal.clone().as_of(&call(), due).standing, Standing::Declined { declined_at: due, lapsed: true });
    for step in [Proposal::confirm, Proposal::decline, Proposal::withdraw] {
        assert!(matches!(step(proposal.clone(), &call(), due), Err(Refusal::InvalidTransition { current_state: "declined", .. })));
    }
}

#[test]
fn an_author_sees_no_decision_before_its_release() {
    let submitted = standing(1, Standing::InReview { staged: None, reserve: None });
    for decision in [Staged::Accept, Staged::Reject, Staged::Reserve { rank: 2 }] {
        let staged = submitted.clone().stage(decision, None, at(11 * DAY)).unwrap().value;
        assert_eq!(staged.staged(), Some(decision));
        assert_eq!(staged.as_seen_by_author().standing, submitted.standing);
    }
    let in_reserve = standing(1, RESERVED).stage(Staged::Reject, None, at(11 * DAY)).unwrap().value;
    assert_eq!(in_reserve.as_seen_by_author().standing, RESERVED, "what was released stays seen");
}

#[test]
fn a_staged_decision_replaces_the_one_before_and_its_reason_is_written_down() {
    let reason = Text::new("The strongest plan").unwrap();
    let staged = standing(1, STAGED).stage(Staged::Reserve { rank: 3 }, Some(&reason), at(11 * DAY)).unwrap();
    assert_eq!(staged.value.staged(), Some(Staged::Reserve { rank: 3 }));
    assert_eq!(staged.happened[0].reason.as_ref(), Some(&reason));
    assert_eq!(staged.happened[0].data["decision"], "reserve");
    for rank in [0, HIGHEST_RANK + 1] {
        assert!(matches!(standing(1, STAGED).stage(Staged::Reserve { rank }, None, at(0)), Err(Refusal::Invalid(_))));
    }
}

#[test]
fn a_release_tells_every_decision_at_once() {
    let staged = |n, decision| standing(n, Standing::InReview { staged: Some(decision), reserve: None });
    let proposals = vec![
        staged(1, Staged::Accept),
        staged(2, Staged::Reject),
        staged(3, Staged::Reserve { rank: 4 }),
        standing(4, RESERVED),
        draft(5),
    ];
    let released = settle(proposals, at(12 * DAY)).0.release().unwrap();
    let now: Vec<_> = released.iter().map(|change| (change.value.standing, change.happened[0].verb)).collect();
    assert_eq!(
        now,
        [
            (Standing::Accepted { accepted_at: at(12 * DAY), confirm_until: None }, "accepted"),
            (Standing::Rejected { rejected_at: at(12 * DAY) }, "rejected"),
            (Standing::InReview { staged: None, reserve: Some(4) }, "reserved"),
        ]
    );
}

#[test]
fn a_release_waits_for_the_end_of_the_call_and_for_every_decision() {
    let release = |proposals, now| settle(proposals, at(now)).0.release();
    let staged = || vec![standing(1, STAGED)];
    assert!(matches!(release(staged(), 10 * DAY + HOUR - 1), Err(Refusal::WindowClosed { .. })));
    assert!(release(staged(), 10 * DAY + HOUR).is_ok());
    let undecided = [Standing::Submitted, Standing::InReview { staged: None, reserve: None }].map(|other| standing(2, other));
    for other in undecided {
        let Err(Refusal::NotReady { missing, .. }) = release(vec![standing(1, STAGED), other.clone()], 12 * DAY) else {
            panic!("one is undecided")
        };
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].params["proposal_id"], other.id.to_string());
    }
    for nothing in [vec![], vec![draft(1)], vec![standing(1, accepted())]] {
        assert!(matches!(release(nothing, 12 * DAY), Err(Refusal::NotReady { missing, .. }) if missing.is_empty()));
    }
}

#[test]
fn who_is_accepted_after_the_day_for_confirming_has_days_of_its_own() {
    let late = settle(vec![standing(1, STAGED)], at(20 * DAY)).0.release().unwrap();
    assert_eq!(late[0].value.lapses_at(&call()), Some(at(24 * DAY)), "the end of the third day after the twentieth");
    let early = settle(vec![standing(1, STAGED)], at(20 * DAY - 1)).0.release().unwrap();
    assert_eq!(early[0].value.lapses_at(&call()), Some(at(20 * DAY)));
}

#[test]
fn a_place_not_confirmed_in_time_goes_to_the_first_in_reserve_and_from_there_to_the_next() {
    let proposals = || vec![standing(1, accepted()), reserved(2, 2), reserved(3, 1), reserved(4, 3)];
    let (accepted, in_review, declined) = (ProposalState::Accepted, ProposalState::InReview, ProposalState::Declined);

    let (round, changes) = settle(proposals(), at(20 * DAY - 1));
    assert_eq!((round.proposals(), changes.len()), (&proposals()[..], 0));
    assert_eq!(round.next_lapse_at(), Some(at(20 * DAY)));

    let (round, changes) = settle(proposals(), at(20 * DAY));
    assert_eq!(states(round.proposals()), [declined, in_review, accepted, in_review]);
    let told: Vec<_> = changes.iter().map(|change| change.happened[0].entry_type()).collect();
    assert_eq!(told, ["proposal.lapsed", "proposal.promoted"]);
    assert_eq!(round.next_lapse_at(), Some(at(24 * DAY)));

    let (round, changes) = settle(proposals(), at(24 * DAY));
    assert_eq!(states(round.proposals()), [declined, accepted, declined, in_review]);
    assert_eq!(changes.iter().map(|change| change.happened.len()).collect::<Vec<_>>(), [1, 1, 2], "each proposal once");
    let late = Standing::Accepted { accepted_at: at(24 * DAY), confirm_until: Some(at(28 * DAY)) };
    assert_eq!(round.proposals()[1].standing, late, "each instant is its own, however late somebody looks");
}

#[test]
fn of_two_with_the_same_rank_the_one_handed_in_earlier_comes_first() {
    let late = Proposal { submitted_at: Some(at(9 * DAY)), ..reserved(2, 1) };
    let (round, _) = settle(vec![standing(1, accepted()), late, reserved(3, 1)], at(20 * DAY));
    assert_eq!(round.get(draft(3).id).unwrap().state(), ProposalState::Accepted);
}

#[test]
fn an_author_who_goes_leaves_the_place_to_the_first_in_reserve() {
    let gone = standing(1, accepted());
    let (round, _) = settle(vec![gone.clone(), reserved(2, 1)], at(15 * DAY));
    let promoted = round.fill_the_place_of(&gone).unwrap().value;
    assert_eq!(promoted.standing, Standing::Accepted { accepted_at: at(15 * DAY), confirm_until: Some(at(19 * DAY)) });
    assert_eq!(promoted.lapses_at(&call()), Some(at(20 * DAY)), "the program's day, where that is later");
    for had_no_place in [Standing::Draft, Standing::Submitted, STAGED, RESERVED] {
        assert_eq!(round.fill_the_place_of(&standing(3, had_no_place)), None);
    }
    let decided_anew = Standing::InReview { staged: Some(Staged::Reject), reserve: Some(1) };
    let (round, _) = settle(vec![gone.clone(), standing(2, decided_anew)], at(15 * DAY));
    assert_eq!(round.fill_the_place_of(&gone), None, "staff mean to decide about it anew");
}

#[test]
fn the_offerings_are_final_when_everything_is_settled() {
    let proposals = vec![standing(1, confirmed()), standing(2, confirmed()), reserved(3, 1), draft(4)];
    let taken = BTreeSet::from([Slug::new("behind-the-behaviors").unwrap()]);
    let finalized = settle(proposals, at(15 * DAY)).0.finalize(&taken, new_ids()).unwrap();
    let slugs: Vec<_> = finalized.offerings.iter().map(|offering| offering.slug.as_str()).collect();
    assert_eq!(slugs, ["behind-the-behaviors-2", "behind-the-behaviors-3"]);
    assert_eq!(finalized.offerings[0].facilitator_id, draft(1).author_id);
    let told: Vec<_> = finalized.proposals.iter().map(|change| change.happened[0].entry_type()).collect();
    assert_eq!(told, ["proposal.became_cohort", "proposal.became_cohort", "proposal.rejected"]);
    let of_first = Standing::Confirmed { confirmed_at: at(12 * DAY), cohort_id: Some(finalized.offerings[0].cohort_id) };
    assert_eq!(finalized.proposals[0].value.standing, of_first);
}

#[test]
fn what_is_open_keeps_the_offerings_from_being_final_and_all_of_it_is_told() {
    let open = [Standing::Submitted, Standing::InReview { staged: None, reserve: None }, STAGED, accepted()];
    let proposals: Vec<_> = open.into_iter().zip(1..).map(|(open, n)| standing(n, open)).collect();
    let (round, _) = settle(proposals.clone(), at(15 * DAY));
    let Err(Refusal::NotReady { missing, .. }) = round.finalize(&BTreeSet::new(), new_ids()) else { panic!("all four are open") };
    assert_eq!(missing.len(), 4);
}

#[test]
fn what_a_caller_may_do_follows_from_the_tie_the_state_and_the_time() {
    let author = Actor::Person { id: draft(1).author_id, grants: BTreeSet::new() };
    let staff = Actor::Person { id: Uuid::nil().into(), grants: BTreeSet::from([Grant::Staff]) };
    let allowed = |proposal: &Proposal, actor: &Actor, now| {
        proposal.allowed_actions(&Tie::to_person(actor, proposal.author_id), &call(), at(now))
    };
    assert_eq!(allowed(&draft(1), &author, 0), ["update", "withdraw"], "the call has not opened");
    assert_eq!(allowed(&draft(1), &author, 5 * DAY), ["update", "submit", "withdraw"]);
    assert_eq!(allowed(&standing(1, STAGED), &staff, 11 * DAY), ["accept", "reject", "reserve"]);
    assert_eq!(allowed(&standing(1, accepted()), &author, 20 * DAY - 1), ["withdraw", "confirm", "decline"]);
    assert!(allowed(&standing(1, accepted()), &author, 20 * DAY).is_empty(), "it has lapsed");
}

/// What somebody tries, to which of four proposals, after how many hours.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Step(usize, usize),
    Release,
    Finalize,
}

fn attempts() -> impl Strategy<Value = Vec<(Attempt, i64)>> {
    let attempt = prop_oneof![
        12 => (0..steps().len(), 0..4_usize).prop_map(|(step, which)| Attempt::Step(step, which)),
        4 => Just(Attempt::Release),
        2 => Just(Attempt::Finalize),
    ];
    proptest::collection::vec((attempt, 0..20_i64), 0..80)
}

/// What happens to a program's proposals, as a workflow does it: settle, do, save.
struct Story {
    proposals: Vec<Proposal>,
    now: Timestamp,
    seen: bool,
    places: usize,
    cohorts: usize,
}

impl Story {
    fn save(&mut self, action: Action, change: Change<Proposal>) {
        let place = self.proposals.iter().position(|proposal| proposal.id == change.value.id).unwrap();
        let before = &self.proposals[place];
        assert!(MACHINE.leads(before.state(), action, change.value.state()), "{before:?} by {action:?} to {change:?}");
        assert!(!change.happened.is_empty());
        self.proposals[place] = change.value;
    }

    fn settle(&mut self) -> Round {
        let by_reading: Vec<_> = self.proposals.iter().map(|proposal| proposal.clone().as_of(&call(), self.now)).collect();
        let (round, _) = settle(self.proposals.clone(), self.now);
        self.proposals = round.proposals().to_vec();
        for (read, settled) in by_reading.iter().zip(&self.proposals) {
            let read_declined = read.state() == ProposalState::Declined;
            assert!(!read_declined || settled.state() == ProposalState::Declined, "a reader and a job must agree");
        }
        round
    }

    fn attempt(&mut self, attempt: Attempt) {
        let round = self.settle();
        match attempt {
            Attempt::Step(step, which) => {
                let (action, step) = steps()[step];
                let before = self.proposals[which].clone();
                if let Ok(change) = step(before.clone(), self.now) {
                    let left = matches!(action, Action::WithdrawProposal | Action::DeclineProposal);
                    self.save(action, change);
                    if let Some(promoted) = round.fill_the_place_of(&before).filter(|_| left) {
                        self.save(Action::PromoteProposal, promoted);
                    }
                }
            }
            Attempt::Release => {
                for change in round.release().unwrap_or_default() {
                    self.seen = true;
                    self.places += usize::from(change.value.state() == ProposalState::Accepted);
                    self.save(Action::ReleaseProposals, change);
                }
            }
            Attempt::Finalize => {
                let Ok(finalized) = round.finalize(&BTreeSet::new(), new_ids()) else { return };
                self.cohorts += finalized.offerings.len();
                for change in finalized.proposals {
                    self.save(Action::FinalizeOfferings, change);
                }
            }
        }
    }

    fn check(&self) {
        let count = |state| states(&self.proposals).into_iter().filter(|it| *it == state).count();
        let (accepted, confirmed) = (count(ProposalState::Accepted), count(ProposalState::Confirmed));
        assert!(accepted + confirmed <= self.places, "a place is given once");
        assert!(self.seen || accepted + confirmed + count(ProposalState::Rejected) == 0, "nobody is decided upon unseen");
        assert!(self.cohorts <= confirmed, "a proposal becomes a cohort once");
        for proposal in &self.proposals {
            assert_eq!(proposal.clone().as_seen_by_author().staged(), None);
            assert!(proposal.lapses_at(&call()).is_none_or(|lapses_at| lapses_at > self.now), "nothing is honored past its time");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_tried_in_whatever_order_the_invariants_hold(attempts in attempts()) {
        // Three have been handed in on the ninth day; the fourth is still a draft.
        let now = at(9 * DAY);
        let mut proposals = vec![draft(4)];
        proposals.extend((1..=3).map(|n| draft(n).submit(&call(), now).unwrap().value));
        let mut story = Story { proposals, now, seen: false, places: 0, cohorts: 0 };
        for (attempt, hours) in attempts {
            story.now = at(story.now.millis() + hours * HOUR);
            let before = story.proposals.clone();
            story.attempt(attempt);
            story.settle();
            story.check();
            prop_assert_eq!(before.len(), story.proposals.len());
        }
    }
}

#[test]
fn every_state_is_told_by_its_word() {
    let states: BTreeSet<_> = every_standing().iter().map(|standing| standing.state()).collect();
    assert_eq!(states.len(), ProposalState::ALL.len());
}
