//! The difference of two figures: within what it is by chance, and how probable one as large is where there is none.

use crate::blocks::{Block, Blocks, Estimate, Interval, paired_ratio};
use crate::quantiles::Quantiles;
use crate::student::{exceeded_with, two_sided};

/// So many standard errors are certain.
const CERTAIN: f64 = 60.0;

/// The difference of a figure of one run from that of another, on a scale on which no difference is 0.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    sides: Sides,
    scale: Scale,
    freedom: f64,
}

#[derive(Debug, Clone)]
enum Sides {
    Two(Estimate, Estimate),
    /// A ratio, its standard error.
    Ratio(f64, f64),
    Quantiles(Box<Quantiles>),
}

/// What differences are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// In the figures' own unit.
    Plain,
    /// By the logarithm of the ratio; told as a share of the other's figure.
    Logarithm,
    /// In the figures' own unit; told as a share of the other's figure, of values that may be below 0.
    Share,
}

impl Contrast {
    /// Of values: told as a share of the other's figure. `None`: that is 0.
    pub(crate) fn of_values(run: Estimate, other: Estimate) -> Option<Contrast> {
        if other.value == 0.0 {
            return None;
        }
        let positive = run.value > 0.0 && other.value > 0.0;
        Some(Contrast::of(run, other, if positive { Scale::Logarithm } else { Scale::Share }))
    }

    /// Of a quantile, told likewise.
    pub(crate) fn of_quantiles(run: &Blocks, other: &Blocks, rank: f64) -> Option<Contrast> {
        let quantiles = Quantiles::of(run, other, rank)?;
        let freedom = quantiles.freedom();
        Some(Contrast { sides: Sides::Quantiles(Box::new(quantiles)), scale: Scale::Logarithm, freedom })
    }

    /// Of shares: told as what it is.
    pub(crate) fn of_shares(run: Estimate, other: Estimate) -> Contrast {
        Contrast::of(run, other, Scale::Plain)
    }

    /// Of sums over the same time; where the other has none at all, of what comes in a block.
    pub(crate) fn of_sums(run: &Blocks, other: &Blocks) -> Option<Contrast> {
        let Some((ratio, error, blocks)) = paired_ratio(run, other) else {
            let (run, other) = (Estimate::mean(&each(run, other))?, Estimate::mean(&each(other, run))?);
            return (other.value == 0.0).then(|| Contrast::of(run, other, Scale::Plain));
        };
        Some(Contrast { sides: Sides::Ratio(ratio, error), scale: Scale::Share, freedom: blocks - 1.0 })
    }

    fn of(run: Estimate, other: Estimate, scale: Scale) -> Contrast {
        // Welch and Satterthwaite, with the half widths at one standard error.
        let variance = |estimate: &Estimate| {
            let Interval { from, to } = estimate.within(1.0);
            let half = if from.is_finite() && to.is_finite() { (to - from) / 2.0 } else { 0.0 };
            half * half
        };
        let (a, b) = (variance(&run), variance(&other));
        let (few, more) = (run.blocks.min(other.blocks), run.blocks + other.blocks);
        let welch = (a + b) * (a + b) / (a * a / (run.blocks - 1.0) + b * b / (other.blocks - 1.0));
        let freedom = if welch.is_finite() { welch.clamp(few - 1.0, more - 2.0) } else { few - 1.0 };
        Contrast { sides: Sides::Two(run, other), scale, freedom }
    }

    /// Within what the difference is, `t` standard errors to either side, from the intervals of both figures by the
    /// method of variance estimates recovery (Zou and Donner 2008), which for shares is Newcombe's.
    fn within(&self, t: f64) -> Interval {
        let (run, other) = match &self.sides {
            Sides::Ratio(ratio, error) => {
                return Interval { from: ratio - 1.0 - t * error, to: ratio - 1.0 + t * error };
            }
            Sides::Quantiles(quantiles) => {
                let (from, to) = quantiles.within(t);
                return Interval { from: from.ln(), to: to.ln() };
            }
            Sides::Two(run, other) => (run, other),
        };
        let scaled = |value: f64| if self.scale == Scale::Logarithm { value.max(0.0).ln() } else { value };
        let (own, others) = (run.within(t), other.within(t));
        let (value, against) = (scaled(run.value), scaled(other.value));
        let difference = value - against;
        Interval {
            from: difference - (value - scaled(own.from)).hypot(scaled(others.to) - against),
            to: difference + (scaled(own.to) - value).hypot(against - scaled(others.from)),
        }
    }

    /// The chance of a difference as large where there is none. `None`: the values do not tell even what one in
    /// twenty would be.
    pub(crate) fn chance(&self) -> Option<f64> {
        let Interval { from, to } = self.within(exceeded_with(0.05, self.freedom));
        if !(from.is_finite() && to.is_finite()) {
            return None;
        }
        if let Sides::Quantiles(quantiles) = &self.sides {
            return Some(two_sided(quantiles.errors().abs(), self.freedom));
        }
        let excludes = |t: f64| {
            let Interval { from, to } = self.within(t);
            from > 0.0 || to < 0.0
        };
        let (mut low, mut high) = (0.0, CERTAIN);
        if !excludes(high) {
            for _ in 0..40 {
                let middle = (low + high) / 2.0;
                if excludes(middle) { low = middle } else { high = middle }
            }
        }
        Some(two_sided(low.max(if excludes(CERTAIN) { CERTAIN } else { 0.0 }), self.freedom))
    }

    /// Within what the difference is, but for this chance; as it is told. An open end is none.
    pub(crate) fn interval(&self, chance: f64) -> [Option<f64>; 2] {
        let Interval { from, to } = self.within(exceeded_with(chance, self.freedom));
        let told = |end: f64| match (&self.sides, self.scale) {
            (Sides::Two(..) | Sides::Quantiles(_), Scale::Logarithm) => end.exp_m1(),
            (Sides::Two(_, other), Scale::Share) => end / other.value.abs(),
            _ => end,
        };
        // A logarithm's open end is −100 %, which nothing passes.
        let open = |end: f64| !end.is_finite();
        [from, to].map(|end| (!open(end)).then(|| told(end)))
    }
}

/// One sample for each block of either: its sum.
fn each(of: &Blocks, with: &Blocks) -> Blocks {
    let sum = |at: &i64| of.get(at).map_or(0.0, |block| block.sum);
    of.keys()
        .chain(with.keys())
        .map(|at| (*at, Block { count: 1.0, sum: sum(at), ..Block::default() }))
        .collect()
}
