//! The names that a server without a write token answers to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Loopback's names, and more where the operator says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    any: bool,
    /// In lower case, IPv6 without brackets.
    more: Vec<String>,
}

impl Hosts {
    /// What the setting takes.
    pub const WANTED: &str =
        "names of this server, such as `gate.example`, without scheme and port, separated by commas; or `*`";

    /// Reads the setting; empty means loopback only. The error is [`Hosts::WANTED`].
    ///
    /// # Errors
    ///
    /// [`Hosts::WANTED`], where a name is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut hosts = Hosts::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
            let is_name = |name: &str| {
                name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            };
            match name {
                "*" => hosts.any = true,
                _ if bare.parse::<Ipv6Addr>().is_ok() || is_name(name) => {
                    hosts.more.push(bare.to_ascii_lowercase());
                }
                _ => return Err(Self::WANTED),
            }
        }
        Ok(hosts)
    }

    /// Whether a request to this authority (`HOST` or `HOST:PORT`) is meant for us.
    pub fn take(&self, authority: Option<&str>) -> bool {
        if self.any {
            return true;
        }
        let Some(authority) = authority else { return false };
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let loopback = match host.parse() {
            Ok(IpAddr::V4(address)) => Ipv4Addr::is_loopback(&address),
            Ok(IpAddr::V6(address)) => address.is_loopback(),
            Err(_) => host == "localhost",
        };
        loopback || self.more.contains(&host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        for text in ["", "a", "a.example, b", "*", "::1", "[fe80::1],x"] {
            assert!(Hosts::parse(text).is_ok(), "{text:?}");
        }
        for text in ["http://a", "a:80", "a b", "a/b", "*.a", "[a]"] {
            assert_eq!(Hosts::parse(text), Err(Hosts::WANTED), "{text:?}");
        }
    }

    #[test]
    fn nothing_is_no_name() {
        assert!(!Hosts::default().take(None));
        assert!(!Hosts::default().take(Some("")));
    }
}
