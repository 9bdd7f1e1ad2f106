//! Files of k6 JSON lines, merged by time: several generators' results of one run fold like live
//! traffic did, and no window closes before all that belongs to it was seen.

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use memchr::{memchr, memmem};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER_BYTES: usize = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Lines of results, unpacked where they are gzip; `-` is stdin. `progress` counts the bytes read
/// of the file as it is.
pub(super) fn open(path: &Path, progress: Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>> {
    let raw: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let mut counted = BufReader::with_capacity(BUFFER_BYTES, Counted { inner: raw, progress });
    let start = counted.fill_buf().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(if start.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(counted)))
    } else {
        Box::new(counted)
    })
}

struct Counted<R> {
    inner: R,
    progress: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The lines of several inputs by their time, each input's in its own order. A line without a time
/// (a declaration) goes with the line before it.
pub(super) struct Merged {
    inputs: Vec<Input>,
    /// Next lines of the inputs: (time, input), the earliest on top.
    next: BinaryHeap<Reverse<(i128, usize)>>,
}

struct Input {
    reader: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Unix nanoseconds of the newest line so far: an input never goes back.
    time: i128,
}

impl Merged {
    pub(super) fn new(readers: Vec<Box<dyn BufRead + Send>>) -> Result<Self> {
        let inputs: Vec<Input> =
            readers.into_iter().map(|reader| Input { reader, line: Vec::new(), time: i128::MIN }).collect();
        let mut merged = Merged { inputs, next: BinaryHeap::new() };
        for index in 0..merged.inputs.len() {
            merged.advance(index)?;
        }
        Ok(merged)
    }

    /// Appends lines, each with its end, until `batch` has `size` bytes; `false` at the end of all.
    pub(super) fn fill(&mut self, batch: &mut Vec<u8>, size: usize) -> Result<bool> {
        while batch.len() < size {
            let Some(Reverse((_, index))) = self.next.pop() else { return Ok(false) };
            batch.append(&mut self.inputs[index].line);
            self.advance(index)?;
        }
        Ok(true)
    }

    fn advance(&mut self, index: usize) -> Result<()> {
        let alone = self.inputs.len() == 1;
        let input = &mut self.inputs[index];
        input.line.clear();
        if input.reader.read_until(b'\n', &mut input.line).context("cannot read on")? == 0 {
            return Ok(());
        }
        if input.line.last() != Some(&b'\n') {
            input.line.push(b'\n');
        }
        // One input needs no merging, nor its times.
        if !alone {
            input.time = time(&input.line).map_or(input.time, |time| time.max(input.time));
        }
        self.next.push(Reverse((input.time, index)));
        Ok(())
    }
}

/// Unix nanoseconds of a k6 JSON line, by its member `time` (RFC 3339).
fn time(line: &[u8]) -> Option<i128> {
    const MEMBER: &[u8] = b"\"time\":\"";
    let start = memmem::find(line, MEMBER)? + MEMBER.len();
    let end = start + memchr(b'"', &line[start..])?;
    let time: Timestamp = std::str::from_utf8(&line[start..end]).ok()?.parse().ok()?;
    Some(time.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn point(time: &str, name: &str) -> String {
        format!(r#"{{"metric":"{name}","type":"Point","data":{{"time":"{time}","value":1}}}}"#) + "\n"
    }

    fn merge(inputs: &[String], size: usize) -> Vec<String> {
        let readers = inputs
            .iter()
            .map(|text| Box::new(io::Cursor::new(text.clone().into_bytes())) as Box<dyn BufRead + Send>)
            .collect();
        let mut merged = Merged::new(readers).unwrap();
        let mut batches = Vec::new();
        loop {
            let mut batch = Vec::new();
            let more = merged.fill(&mut batch, size).unwrap();
            if !batch.is_empty() {
                batches.push(String::from_utf8(batch).unwrap());
            }
            if !more {
                return batches;
            }
        }
    }

    #[test]
    fn lines_of_several_files_come_by_their_time_whatever_the_zone() {
        let a = [point("2026-01-01T10:00:00Z", "a1"), point("2026-01-01T10:00:02Z", "a2")].concat();
        let b = [
            "{\"type\":\"Metric\",\"metric\":\"b0\"}\n".to_owned(),
            point("2026-01-01T11:00:01.5+01:00", "b1"),
            "{\"type\":\"Metric\",\"metric\":\"b2\"}\n".to_owned(),
            point("2026-01-01T11:00:03+01:00", "b3"),
        ]
        .concat();
        let merged = merge(&[a, b], usize::MAX).concat();
        let order: Vec<&str> =
            ["b0", "a1", "b1", "b2", "a2", "b3"].into_iter().filter(|name| merged.contains(name)).collect();
        let places: Vec<usize> =
            order.iter().map(|name| merged.find(&format!("\"{name}\"")).unwrap()).collect();
        assert_eq!(order.len(), 6);
        assert!(places.is_sorted(), "{merged}");
    }

    #[test]
    fn no_line_is_lost_or_cut_and_a_last_one_gets_its_end() {
        let text: String = (0..50).map(|n| format!("line {n}\n")).collect();
        let cut = text.trim_end().to_owned();
        for size in [1, 10, 100, 1_000_000] {
            let batches = merge(std::slice::from_ref(&cut), size);
            assert!(batches.iter().all(|batch| batch.ends_with('\n')));
            assert_eq!(batches.concat(), text);
        }
        assert!(merge(&[String::new()], 10).is_empty());
    }

    #[test]
    fn a_file_that_is_gzip_is_unpacked_whatever_its_name() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("results.json");
        let mut packed = flate2::write::GzEncoder::new(File::create(&path).unwrap(), Default::default());
        packed.write_all(b"one\ntwo\n").unwrap();
        packed.finish().unwrap();
        let progress = Arc::new(AtomicU64::new(0));
        let mut text = String::new();
        open(&path, progress.clone()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
        assert_eq!(progress.load(Ordering::Relaxed), std::fs::metadata(&path).unwrap().len());
        assert!(open(&folder.path().join("missing"), progress).is_err());
    }
}
