//! The pages' address with a token in it.

use crate::call::Call;
use crate::reply::{self, Reply};
use http::header::SET_COOKIE;
use http::{HeaderValue, StatusCode};
use loadgate_http::Policy;

/// Puts a token into a cookie and out of the address bar. Only a token that is one: anybody can make a
/// browser open this address, and must not be able to put a person's own cookie out of use.
pub(crate) fn sign_in(token: &str, call: &Call, policy: &Policy) -> Reply {
    if policy.tokens.any() && !policy.tokens.know(token) {
        return reply::body(
            StatusCode::UNAUTHORIZED,
            "text/plain; charset=utf-8",
            "This is not a token of this server; nothing was changed. The page itself is at /ui/.\n",
        );
    }
    let rest = call.query_without("token");
    // Relative, to the page's own folder: a proxy may have put this server below a path.
    let mut answer = reply::redirect(&if rest.is_empty() { "./".to_owned() } else { format!("./?{rest}") });
    if policy.tokens.any()
        && let Ok(value) = HeaderValue::from_str(&loadgate_http::cookie(token, call.tls))
    {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
    answer
}
