//! JTL as XML.

use crate::seen::*;
use flate2::read::GzDecoder;
use loadgate_wires::jmeter::{CsvResults, XmlResults};
use loadgate_wires::{Point, Value};
use std::collections::BTreeMap;
use std::io::Read;

fn results() -> Vec<u8> {
    let (packed, mut file) = (fixture("jmeter/results.xml.jtl.gz"), Vec::new());
    GzDecoder::new(&packed[..]).read_to_end(&mut file).expect("gzip");
    file
}

fn of_elements(elements: &str) -> Seen {
    let file = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testResults version=\"1.2\">\n{elements}\n</testResults>\n"
    );
    let whole = read_well(XmlResults::new(), file.as_bytes(), file.len());
    for size in [1, 7] {
        assert_eq!(read_well(XmlResults::new(), file.as_bytes(), size), whole);
    }
    whole
}

/// How often each point stands, for comparison with a file in another order. XML has no URLs by default.
fn counted(points: &[Point]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for point in points.iter().filter(|point| point.metric != "vus") {
        let mut point = point.clone();
        point.tags.retain(|(key, _)| key != "url");
        *counts.entry(format!("{point:?}")).or_default() += 1;
    }
    counts
}

#[test]
fn the_xml_file_says_what_the_csv_file_says() {
    let seen = read_well(XmlResults::new(), &results(), 4_096);
    let csv = read_well(CsvResults::new(), &fixture("jmeter/results.jtl"), 4_096);
    assert_eq!((seen.units, &seen.refused[..]), (1_576, &[][..]));
    let (xml, csv) = (counted(&seen.points), counted(&csv.points));
    for (point, count) in &csv {
        assert_eq!(xml.get(point), Some(count), "{point}");
    }
    assert_eq!(xml.len(), csv.len());
    let vus = figures(&seen.points, "vus", "name").remove("").expect("vus");
    assert_eq!(vus.percentile(100), expected()["threads_max"].as_f64().expect("a number"));
}

#[test]
fn a_file_reads_the_same_in_pieces_of_any_size() {
    let file = results();
    let whole = read_well(XmlResults::new(), &file, file.len());
    for size in [1, 13, 1_000] {
        assert_eq!(read_well(XmlResults::new(), &file, size), whole, "{size}");
    }
}

#[test]
fn what_a_request_contains_is_a_part_and_what_a_transaction_contains_is_a_request() {
    let message = "Number of samples in transaction : 1, number of failing samples : 0";
    let seen = of_elements(&format!(
        "<sample t='9' ts='1000' s='true' lb='Outer' rm='{message}' dt=''>\
           <sample t='8' ts='1000' s='true' lb='Inner' rm='{message}' dt=''>\
             <httpSample t='7' ts='1000' s='true' lb='Page' rc='200' rm='OK' dt='text'>\
               <httpSample t='3' ts='1000' s='true' lb='http://a/x.css' rc='200' rm='OK' dt='text'>\
                 <httpSample t='1' ts='1000' s='true' lb='Deep' rc='302' rm='Found' dt='text'/>\
               </httpSample>\
             </httpSample>\
           </sample>\
           <sample t='1' ts='1009' s='true' lb='Last' rc='200' rm='OK' dt='text'/>\
         </sample>\
         <sample t='5' ts='2000' s='true' lb='Cut short' rm='' dt=''>\
           <sample t='5' ts='2000' s='true' lb='Query' rc='' rm='' dt=''/>\
         </sample>\
         <sample t='5' ts='3000' s='true' lb='Custom' rm='' dt=''>\
           <sample t='5' ts='3000' s='true' lb='Custom-0' rc='' rm='' dt=''/>\
         </sample>"
    ));
    let of = |metric, key| figures(&seen.points, metric, key).into_keys().collect::<Vec<_>>();
    assert_eq!(of("http_reqs", "name"), ["Custom", "Last", "Page", "Query"]);
    assert_eq!(of("http_reqs", "group"), ["", "::Cut short", "::Outer", "::Outer::Inner"]);
    assert_eq!(of("group_duration", "group"), ["::Cut short", "::Outer", "::Outer::Inner"]);
    assert_eq!(of("jmeter_part_duration", "name"), ["Custom-0", "Deep", "http://a/x.css"]);
}

