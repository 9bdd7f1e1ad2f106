import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.dynatrace.DynatraceConfig;
import io.micrometer.dynatrace.DynatraceMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Records times, sizes and the like by Micrometer, whose Dynatrace registry sends them to LOADGATE every second, and prints
 * what was recorded, as JSON.
 */
public class Send {
    private static final int ROUNDS = 35;

    public static void main(String[] arguments) throws InterruptedException {
        String loadgate = System.getenv("LOADGATE");
        DynatraceConfig config = new DynatraceConfig() {
            @Override
            public String get(String key) {
                return null;
            }

            @Override
            public String uri() {
                return loadgate + "/micrometer/api/v2/metrics/ingest";
            }

            @Override
            public String apiToken() {
                return "any";
            }

            @Override
            public Duration step() {
                return Duration.ofSeconds(1);
            }

            @Override
            public Map<String, String> defaultDimensions() {
                return Map.of("testid", "nightly");
            }

            @Override
            public boolean enrichWithDynatraceMetadata() {
                return false;
            }
        };
        // What the server says of a line that it refuses is a warning.
        Logger.getLogger("").setLevel(Level.WARNING);
        DynatraceMeterRegistry registry = new DynatraceMeterRegistry(config, Clock.SYSTEM);

        Timer[] pays = new Timer[2];
        for (int till = 0; till < pays.length; till++) {
            Timer.Builder timer = Timer.builder("payment.time").description("Time to pay, \"all in\"");
            pays[till] = timer.tag("till", "till = " + till + ", C:\\ left").register(registry);
        }
        Counter orders = Counter.builder("orders").tag("kind", "online, \"express\"").register(registry);
        DistributionSummary basket = DistributionSummary.builder("basket.size").baseUnit("bytes").register(registry);
        AtomicInteger waiting = new AtomicInteger();
        Gauge.builder("queue.length", waiting, AtomicInteger::get).register(registry);

        List<Long> paymentsMs = new ArrayList<>();
        List<Double> baskets = new ArrayList<>();
        int ordered = 0;
        Random random = new Random(7);
        for (int round = 0; round < ROUNDS; round++) {
            // The registry cuts times to whole milliseconds.
            long tookMs = 1 + random.nextInt(900);
            pays[round % 2].record(tookMs, TimeUnit.MILLISECONDS);
            paymentsMs.add(tookMs);
            double size = random.nextInt(100_000) / 8.0;
            basket.record(size);
            baskets.add(size);
            int some = 1 + random.nextInt(4);
            orders.increment(some);
            ordered += some;
            waiting.set(random.nextInt(20));
            Thread.sleep(100);
        }
        waiting.set(42);
        registry.close();
        String format = "{\"orders\":%d,\"queue\":%d,\"payments_ms\":%s,\"baskets\":%s}%n";
        System.out.printf(format, ordered, waiting.get(), paymentsMs, baskets);
    }
}
