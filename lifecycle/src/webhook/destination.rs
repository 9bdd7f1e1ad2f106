//! Where messages may go: to public addresses, and to others only where the operator lists them.
//!
//! Whoever may set a webhook makes this server send requests from inside its network. Therefore the address is
//! checked twice: as it is written, when it is set, and after its name was resolved, before each attempt ([a name
//! may point elsewhere by then]). Who connects must connect to the very address that was checked.
//!
//! [a name may point elsewhere by then]: https://owasp.org/www-community/attacks/DNS_Rebinding

use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use thiserror::Error;

/// What the operator allows beside the public network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    any: bool,
    /// In lower case, IPv6 without brackets.
    listed: Vec<String>,
}

/// Where a webhook goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    uri: Uri,
    /// In lower case, IPv6 without brackets, without the dot at the end of a full name.
    host: String,
    /// The operator lists it: its addresses are not looked at.
    listed: bool,
}

/// Why a webhook may not go there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Forbidden {
    /// It is no address of the web.
    #[error("{0:?} is not an absolute address that begins with https:// or http://")]
    NoAddress(String),
    /// It carries a name and a password, which would be in every log.
    #[error("the address carries a user's name or password; messages are signed instead")]
    User,
    /// A number that resolvers take for an address, in a notation that people do not.
    #[error("{0:?} is neither a name nor an address as usually written")]
    Notation(String),
    /// An address that means nothing outside of this machine or network.
    #[error(
        "{host:?} leads to {address}, which is {what}; the setting LOADGATE_WEBHOOK_HOSTS (under Spin the \
         variable `webhook_hosts`) lists hosts that are allowed nevertheless"
    )]
    Inside {
        /// As it was given.
        host: String,
        /// Where it leads.
        address: String,
        /// Of which kind that is.
        what: &'static str,
    },
    /// Its name is known to nobody.
    #[error("{0:?} has no address")]
    Unresolved(String),
}

impl Reach {
    /// Reads the setting: hosts as they stand in addresses, separated by commas; `*` allows all. An error says
    /// what it takes.
    ///
    /// # Errors
    ///
    /// The text is no list of hosts; why, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut reach = Reach::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let host = normal(name);
            if name == "*" {
                reach.any = true;
            } else if host.parse::<IpAddr>().is_ok() || is_name(&host) {
                reach.listed.push(host);
            } else {
                return Err(
                    "hosts such as `hooks.internal` or `10.0.0.7`, without scheme and port, separated by \
                            commas, or `*`",
                );
            }
        }
        Ok(reach)
    }
}

impl Destination {
    /// Reads an address, and checks what shows in it. Names are checked by [`Destination::check`].
    ///
    /// # Errors
    ///
    /// Where it is no address of http or https, has a user's name in it, or leads inside where that is not
    /// allowed.
    pub fn parse(text: &str, reach: &Reach) -> Result<Self, Forbidden> {
        let none = || Forbidden::NoAddress(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| none())?;
        let authority = uri.authority().ok_or_else(none)?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) || authority.host().is_empty() {
            return Err(none());
        }
        if authority.as_str().contains('@') {
            return Err(Forbidden::User);
        }
        let host = normal(authority.host());
        let listed = reach.any || reach.listed.contains(&host);
        let destination = Destination { uri, host, listed };
        if listed {
            return Ok(destination);
        }
        let host = &destination.host;
        if let Ok(address) = host.parse() {
            destination.check(&[address])?;
        } else if host == "localhost" || host.ends_with(".localhost") {
            return Err(destination.inside("loopback", "this machine's own"));
        } else if host.rsplit('.').next().is_some_and(is_number) {
            return Err(Forbidden::Notation(host.clone()));
        }
        Ok(destination)
    }

    /// Checks what its name resolves to, before each attempt: all of it, since any may be connected to.
    ///
    /// # Errors
    ///
    /// Where there are none, or one of them is inside.
    pub fn check(&self, addresses: &[IpAddr]) -> Result<(), Forbidden> {
        if self.listed {
            return Ok(());
        }
        if addresses.is_empty() {
            return Err(Forbidden::Unresolved(self.host.clone()));
        }
        let found = addresses.iter().find_map(|address| Some((address, inside(*address)?)));
        found.map_or(Ok(()), |(address, what)| Err(self.inside(&address.to_string(), what)))
    }

    /// The address.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether the operator lists it.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// The name or address to resolve.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn inside(&self, address: &str, what: &'static str) -> Forbidden {
        Forbidden::Inside { host: self.host.clone(), address: address.to_owned(), what }
    }
}

