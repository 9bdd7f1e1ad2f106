//! Enums of which each value is one word in a document.

/// Declares such enums: they are written and read as their words, and what is none of them is refused by
/// a sentence that has them all.
macro_rules! words {
    ($(
        $(#[$about:meta])*
        $visible:vis enum $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal,)+ }
    )+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        $visible enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            /// All of them, in their order.
            $visible const ALL: &'static [Self] = &[$(Self::$value),+];

            /// As it stands in documents.
            $visible fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(word: String) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|value| value.word() == word);
                found.ok_or_else(|| {
                    crate::words::none_of(&word, &Self::ALL.iter().map(|value| value.word()).collect::<Vec<_>>())
                })
            }
        }
    )+};
}

pub(crate) use words;

/// What is said of a word that is none of these.
pub(crate) fn none_of(word: &str, words: &[&str]) -> String {
    format!("is {:?}, which is not one of {}", crate::shorten(word), words.join(", "))
}
