//! The comparison, held against recorded pairs of equal runs and of truly slower ones: false alarms and misses.

use crate::support::{Server, block_on, text};
use loadgate::ingest::Wire;
use loadgate::service::Window;
use loadgate_documents::{ComparedFigure, ComparedTable, Comparison, Says};

const TEST: &str = "shop";

/// Recordings one after the other, as runs 1, 2, … of a test.
fn recorded(names: &[&str]) -> Server {
    let server = Server::new();
    for name in names {
        let lines = text(&format!("pairs/{name}.json.gz"));
        let outcome = server.post(Wire::K6Json, TEST, "k6", lines.as_bytes());
        assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
        server.finish(TEST);
        server.pass(60_000);
    }
    server
}

fn compared(server: &Server, run: &str, with: &str, window: Window) -> Comparison {
    let document = block_on(server.service.comparison(run, Some(with), window)).expect("a comparison");
    serde_json::from_str(&document).expect("the document's own type")
}

/// What of a pair is called another than it was.
fn called(comparison: &Comparison) -> Vec<&ComparedFigure> {
    let called = |figure: &&ComparedFigure| {
        matches!(figure.says, Says::Worse | Says::Better | Says::Differs | Says::Added | Says::Gone)
    };
    comparison.figures.iter().filter(called).collect()
}

#[test]
fn pairs() {
    for name in ["same-2", "checkout-5", "checkout-15", "search-100"] {
        let server = recorded(&["same-1", name]);
        let comparison = compared(&server, "shop.2", "shop.1", Window::Whole);
        println!("== {name}: {}\n{:?}", comparison.sentence, comparison.notes);
        println!("{:?}", comparison.conditions);
        for figure in &comparison.figures {
            println!("{:?} {:?} {} {} {:?} {} {:?}", figure.says, figure.key, figure.metric, figure.figure, figure.other, figure.text, figure.value);
        }
    }
}
