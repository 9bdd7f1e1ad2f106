//! HTTP/1.1 by hand (RFC 9112): tests need chunks sent one at a time, bodies cut short, targets that
//! a proper client would not send, and the exact bytes of answers.

use super::PATIENCE;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("an answer is UTF-8")
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) with status {}: {}", self.status, self.text()))
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn document(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }
}

fn header_of<'a>(headers: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A connection that is kept alive between requests.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server listens");
        stream.set_nodelay(true).expect("a socket has the option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has the option");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket has the option");
        Connection { reader: BufReader::new(stream) }
    }

    /// Sends a request with its whole body and reads the answer. A server that refuses early may
    /// close before it has taken everything: what it answered then still counts.
    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.head(method, target, headers, &format!("content-length: {}\r\n", body.len()));
        let sent = self.reader.get_mut().write_all(body);
        match self.answer(method) {
            Some(answer) => answer,
            None => panic!("{method} {target} was not answered (body sent: {sent:?})"),
        }
    }

    /// Begins a request whose body comes in chunks.
    pub fn chunked(mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Chunked {
        self.head(method, target, headers, "transfer-encoding: chunked\r\n");
        Chunked { connection: self, method: method.to_owned() }
    }

    /// Begins a request without a body, whose answer may never end.
    pub fn begin(mut self, target: &str, headers: &[(&str, &str)]) -> Streaming {
        self.head("GET", target, headers, "");
        let (status, headers) = self.answer_head().expect("the server answers");
        let chunked = header(&headers, "transfer-encoding").is_some_and(|coding| coding == "chunked");
        Streaming { status, headers, chunked, reader: self.reader, left: 0, ended: false }
    }

    fn head(&mut self, method: &str, target: &str, headers: &[(&str, &str)], length: &str) {
        let mut text = format!("{method} {target} HTTP/1.1\r\n{length}");
        if header_of(headers, "host").is_none() {
            let peer = self.reader.get_ref().peer_addr().expect("it is connected");
            text.push_str(&format!("host: {peer}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.reader.get_mut().write_all(text.as_bytes()).expect("the server reads requests");
    }

    fn answer(&mut self, method: &str) -> Option<Answer> {
        let (status, headers) = self.answer_head()?;
        let mut body = Vec::new();
        if method != "HEAD" && status != 204 && status != 304 {
            if header(&headers, "transfer-encoding").is_some_and(|coding| coding == "chunked") {
                while let Some(size) = chunk_size(&mut self.reader) {
                    let start = body.len();
                    body.resize(start + size, 0);
                    self.reader.read_exact(&mut body[start..]).ok()?;
                    line(&mut self.reader)?;
                }
            } else if let Some(length) = header(&headers, "content-length") {
                body.resize(length.parse().expect("a length is a number"), 0);
                self.reader.read_exact(&mut body).ok()?;
            } else {
                self.reader.read_to_end(&mut body).ok()?;
            }
        }
        Some(Answer { status, headers, body })
    }

    fn answer_head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        let status = loop {
            let first = line(&mut self.reader)?;
            let status: u16 = first.split(' ').nth(1)?.parse().ok()?;
            if status >= 200 {
                break status;
            }
            while !line(&mut self.reader)?.is_empty() {}
        };
        let mut headers = Vec::new();
        loop {
            let text = line(&mut self.reader)?;
            if text.is_empty() {
                return Some((status, headers));
            }
            let (name, value) = text.split_once(':').expect("a header has a colon");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

/// A line without its end; `None` when the connection is closed.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    let read = reader.read_line(&mut text).ok()?;
    (read > 0).then(|| text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The size of the next chunk; `None` at the end of the body.
fn chunk_size(reader: &mut impl BufRead) -> Option<usize> {
    let text = line(reader)?;
    let size =
        usize::from_str_radix(text.split(';').next().unwrap_or_default(), 16).expect("a chunk has a size");
    if size == 0 {
        line(reader);
        return None;
    }
    Some(size)
}

/// A request body on its way out, piece by piece. Dropping it cuts the body off.
pub struct Chunked {
    connection: Connection,
    method: String,
}

impl Chunked {
    pub fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return; // an empty chunk is the end
        }
        let stream = self.connection.reader.get_mut();
        write!(stream, "{:x}\r\n", bytes.len()).expect("the server reads");
        stream.write_all(bytes).expect("the server reads");
        stream.write_all(b"\r\n").expect("the server reads");
    }

    pub fn finish(mut self) -> Answer {
        self.connection.reader.get_mut().write_all(b"0\r\n\r\n").expect("the server reads");
        self.connection.answer(&self.method).expect("the server answers")
    }
}

/// An answer on its way in.
pub struct Streaming {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    chunked: bool,
    reader: BufReader<TcpStream>,
    /// Bytes of the current chunk that are still to come.
    left: usize,
    ended: bool,
}

impl Streaming {
    /// Ends the waiting of [`Read::read`] after so long: an error of kind `WouldBlock`.
    pub fn set_patience(&self, patience: std::time::Duration) {
        self.reader.get_ref().set_read_timeout(Some(patience)).expect("a socket has the option");
    }
}

impl Read for Streaming {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if self.ended || bytes.is_empty() {
            return Ok(0);
        }
        if !self.chunked {
            return self.reader.read(bytes);
        }
        if self.left == 0 {
            // Waits for the chunk before it takes any of its size apart.
            if self.reader.fill_buf()?.is_empty() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            match chunk_size(&mut self.reader) {
                Some(size) => self.left = size,
                None => {
                    self.ended = true;
                    return Ok(0);
                }
            }
        }
        let most = bytes.len().min(self.left);
        let read = self.reader.read(&mut bytes[..most])?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            line(&mut self.reader);
        }
        Ok(read)
    }
}
