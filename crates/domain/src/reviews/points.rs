//! Points: what scores come to. Whole numbers of ten-thousandths, so that equal is equal on every machine, and a tie is seen as
//! one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many parts a point has.
const PARTS: i32 = 10_000;

/// A number of points, to the fourth decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i32);

impl Points {
    /// A whole number of points.
    #[must_use]
    pub const fn whole(points: u8) -> Self {
        // A byte and four decimals are always within bounds.
        Self(PARTS.saturating_mul(points_of(points)))
    }

    /// A sum of whole points over a count: the mean of scores by their weights, for example.
    #[must_use]
    pub fn ratio(sum: i64, count: i64) -> Self {
        Self::of_parts(divided(sum.saturating_mul(PARTS.into()), count))
    }

    /// The nearest to a decimal number; nothing, when it is none that could be meant.
    #[must_use]
    pub fn nearest(number: f64) -> Option<Self> {
        (number.is_finite() && number.abs() < 100_000.0).then(|| format!("{number:.4}").replace('.', "").parse().ok().map(Self))?
    }

    /// As a decimal number.
    #[must_use]
    pub fn number(self) -> f64 {
        f64::from(self.0) / f64::from(PARTS)
    }

    /// In ten-thousandths.
    #[must_use]
    pub(super) fn parts(self) -> i64 {
        self.0.into()
    }

    /// The nearest that there is to so many ten-thousandths.
    #[must_use]
    pub(super) fn of_parts(parts: i64) -> Self {
        Self(i32::try_from(parts).unwrap_or(if parts < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The mean of some; nothing, where there are none.
    #[must_use]
    pub fn mean(all: &[Self]) -> Option<Self> {
        let count = i64::try_from(all.len()).ok().filter(|count| *count > 0)?;
        Some(Self::of_parts(divided(all.iter().map(|points| points.parts()).sum(), count)))
    }

    /// The middle one of some, or what lies between the two in the middle; nothing, where there are none.
    #[must_use]
    pub fn median(all: &[Self]) -> Option<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        if sorted.len() % 2 == 1 {
            return Some(upper);
        }
        let lower = *sorted.get(middle.checked_sub(1)?)?;
        Self::mean(&[lower, upper])
    }

    /// How far the least and the greatest of some lie apart; nothing, where there are none.
    #[must_use]
    pub fn spread(all: &[Self]) -> Option<Self> {
        Some(Self::of_parts(all.iter().max()?.parts() - all.iter().min()?.parts()))
    }
}

const fn points_of(points: u8) -> i32 {
    // `From` is not const yet.
    i32::from_be_bytes([0, 0, 0, points])
}

/// Divided, and rounded to the nearest: half goes away from zero.
pub(super) fn divided(sum: i64, count: i64) -> i64 {
    let half = count / 2;
    (if sum < 0 { sum - half } else { sum + half }).checked_div(count).unwrap_or_default()
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.number())
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::nearest(f64::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("not a number of points"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(numbers: &[f64]) -> Vec<Points> {
        numbers.iter().map(|number| Points::nearest(*number).unwrap()).collect()
    }

    #[test]
    fn a_third_is_rounded_to_the_fourth_decimal_and_comes_back_the_same() {
        for (sum, count, text) in [(10, 3, "3.3333"), (11, 3, "3.6667"), (-11, 3, "-3.6667"), (9, 2, "4.5"), (0, 7, "0.0")] {
            let made = Points::ratio(sum, count);
            assert_eq!(serde_json::to_string(&made).unwrap(), text);
            assert_eq!(serde_json::from_str::<Points>(text).unwrap(), made);
        }
        assert_eq!(Points::whole(5), Points::ratio(5, 1));
        assert!(Points::nearest(f64::NAN).is_none() && Points::nearest(1e300).is_none());
    }

    #[test]
    fn the_middle_and_the_ends_of_some() {
        assert_eq!(Points::median(&points(&[5.0, 1.0, 2.0])), Some(Points::whole(2)));
        assert_eq!(Points::median(&points(&[5.0, 1.0, 2.0, 4.0])), Some(Points::whole(3)));
        assert_eq!(Points::mean(&points(&[1.0, 2.0])), Points::nearest(1.5));
        assert_eq!(Points::spread(&points(&[2.5, 1.0, 2.0])), Points::nearest(1.5));
        assert_eq!((Points::mean(&[]), Points::median(&[]), Points::spread(&[])), (None, None, None));
    }
}
