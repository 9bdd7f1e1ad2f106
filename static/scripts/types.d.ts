/** What the pages' modules hand to each other. Of the server's documents, `documents.d.ts` has the shapes. */

import type { createApi } from "./data/api.js";
import type { createSession } from "./data/session.js";
import type { parseRoute } from "./router.js";
import type { Dashboard, DashboardBands, DashboardSection, Events } from "./documents.js";

export type MetricType = "counter" | "gauge" | "rate" | "trend";
/** As `format` takes it. */
export type Unit = "time" | "data" | "data/s" | "ratio" | "rate" | "count" | "number";

export type Metric = Events["metric"][string];
export type Threshold = Events["thresholds"][number];
export type Health = Events["health"];
export type WantedLoad = Health["wanted"][number];
export type Tables = Events["tables"];
export type TableName = keyof Tables;
export type RequestRow = Tables["requests"][number];
export type StatusRow = Tables["statuses"][number];
export type CheckRow = Tables["checks"][number];
export type GroupRow = Tables["groups"][number];
/** A row's name in its parts: `["GET", "home"]`. */
export type RowKey = string[];

/** How a run ended, for people. */
export interface Outcome {
  exit: number | null;
  aborted: boolean;
  state: "bad" | "none";
  text: string;
}

/** One run of `GET /runs`; times are Unix ms. */
export interface RunItem {
  id: string;
  test: string;
  number: number | null;
  name: string | null;
  /** null while only the id is known. */
  state: "live" | "ended" | "unreadable" | null;
  /** null as `state`; never in a list. */
  start: any;
  end: number | null;
  label?: string | null;
  note?: string | null;
  /** What all samples were tagged with; of a live run with `figures`. */
  tags?: Record<string, string[]>;
  baseline?: boolean;
  outcome?: Outcome | null;
  /** The newest that was kept; null while there is none. */
  verdict?: ObjectiveState | null;
  /** How many objectives that judged; null while there is none. */
  objectives?: number | null;
  /** With `figures=1`, as the next two. */
  figures?: Record<"requests" | "rate" | "p95" | "failed" | "checks" | "vus" | "iterations", number | null>;
  thresholds?: Threshold[];
  thresholdsKnown?: boolean;
}

/** A test of `GET /tests`. */
export interface TestItem {
  test: string;
  /** That are kept; `moreRuns`: at least so many. */
  runs: number;
  moreRuns: boolean;
  /** The newest. */
  last: RunItem;
  /** The run that others are compared with. */
  baseline: string | null;
  /** The newest that have ended, the oldest first. */
  trend: { run: string; p95: number | null; failed: number | null }[];
}

/** A page of them, the one that ran last first; `next` is what to ask for as `after`. */
export interface TestPage {
  tests: TestItem[];
  next: number | null;
}

/** `GET /runs/ID/summary`. */
export interface Summary extends Tables {
  run: string;
  test: string;
  state: "live" | "ended" | "unreadable";
  start: number;
  end: number | null;
  planned?: number | null;
  /** The part that the figures are of; absent: the whole run. Unix ms. */
  window?: { start: number; end: number };
  metrics: Record<string, Metric & { values: Record<string, number>; silent?: boolean }>;
  thresholds: Threshold[];
  health?: Health;
  outcome?: Outcome | null;
  label?: string | null;
  note?: string | null;
}

/** `GET /runs/ID/requests`. */
export interface FoundRequests {
  run: string;
  window?: { start: number; end: number };
  by: string[];
  /** All that match, together. */
  whole: RequestRow;
  rows: RequestRow[];
  /** Requests of which nobody knows whether they match. */
  other: number;
}

/** `GET /runs/ID/verdict`, and the state event of it; times are Unix ms. */
export type GateVerdict = Omit<Events["verdict"], "objectives"> & { objectives: ObjectiveResult[] };

/** The worst last. */
export type ObjectiveState = Events["verdict"]["state"];

/** What became of one objective, as the gate says it; figures are in the unit beside them. */
export type ObjectiveResult = Omit<Events["verdict"]["objectives"][number], "unit"> & { unit: Unit };

/** The verdict of the shown run as the page has it. `judge` says whether it came to another. */
/** What an expert would notice, `docs/findings.md`. */
export interface Findings {
  run: string;
  test: string;
  findings: Finding[];
  muted: Finding[];
}

export interface Finding {
  kind: string;
  title: string;
  evidence: string[];
  view: string;
  metrics?: string[];
  /** Unix ms. */
  at?: number;
}

export interface Gate {
  verdict: GateVerdict | null;
  problem: string | null;
  judge(): Promise<boolean>;
  retry(): void;
}

/** A row of `Heatmap`: `cells` are parallel to its runs, null where a run was not asked. */
export interface HeatRow {
  key: string;
  name: string;
  limit: string;
  /** What stands behind the name. */
  hint: string;
  cells: ({ state: State; word: string; note: string } | null)[];
}

