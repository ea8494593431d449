//! Tails and quantiles of the distributions that the tests need.
//!
//! Gamma functions and first guesses of quantiles are statrs'. Its erfc has eleven digits where fifteen are wanted, so that
//! normal tails are made here; those of Student's t and of F go through an incomplete beta function of our own, since with a
//! million degrees of freedom differences of logarithms of gamma functions lose seven digits, and series of 140 terms do not end.

use statrs::function::erf::erfc_inv;
use statrs::function::gamma::ln_gamma;

/// The standard normal's distribution function.
pub(super) fn normal_cdf(z: f64) -> f64 {
    if z < 0.0 { half_erfc(-z / std::f64::consts::SQRT_2) } else { 1.0 - half_erfc(z / std::f64::consts::SQRT_2) }
}

/// `erfc(x) / 2` for x of 0 or more, to fifteen digits: by the series of erf (DLMF 7.6.2), whose terms are all positive, below 2,
/// and by the continued fraction (DLMF 7.9.1) above.
fn half_erfc(x: f64) -> f64 {
    let front = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        let mut odd = 1.0;
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= 2.0 * x * x / odd;
            sum += term;
        }
        return 0.5 - front * sum;
    }
    // x + (1/2) / (x + 1 / (x + (3/2) / ...)), from its end: a hundred terms are enough at 2, and fewer above.
    let fraction = (1..=100_u32).rev().fold(x, |rest, k| x + f64::from(k) / 2.0 / rest);
    front / fraction / 2.0
}

/// The standard normal's upper tail.
pub(super) fn normal_sf(z: f64) -> f64 {
    normal_cdf(-z)
}

/// The standard normal's quantile; infinite at 0 and 1.
pub(super) fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    // One step of Newton's gives the guess the digits of the tail.
    let guess = -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p);
    let density = (-guess * guess / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if density > 0.0 { guess - (normal_cdf(guess) - p) / density } else { guess }
}

/// The upper tail of Student's t with `df` degrees of freedom.
pub(super) fn t_sf(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let square = t * t;
    let tail = 0.5 * beta_tail(df / 2.0, 0.5, df / (df + square), square / (df + square));
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The t that has the upper tail `p`, with p from 0 to 1/2.
pub(super) fn t_upper_quantile(p: f64, df: f64) -> f64 {
    if p >= 0.5 {
        return 0.0;
    }
    if p <= 0.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while t_sf(high, df) > p && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high || high - low <= 1e-15 * high {
            return middle;
        }
        if t_sf(middle, df) > p { low = middle } else { high = middle }
    }
}

/// The upper tail of F with `d1` and `d2` degrees of freedom.
pub(super) fn f_sf(f: f64, d1: f64, d2: f64) -> f64 {
    if f <= 0.0 {
        return 1.0;
    }
    if f.is_infinite() {
        return 0.0;
    }
    beta_tail(d2 / 2.0, d1 / 2.0, d2 / (d2 + d1 * f), d1 * f / (d2 + d1 * f))
}

/// The regularised incomplete beta function `I_x(a, b)`, with `y = 1 - x` beside it so that neither is a difference.
fn beta_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let power = |base: f64, other: f64| if other < 0.5 { (-other).ln_1p() } else { base.ln() };
    let front = (ln_beta_inverse(a, b) + a * power(x, y) + b * power(y, x)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x) / a
    } else {
        1.0 - front * continued_fraction(b, a, y) / b
    }
}

