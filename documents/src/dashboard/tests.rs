//! Documents, whole and damaged, held to the schema that is served.

use super::*;
use jsonschema::Validator;
use serde_json::{Value, json};

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn parse(document: &Value) -> Result<Dashboard, DashboardError> {
    Dashboard::parse(document.to_string().as_bytes())
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// One of everything.
fn whole() -> Value {
    json!({
        "title": "Shop",
        "tabs": [
            {
                "id": "first",
                "title": "First",
                "sections": [{
                    "title": "Checkout",
                    "panels": [
                        {
                            "id": "slow",
                            "kind": "chart",
                            "title": "Slow",
                            "caption": "of all",
                            "unit": "time",
                            "bands": {"good": 100, "poor": 4.995e2},
                            "series": [
                                {"metric": "http_req_duration{group:::checkout}", "aggregate": "p(95)"},
                                {
                                    "metric": "orders", "aggregate": "rate", "label": "orders",
                                    "color": "series-3", "fill": true, "dash": false, "axis": "right"
                                }
                            ]
                        },
                        {"kind": "stat", "title": "Orders", "series": [{"metric": "orders", "aggregate": "count"}]},
                        {"kind": "custom", "title": "Others"}
                    ]
                }]
            },
            {"title": "Errors", "view": "errors"}
        ]
    })
}

/// The value at a place such as `tabs[0].title`, made where it is missing.
fn at<'a>(document: &'a mut Value, place: &str) -> &'a mut Value {
    place.split(['.', '[', ']']).filter(|part| !part.is_empty()).fold(document, |value, part| {
        match part.parse::<usize>() {
            Ok(number) => &mut value[number],
            Err(_) => &mut value[part],
        }
    })
}

const PANEL: &str = "tabs[0].sections[0].panels[0]";

#[test]
fn the_default_is_read_as_it_stands_and_is_of_the_schema() {
    let default = value(DEFAULT);
    let read = Dashboard::parse(DEFAULT.as_bytes()).unwrap();
    assert_eq!(value(&read.line()), default, "it leaves no id to be made");
    assert!(schema().is_valid(&default));
    assert_eq!(Chosen::default().line(), read.line());
    assert!(!read.line().contains('\n') && read.line().len() * 3 < DEFAULT.len() * 2);
}

#[test]
fn the_schema_has_the_same_words() {
    let schema = value(SCHEMA);
    for (place, words) in [
        ("panel.properties.kind", json!(Kind::ALL)),
        ("panel.properties.unit", json!(Unit::ALL)),
        ("tab.properties.view", json!(View::ALL)),
        ("series.properties.aggregate", json!(AGGREGATES)),
        ("series.properties.color", json!(Color::ALL)),
        ("series.properties.axis", json!(Axis::ALL)),
    ] {
        let pointer = format!("/$defs/{}/enum", place.replace('.', "/"));
        assert_eq!(schema.pointer(&pointer), Some(&words), "{place}");
    }
}

#[test]
fn the_manuals_example_can_be_sent() {
    let manual = include_str!("../../../docs/dashboards.md");
    let blocks = manual.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = blocks.filter(|block| block.contains("\"tabs\"")).collect();
    assert_eq!(examples.len(), 1);
    let read = Dashboard::parse(examples[0].as_bytes()).unwrap();
    assert!(schema().is_valid(&value(examples[0])));
    assert_eq!(read.submetrics(), ["http_req_duration{group:::checkout}"]);
}

#[test]
fn a_document_keeps_all_that_it_says() {
    let mut document = whole();
    let read = parse(&document).unwrap();
    assert!(schema().is_valid(&document));
    *at(&mut document, "tabs[0].sections[0].panels[1].id") = json!("orders");
    *at(&mut document, "tabs[0].sections[0].panels[2].id") = json!("others");
    *at(&mut document, "tabs[1].id") = json!("errors");
    assert_eq!(value(&read.line()), document);
    assert_eq!(parse(&document).unwrap(), read, "what is given out can be sent back");
    assert_eq!(read.submetrics(), ["http_req_duration{group:::checkout}"]);
}

