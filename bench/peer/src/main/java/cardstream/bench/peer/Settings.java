package cardstream.bench.peer;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** Flags, {@code --name value}, and what Kafka Streams is told because of them. README.md has the table. */
record Settings(String brokers, String registry, String prefix, String app, String store, int port, boolean latency,
        int threads, int punctuateMillis, Map<String, String> streams) {

    private static final long MIB = 1024 * 1024;

    /** Reads the flags. {@code --set name=value}, as often as wanted, is told to Kafka Streams as it is. */
    static Settings parse(String[] args) {
        Map<String, String> flags = new HashMap<>(Map.of(
                "brokers", "127.0.0.1:9092", "registry", "http://127.0.0.1:8081", "prefix", "", "app", "peer",
                "store", "peer-store", "ready-port", "8082", "tune", "throughput",
                "threads", Integer.toString(Runtime.getRuntime().availableProcessors())));
        Map<String, String> streams = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            String name = args[i].replaceFirst("^--", "");
            if (name.equals("set")) {
                String[] pair = args[i + 1].split("=", 2);
                streams.put(pair[0], pair[1]);
            } else if (flags.put(name, args[i + 1]) == null && !name.equals("punctuate")) {
                throw new IllegalArgumentException("unknown flag " + args[i]);
            }
        }
        if (args.length % 2 != 0 || !flags.get("tune").matches("throughput|latency")) {
            throw new IllegalArgumentException("flags are --name value; --tune is throughput or latency");
        }
        boolean latency = flags.get("tune").equals("latency");
        String punctuate = flags.getOrDefault("punctuate", latency ? "5" : "100");
        return new Settings(flags.get("brokers"), flags.get("registry"), flags.get("prefix"), flags.get("app"),
                flags.get("store"), Integer.parseInt(flags.get("ready-port")), latency,
                Integer.parseInt(flags.get("threads")), Integer.parseInt(punctuate), streams);
    }

    /** What Kafka Streams is told. */
    Properties properties() {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, app);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        p.put(StreamsConfig.STATE_DIR_CONFIG, store);
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1); // the broker's default
        p.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedMemory.class);
        p.put(BoundedMemory.TOTAL, 256 * MIB);
        p.put(BoundedMemory.WRITE_BUFFERS, 96 * MIB);
        p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // no store is cached
        // A burst that falls due at once is one step.
        p.put(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 60_000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6_000); // as cardstream's
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 1_000);
        p.putAll(latency ? forLatency() : forThroughput());
        p.putAll(streams);
        return p;
    }

    /** Few, large transactions and batches; records in plenty at hand. */
    private static Map<String, Object> forThroughput() {
        return Map.of(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000,
                StreamsConfig.POLL_MS_CONFIG, 100,
                StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 5_000,
                StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100,
                StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024,
                StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128 * MIB,
                StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000,
                StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 * 1024 * 1024,
                StreamsConfig.consumerPrefix(ConsumerConfig.RECEIVE_BUFFER_CONFIG), 1024 * 1024,
                StreamsConfig.producerPrefix(ProducerConfig.SEND_BUFFER_CONFIG), 1024 * 1024);
    }

    /** A transaction as soon as there is something for it, and nobody waits for company. */
    private static Map<String, Object> forLatency() {
        return Map.of(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 10,
                StreamsConfig.POLL_MS_CONFIG, 5,
                StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0,
                StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 64 * 1024,
                StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), 1,
                // What waits in a fetch while a transaction is open is not told of its end before this has passed.
                StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 500);
    }
}
