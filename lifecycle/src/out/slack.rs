//! A message for Slack's incoming webhooks: a text for notifications, and blocks.
//!
//! Limits are Slack's: 150 characters of a header, 3,000 of a section, 50 blocks.

use super::{Notice, cut, sign};
use serde::Serialize;

const HEADER: usize = 150;
const SECTION: usize = 3_000;
/// Of one objective's line: twenty of them fit into a section.
const LINE: usize = 140;

#[derive(Serialize)]
struct Body {
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Header { text: Text },
    Section { text: Text },
    Context { elements: [Text; 1] },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Text {
    PlainText { text: String },
    Mrkdwn { text: String },
}

pub(super) fn body(notice: &Notice<'_>) -> serde_json::Result<String> {
    let title = format!("{} {}", sign(notice.grade), notice.headline());
    let section = |text: String| Block::Section { text: Text::Mrkdwn { text } };
    let mut blocks = vec![Block::Header { text: Text::PlainText { text: cut(&title, HEADER) } }];
    if !notice.reason.is_empty() {
        blocks.push(section(escape(notice.reason, SECTION)));
    }
    let (shown, more) = notice.worst();
    let mut lines: Vec<String> = Vec::new();
    for objective in shown {
        let line = format!("{}: {}", objective.name, objective.compared());
        lines.push(format!("{} {}", sign(objective.grade), escape(&line, LINE)));
    }
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if !lines.is_empty() {
        blocks.push(section(lines.join("\n")));
    }
    let mut links = vec![link(notice.page, "Verdict")];
    links.extend(notice.report.map(|report| link(report, "Report")));
    links.push(escape(&format!("run {}", notice.run), LINE));
    blocks.push(Block::Context { elements: [Text::Mrkdwn { text: links.join(" · ") }] });
    serde_json::to_string(&Body { text: escape(&title, SECTION), blocks })
}

/// A text that stands for itself, with its three characters of markup as entities, in no more than so many bytes.
fn escape(text: &str, limit: usize) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        let mut own = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => c.encode_utf8(&mut own),
        };
        if escaped.len() + piece.len() + '…'.len_utf8() > limit {
            escaped.push('…');
            break;
        }
        escaped.push_str(piece);
    }
    escaped
}

/// Addresses are this server's own; what would end them in the markup is encoded.
fn link(url: &str, title: &str) -> String {
    let url = url.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C");
    format!("<{url}|{title}>")
}