/** `GET /runs/ID/rows`: windows of a table's rows. `at` are places in `times`; times are Unix ms. */
export interface RowsDocument {
  times: number[];
  seconds: number[];
  series: RowSeries[];
}
export interface RowSeries extends Partial<Record<RowFigure, number[]>> {
  key: RowKey;
  metric: string;
  at: number[];
}
export type RowFigure = "count" | "nonzero" | "sum" | "p50" | "p95" | "p99" | "max";

/** What is kept of a table's windows. */
export interface Rows {
  revision: number;
  times: number[];
  seconds: number[];
  series: Map<string, KeptSeries>;
}
export interface KeptSeries extends Record<RowFigure, any[]> {
  key: RowKey;
  metric: string;
  type: MetricType | null;
  at: number[];
}

/** `GET /runs/ID/distribution`. */
export interface Distribution {
  contains?: "time" | "data";
  count: number;
  min: number;
  max: number;
  bins: { from: number; to: number; count: number }[];
  percentiles: [number, number][];
}

/** The names and types in force, parallel to the arrays of a snapshot. */
export interface Layout {
  names: string[];
  index: Map<string, number>;
  types: Map<string, MetricType>;
}

/** A column over time, parallel to a run's `times`; null is a gap. */
export type Column = (number | null)[];

/** A run as `model/run.js` builds it from events; of less, a drawing is made. */
export interface Run {
  /** null for a drawing that is no run of the server. */
  id: any;
  lastEvent: number;
  /** Of a drawing that is no run of events, anything that changes with it. */
  revision: any;
  /** When it was opened, as long as its charts are not drawn (`measure.js`). */
  opened: { at: number | null } | null;
  current: boolean;
  param: Omit<Events["param"], "thresholds" | "scenarios" | "period" | "thresholdsKnown" | "run" | "test"> &
    Partial<Events["param"]> & { thresholds: Record<string, string[]>; scenarios: string[] };
  config: Partial<Dashboard>;
  metrics: Map<string, Metric>;
  layout: Layout;
  /** null before the first sample, when there is no figure to set against it either. */
  start: any;
  stop: number | null;
  times: number[];
  snapshots: number[][][];
  layouts: Layout[];
  columns: Map<string, Column>;
  cumulative: { data: number[][]; layout: Layout } | null;
  thresholds: Threshold[];
  tables: Tables;
  health: Health | null;
  /** What the server merged, by width in seconds and metric, then by the number of the window. */
  merged?: Map<string, Map<number, number[]>>;
  /** Asks the server for windows of so many seconds; without it there are none. */
  askMerged?: (width: number, metrics: string[]) => Promise<SeriesDocument>;
  /** A drawing whose windows are such as a chart draws them. */
  asDrawn?: boolean;
  /** Figures of the whole run by aggregate and metric, where no events say them. */
  totals?: Map<string, number | null>;
  /** Of a run that shows a part of itself: which, and what it is called; the totals are of it. */
  part?: Part | null;
  place?: string | null;

  verdict: GateVerdict | null;
  /** Panels by key, as they were resolved last. */
  resolvedPanels?: Map<string, { serialized: string; panel: Panel }>;
  memo?: Map<string, { given: unknown[]; result: any }>;
}

/** `GET /runs/ID/series`; times are Unix ms. */
export interface SeriesDocument {
  times: number[];
  series: { metric: string; values: number[][] }[];
}

/** The windows that a chart draws, as `model/windows.js` chooses them; times are their ends, width is in seconds. */
export interface DrawnWindows {
  width: number;
  times: number[];
  /** Places in the run's windows, from and up to, of each; null: they are the run's own. */
  groups: [number, number][] | null;
  /** The newest is a sliver and part of the one before it. */
  last: boolean;
}

/** A tab of the dashboard, or one of the pages' own. */
export interface Tab {
  id: string;
  title: string;
  sections?: DashboardSection[];
  view?: string;
}

/** A series as `model/panels.js` resolves it; its colour is a custom property. */
export interface Series {
  metric: string;
  aggregate: string;
  label: string;
  color: string;
  fill?: boolean;
  dash?: boolean;
  right?: boolean;
  unit?: Unit;
}

/** A panel as `model/panels.js` resolves it, or one that a view makes of the same parts. */
export interface Panel {
  key?: string;
  id: string;
  kind?: string;
  title: string;
  caption: string;
  unit: Unit;
  rightUnit?: Unit | null;
  bands?: DashboardBands | null;
  empty?: boolean;
  series: Series[];
}

/** A panel of two runs' lines, before their names are known: `of` are a metric and its aggregate. */
export interface ComparedPanel extends Pick<Panel, "title" | "caption" | "unit"> {
  of: [string, string];
  color: string;
}

/** A part of a run, in seconds since its start; without an end it goes on with the run. */
export interface Zoom {
  from: number;
  to: number | null;
}

/** What there is to show of a part: its own ends, those of whole windows, and the server's figures of it. */
export interface Part {
  /** As it was asked for … */
  zoom: Zoom;
  /** … and as charts show it. */
  drawn: Zoom;
  from: number;
  to: number;
  seconds: number;
  /** `0:30 to 2:00`. */
  place: string;
  summary: Summary;
  /** Metrics without samples in it. */
  silent: Set<string>;
  /** As `wholeRun` reads them. */
  totals: Map<string, number | null>;
}

