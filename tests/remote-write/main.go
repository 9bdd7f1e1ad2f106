// Command remote-write is Prometheus in its agent mode without the scraping: client_golang measures, and Prometheus's
// own write-ahead log, queues and shards send it to LOADGATE by remote write 1.0 and 2.0 at once. It prints what it
// measured as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/agent"
)

// settings sends to both, in pieces so small that a classic histogram is scattered unless it is kept together.
const settings = `
remote_write:
  - name: one
    url: %[1]s/rw-one/api/v1/write
    protobuf_message: prometheus.WriteRequest
    send_native_histograms: true
    metadata_config: {send: false}
    queue_config: {batch_send_deadline: 100ms, min_shards: 1, max_shards: 1}
  - name: two
    url: %[1]s/rw-two/api/v1/write
    protobuf_message: io.prometheus.write.v2.Request
    send_native_histograms: true
    metadata_config: {send: false}
    queue_config: {batch_send_deadline: 100ms, min_shards: 1, max_shards: 1}
`

// rounds are as many scrapes.
const rounds = 20

type figures struct {
	Count int     `json:"count"`
	Sum   float64 `json:"sum"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
}

func of(values []float64) figures {
	f := figures{Count: len(values), Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range values {
		f.Sum += v
		f.Min, f.Max = math.Min(f.Min, v), math.Max(f.Max, v)
	}
	return f
}

func main() {
	if err := run(os.Getenv("LOADGATE")); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(loadgate string) error {
	folder, err := os.MkdirTemp("", "remote-write")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	configuration, err := config.Load(fmt.Sprintf(settings, loadgate), logger)
	if err != nil {
		return err
	}
	sent := prometheus.NewRegistry()
	sender := remote.NewStorage(logger, sent, func() (int64, error) { return 0, nil }, folder, time.Minute, nil, false)
	log, err := agent.Open(logger, nil, sender, folder, agent.DefaultOptions())
	if err != nil {
		return err
	}
	log.SetWriteNotified(sender)
	// Its readers want the log to be there.
	if err := sender.ApplyConfig(configuration); err != nil {
		return err
	}

	registry := prometheus.NewRegistry()
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders_total"}, []string{"kind"})
	queue := prometheus.NewGauge(prometheus.GaugeOpts{Name: "queue_count"})
	payment := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "payment_seconds", NativeHistogramBucketFactor: 1.1})
	basket := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "basket_bytes", Buckets: []float64{0, 100, 1000}})
	registry.MustRegister(orders, queue, payment, basket)

	var payments, baskets []float64
	sold := 0.0
	for round := range rounds {
		orders.WithLabelValues("book").Add(2)
		sold += 2
		queue.Set(float64(round) / 2)
		seconds := 0.001 * float64(1+round*round)
		payment.Observe(seconds)
		payments = append(payments, seconds*1000)
		basket.Observe(float64(40 * round))
		baskets = append(baskets, float64(40*round))
		families, err := registry.Gather()
		if err != nil {
			return err
		}
		into := log.Appender(context.Background())
		if err := scrape(into, families, time.Now().UnixMilli()); err != nil {
			return err
		}
		if err := into.Commit(); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	wrong, err := drained(sent)
	if err != nil {
		return err
	}
	// The log closes its sender, too.
	if err := log.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"orders": sold, "queue": float64(rounds-1) / 2, "payment": of(payments), "basket": of(baskets), "sender": wrong,
	})
}

// drained waits until nothing is on its way, and gives what the queues say of themselves.
func drained(sent *prometheus.Registry) (map[string]float64, error) {
	said := map[string]float64{}
	for range 300 {
		families, err := sent.Gather()
		if err != nil {
			return nil, err
		}
		clear(said)
		for _, family := range families {
			for _, metric := range family.Metric {
				for _, label := range metric.Label {
					if label.GetName() == "remote_name" {
						said[family.GetName()+" "+label.GetValue()] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
					}
				}
			}
		}
		pending := 0.0
		for _, name := range []string{"one", "two"} {
			pending += said["prometheus_remote_storage_samples_pending "+name]
			pending += said["prometheus_remote_storage_histograms_pending "+name]
			pending += math.Max(0, rounds-said["prometheus_remote_storage_histograms_total "+name])
		}
		if pending == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	few := map[string]float64{}
	for _, name := range []string{"one", "two"} {
		for _, what := range []string{
			"samples_total", "histograms_total", "samples_failed_total", "histograms_failed_total",
			"samples_retried_total", "histograms_retried_total", "samples_dropped_total",
		} {
			few[name+" "+what] = said["prometheus_remote_storage_"+what+" "+name]
		}
	}
	return few, nil
}

// scrape writes what was gathered as a scrape does.
func scrape(into storage.Appender, families []*dto.MetricFamily, now int64) error {
	for _, family := range families {
		name := family.GetName()
		about := metadata.Metadata{Help: "as measured"}
		add := func(name string, metric *dto.Metric, extra []string, value float64, native *histogram.Histogram) error {
			set := []string{model.MetricNameLabel, name, "job", "shop"}
			for _, label := range metric.Label {
				set = append(set, label.GetName(), label.GetValue())
			}
			series := labels.FromStrings(append(set, extra...)...)
			ref, err := storage.SeriesRef(0), error(nil)
			if native != nil {
				ref, err = into.AppendHistogram(0, series, now, native, nil)
			} else {
				ref, err = into.Append(0, series, now, value)
			}
			if err == nil {
				_, err = into.UpdateMetadata(ref, series, about)
			}
			return err
		}
		for _, metric := range family.Metric {
			var err error
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				about.Type = model.MetricTypeCounter
				err = add(name, metric, nil, metric.Counter.GetValue(), nil)
			case dto.MetricType_GAUGE:
				about.Type = model.MetricTypeGauge
				err = add(name, metric, nil, metric.Gauge.GetValue(), nil)
			case dto.MetricType_HISTOGRAM:
				about.Type = model.MetricTypeHistogram
				h := metric.Histogram
				if h.Schema != nil {
					err = add(name, metric, nil, 0, native(h))
					break
				}
				for _, bucket := range h.Bucket {
					bound := []string{"le", fmt.Sprint(bucket.GetUpperBound())}
					if err = add(name+"_bucket", metric, bound, float64(bucket.GetCumulativeCount()), nil); err != nil {
						return err
					}
				}
				last := []string{"le", "+Inf"}
				if err = add(name+"_bucket", metric, last, float64(h.GetSampleCount()), nil); err != nil {
					return err
				}
				if err = add(name+"_sum", metric, nil, h.GetSampleSum(), nil); err != nil {
					return err
				}
				err = add(name+"_count", metric, nil, float64(h.GetSampleCount()), nil)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func native(h *dto.Histogram) *histogram.Histogram {
	spans := func(all []*dto.BucketSpan) (spans []histogram.Span) {
		for _, span := range all {
			spans = append(spans, histogram.Span{Offset: span.GetOffset(), Length: span.GetLength()})
		}
		return spans
	}
	return &histogram.Histogram{
		Schema: h.GetSchema(), ZeroThreshold: h.GetZeroThreshold(), ZeroCount: h.GetZeroCount(),
		Count: h.GetSampleCount(), Sum: h.GetSampleSum(),
		PositiveSpans: spans(h.PositiveSpan), PositiveBuckets: h.PositiveDelta,
		NegativeSpans: spans(h.NegativeSpan), NegativeBuckets: h.NegativeDelta,
	}
}