/// `ln 1 / B(a, b) = ln G(a + b) - ln G(a) - ln G(b)`.
fn ln_beta_inverse(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 15.0 {
        return ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    }
    // Stirling's series for both, subtracted term by term: the large terms go before they are rounded.
    let rest = |x: f64| {
        let square = x * x;
        (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / x
    };
    let sum = large + small;
    (large - 0.5) * (small / large).ln_1p() + small * sum.ln() - small + (rest(sum) - rest(large)) - ln_gamma(small)
}

/// The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22).
#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let tiny = 1e-300;
    let away = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    // The number of terms grows as the root of a: 100,000 are for 10^9 degrees of freedom and more.
    for m in 1..100_000_u32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        let change = d * c;
        value *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// `P(X = k)` for X of the binomial distribution of `n` tries at 1/2 (Loader, 2000: no digits are lost at large n).
pub(super) fn binomial_half_pmf(k: u64, n: u64) -> f64 {
    if k > n {
        return 0.0;
    }
    let (whole, part) = (to_float(n), to_float(k));
    if k == 0 || k == n {
        return (-whole * std::f64::consts::LN_2).exp();
    }
    let other = to_float(n - k);
    let half = whole / 2.0;
    let rest =
        stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(part, half) - deviance(other, half);
    rest.exp() * (whole / (std::f64::consts::TAU * part * other)).sqrt()
}

/// `P(X >= k)` for X of the binomial distribution of `n` tries at 1/2, summed from the larger terms down.
pub(super) fn binomial_half_tail(k: u64, n: u64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    // The sum is over the smaller side, where terms only fall.
    if k <= n / 2 {
        return 1.0 - binomial_half_tail(n - k + 1, n);
    }
    let mut term = binomial_half_pmf(k, n);
    let mut sum = 0.0;
    for j in k..=n {
        sum += term;
        if term <= sum * 1e-18 {
            break;
        }
        term *= to_float(n - j) / to_float(j + 1);
    }
    sum
}

/// `ln n! - ln(sqrt(2 pi n) (n / e)^n)`.
fn stirling_error(n: u64) -> f64 {
    let x = to_float(n);
    if n < 16 {
        return ln_gamma(x + 1.0) - (x + 0.5) * x.ln() + x - 0.5 * std::f64::consts::TAU.ln();
    }
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square)
        / x
}

/// `x ln(x / m) + m - x`, without the loss of digits near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut power = 2.0 * x * v;
    for j in 1..1000_u32 {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// A count as a float: exact up to 2^53, which no count of rows reaches.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^53, where floats are exact")]
pub(super) fn to_float(count: u64) -> f64 {
    count as f64
}

/// A length as a float.
pub(super) fn of_length(length: usize) -> f64 {
    to_float(length as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-3), "{found} is not {expected}");
    }

    #[test]
    fn tails_and_quantiles_are_known_numbers() {
        near(normal_quantile(0.95), 1.644_853_626_951_472_2);
        near(normal_sf(1.644_853_626_951_472_2), 0.05);
        near(normal_sf(2.9) / 0.001_865_813_300_384_036, 1.0);
        near(normal_sf(6.0) / 9.865_876_450_376_98e-10, 1.0);
        near(normal_quantile(1e-9), -5.997_807_015_007_686_4);
        near(t_sf(1.7, 999_999.0), 0.044_565_618_245_329_855);
        near(t_sf(1.0, 1.0), 0.25);
        near(t_upper_quantile(0.05, 1.0), 6.313_751_514_675_043);
        near(binomial_half_tail(3, 5), 0.5);
        near(binomial_half_tail(8, 10), 0.054_687_5);
    }

    #[test]
    fn a_quantile_has_the_tail_it_was_asked_for() {
        for df in [1.0, 2.0, 9.0, 99.0, 12_345.0, 999_999.0] {
            for p in [1e-6, 0.001, 0.05, 0.4] {
                near(t_sf(t_upper_quantile(p, df), df) / p, 1.0);
            }
        }
    }

    #[test]
    fn the_terms_of_a_binomial_are_one_together() {
        for n in [1, 2, 15, 16, 40, 1001] {
            near((0..=n).map(|k| binomial_half_pmf(k, n)).sum(), 1.0);
        }
        near(binomial_half_tail(500_001, 1_000_001), 0.5);
    }
}
