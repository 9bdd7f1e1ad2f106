//! Text from a test as markup. Escaping is the template library's; what it leaves is done here.

use maud::{Markup, Render, html};

/// Any text. HTML allows no control characters but line breaks and tabs, not even as references.
pub struct Text<'a>(pub &'a str);

impl Render for Text<'_> {
    fn render_to(&self, out: &mut String) {
        let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if self.0.contains(forbidden) {
            self.0.replace(forbidden, "\u{fffd}").render_to(out);
        } else {
            self.0.render_to(out);
        }
    }
}

/// A name from a test: isolated, so that right-to-left marks turn nothing beside it.
pub fn name(name: &str) -> Markup {
    html! { bdi { (Text(name)) } }
}

/// What a chip says by its colour, as `static/scripts/model/thresholds.js` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Good,
    /// Somebody should look.
    Warning,
    /// Something failed.
    Bad,
    /// There is nothing to say.
    None,
    /// All is well so far as anybody knows.
    Open,
    /// Nobody can tell.
    Unknown,
    /// Nothing is asked.
    Info,
}

impl State {
    /// As classes have it.
    pub fn word(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Warning => "warning",
            State::Bad => "bad",
            State::None => "none",
            State::Open => "open",
            State::Unknown => "unknown",
            State::Info => "info",
        }
    }

    /// For those who do not see the colour.
    pub fn sign(self) -> &'static str {
        match self {
            State::Good => "✓",
            State::Warning => "!",
            State::Bad => "✗",
            State::None => "∅",
            State::Open => "○",
            State::Unknown => "?",
            State::Info => "i",
        }
    }
}

/// States always come as sign, word and colour together.
pub fn chip(state: State, word: &str) -> Markup {
    html! {
        span class={ "chip chip-" (state.word()) } { span aria-hidden="true" { (state.sign()) } " " (Text(word)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_and_no_control_character_gets_through() {
        let evil = "<img src=x onerror=\"a\">&'\u{0}\u{b}\u{7f}\u{85}\n\t\u{202e}";
        let expected =
            "&lt;img src=x onerror=&quot;a&quot;&gt;&amp;'\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n\t\u{202e}";
        assert_eq!(name(evil).0, format!("<bdi>{expected}</bdi>"));
        assert_eq!(html! { a title=(Text(evil)) {} }.0, format!("<a title=\"{expected}\"></a>"));
    }
}
