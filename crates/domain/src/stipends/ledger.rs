//! How much of what was agreed stands where: the sums by state.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::installments::{Installment, InstallmentState};
use super::money::Currency;

/// Sums of installments of one currency, by their state, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StipendLedger)]
pub struct Ledger {
    /// Of which currency.
    pub currency: Currency,
    /// What waits for something to come to pass.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub pending_minor: i64,
    /// What is due.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub due_minor: i64,
    /// What was approved and is still to be paid.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub approved_minor: i64,
    /// What was paid.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub paid_minor: i64,
    /// What will not be paid.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub void_minor: i64,
}

impl Ledger {
    /// Without any installment.
    #[must_use]
    pub fn empty(currency: Currency) -> Self {
        Self { currency, pending_minor: 0, due_minor: 0, approved_minor: 0, paid_minor: 0, void_minor: 0 }
    }

    /// Of the installments of one agreement.
    #[must_use]
    pub fn of<'a>(currency: Currency, installments: impl IntoIterator<Item = &'a Installment>) -> Self {
        let mut ledger = Self::empty(currency);
        for installment in installments {
            ledger.add(installment.state(), installment.amount.amount_minor);
        }
        ledger
    }

    /// Of sums by currency and state: a ledger for each currency, in their order.
    #[must_use]
    pub fn by_currency(sums: impl IntoIterator<Item = (Currency, InstallmentState, i64)>) -> Vec<Self> {
        let mut ledgers: BTreeMap<Currency, Self> = BTreeMap::new();
        for (currency, state, amount_minor) in sums {
            ledgers.entry(currency).or_insert_with(|| Self::empty(currency)).add(state, amount_minor);
        }
        ledgers.into_values().collect()
    }

    /// Counts an amount.
    pub fn add(&mut self, state: InstallmentState, amount_minor: i64) {
        let sum = match state {
            InstallmentState::Pending => &mut self.pending_minor,
            InstallmentState::Due => &mut self.due_minor,
            InstallmentState::Approved => &mut self.approved_minor,
            InstallmentState::Paid => &mut self.paid_minor,
            InstallmentState::Void => &mut self.void_minor,
        };
        *sum = sum.saturating_add(amount_minor);
    }

    /// What all of it comes to.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        let sums = [self.pending_minor, self.due_minor, self.approved_minor, self.paid_minor, self.void_minor];
        sums.into_iter().fold(0, i64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_ledger_for_each_currency_and_a_sum_for_each_state() {
        use InstallmentState::{Due, Paid, Void};
        let sums = [
            (Currency::Cad, Due, 5),
            (Currency::Usd, Paid, 7),
            (Currency::Usd, Due, 1),
            (Currency::Usd, Void, 2),
            (Currency::Usd, Due, 3),
        ];
        let dollars = Ledger { due_minor: 4, paid_minor: 7, void_minor: 2, ..Ledger::empty(Currency::Usd) };
        let canadian = Ledger { due_minor: 5, ..Ledger::empty(Currency::Cad) };
        assert_eq!(Ledger::by_currency(sums), [dollars, canadian]);
        assert_eq!(dollars.total_minor(), 13);
    }
}