fn normal(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

fn is_name(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// The last part of a name makes it an address if it is a number, also in hexadecimal or octal (WHATWG's URL
/// standard, "ends in a number").
fn is_number(part: &str) -> bool {
    let digits = part.strip_prefix("0x").unwrap_or(part);
    part.bytes().all(|b| b.is_ascii_digit())
        || (digits.len() < part.len() && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What kind of address it is, if it is not one of the public network. By IANA's registries of special-purpose
/// addresses.
fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [127, ..] | [0, ..] => Some("this machine's own"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [169, 254, ..] => Some("link-local"),
        [100, 64..=127, ..] => Some("shared by a provider's customers"),
        [192, 0, 0, _] | [198, 18..=19, ..] => Some("reserved"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("for documentation"),
        [224..=239, ..] => Some("multicast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Some("this machine's own"),
        // IPv4 in IPv6: mapped, compatible, translated, and by 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => Some("private"),
        [0x2001, 0, ..] => Some("a tunnel's"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("for documentation"),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("private"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Destination, Forbidden> {
        Destination::parse(text, &Reach::default())
    }

    #[test]
    fn public_names_and_addresses_are_taken() {
        for text in [
            "https://hooks.example/a/b?c=d",
            "http://hooks.example:8080",
            "https://93.184.215.14/",
            "https://[2606:4700::1111]/",
            "https://hooks.example./",
            "https://1e100.net/",
            "https://0xa.example/",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn what_leads_inside_is_refused_however_it_is_written() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[2001::1]",
            "[4000::1]",
        ] {
            let said = parse(&format!("https://{host}/x")).unwrap_err();
            assert!(matches!(said, Forbidden::Inside { .. }), "{host}: {said}");
        }
        for host in ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "1.2.3.256"] {
            let said = parse(&format!("http://{host}/"));
            assert_eq!(said, Err(Forbidden::Notation(host.to_owned())), "{host}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_web_is_refused() {
        for text in [
            "",
            "hooks.example",
            "/path",
            "ftp://hooks.example/",
            "https://",
            "file:///etc/passwd",
            "https:///x",
        ] {
            assert_eq!(parse(text), Err(Forbidden::NoAddress(text.to_owned())), "{text}");
        }
        assert_eq!(parse("https://a:b@hooks.example/"), Err(Forbidden::User));
    }

    #[test]
    fn every_address_of_a_name_is_looked_at() {
        let hooks = parse("https://hooks.example/").unwrap();
        let [public, inside]: [IpAddr; 2] =
            ["93.184.215.14", "169.254.169.254"].map(|text| text.parse().unwrap());
        assert_eq!(hooks.check(&[public]), Ok(()));
        assert_eq!(hooks.check(&[]), Err(Forbidden::Unresolved("hooks.example".to_owned())));
        let said = hooks.check(&[public, inside]).unwrap_err().to_string();
        assert!(
            said.starts_with(r#""hooks.example" leads to 169.254.169.254, which is link-local; "#),
            "{said}"
        );
    }

    #[test]
    fn what_the_operator_lists_is_taken_wherever_it_leads() {
        let reach = Reach::parse("Hooks.internal, [::1], 127.0.0.1").unwrap();
        let inside = ["10.0.0.7".parse().unwrap()];
        for text in ["http://hooks.internal:8080/", "http://[::1]/", "http://127.0.0.1:9/"] {
            assert_eq!(Destination::parse(text, &reach).unwrap().check(&inside), Ok(()), "{text}");
        }
        assert!(Destination::parse("http://127.0.0.2/", &reach).is_err());
        assert!(Destination::parse("http://localhost/", &Reach::parse("*").unwrap()).is_ok());
        assert!(Destination::parse("ftp://localhost/", &Reach::parse("*").unwrap()).is_err());
        for text in ["http://hooks.internal", "hooks.internal:8080", "a b", "hooks/x"] {
            assert!(Reach::parse(text).unwrap_err().contains("without scheme and port"), "{text}");
        }
    }
}
