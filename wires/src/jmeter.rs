//! JMeter: its InfluxDB listeners and its result files.
