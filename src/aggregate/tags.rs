//! A sample's tags, read once and shared by all samples that carry them.

/// Tags in the order in which they were written, in one piece of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagSet {
    /// Keys and values, one after the other.
    text: String,
    /// Where each key and each value ends.
    ends: Vec<(u32, u32)>,
    submetric: Option<String>,
}

impl TagSet {
    /// What stands for the tags of samples that count in the submetric with this text alone.
    pub fn of_submetric(text: String) -> Self {
        TagSet { submetric: Some(text), ..TagSet::default() }
    }

    /// That text.
    pub fn submetric(&self) -> Option<&str> {
        self.submetric.as_deref()
    }

    /// Tags in it.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a tag. Of two with one key the first holds.
    pub fn push(&mut self, key: &str, value: &str) {
        self.text.push_str(key);
        let key_end = self.text.len() as u32;
        self.text.push_str(value);
        self.ends.push((key_end, self.text.len() as u32));
    }

    /// The value of a tag; an absent one is empty.
    pub fn get(&self, key: &str) -> &str {
        self.iter().find(|(k, _)| *k == key).map_or("", |(_, value)| value)
    }

    /// Whether there is a tag of this key, be it empty.
    pub fn contains(&self, key: &str) -> bool {
        self.iter().any(|(k, _)| k == key)
    }

    /// Keys and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |&(key_end, end)| {
            let pair = (&self.text[start..key_end as usize], &self.text[key_end as usize..end as usize]);
            start = end as usize;
            pair
        })
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for TagSet {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut tags = TagSet::default();
        pairs.into_iter().for_each(|(key, value)| tags.push(key, value));
        tags
    }
}

/// Adds a text that is cut where it is longer than that.
pub(super) fn push_cut(text: &mut String, value: &str, most: usize) {
    if value.len() <= most {
        text.push_str(value);
    } else {
        text.push_str(&value[..value.floor_char_boundary(most - '…'.len_utf8())]);
        text.push('…');
    }
}
