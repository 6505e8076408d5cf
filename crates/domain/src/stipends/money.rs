//! Amounts of money, in whole cents.
//!
//! What always holds: an amount that is split comes to the same sum again, whatever the proportions. Left out on purpose: exchange.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The least amount of a stipend: one of its currency, so that everybody who shares it gets something.
pub const LEAST_MINOR: i64 = 100;
/// The greatest amount of a stipend: a million of its currency.
pub const MOST_MINOR: i64 = 100_000_000;

crate::words! {
    /// A currency, by its code (ISO 4217). Each has a hundred cents.
    pub enum Currency {
        /// The dollar of the United States.
        Usd = "USD",
        /// The Canadian dollar.
        Cad = "CAD",
        /// The euro.
        Eur = "EUR",
        /// The pound sterling.
        Gbp = "GBP",
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In cents.
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// The same as a decimal number, for example `1666.67`.
    #[must_use]
    pub fn decimal(self) -> String {
        format!("{}.{:02}", self.amount_minor.div_euclid(100), self.amount_minor.rem_euclid(100))
    }
}

/// Splits an amount in proportion to weights: each part is rounded down, and the cents that are left go to the greatest remainders,
/// of equal ones to the first.
#[must_use]
pub fn split(amount_minor: i64, weights: &[i64]) -> Vec<i64> {
    struct Part {
        place: usize,
        amount_minor: i64,
        remainder: i64,
    }
    let whole: i64 = weights.iter().sum();
    if whole <= 0 {
        return vec![0; weights.len()];
    }
    let quota = |(place, weight): (usize, &i64)| {
        let product = amount_minor * weight;
        Part { place, amount_minor: product.div_euclid(whole), remainder: product.rem_euclid(whole) }
    };
    let mut parts: Vec<Part> = weights.iter().enumerate().map(quota).collect();
    let left = amount_minor - parts.iter().map(|part| part.amount_minor).sum::<i64>();
    parts.sort_by_key(|part| Reverse(part.remainder));
    parts.iter_mut().take(usize::try_from(left).unwrap_or_default()).for_each(|part| part.amount_minor += 1);
    parts.sort_by_key(|part| part.place);
    parts.into_iter().map(|part| part.amount_minor).collect()
}

/// Splits each of several amounts among shares that come to the same sum, so that at the end everybody has exactly their share:
/// each is split in proportion to what is left of the shares by then.
#[must_use]
pub fn split_each(amounts_minor: &[i64], shares_minor: &[i64]) -> Vec<Vec<i64>> {
    let mut left = shares_minor.to_vec();
    let mut split_one = |amount_minor: &i64| {
        let parts = split(*amount_minor, &left);
        left.iter_mut().zip(&parts).for_each(|(left, part)| *left -= part);
        parts
    };
    amounts_minor.iter().map(&mut split_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cents_that_are_left_go_to_the_greatest_remainders() {
        assert_eq!(split(500_000, &[1, 1, 1]), [166_667, 166_667, 166_666]);
        assert_eq!(split(100, &[1, 6]), [14, 86], "of 14.28 and 85.71");
        assert_eq!(split(7, &[]), Vec::<i64>::new());
        assert_eq!(split(0, &[0, 0]), [0, 0]);
    }

    #[test]
    fn an_amount_is_told_as_a_decimal() {
        for (amount_minor, told) in [(0, "0.00"), (5, "0.05"), (166_667, "1666.67"), (MOST_MINOR, "1000000.00")] {
            assert_eq!(Money { amount_minor, currency: Currency::Usd }.decimal(), told);
        }
    }

    proptest! {
        #[test]
        fn parts_come_to_the_whole_and_none_is_a_cent_away_from_its_proportion(
            amount in 0..=MOST_MINOR,
            weights in prop::collection::vec(1..=MOST_MINOR, 1..=10),
        ) {
            let (parts, whole) = (split(amount, &weights), weights.iter().sum::<i64>());
            prop_assert_eq!(parts.iter().sum::<i64>(), amount);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((part * whole - amount * weight).abs() < whole);
            }
        }

        #[test]
        fn each_amount_and_each_share_come_out_to_the_cent(
            amounts in prop::collection::vec(1..=MOST_MINOR / 20, 1..=20),
            weights in prop::collection::vec(1..=1_000_i64, 1..=10),
        ) {
            let shares = split(amounts.iter().sum(), &weights);
            let parts = split_each(&amounts, &shares);
            for (row, amount) in parts.iter().zip(&amounts) {
                prop_assert_eq!(row.iter().sum::<i64>(), *amount);
                prop_assert!(row.iter().all(|part| *part >= 0));
            }
            for (place, share) in shares.iter().enumerate() {
                prop_assert_eq!(parts.iter().map(|row| row[place]).sum::<i64>(), *share);
            }
        }
    }
}
