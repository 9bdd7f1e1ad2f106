//! Between the core's types and those of WIT.

use crate::bindings::exports::loadgate::dashboard::{events, gate, ingest, log, runs, types, webhooks};
use loadgate::catalogue::verdicts::Finished;
use loadgate::ingest::{Encoding, LineError, Precision, Refusal, Request, Wire};
use loadgate::log::lease::Duty;
use loadgate::log::rows;
use loadgate::log::stream::{Cursor, Page};
use loadgate::record::{Dimension, Sent};
use loadgate::service::deliveries::{Answer, Due};
use loadgate::service::gate::{Lifecycle, News};
use loadgate::service::{Outcome, Window};
use loadgate_wires::{otlp, prometheus};

pub(crate) fn failure(refusal: Refusal) -> types::Failure {
    match refusal {
        Refusal::Invalid(text) => types::Failure::Invalid(text),
        Refusal::NotFound(text) => types::Failure::NotFound(text),
        Refusal::Conflict(text) => types::Failure::Conflict(text),
        Refusal::Gone(text) => types::Failure::Gone(text),
        Refusal::TooLarge(text) => types::Failure::TooLarge(text),
        Refusal::Unsupported(text) => types::Failure::Unsupported(text),
        Refusal::Unavailable(text) => types::Failure::Unavailable(text),
        Refusal::Damaged(text) => types::Failure::Damaged(text),
    }
}

pub(crate) fn duty(duty: Duty) -> log::Duty {
    match duty {
        Duty::Fold => log::Duty::Fold,
        Duty::StandBy => log::Duty::StandBy,
        Duty::None => log::Duty::None,
    }
}

pub(crate) fn request(request: ingest::Request) -> Request {
    Request {
        wire: match request.wire {
            ingest::Wire::InfluxLines => Wire::InfluxLines,
            ingest::Wire::K6Json => Wire::K6Json,
            ingest::Wire::File => Wire::File,
            ingest::Wire::Dynatrace => Wire::Dynatrace,
            ingest::Wire::OtlpProtobuf => Wire::Otlp(otlp::Encoding::Protobuf),
            ingest::Wire::OtlpJson => Wire::Otlp(otlp::Encoding::Json),
            ingest::Wire::PrometheusOne => Wire::Prometheus(prometheus::Version::One),
            ingest::Wire::PrometheusTwo => Wire::Prometheus(prometheus::Version::Two),
        },
        encoding: match request.encoding {
            ingest::Encoding::Identity => Encoding::Identity,
            ingest::Encoding::Gzip => Encoding::Gzip,
        },
        precision: match request.precision {
            ingest::Precision::Nanoseconds => Precision::Nanoseconds,
            ingest::Precision::Microseconds => Precision::Microseconds,
            ingest::Precision::Milliseconds => Precision::Milliseconds,
            ingest::Precision::Seconds => Precision::Seconds,
            ingest::Precision::Minutes => Precision::Minutes,
            ingest::Precision::Hours => Precision::Hours,
        },
        test: request.test,
        run: request.run,
        source: request.source,
        peer: request.peer,
        sequence: request.sequence,
        import: request.import,
    }
}

pub(crate) fn sent(sent: ingest::Sent) -> Sent {
    match sent {
        ingest::Sent::Perhaps => Sent::Perhaps,
        ingest::Sent::All => Sent::All,
        ingest::Sent::AllBy(sender) => Sent::AllBy(sender),
    }
}

pub(crate) fn news(news: gate::News) -> News {
    News {
        run: news.run,
        test: news.test,
        aliases: news.aliases,
        state: match news.state {
            gate::Lifecycle::Started => Lifecycle::Started,
            gate::Lifecycle::Finished => Lifecycle::Finished,
        },
        finished: Finished { start_ms: news.start, end_ms: news.end, event: news.event },
    }
}

pub(crate) fn receipt(outcome: Outcome) -> ingest::Receipt {
    let lines = |lines: Vec<LineError>| {
        lines.into_iter().map(|LineError { line, reason }| ingest::LineError { line, reason }).collect()
    };
    ingest::Receipt {
        test: outcome.test.to_string(),
        run: outcome.run,
        accepted: outcome.receipt.accepted,
        histograms: outcome.receipt.histograms(),
        refused: outcome.receipt.refused,
        errors: lines(outcome.receipt.errors),
        warnings: lines(outcome.receipt.warnings),
        logs: outcome.dirty_logs.iter().map(ToString::to_string).collect(),
        waiting: outcome.waiting,
        failure: outcome.failure.map(failure),
    }
}

pub(crate) fn cursor(cursor: events::Cursor) -> Cursor {
    Cursor { chunk: cursor.chunk, id: cursor.id }
}

pub(crate) fn page(page: Page) -> events::Page {
    events::Page {
        events: page
            .events
            .into_iter()
            .map(|event| events::Event { id: event.id, kind: event.kind, data: event.data })
            .collect(),
        cursor: events::Cursor { chunk: page.cursor.chunk, id: page.cursor.id },
        current: page.current,
        ended: page.ended,
    }
}

/// What a table is called outside, and the dimension that it shows.
pub(crate) fn table(table: runs::Table) -> (&'static str, Dimension) {
    match table {
        runs::Table::Metrics => ("metrics", Dimension::Metric),
        runs::Table::Requests => ("requests", Dimension::Request),
        runs::Table::Statuses => ("statuses", Dimension::Status),
        runs::Table::Checks => ("checks", Dimension::Check),
        runs::Table::Groups => ("groups", Dimension::Group),
        runs::Table::Scenarios => ("scenarios", Dimension::Scenario),
    }
}

pub(crate) fn window(window: runs::Window) -> Window {
    match window {
        runs::Window::Whole => Window::Whole,
        runs::Window::Steady => Window::Steady,
        runs::Window::Between((from, to)) => Window::Between { from, to },
    }
}

pub(crate) fn row_page(page: rows::Page) -> runs::RowPage {
    runs::RowPage {
        windows: page.windows,
        series: page.series.into_iter().map(row_series).collect(),
        next: page.next,
    }
}

fn row_series(series: rows::RowSeries) -> runs::RowSeries {
    let points = &series.points;
    runs::RowSeries {
        ends: points.iter().map(|point| point.end_ms).collect(),
        counts: points.iter().map(|point| point.count).collect(),
        nonzero: points.iter().map(|point| point.nonzero).collect(),
        sums: points.iter().map(|point| point.sum).collect(),
        percentiles: points.iter().flat_map(|point| point.percentiles.into_iter().flatten()).collect(),
        key: series.key,
        metric: series.metric,
    }
}

pub(crate) fn due(due: Due) -> webhooks::Due {
    let attempts = due.attempts.into_iter().map(|attempt| webhooks::Attempt {
        run: attempt.run.to_string(),
        number: attempt.number,
        claim: attempt.claim,
        url: attempt.url,
        headers: attempt.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: attempt.body,
    });
    webhooks::Due {
        attempts: attempts.collect(),
        again: due.again_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
    }
}

pub(crate) fn answer(answer: webhooks::Answer) -> Answer {
    match answer {
        webhooks::Answer::Status((code, retry_after_s)) => Answer::Status { code, retry_after_s },
        webhooks::Answer::Nothing(why) => Answer::Nothing(why),
    }
}
