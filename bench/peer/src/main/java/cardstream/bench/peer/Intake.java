package cardstream.bench.peer;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

import cardstream.v1.Action;
import cardstream.v1.CancelEntry;
import cardstream.v1.CancelRequest;
import cardstream.v1.CreateEntry;
import cardstream.v1.ProvisioningCommand;
import cardstream.v1.RequestEntry;
import cardstream.v1.SetUserParameters;
import cardstream.v1.Violation;

/** Judges commands and routes them: a valid one into provisioning.requests, an invalid one to the events. No state. */
final class Intake implements Processor<byte[], byte[], Object, Object> {
    private final Wire<ProvisioningCommand> commands;
    private final int partitions; // of provisioning.requests
    private ProcessorContext<Object, Object> context;

    Intake(Registry registry, int partitions) {
        this.commands = Wire.reading(registry, ProvisioningCommand.class);
        this.partitions = partitions;
    }

    @Override
    public void init(ProcessorContext<Object, Object> context) {
        this.context = context;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        ProvisioningCommand c;
        try {
            c = commands.read(record.value());
        } catch (Wire.BadRecord bad) {
            bury(record, bad);
            return;
        }
        long now = context.currentSystemTimeMs();
        List<Violation> wrong = Rules.judge(c, now);
        if (!wrong.isEmpty()) {
            reject(c, wrong, now);
        } else if (c.getCommand() instanceof CancelRequest cancel) {
            cancel(c, cancel, record.timestamp(), now);
        } else {
            create(c, (SetUserParameters) c.getCommand(), record.timestamp(), now);
        }
    }

    private void create(ProvisioningCommand c, SetUserParameters s, long appended, long now) {
        CreateEntry create = new CreateEntry();
        create.setCommandId(c.getCommandId());
        create.setSource(c.getSource());
        create.setSubscriptionIdentifier(s.getSubscriptionIdentifier());
        create.setSmartcardIdentifier(s.getSmartcardIdentifier());
        create.setAction(s.getNewPin() != null ? Action.SET_PIN : Action.RESET_PIN);
        create.setNewPin(s.getNewPin());
        create.setProcessImmediately(Boolean.TRUE.equals(s.getProcessImmediately()));
        create.setScheduledDate(s.getScheduledDate());
        create.setAppendedAt(Instant.ofEpochMilli(appended));
        context.forward(new Record<>(Cards.key(s.getSmartcardIdentifier()), new RequestEntry(create, null, null), now),
                Job.REQUESTS);
    }

    /** Routes a cancel to the partition of its request, which alone can say whether it is still PENDING. */
    private void cancel(ProvisioningCommand c, CancelRequest cancel, long appended, long now) {
        if (RequestNumber.parse(cancel.getNumber()).partition() >= partitions) {
            reject(c, List.of(Events.unknownRequest()), now);
            return;
        }
        CancelEntry entry = new CancelEntry(
                c.getCommandId(), c.getSource(), cancel.getNumber(), Instant.ofEpochMilli(appended));
        context.forward(new Record<>(cancel.getNumber(), new RequestEntry(null, entry, null), now), Job.REQUESTS);
    }

    private void reject(ProvisioningCommand c, List<Violation> wrong, long now) {
        RecordMetadata at = context.recordMetadata().orElseThrow();
        String stands = at.topic() + "-" + at.partition() + "-" + at.offset();
        String key = c.getCommand() instanceof SetUserParameters s ? Cards.key(s.getSmartcardIdentifier()) : null;
        if (key == null) {
            key = c.getCommandId().isEmpty() ? stands : Events.excerpt(c.getCommandId());
        }
        context.forward(new Record<>(key, Events.rejected(stands, c, wrong, Instant.ofEpochMilli(now)), now), Job.EVENTS);
    }

    /** Sends the record's own bytes to the dead letters, and why. */
    private void bury(Record<byte[], byte[]> record, Wire.BadRecord bad) {
        RecordMetadata at = context.recordMetadata().orElseThrow();
        Headers headers = record.headers();
        header(headers, "cardstream.error.code", bad.code);
        header(headers, "cardstream.error.message", bad.getMessage());
        header(headers, "cardstream.source.topic", at.topic());
        header(headers, "cardstream.source.partition", Integer.toString(at.partition()));
        header(headers, "cardstream.source.offset", Long.toString(at.offset()));
        header(headers, "cardstream.source.timestamp", Long.toString(record.timestamp()));
        context.forward(new Record<Object, Object>(record.key(), record.value(), record.timestamp(), headers), Job.LETTERS);
    }

    private static void header(Headers headers, String name, String value) {
        headers.remove(name);
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
