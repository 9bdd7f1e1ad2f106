//! A verdict as a badge: a small SVG image with two words.

use loadgate_documents::ObjectiveState;
use maud::{PreEscaped, html};

/// Of a letter of the badge's font, px; text is stretched to what it should take.
const LETTER: usize = 7;
const PADDING: usize = 6;

/// The badge; `None`: there is no verdict yet.
pub fn badge(state: Option<ObjectiveState>) -> String {
    let label = "load test";
    let (word, color) = match state {
        None => ("no verdict", "#5f6670"),
        Some(ObjectiveState::Info) => ("info", "#2f6db5"),
        Some(ObjectiveState::Pass) => ("pass", "#2a7a34"),
        Some(ObjectiveState::Warning) => ("warning", "#8a6100"),
        Some(ObjectiveState::Error) => ("error", "#a8481c"),
        Some(ObjectiveState::Fail) => ("fail", "#b3261e"),
    };
    let [left, right] = [label, word].map(|text| text.len() * LETTER + 2 * PADDING);
    let width = left + right;
    let said = format!("{label}: {word}");
    let text = |text: &str, at: usize| {
        html! { text x=(at + PADDING) y="14" textLength=(text.len() * LETTER) { (text) } }
    };
    html! {
        (PreEscaped(r#"<?xml version="1.0" encoding="UTF-8"?>"#))
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="20" role="img" aria-label=(said) {
            title { (said) }
            rect width=(left) height="20" fill="#3a3f46" {}
            rect x=(left) width=(right) height="20" fill=(color) {}
            g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                (text(label, 0)) (text(word, left))
            }
        }
    }
    .into_string()
}
