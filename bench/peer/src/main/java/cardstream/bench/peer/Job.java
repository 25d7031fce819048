package cardstream.bench.peer;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

import cardstream.v1.LifecycleEvent;
import cardstream.v1.ProvisioningCommand;
import cardstream.v1.ProvisioningRequest;
import cardstream.v1.RequestEntry;
import cardstream.v1.SmartcardCommand;

/**
 * cardstream's job as a topology of two halves, joined by provisioning.requests, whose offsets number the requests:
 *
 * <pre>
 * provisioning.commands → Intake → provisioning.requests → Dispatch → smartcard.commands, provisioning.events
 *                            └→ provisioning.events, dead letters        └ requests, due, commands (RocksDB)
 * </pre>
 */
final class Job {
    /** Names of sinks and stores. */
    static final String REQUESTS = "to-requests";
    static final String EVENTS = "to-events";
    static final String CARDS = "to-smartcard-commands";
    static final String LETTERS = "to-dead-letters";
    static final String REQUEST_STORE = "requests";
    static final String DUE_STORE = "due";
    static final String COMMAND_STORE = "commands";

    private Job() { }

    /**
     * Makes the topology. The prefix is that of all topics' names, partitions are those of provisioning.requests, and
     * punctuate is how often the clock is looked at.
     */
    static Topology topology(String prefix, int partitions, Duration punctuate, Registry registry) {
        String commands = prefix + "provisioning.commands";
        String requests = prefix + "provisioning.requests";
        String events = prefix + "provisioning.events";
        String cards = prefix + "smartcard.commands";
        String state = prefix + "provisioning.state";
        var bytes = new ByteArraySerializer();
        var text = new StringSerializer();
        Wire<RequestEntry> entries = Wire.of(registry, RequestEntry.class, requests);
        Wire<LifecycleEvent> life = Wire.of(registry, LifecycleEvent.class, events);

        return new Topology()
                .addSource("commands", new ByteArrayDeserializer(), new ByteArrayDeserializer(), commands)
                .addProcessor("intake", () -> new Intake(registry, partitions), "commands")
                .addSink(REQUESTS, requests, text, entries, new ByRequest(), "intake")
                .addSink(LETTERS, prefix + "provisioning.dead-letters", bytes, bytes, "intake")
                .addSource("requests", new StringDeserializer(), entries, requests)
                .addProcessor("dispatch", () -> new Dispatch(punctuate), "requests")
                .addStateStore(requestStore(Wire.of(registry, ProvisioningRequest.class, state)), "dispatch")
                .addStateStore(dueStore(), "dispatch")
                .addStateStore(commandStore(), "dispatch")
                .addSink(CARDS, cards, text, Wire.of(registry, SmartcardCommand.class, cards), "dispatch")
                .addSink(EVENTS, events, text, life, "intake", "dispatch");
    }

    /**
     * The requests by their number. The changelog's records are those of provisioning.state, key and value: Kafka Streams
     * gives it another name. No cache: within a step a request is put once, so that a cache has nothing to save.
     */
    private static StoreBuilder<?> requestStore(Wire<ProvisioningRequest> values) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(REQUEST_STORE), Serdes.String(), values)
                .withLoggingEnabled(Map.of()).withCachingDisabled();
    }

    private static StoreBuilder<?> dueStore() {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(DUE_STORE), Serdes.Bytes(), Serdes.ByteArray())
                .withLoggingEnabled(Map.of()).withCachingDisabled();
    }

    private static StoreBuilder<?> commandStore() {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(COMMAND_STORE), Serdes.String(), Serdes.Long())
                .withLoggingEnabled(Map.of()).withCachingDisabled();
    }

    /** Sends a cancel to the partition of the request that it names, and everything else to that of its key. */
    private static final class ByRequest implements StreamPartitioner<String, RequestEntry> {
        @Override
        public Optional<Set<Integer>> partitions(String topic, String key, RequestEntry value, int count) {
            return value.getCancel() == null ? Optional.empty()
                    : Optional.of(Set.of(RequestNumber.parse(value.getCancel().getNumber()).partition()));
        }
    }
}