#[test]
fn an_assertion_a_url_and_a_method_are_taken_from_their_elements() {
    let seen = of_elements(
        "<httpSample t='9' ts='1000' s='false' lb='a &lt;b&gt; &amp; &#0; &#xfc;' rc='200' rm='OK' dt='text'>\
           <assertionResult><name>Size</name><failure>false</failure><error>false</error></assertionResult>\
           <assertionResult><name>Text</name><failure>true</failure><error>false</error>\
             <failureMessage>no &quot;<![CDATA[<name>&lt;]]>&quot;</failureMessage></assertionResult>\
           <assertionResult><name>Third</name><failure>true</failure><error>false</error></assertionResult>\
           <responseData class='java.lang.String'>&lt;method&gt;<name>PUT</name></responseData>\
           <method class='java.lang.String'>POST</method>\
           <java.net.URL>http://a/?x=1&amp;y=2</java.net.URL>\
         </httpSample>\
         <sample t='9' ts='1000' s='false' lb='b' rc='x' rm='' dt='text'>\
           <assertionResult><name>Bare</name><failure>false</failure><error>true</error></assertionResult>\
         </sample>",
    );
    let tags: Vec<_> = seen.points.iter().filter(|point| point.metric == "http_reqs").collect();
    for (key, value) in [
        ("name", "a &lt;b&gt; &amp; &#0; &#xfc;"),
        ("error", "no \"<name>&lt;\""),
        ("method", "POST"),
        ("url", "http://a/?x=1&y=2"),
    ] {
        assert_eq!(tag(tags[0], key), value);
    }
    assert_eq!((tag(tags[1], "error"), tag(tags[1], "error_code")), ("Bare", "x"));
}

#[test]
fn what_cannot_be_read_is_refused_with_a_sentence() {
    let whole =
        |file: &str| read(XmlResults::new(), file.as_bytes(), 5).1.expect_err(file).reason.into_owned();
    let ends = "the file ends before `</testResults>`: JMeter did not come to its end";
    let other = "these are not JMeter's results: the first element is not `testResults`";
    assert_eq!(whole("<html><body/></html>"), other);
    assert_eq!(whole("<testResults><sample t='1' ts='1'/>"), ends);
    assert_eq!(whole("  \n"), "these are not JMeter's results: there is no element");
    assert_eq!(whole("<testResults><sample></testResults>"), "an element ends that is not the open one");
    let deep = format!("<testResults>{}", "<sample>".repeat(70));
    assert_eq!(whole(&deep), "more than 64 elements stand within each other");

    let seen = of_elements(
        "<sample t='x' ts='1000' lb='a'><sample t='1' ts='1000' s='true' lb='b'/></sample>\
         <sample t='1' ts='2026-11-21' lb='c'/><sample ts='1000' lb='d'/><sample t='1' ts='1000' s='no' lb='e'/>\
         <sample t=1 ts='1000' lb='f'/>",
    );
    let refused: Vec<(u64, &str)> =
        seen.refused.iter().map(|(unit, wrong)| (*unit, &*wrong.reason)).collect();
    assert_eq!(
        refused,
        [
            (1, "`t` is not a whole number that is 0 or more"),
            (3, "`timeStamp` is not in milliseconds since 1970"),
            (4, "a sample has no `t`, its time"),
            (5, "`s` is neither `true` nor `false`"),
            (6, "a sample's attributes are malformed"),
        ]
    );
    assert_eq!(figures(&seen.points, "http_reqs", "name").into_keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn elements_that_sum_up_samples_are_sums_without_a_distribution() {
    let seen = of_elements("<sample t='120' ts='1000' s='true' lb='a' dt='text' sc='4' ec='1' by='500'/>");
    let sum =
        |metric: &str| match &seen.points.iter().find(|point| point.metric == metric).expect(metric).value {
            Value::Interval { length_ns: 0, sum } => (sum.count, sum.nonzero, sum.sum, sum.buckets.is_some()),
            other => panic!("{other:?}"),
        };
    assert_eq!(sum("http_reqs"), (4, 4, 4.0, false));
    assert_eq!(sum("http_req_failed"), (4, 1, 1.0, false));
    assert_eq!(sum("http_req_duration"), (4, 4, 120.0, false));
}

#[test]
fn a_body_of_any_size_is_passed_over() {
    let body = "x &lt; ".repeat(1 << 20);
    let seen = of_elements(&format!(
        "<httpSample t='9' ts='1000' s='true' lb='a' rc='200' rm='OK' dt='text'><responseData>{body}</responseData></httpSample>"
    ));
    assert_eq!(figures(&seen.points, "http_reqs", "name").len(), 1);
}

#[test]
fn nothing_that_is_sent_breaks_the_reader() {
    let file = results();
    let file = &file[..6_000];
    let mut seeded = Seeded(2);
    for _ in 0..3_000 {
        let hostile = seeded.mutated(file, b"<>/\"'=&;![-]? \xff\0");
        let size = 1 + seeded.below(3_000);
        assert_sound(&read(XmlResults::new(), &hostile, size).0);
    }
}
