//! What k6's error codes mean (<https://grafana.com/docs/k6/latest/javascript-api/error-codes/>).

/// In words; nothing for what is no such code.
pub fn meaning(code: &str) -> Option<String> {
    let code: u16 = code.parse().ok()?;
    let words = match code {
        1000 => "an error of no known kind",
        1010 => "the network failed, below TCP",
        1020 => "the URL is not valid",
        1050 => "no answer within the request's timeout",
        1100 => "the name lookup failed",
        1101 => "no address was found for the host's name",
        1110 => "the address is on the test's block list",
        1111 => "the host's name is on the test's block list",
        1200 => "the connection failed",
        1201 => "the connection broke while sending",
        1202 => "the system reported a network error that k6 does not know",
        1210 => "could not connect",
        1211 => "could not connect in time",
        1212 => "the server refused the connection",
        1213 => "could not connect, for a reason that k6 does not know",
        1220 => "the server reset the connection",
        1300 => "the TLS handshake failed",
        1310 => "the certificate's issuer is not trusted",
        1311 => "the certificate is for another host",
        1400..=1499 => return Some(format!("the server answered with a client error, {}", code - 1000)),
        1500..=1599 => return Some(format!("the server answered with a server error, {}", code - 1000)),
        1600 => "an HTTP/2 error of no known kind",
        1610..=1629 => "the server closed the HTTP/2 connection (GOAWAY)",
        1630..=1649 => "the HTTP/2 stream failed",
        1650..=1669 => "the HTTP/2 connection failed",
        1701 => "the answer could not be decompressed",
        _ => return None,
    };
    Some(words.to_owned())
}
