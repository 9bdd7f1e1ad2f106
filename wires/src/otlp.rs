//! OpenTelemetry metrics, as OTLP carries them over HTTP.
