//! Student's distribution: what a mean of few blocks, over its standard error, is distributed by.

/// The chance that a variable of Student's distribution is further from 0 than `t`.
pub(crate) fn two_sided(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return 0.0;
    }
    // DLMF 8.17; Abramowitz and Stegun 26.7.1.
    regularized_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5).clamp(0.0, 1.0)
}

/// The `t` that is exceeded, to either side, with this chance.
pub(crate) fn exceeded_with(chance: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > chance && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if two_sided(middle, freedom) > chance { low = middle } else { high = middle }
    }
    high
}

/// The regularized incomplete beta function, by its continued fraction (DLMF 8.17.22), which converges quickly
/// below the mean and is mirrored above.
fn regularized_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

/// Evaluated from the front (Lentz).
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            factor = c * d;
            value *= factor;
        }
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

/// Stirling's series (DLMF 5.11.1), from arguments at which four terms are exact to a double's last digits.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < 12.0 {
        below += x.ln();
        x += 1.0;
    }
    let (inverse, square) = (1.0 / x, 1.0 / (x * x));
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Abramowitz and Stegun, table 26.10.
        for (freedom, chance, t) in [
            (1.0, 0.05, 12.706),
            (5.0, 0.05, 2.571),
            (10.0, 0.01, 3.169),
            (18.0, 0.05, 2.101),
            (30.0, 0.001, 3.646),
            (120.0, 0.0001, 4.025),
        ] {
            assert!((exceeded_with(chance, freedom) - t).abs() < 6e-4, "{freedom} {chance}");
            assert!((two_sided(t, freedom) / chance - 1.0).abs() < 2e-3, "{freedom} {chance}");
        }
    }
}
