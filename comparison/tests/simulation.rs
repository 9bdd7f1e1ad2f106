//! Simulated pairs of runs, whose truth is known: how often a difference is found that is not there, and how often
//! one is missed that is. Samples hang together in time, tails are heavy, and there are many names.

use loadgate_comparison::{Block, Blocks, LEVEL, MOST_BLOCKS, Series, Side, compare};
use loadgate_documents::{
    ComparedFigure, Comparison, Contains, Metric, MetricType, RequestRow, Says, Span, Summary, Tables,
    TrendValues, Values,
};
use std::collections::BTreeMap;

/// xorshift64*; the same numbers in every test run.
struct Dice(u64);

impl Dice {
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.share()).cos()
    }

    fn poisson(&mut self, mean: f64) -> usize {
        let (mut product, mut count) = (self.share(), 0);
        while product > (-mean).exp() {
            product *= self.share();
            count += 1;
        }
        count
    }
}

/// What a simulated test is like.
#[derive(Clone, Copy)]
struct Plan {
    names: usize,
    /// Windows of 2 s.
    windows: usize,
    /// Requests of each name per window.
    requests: f64,
    /// How alike neighbouring windows are, 0 to 1.
    memory: f64,
}

/// A slowdown of one name.
#[derive(Clone, Copy)]
struct Slow {
    name: usize,
    by: f64,
}

struct Run {
    summary: Summary,
    series: BTreeMap<Series, Blocks>,
}

fn key(name: usize) -> Vec<String> {
    vec!["GET".to_owned(), format!("name {name}")]
}

fn simulate(dice: &mut Dice, plan: Plan, slow: Option<Slow>) -> Run {
    let step = (plan.windows as i64 + MOST_BLOCKS - 1) / MOST_BLOCKS;
    let mut all: Vec<Vec<(i64, f64)>> = vec![Vec::new(); plan.names];
    let mut failed: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let fresh = (1.0 - plan.memory * plan.memory).sqrt();
    let mut common = dice.normal();
    let mut own: Vec<f64> = (0..plan.names).map(|_| dice.normal()).collect();
    for window in 0..plan.windows as i64 {
        common = plan.memory * common + fresh * dice.normal();
        for name in 0..plan.names {
            own[name] = plan.memory * own[name] + fresh * dice.normal();
            let base = 20.0 * (1.0 + name as f64 / 5.0);
            let base = base * (0.05 * common + 0.04 * own[name]).exp();
            let by = slow.filter(|slow| slow.name == name).map_or(1.0, |slow| slow.by);
            for _ in 0..dice.poisson(plan.requests) {
                let tail = if dice.share() < 0.02 { dice.share().max(1e-4).powf(-0.5) } else { 1.0 };
                all[name].push((window / step, base * by * (0.3 * dice.normal()).exp() * tail));
                let block = failed.entry(window / step).or_default();
                block.0 += 1.0;
                block.1 += f64::from(u8::from(dice.share() < 0.02 * (0.5 * common).exp()));
            }
        }
    }
    let mut run = Run { summary: Summary::default(), series: BTreeMap::new() };
    run.summary.window = Some(Span { start: 0, end: plan.windows as i64 * 2_000 });
    let mut tables = Tables::default();
    for (name, samples) in all.iter().enumerate() {
        let [med, p90, p95, p99] = quantiles(samples);
        tables.requests.push(RequestRow { key: key(name), med, p90, p95, p99, ..RequestRow::default() });
        let series = Series::Request(key(name), "http_req_duration".to_owned());
        run.series.insert(series, blocks(samples));
    }
    let whole: Vec<(i64, f64)> = all.concat();
    let [med, p90, p95, p99] = quantiles(&whole);
    let trend = TrendValues {
        count: Some(whole.len() as u64),
        med,
        percentiles: vec![(90.0, p90), (95.0, p95), (99.0, p99)],
        ..TrendValues::default()
    };
    let (count, fails) = failed.values().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let rate = Values::Rate { rate: fails / count, passes: fails as u64, fails: (count - fails) as u64 };
    let failing = failed
        .iter()
        .map(|(at, (count, nonzero))| (*at, Block { count: *count, nonzero: *nonzero, ..Block::default() }));
    run.series.insert(Series::Metric("http_req_failed".to_owned()), failing.collect());
    run.series.insert(Series::Metric("http_req_duration".to_owned()), blocks(&whole));
    run.summary.metrics = BTreeMap::from([
        ("http_req_duration".to_owned(), Metric::of(MetricType::Trend, Contains::Time, Values::Trend(trend))),
        ("http_req_failed".to_owned(), Metric::of(MetricType::Rate, Contains::Default, rate)),
    ]);
    run.summary.tables = tables;
    run
}

fn quantiles(samples: &[(i64, f64)]) -> [Option<f64>; 4] {
    let mut values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    [0.5, 0.9, 0.95, 0.99].map(|rank| values.get((rank * values.len() as f64) as usize).copied())
}

