//! Submetrics: `http_req_duration{group:::cart and pay::pay}`, the samples of a metric that carry
//! every tag between the braces. Names are split as k6 splits them.

/// A name with braces, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submetric {
    /// The metric's name.
    pub metric: String,
    /// The text between the braces, as written.
    pub text: String,
    /// Tags that a sample must all carry. An empty value stands for a tag that is absent, too:
    /// InfluxDB's wire knows no empty tags.
    pub tags: Vec<(String, String)>,
}

impl Submetric {
    /// `None`: not the name of a submetric (no braces, or malformed ones).
    pub fn parse(name: &str) -> Option<Self> {
        let (metric, rest) = name.split_once('{')?;
        let text = rest.strip_suffix('}')?;
        if !super::is_metric_name(metric) || text.trim().is_empty() {
            return None;
        }
        let tags = text
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
                (unquote(key).to_owned(), unquote(value).to_owned())
            })
            .collect();
        Some(Submetric { metric: metric.to_owned(), text: text.to_owned(), tags })
    }

    /// As k6 writes it.
    pub fn name(&self) -> String {
        format!("{}{{{}}}", self.metric, self.text)
    }

    /// `tag` looks up a sample's tag; absent ones are empty.
    pub fn matches<'a>(&self, tag: impl Fn(&str) -> &'a str) -> bool {
        self.tags.iter().all(|(key, value)| tag(key) == value)
    }
}

fn unquote(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(name: &str) -> Vec<(String, String)> {
        Submetric::parse(name).unwrap().tags
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn the_first_colon_divides_a_tag() {
        assert_eq!(tags("m{group:::cart and pay::pay}"), [pair("group", "::cart and pay::pay")]);
        assert_eq!(tags("m{url:http://x/}"), [pair("url", "http://x/")]);
    }

    #[test]
    fn several_tags_spaces_and_quotes() {
        assert_eq!(tags("m{a:b,c:d}"), [pair("a", "b"), pair("c", "d")]);
        assert_eq!(tags(r#"m{ a : "b" , 'c':'d e' }"#), [pair("a", "b"), pair("c", "d e")]);
    }

    #[test]
    fn all_tags_must_match_and_absent_ones_are_empty() {
        let submetric = Submetric::parse("m{a:1,b:2,c:}").unwrap();
        let tag = |set: &'static [(&str, &str)]| {
            move |key: &str| set.iter().find(|(k, _)| *k == key).map_or("", |(_, v)| *v)
        };
        assert!(submetric.matches(tag(&[("a", "1"), ("b", "2"), ("z", "9")])));
        assert!(!submetric.matches(tag(&[("a", "1")])));
        assert!(!submetric.matches(tag(&[("a", "1"), ("b", "2"), ("c", "3")])));
    }

    #[test]
    fn other_names_are_no_submetrics() {
        for name in ["m", "m{}", "m{ }", "{a:b}", "m{a:b", "m{a:b}x", "m x{a:b}"] {
            assert_eq!(Submetric::parse(name), None, "{name}");
        }
    }
}
