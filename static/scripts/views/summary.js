/** Every metric of the run as tables by type, submetrics below their metric; and to take away. */

import { Card, Sign } from "../components/parts.js";
import { RunTags } from "../components/run-tags.js";
import { DataTable } from "../components/table.js";
import { windowOf } from "../data/grown-run.js";
import { usePolled } from "../data/poller.js";
import { toCsv, toMarkdown } from "../model/export.js";
import { format, unitOf } from "../model/format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { nameOf, NO_SAMPLES } from "../model/part.js";
import { splitName, total } from "../model/run.js";
import { figuresOf, metricRows, titleOf, METRIC_TABLES } from "../model/metric-tables.js";
import { isComplete } from "../model/thresholds.js";

/** @import { Api, Props, Run, Summary as Document, ViewProps, Zoom } from "../types.js" */

/** @param {ViewProps} props */
export function Summary(props) {
  return html`<${SummaryOfRun} key=${props.run.id} ...${props} />`;
}

/** @param {Props<"run" | "session" | "api" | "route" | "navigate">} props */
function SummaryOfRun({ run, session, api, route, navigate }) {
  const [filter, setFilter] = useState("");
  const document = useDocument(api, run);
  return html`<div class="toolbar toolbar-wide">
      <input
        type="search"
        class="filter"
        placeholder="Filter metrics…"
        aria-label="Filter metrics"
        value=${filter}
        onInput=${(event) => setFilter(event.target.value)}
      />
      <${Exports} info=${session.state.info} api=${api} part=${route.zoom} />
    </div>
    <${RunTags} item=${session.state.info} route=${route} navigate=${navigate} />
    ${METRIC_TABLES.map((table) => html`<${TypeTable} key=${table.type} run=${run} document=${document} table=${table} filter=${filter} />`)}`;
}

/**
 * Written from the server's document, which has every digit, of the run or the part that is shown.
 *
 * @param {Props<"info" | "api"> & { part: Zoom | null }} props
 */
function Exports({ info, api, part }) {
  const [message, setMessage] = useState(null);
  const [text, setText] = useState(null);

  useEffect(() => {
    setMessage(null);
    setText(null);
  }, [info.id, part]);
  const file = part ? `${info.id} ${nameOf(part).replaceAll(":", ".")}` : info.id;

  async function perform(action) {
    setText(null);
    setMessage(null);
    try {
      setMessage(await action(await api.summary(info.id, part)));
    } catch (error) {
      setMessage(`That did not work: ${error.message}`);
    }
  }

  const copy = () =>
    perform(async (summary) => {
      const markdown = toMarkdown(summary, info.label || summary.run);
      try {
        await navigator.clipboard.writeText(markdown);
        return "Copied.";
      } catch {
        // No clipboard without a secure context or the reader's leave.
        setText(markdown);
        return "The clipboard is closed to this page; copy from here:";
      }
    });
  const csv = () =>
    perform((summary) => {
      download(`${file}.csv`, "text/csv;charset=utf-8", toCsv(summary));
      return "Saved.";
    });

  return html`<div class="exports">
      <button type="button" class="button" onClick=${copy}>Copy as Markdown</button>
      <button type="button" class="button" onClick=${csv}>Download CSV</button>
      <a class="button" href=${api.summaryAddress(info.id, part)} download=${`${file}.json`}>Download JSON</a>
      <span class="caption" role="status">${message}</span>
    </div>
    ${text !== null && html`<${Selected} text=${text} />`}`;
}

function Selected({ text }) {
  const area = useRef(null);
  useEffect(() => area.current.select(), [text]);
  return html`<textarea
    ref=${area}
    class="export-text"
    aria-label="The summary as Markdown"
    rows="10"
    readonly
  >
${text}</textarea>`;
}

/** @param {string} name */
function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes the file at its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * The server's summary, which has figures that the stream has not; null before it has come. Of a part it is known already.
 *
 * @param {Api} api
 * @param {Run} run
 */
function useDocument(api, run) {
  const whole = () => (run.part ? Promise.resolve(null) : api.summary(run.id));
  const { value } = usePolled(whole, run.part ? "part" : windowOf(run));
  return run.part?.summary ?? value;
}

/** @param {Props<"run"> & { document: Document | null }} props */
function TypeTable({ run, document, table, filter }) {
  const rows = metricRows(run.metrics, table.type);
  if (rows.length === 0) return null;
  const values = rows.map(({ name }) => document?.metrics[name]?.values ?? {});
  const aggregates = figuresOf(table, values);
  /** All figures of a row are of one moment. */
  const figure = (name, aggregate) => {
    const known = document?.metrics[name];
    if (run.part?.silent.has(name)) return null;
    return known ? (known.values[aggregate] ?? null) : total(run, name, aggregate);
  };
  const columns = [
    {
      id: "name",
      title: "Metric",
      left: true,
      sort: (row) => row.name,
      text: (row) => row.name,
      cell: (row) => html`<${MetricName} run=${run} row=${row} />`,
    },
    ...aggregates.map((aggregate) => ({
      id: aggregate,
      title: titleOf(table.type, aggregate),
      sort: (row) => figure(row.name, aggregate),
      cell: (row) => format(figure(row.name, aggregate), unitOf(row.meta, aggregate)),
    })),
  ];
  return html`<${Card}
    id=${`type-${table.type}`}
    title=${table.title}
    caption=${format(rows.length, "count")}
  >
    <${DataTable}
      label=${`${table.title}, table`}
      columns=${columns}
      rows=${rows}
      rowKey=${(row) => row.name}
      filter=${filter}
    />
  <//>`;
}

/** @param {Props<"run">} props */
function MetricName({ run, row }) {
  const { metric, selector } = splitName(row.name);
  const thresholds = run.thresholds.filter((t) => t.metric === row.name);
  const fails = thresholds.some((t) => t.passes === false);
  const passes = isComplete(run) && thresholds.length > 0 && thresholds.every((t) => t.passes === true);
  return html`<span class=${selector === null ? "metric-name" : "metric-name submetric"} title=${row.name}>
    <bdi>${selector === null ? metric : html`<span class="caption">${metric}</span>{${selector}}`}</bdi>
    ${fails && html` <${Sign} state="bad"><span class="unseen">a threshold fails</span><//>`}
    ${passes && html` <${Sign} state="good"><span class="unseen">thresholds pass</span><//>`}
    ${row.meta.unknown && html` <span class="tag tag-warning" title="Shown as the likeliest type by its values">type not known</span>`}
    ${run.part?.silent.has(row.name) && html` <span class="tag">${NO_SAMPLES}</span>`}
    ${row.meta.partial && html` <span class="tag" title="Counts from when its threshold became known">partial</span>`}
  </span>`;
}
