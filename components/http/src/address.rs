//! Addresses of clients, as hosts give them.

/// An address without its port: `127.0.0.1:5000`, `[::1]:5000`.
pub fn without_port(peer: &str) -> &str {
    match peer.rsplit_once(':') {
        Some((ip, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!ip.contains(':') || ip.ends_with(']')) =>
        {
            ip.trim_matches(['[', ']'])
        }
        _ => peer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_left_out_and_nothing_else() {
        for (peer, ip) in [
            ("127.0.0.1:5000", "127.0.0.1"),
            ("[::1]:5000", "::1"),
            ("::1", "::1"),
            ("127.0.0.1", "127.0.0.1"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(without_port(peer), ip);
        }
    }
}