/// A document with a value put at a place, and the place that the error must name.
fn damaged() -> Vec<(Value, String)> {
    let panel = |rest: &str| format!("{PANEL}{rest}");
    let puts = [
        ("title".to_owned(), json!(1)),
        ("colour".to_owned(), json!("red")),
        ("tabs".to_owned(), json!([])),
        ("tabs".to_owned(), json!({})),
        ("tabs[0]".to_owned(), json!("first")),
        ("tabs[0].title".to_owned(), json!(" ")),
        ("tabs[0].id".to_owned(), json!("a b")),
        ("tabs[0].sections".to_owned(), json!([])),
        ("tabs[0].view".to_owned(), json!("errors")),
        ("tabs[1].view".to_owned(), json!("pictures")),
        ("tabs[0].sections[0].name".to_owned(), json!("x")),
        ("tabs[0].sections[0].panels".to_owned(), json!([])),
        ("tabs[0].sections[0].panels[2].series".to_owned(), json!([])),
        ("tabs[0].sections[0].panels[2].unit".to_owned(), json!("time")),
        (panel(".id"), json!("")),
        (panel(".kind"), json!("pie")),
        (panel(".kind"), json!(null)),
        (panel(".title"), json!("")),
        (panel(".title"), json!(["a"])),
        (panel(".caption"), json!(false)),
        (panel(".unit"), json!("minutes")),
        (panel(".bands"), json!([1, 2])),
        (panel(".bands.good"), json!("1")),
        (panel(".bands.bad"), json!(1)),
        (panel(".series"), json!([])),
        (
            panel(".series"),
            json!(vec![whole()["tabs"][0]["sections"][0]["panels"][0]["series"][1].clone(); 21]),
        ),
        (panel(".series[1].metric"), json!("no name")),
        (panel(".series[1].metric"), json!("time")),
        (panel(".series[1].metric"), json!("orders{}")),
        (panel(".series[0].aggregate"), json!("p(96)")),
        (panel(".series[1].aggregate"), json!(95)),
        (panel(".series[1].label"), json!({})),
        (panel(".series[1].color"), json!("series-9")),
        (panel(".series[1].fill"), json!("yes")),
        (panel(".series[1].dash"), json!(1)),
        (panel(".series[1].axis"), json!("top")),
        (panel(".series[1].width"), json!(2)),
    ];
    let mut made: Vec<(Value, String)> = puts
        .into_iter()
        .map(|(place, value)| {
            let mut document = whole();
            *at(&mut document, &place) = value;
            (document, place)
        })
        .collect();
    for (parent, name) in [
        ("", "tabs"),
        ("tabs[0]", "title"),
        ("tabs[0].sections[0]", "panels"),
        (PANEL, "kind"),
        (PANEL, "title"),
        (PANEL, "series"),
        (&panel(".bands"), "poor"),
        (&panel(".series[1]"), "metric"),
        (&panel(".series[1]"), "aggregate"),
    ] {
        let mut document = whole();
        at(&mut document, parent).as_object_mut().unwrap().remove(name);
        made.push((document, format!("{parent}.{name}").trim_start_matches('.').to_owned()));
    }
    let mut empty = whole();
    empty["tabs"][1].as_object_mut().unwrap().remove("view");
    made.push((empty, "tabs[1]".to_owned()));
    made
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_is_not_of_the_schema() {
    let schema = schema();
    for (document, place) in damaged() {
        let error = parse(&document).expect_err(&place).to_string();
        assert!(error.starts_with(&format!("{place} ")), "{place}: {error}");
        assert!(!schema.is_valid(&document), "the schema takes a wrong {place}: {error}");
    }
    assert!(matches!(parse(&json!([])), Err(DashboardError::Wrong { .. })));
}

/// Sentences are for people: each says what is there and what may be.
#[test]
fn what_is_wrong_is_told_in_these_words() {
    let document = |place: &str, wrong: Value| {
        let mut document = whole();
        *at(&mut document, place) = wrong;
        parse(&document).unwrap_err().to_string()
    };
    for (place, wrong, sentence) in [
        (
            "tabs[1].view",
            json!("pictures"),
            "is \"pictures\", which is not one of requests, errors, checks, summary",
        ),
        ("tabs[1].view", json!({"errors": null}), "is an object, where text is due"),
        ("tabs[1].colour", json!("red"), "is no field that there is: known are id, title, sections, view"),
        ("colour", json!("red"), "is no field that there is: known are title, tabs"),
        ("title", json!(null), "is null, where text is due"),
        ("tabs", json!({}), "is an object, where a list is due"),
        ("tabs[1]", json!(["errors", "Errors"]), "is a list, where an object is due"),
        ("tabs[0].view", json!("errors"), "stands beside sections: a tab has one of the two"),
        (
            "tabs[0].sections[0].panels[2].unit",
            json!("time"),
            "belongs to panels of the kind stat or chart, not custom",
        ),
        (
            "tabs[0].sections[0].panels[0].series[0].aggregate",
            json!("rate"),
            "is rate, but http_req_duration{group:::checkout} is a trend, which has avg, max, med, min, p(90), p(95), p(99)",
        ),
    ] {
        assert_eq!(document(place, wrong), format!("{place} {sentence}"));
    }
    let missing = Dashboard::parse(br#"{"tabs": [{"view": "errors"}]}"#).unwrap_err();
    assert_eq!(missing.to_string(), "tabs[0].title is missing");
    let other = Dashboard::parse(b"[]").unwrap_err();
    assert_eq!(other.to_string(), "the dashboard is a list, where an object is due");
    let twice = Dashboard::parse(br#"{"title": "A", "title": "B"}"#).unwrap_err();
    assert_eq!(twice.to_string(), "title is there twice");
    let long = document(&"x".repeat(1_000), json!(1)).len();
    assert!(long < 200, "{long}");
}

#[test]
fn what_the_schema_cannot_say_is_told_with_its_place_too() {
    let mut cases = Vec::new();
    let mut case = |place: &str, change: &dyn Fn(&mut Value)| {
        let mut document = whole();
        change(&mut document);
        cases.push((document, place.to_owned()));
    };
    case("tabs[1].id", &|document| document["tabs"][1]["id"] = json!("first"));
    case("tabs[0].sections[0].panels[2].id", &|document| {
        *at(document, "tabs[0].sections[0].panels[2].id") = json!("slow");
    });
    case("tabs[0].sections[0].panels[0].bands", &|document| {
        *at(document, "tabs[0].sections[0].panels[0].bands.good") = json!(501);
    });
    case("tabs[0].sections[0].panels[0].series[0].aggregate", &|document| {
        *at(document, "tabs[0].sections[0].panels[0].series[0].aggregate") = json!("rate");
    });
    case("tabs", &|document| {
        let panel = json!({"kind": "custom", "title": "x"});
        *at(document, "tabs[0].sections[0].panels") = json!(vec![panel; MAX_PANELS + 1]);
    });
    case("tabs", &|document| {
        let panel = |number: usize| {
            let metric = format!("orders{{shop:{number}}}");
            json!({"kind": "stat", "title": "x", "series": [{"metric": metric, "aggregate": "count"}]})
        };
        let panels: Vec<Value> = (0..=MAX_SUBMETRICS).map(panel).collect();
        *at(document, "tabs[0].sections[0].panels") = json!(panels);
    });
    for (document, place) in cases {
        let error = parse(&document).expect_err(&place).to_string();
        assert!(error.starts_with(&format!("{place} ")), "{place}: {error}");
        assert!(schema().is_valid(&document), "{error}");
    }
}

#[test]
fn what_is_no_json_is_told_with_line_and_column() {
    let error = Dashboard::parse(b"{\n  \"tabs\": [}\n}").unwrap_err().to_string();
    assert!(error.contains("line 2 column 12"), "{error}");
    let long = vec![b' '; MAX_BYTES + 1];
    assert_eq!(Dashboard::parse(&long), Err(DashboardError::TooLarge));
    let most = [whole().to_string().into_bytes(), vec![b' '; MAX_BYTES]].concat();
    assert!(Dashboard::parse(&most[..MAX_BYTES]).is_ok());
}

/// A document of one-panel tabs: their titles and ids.
fn ids(panels: &[(&str, Option<&str>)]) -> Vec<String> {
    let panel = |&(title, id): &(&str, Option<&str>)| {
        let mut panel = json!({"kind": "custom", "title": title});
        if let Some(id) = id {
            panel["id"] = json!(id);
        }
        panel
    };
    let panels: Vec<Value> = panels.iter().map(panel).collect();
    let read = parse(&json!({"tabs": [{"title": "T", "sections": [{"panels": panels}]}]})).unwrap();
    read.panels().map(|panel| panel.id.clone()).collect()
}

#[test]
fn ids_are_made_of_titles_and_never_twice() {
    let panels = [
        ("Largest paint (p95)", None),
        ("Über 9000", None),
        ("注文", None),
        ("注", None),
        ("A", None),
        ("B", Some("a")),
    ];
    assert_eq!(ids(&panels), ["largest-paint-p95", "ber-9000", "panel", "panel-2", "a-2", "a"]);
    let long = "é".to_owned() + &"x".repeat(10_000);
    assert!(ids(&[(&long, None), (&long, None)]).iter().all(|id| id.len() <= 64));
}

#[test]
fn a_title_stays_text_on_one_line() {
    let title = "<img onerror>\n\u{2028}\u{85}\u{202e}😀";
    let read = parse(&json!({"tabs": [{"title": title, "view": "errors"}]})).unwrap();
    assert_eq!(value(&read.line())["tabs"][0]["title"], title);
    assert!(!read.line().contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']));
}

#[test]
fn the_dashboard_chosen_last_is_the_greatest_and_the_same_again_is_no_change() {
    let one = parse(&whole()).unwrap();
    let two = Dashboard { title: None, ..one.clone() };
    let mut chosen = Chosen::default();
    assert_eq!(chosen.replaced(None), chosen);
    for next in [Some(&two), Some(&one), None, Some(&one), Some(&two), None] {
        let newer = chosen.replaced(next);
        assert!(newer > chosen);
        assert_eq!(newer.replaced(next), newer);
        assert_eq!(newer.own(), next.map(Dashboard::line).as_deref());
        assert_eq!(newer.submetrics().len(), usize::from(next.is_some()));
        chosen = newer;
    }
    assert_eq!((chosen.line(), chosen.pretty()), (DEFAULT_LINE.as_str(), DEFAULT.to_owned()));
    let own = chosen.replaced(Some(&one));
    assert_eq!(Dashboard::parse(own.pretty().as_bytes()).unwrap(), one);
}
