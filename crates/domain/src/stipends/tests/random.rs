//! Whatever is tried in whatever order, the sums hold, and so do the rules of who may.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Attempt {
    Held(DueWhen),
    Approve(usize),
    Pay(usize),
    Void(usize),
    CallOff,
    Share(i64),
}

/// An agreement, as somebody keeps it.
struct Story {
    stipend: Stipend,
    installments: Vec<Installment>,
    forms: Vec<TaxForm>,
    paid: Vec<Installment>,
}

impl Story {
    fn attempt(&mut self, attempt: Attempt, by: u128, now: Timestamp) {
        match attempt {
            Attempt::Held(due_when) => self.each(|one| {
                let due = Due { at: now, marked_by: Some(person(by)) };
                one.clone().fall_due(due_when, due, now)
            }),
            Attempt::Approve(n) => self.one(n, |of, one, _| one.approve(of, &staff(by), now)),
            Attempt::Pay(n) => self.one(n, |_, one, form| one.pay(payment(None), form, &staff(by), Zone::UTC, now)),
            Attempt::Void(n) => self.one(n, |_, one, _| one.void(reason(), now)),
            Attempt::CallOff => self.each(|one| one.clone().void_unapproved(&reason(), now)),
            Attempt::Share(first) => self.share(first, now),
        }
    }

    fn each(&mut self, step: impl Fn(&Installment) -> Option<Change<Installment>>) {
        for one in &mut self.installments {
            if let Some(change) = step(one) {
                *one = change.value;
            }
        }
    }

    fn one(&mut self, n: usize, step: impl Fn(&Stipend, Installment, Option<&TaxForm>) -> Result<Change<Installment>, Refusal>) {
        let place = n % self.installments.len();
        let before = self.installments[place].clone();
        let form = self.forms.iter().find(|form| form.person_id == before.payee_id);
        if let Ok(change) = step(&self.stipend, before.clone(), form) {
            assert!(change.value.state() != InstallmentState::Paid || form.is_some(), "no payment without a form");
            self.paid.extend((change.value.state() == InstallmentState::Paid).then(|| change.value.clone()));
            self.installments[place] = change.value;
        }
    }

    fn share(&mut self, first: i64, now: Timestamp) {
        let share = |n: u128, amount_minor| Share { person_id: person(n), amount_minor };
        let shares = vec![share(SECOND, first), share(FIRST, self.stipend.terms.amount.amount_minor - first)];
        let leads = [person(FIRST), person(SECOND)];
        let decided = !Stipend::open(&self.installments);
        let mut next = self.installments.iter().map(|one| one.id.uuid().as_u128()).max().unwrap_or(100);
        let new_id = || {
            next += 1;
            InstallmentId::from_uuid(Uuid::from_u128(next))
        };
        let Ok(parted) = self.stipend.clone().share(shares, self.installments.clone(), &leads, new_id, now) else { return };
        assert!(!decided);
        self.stipend = parted.stipend.value;
        self.installments.retain(|one| parted.removed.iter().all(|removed| removed.id != one.id));
        for change in parted.installments {
            self.installments.retain(|one| one.id != change.value.id);
            self.installments.push(change.value);
        }
    }

    fn check(&self) {
        let sum = |payee: Option<PersonId>| {
            let theirs = self.installments.iter().filter(|one| payee.is_none_or(|payee| one.payee_id == payee));
            theirs.map(|one| one.amount.amount_minor).sum::<i64>()
        };
        assert_eq!(sum(None), self.stipend.terms.amount.amount_minor, "they come to the amount");
        assert_eq!(Ledger::of(Currency::Usd, &self.installments).total_minor(), sum(None));
        for share in &self.stipend.shares {
            assert_eq!(sum(Some(share.person_id)), share.amount_minor, "everybody has their share");
        }
        for planned in &self.stipend.terms.installments {
            let parts = self.installments.iter().filter(|one| one.key == planned.key);
            assert_eq!(parts.map(|one| one.amount.amount_minor).sum::<i64>(), planned.amount_minor);
        }
        for one in &self.installments {
            let by = one.approval.and_then(|approval| approval.by);
            assert!(by.is_none_or(|by| self.stipend.shares.iter().all(|share| share.person_id != by)), "nobody approves their own");
            assert!(by.is_none() || one.due.unwrap().marked_by != by, "nor what they marked");
            assert!(one.amount.amount_minor > 0);
        }
        for paid in &self.paid {
            assert!(self.installments.contains(paid), "what was paid stays paid");
        }
    }
}

fn attempts() -> impl Strategy<Value = Vec<(Attempt, u128)>> {
    let due_when = prop::sample::select(<DueWhen as crate::words::Word>::ALL);
    let attempt = prop_oneof![
        3 => due_when.prop_map(Attempt::Held),
        6 => (0_usize..6).prop_map(Attempt::Approve),
        6 => (0_usize..6).prop_map(Attempt::Pay),
        1 => (0_usize..6).prop_map(Attempt::Void),
        1 => Just(Attempt::CallOff),
        4 => (1_i64..500_000).prop_map(Attempt::Share),
    ];
    let by = prop::sample::select(vec![FIRST, SECOND, STAFF, OTHER_STAFF]);
    prop::collection::vec((attempt, by), 1..60)
}

proptest! {
    #[test]
    fn whatever_is_tried_in_whatever_order_the_sums_and_the_rules_hold(attempts in attempts()) {
        let (stipend, installments) = both();
        let mut story = Story { stipend, installments, forms: vec![form("2019-11-01", None)], paid: Vec::new() };
        for ((attempt, by), hour) in attempts.into_iter().zip(0_i64..) {
            story.attempt(attempt, by, at(2).plus_minutes(hour * 60));
            story.check();
        }
    }
}
