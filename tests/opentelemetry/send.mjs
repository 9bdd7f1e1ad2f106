// Loads TARGET by fetch, and sends what OpenTelemetry's JavaScript SDK measures of it to LOADGATE, three times: as JSON
// and as protobuf since the start, and as JSON interval by interval. Prints what it counted itself, as JSON.

import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { OTLPMetricExporter as Json } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as Protobuf } from "@opentelemetry/exporter-metrics-otlp-proto";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { resourceFromAttributes } from "@opentelemetry/resources";

const { LOADGATE, TARGET } = process.env;
const ROUNDS = 20;

const exporters = [
  new Json({ url: `${LOADGATE}/js-json/v1/metrics` }),
  new Protobuf({ url: `${LOADGATE}/js-protobuf/v1/metrics`, compression: "gzip" }),
  new Json({
    url: `${LOADGATE}/js-delta/v1/metrics`,
    temporalityPreference: AggregationTemporality.DELTA,
  }),
];
// By hand alone: nothing is sent between the rounds that the test knows.
const readers = exporters.map(
  (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 }),
);
const provider = new MeterProvider({
  resource: resourceFromAttributes({ "service.name": "shop-load", testid: "nightly" }),
  readers,
  views: [
    {
      instrumentName: "payment.time",
      aggregation: {
        type: AggregationType.EXPONENTIAL_HISTOGRAM,
        options: { maxSize: 160, recordMinMax: true },
      },
    },
  ],
});
const undici = new UndiciInstrumentation();
undici.setMeterProvider(provider);
undici.enable();

const meter = provider.getMeter("shop", "1.0");
const orders = meter.createCounter("orders");
const payment = meter.createHistogram("payment.time", { unit: "s" });
const counted = { requests: {}, elapsed_ms: 0, orders: 0, payments_ms: [] };

async function get(path) {
  const start = performance.now();
  const answer = await fetch(TARGET + path);
  await answer.text();
  counted.elapsed_ms += performance.now() - start;
  counted.requests[answer.status] = (counted.requests[answer.status] ?? 0) + 1;
}

for (let round = 1; round <= ROUNDS; round += 1) {
  await get("/slow");
  if (round % 4 === 0) await get("/missing");
  orders.add(2, { kind: "book" });
  counted.orders += 2;
  const seconds = 0.001 * (1 + round * round);
  payment.record(seconds);
  counted.payments_ms.push(seconds * 1e3);
  if (round % 5 === 0) {
    // What these send is measured, too, unless it is left out: the SDK leaves out its own requests.
    for (const reader of readers) await reader.forceFlush();
  }
}
undici.disable();
await provider.shutdown();
console.log(JSON.stringify(counted));