/** What is chosen, what is shown, and what is between them. */
export interface Chosen {
  shown: Run;
  part: Part | null;
  /** What charts show: the part's own ends, as soon as they are known. */
  zoom: Zoom | null;
  /** The part that is asked for and not yet there, if the former figures have to be dimmed meanwhile. */
  awaited: Zoom | null;
  /** Why there are no figures of it. */
  problem: string | null;
}

/** A line across a chart, and when it was first crossed, in seconds since the run's start. */
export interface Limit {
  value: number;
  label: string;
  fails: boolean;
  crossed: number | null;
}

/** As of a chip. */
export type State = "good" | "warning" | "bad" | "none" | "open" | "unknown" | "info";

export type Api = ReturnType<typeof createApi>;
export type Session = ReturnType<typeof createSession>;
export type Route = ReturnType<typeof parseRoute>;
export type Navigate = (change: Partial<Route>, options?: { replace?: boolean }) => void;

/** What the app gives to every view. */
export interface ViewProps {
  run: Run;
  session: Session;
  api: Api;
  tab: Tab;
  route: Route;
  navigate: Navigate;
  gate: Gate;
  chosen: string[] | null;
  choose: (shown: string[] | null) => void;
}

/** What the session knows; times are ms of the server's clock. */
export interface SessionState {
  phase: "loading" | "empty" | "missing" | "unreachable" | "run";
  problem: string | null;
  /** Newest first. */
  runs: RunItem[];
  /** null but in the phase `run`, which is that of all views and of most that is done here. */
  run: Run;
  /** null until a run is shown. */
  info: RunItem;
  /** Since when the connection is lost, or null. */
  lostSince: number | null;
  connected: boolean;
  /** When the newest window came. */
  windowAt: number | null;
  /** When the server said that no data came since the newest event; null where it did not. */
  silent: number | null;
  /** A run of the same test that began after the one shown. */
  newer: RunItem | null;
  /** A live run of another test, while the one shown is over. */
  elsewhere: RunItem | null;
  now: number;
}

/** Props that have one meaning wherever a component takes them. */
interface CommonProps extends ViewProps {
  panel: Panel;
  panels: Panel[];
  info: RunItem;
  item: RunItem;
  items: RunItem[];
  health: Health;
  zoom: Zoom | null;
  onZoom: (zoom: Zoom | null) => void;
  series: Series[];
  row: any;
}

/** Some of them, beside props of the component's own. */
export type Props<Names extends keyof CommonProps> = Pick<CommonProps, Names> & Record<string, any>;

/** A test's runs, newest first, as the Runs page has them; `test` is null before the first answer. */
export interface RunList {
  test: string | null;
  /** What the items were looked for by. */
  search: string;
  items: RunItem[];
  /** null: not known. */
  more: boolean | null;
  problem: string | null;
}

/** What a search came to so far; `text` is what was looked for, null before the first answer. */
export interface Found<Item> {
  text: string | null;
  items: Item[];
  /** Where the next page begins; null: that was all. */
  next: any;
  problem: string | null;
}

/** The runs to compare with; null until they are known. */
export interface RunChoices {
  test: string | null;
  items: RunItem[] | null;
  problem: string | null;
}

/** What the server says of a difference. */
export type Says =
  "worse" | "better" | "differs" | "none" | "little" | "unknown" | "unlike" | "added" | "gone" | "shown";

/** One figure of two runs; `interval` is of `change`, of shares of `difference`. */
export interface ComparedFigure {
  table: "run" | "requests" | "checks" | "metrics";
  key?: RowKey;
  metric: string;
  figure: string;
  unit: Unit;
  value: number | null;
  other: number | null;
  difference: number | null;
  change: number | null;
  interval?: [number | null, number | null];
  says: Says;
  text: string;
}

/** A threshold of two runs. */
export interface ComparedThreshold {
  metric: string;
  expression: string;
  unit: Unit;
  value: number | null;
  other: number | null;
  passes: boolean | null;
  passed: boolean | null;
  turn: "same" | "fails" | "holds" | "added" | "gone";
}

/** `GET /runs/ID/comparison`. */
export interface Comparison {
  run: string;
  other: string;
  baseline?: boolean;
  provisional?: boolean;
  says: Says;
  sentence: string;
  notes: string[];
  level: number;
  window?: { start: number; end: number };
  otherWindow?: { start: number; end: number };
  conditions: { title: string; value: string; other: string; differs: boolean }[];
  thresholds: ComparedThreshold[];
  figures: ComparedFigure[];
}

/** A comparison as a page has it: `comparison` is null before the first answer, and where there is nothing to compare with. */
export interface ComparisonState {
  comparison: Comparison | null;
  problem: string | null;
  /** The server has said. */
  known: boolean;
}

/** The run that the shown one is compared with, as far as it has come. */
export interface FollowedRun {
  id: string | null;
  run: Run | null;
  lost: boolean;
}
