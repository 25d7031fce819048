package cardstream.bench.peer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;

import cardstream.v1.CancelRequest;
import cardstream.v1.LifecycleEvent;
import cardstream.v1.ProvisioningCommand;
import cardstream.v1.ProvisioningRequest;
import cardstream.v1.SetUserParameters;
import cardstream.v1.SmartcardCommand;
import cardstream.v1.SmartcardIdentifier;
import cardstream.v1.SubscriptionIdentifier;

/** The topology on a test driver, one partition, its clock given. */
final class World implements AutoCloseable {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    final TopologyTestDriver driver;
    final TestInputTopic<byte[], byte[]> commands;
    final TestOutputTopic<String, LifecycleEvent> events;
    final TestOutputTopic<String, SmartcardCommand> cards;
    final TestOutputTopic<byte[], byte[]> letters;
    private final Wire<ProvisioningCommand> written;

    World() {
        Registry registry = new Fixed();
        Properties p = new Properties();
        p.putAll(Settings.parse(new String[0]).properties());
        p.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("java.io.tmpdir") + "/peer-test-" + System.nanoTime());
        driver = new TopologyTestDriver(Job.topology("", 1, Duration.ofMillis(100), registry), p, START);
        written = Wire.of(registry, ProvisioningCommand.class, "provisioning.commands");
        commands = driver.createInputTopic("provisioning.commands", new ByteArraySerializer(), new ByteArraySerializer());
        events = driver.createOutputTopic("provisioning.events", new StringDeserializer(),
                Wire.reading(registry, LifecycleEvent.class));
        cards = driver.createOutputTopic("smartcard.commands", new StringDeserializer(),
                Wire.reading(registry, SmartcardCommand.class));
        letters = driver.createOutputTopic("provisioning.dead-letters", new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** Sends a command as the CRM would, at the driver's time. */
    void send(ProvisioningCommand c) {
        bytes(written.serialize("provisioning.commands", c));
    }

    void bytes(byte[] value) {
        commands.pipeInput(new TestRecord<>("key".getBytes(StandardCharsets.UTF_8), value, now()));
    }

    Instant now() {
        return START.plus(passed);
    }

    private Duration passed = Duration.ZERO;

    void pass(Duration time) {
        passed = passed.plus(time);
        driver.advanceWallClockTime(time);
    }

    ProvisioningRequest request(String number) {
        KeyValueStore<String, ProvisioningRequest> store = driver.getKeyValueStore(Job.REQUEST_STORE);
        return store.get(number);
    }

    /** The events so far that were not read yet: type, request and codes. */
    List<String> told() {
        List<String> told = new ArrayList<>();
        for (LifecycleEvent e : events.readValuesToList()) {
            String codes = String.join(",", e.getErrors().stream().map(v -> v.getCode()).sorted().toList());
            told.add((e.getEventType() + " " + e.getRequestNumber() + " " + codes).trim());
        }
        return told;
    }

    static ProvisioningCommand command(String id, Object content) {
        return new ProvisioningCommand(id, START, "crm", content);
    }

    static SetUserParameters reset(String serial) {
        return new SetUserParameters(new SubscriptionIdentifier(null, "S-1"),
                new SmartcardIdentifier(null, serial, null), true, null, null, null);
    }

    static SetUserParameters at(String serial, Duration ahead) {
        SetUserParameters s = reset(serial);
        s.setScheduledDate(START.plus(ahead));
        return s;
    }

    static ProvisioningCommand cancel(String id, String number) {
        return command(id, new CancelRequest(number));
    }

    @Override
    public void close() {
        driver.close();
    }

    static <T extends SpecificRecordBase> T last(List<T> list) {
        return list.get(list.size() - 1);
    }
}