fn blocks(samples: &[(i64, f64)]) -> Blocks {
    let mut blocks = Blocks::new();
    for (at, value) in samples {
        let block: &mut Block = blocks.entry(*at).or_default();
        block.count += 1.0;
        block.nonzero += 1.0;
        block.sum += value;
        // As sketches keep them.
        block.values.push(((value.ln() * 1e3).round(), 1.0));
    }
    for block in blocks.values_mut() {
        block.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        block.values.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { 1.0 } else { 0.0 };
            same
        });
        block.values.iter_mut().for_each(|(value, _)| *value = (*value / 1e3).exp());
    }
    blocks
}

fn compared(run: &Run, other: &Run) -> Comparison {
    let [run, other] =
        [run, other].map(|run| Side { summary: &run.summary, series: &run.series, name: "the other" });
    compare(run, other)
}

fn is_alarm(figure: &&ComparedFigure) -> bool {
    matches!(figure.says, Says::Worse | Says::Better | Says::Differs)
}

/// Whether the difference was found to be larger than chance, however small it is.
fn is_beyond_chance(figure: &&ComparedFigure) -> bool {
    let [from, to] = figure.interval.unwrap_or_default();
    figure.says != Says::Shown && (from.is_some_and(|from| from > 0.0) || to.is_some_and(|to| to < 0.0))
}

/// Short and long, few names and many, windows that know nothing of each other and such that hang together.
const PLANS: [Plan; 5] = [
    Plan { names: 30, windows: 20, requests: 10.0, memory: 0.0 },
    Plan { names: 30, windows: 30, requests: 10.0, memory: 0.5 },
    Plan { names: 100, windows: 60, requests: 5.0, memory: 0.5 },
    Plan { names: 10, windows: 150, requests: 8.0, memory: 0.8 },
    Plan { names: 8, windows: 300, requests: 5.0, memory: 0.9 },
];

#[test]
fn equal_runs_are_seldom_told_to_differ() {
    const PAIRS: usize = 60;
    let mut dice = Dice(20_261_126);
    let (mut alarms, mut beyond) = (0, 0);
    for plan in PLANS {
        let (mut own, mut own_beyond) = (0, 0);
        for _ in 0..PAIRS {
            let (one, other) = (simulate(&mut dice, plan, None), simulate(&mut dice, plan, None));
            let figures = compared(&one, &other).figures;
            own += usize::from(figures.iter().any(|figure| is_alarm(&figure)));
            own_beyond += usize::from(figures.iter().any(|figure| is_beyond_chance(&figure)));
        }
        println!("{} names, {} windows: {own} alarms, {own_beyond} beyond chance", plan.names, plan.windows);
        (alarms, beyond) = (alarms + own, beyond + own_beyond);
    }
    let all = (PAIRS * PLANS.len()) as f64;
    // Three standard errors of the count of alarms above what the level allows would be a fault.
    let allowed = LEVEL * all + 3.0 * (LEVEL * (1.0 - LEVEL) * all).sqrt();
    assert!(alarms as f64 <= LEVEL * all, "{alarms} of {all} pairs had a false alarm");
    assert!(beyond as f64 <= allowed, "{beyond} of {all} pairs had a difference beyond chance");
}

#[test]
fn a_fifth_more_is_found_in_nearly_all_pairs_and_called_by_its_name() {
    const PAIRS: usize = 20;
    let mut dice = Dice(7);
    let (mut all_found, mut all_others) = (0, 0);
    for plan in PLANS {
        let plan = Plan { requests: plan.requests * 4.0, ..plan };
        let slow = Slow { name: plan.names / 2, by: 1.2 };
        let (mut found, mut others) = (0, 0);
        for _ in 0..PAIRS {
            let (one, other) = (simulate(&mut dice, plan, Some(slow)), simulate(&mut dice, plan, None));
            let comparison = compared(&one, &other);
            let worse = |figure: &&ComparedFigure| figure.says == Says::Worse && figure.key == key(slow.name);
            found += usize::from(comparison.figures.iter().any(|figure| worse(&figure)));
            // The run as a whole is slower by that, too.
            let other = |figure: &&ComparedFigure| {
                let whole = figure.key.is_empty() && figure.metric == "http_req_duration";
                is_alarm(figure) && !whole && figure.key != key(slow.name)
            };
            others += usize::from(comparison.figures.iter().any(|figure| other(&figure)));
        }
        println!("{} names, {} windows: {found} found, {others} with others", plan.names, plan.windows);
        assert!(found * 10 >= PAIRS * 8, "{found} of {PAIRS} were found");
        (all_found, all_others) = (all_found + found, all_others + others);
    }
    let all = PAIRS * PLANS.len();
    assert!(all_found * 20 >= all * 19, "{all_found} of {all} were found");
    // Of all that is named one in twenty may be chance, and in most pairs two are right: the name and the whole.
    assert!(all_others * 10 <= all, "in {all_others} of {all} something else was named");
}
