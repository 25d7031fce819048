package cardstream.bench.peer;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

import cardstream.v1.Action;
import cardstream.v1.CancelEntry;
import cardstream.v1.CreateEntry;
import cardstream.v1.ProvisioningRequest;
import cardstream.v1.RequestEntry;
import cardstream.v1.SmartcardCommand;

/**
 * Keeps the requests of one partition and sends them when they are due: what is due at its creation at once, the rest by
 * a wall-clock punctuator. No results of a headend are read, so to send is to complete.
 *
 * <p>Everything that is due is sent before anything is created, by (due, number). So what a card has open is never due
 * before what was sent, and a card's order is kept without an index by card.
 */
final class Dispatch implements Processor<String, RequestEntry, String, Object> {
    private static final int MOST_AT_ONCE = 2_000; // sent by one call of the punctuator
    private static final int READ_AT_ONCE = 500;
    private static final Duration RETENTION = Duration.ofDays(7);
    private static final int SWEPT_AT_ONCE = 1_000;
    private static final long SWEEP_EVERY = Duration.ofHours(1).toMillis();

    private final Duration punctuate;
    private ProcessorContext<String, Object> context;
    private int partition;
    private KeyValueStore<String, ProvisioningRequest> requests; // by number; its changelog is the state topic
    private KeyValueStore<Bytes, byte[]> due;                    // of the PENDING ones: (due, offset) → nothing
    private KeyValueStore<String, Long> commands;                // card, source, command id → offset

    private byte[] lowest = DueKey.LEAST; // no key of due is below it: what was deleted there need not be walked over
    private long nextDue = Long.MIN_VALUE; // none is due before it
    private long lastCreated;
    private String sweptTo; // null: no sweep is under way
    private long sweepAt;

    Dispatch(Duration punctuate) {
        this.punctuate = punctuate;
    }

    @Override
    public void init(ProcessorContext<String, Object> context) {
        this.context = context;
        partition = context.taskId().partition();
        requests = context.getStateStore(Job.REQUEST_STORE);
        due = context.getStateStore(Job.DUE_STORE);
        commands = context.getStateStore(Job.COMMAND_STORE);
        sweepAt = context.currentSystemTimeMs() + SWEEP_EVERY;
        context.schedule(punctuate, PunctuationType.WALL_CLOCK_TIME, now -> fire(clock(), MOST_AT_ONCE));
        context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::sweep);
    }

    @Override
    public void process(Record<String, RequestEntry> record) {
        long now = clock();
        fire(now, Integer.MAX_VALUE);
        RecordMetadata at = context.recordMetadata().orElseThrow();
        RequestNumber entry = new RequestNumber(at.partition(), at.offset());
        RequestEntry value = record.value();
        if (value.getCreate() != null) {
            create(value.getCreate(), entry, record.key(), Instant.ofEpochMilli(now));
        } else if (value.getCancel() != null) {
            cancel(value.getCancel(), entry, Instant.ofEpochMilli(now));
        } else {
            throw new IllegalStateException(entry + ": neither command nor cancel; results are not read here");
        }
    }

    /** The wall clock, never behind the creation of a request. */
    private long clock() {
        return Math.max(context.currentSystemTimeMs(), lastCreated);
    }

    private void create(CreateEntry c, RequestNumber number, String card, Instant now) {
        String sender = sender(card, c.getSource(), c.getCommandId());
        Long first = commands.get(sender);
        if (first != null) {
            ProvisioningRequest r = requests.get(number(first));
            event(card, Events.duplicate(r, number, c.getCommandId(), c.getSource(), differs(r, c), now), now);
            return;
        }
        lastCreated = now.toEpochMilli();
        commands.put(sender, number.offset());
        ProvisioningRequest r = request(c, number, card, now);
        event(card, Events.next(r, "REQUEST_PENDING", now), now);
        if (r.getDueAt().compareTo(now) <= 0) {
            send(r, now);
            return;
        }
        requests.put(r.getNumber(), r);
        long dueAt = r.getDueAt().toEpochMilli();
        byte[] key = DueKey.of(dueAt, number.offset());
        due.put(Bytes.wrap(key), EMPTY);
        nextDue = Math.min(nextDue, dueAt);
        if (Arrays.compareUnsigned(key, lowest) < 0) {
            lowest = key;
        }
    }

    private static final byte[] EMPTY = {};

    private static ProvisioningRequest request(CreateEntry c, RequestNumber number, String card, Instant now) {
        ProvisioningRequest r = new ProvisioningRequest();
        r.setNumber(number.toString());
        r.setCommandId(c.getCommandId());
        r.setSource(c.getSource());
        r.setSubscriptionIdentifier(c.getSubscriptionIdentifier());
        r.setSmartcardIdentifier(c.getSmartcardIdentifier());
        r.setSmartcardKey(card);
        r.setAction(c.getAction());
        r.setNewPin(c.getNewPin());
        r.setProcessImmediately(c.getProcessImmediately());
        r.setScheduledDate(c.getScheduledDate());
        r.setCommandAppendedAt(c.getAppendedAt());
        r.setCreatedAt(now);
        Instant date = c.getScheduledDate();
        r.setDueAt(c.getProcessImmediately() || date == null || date.isBefore(now) ? now : date);
        r.setUpdatedAt(now);
        r.setLifeCycleState("PENDING");
        return r;
    }

    /** Whether a repeated command differs from the first one. Once that has ended its PIN is gone, and any PIN is equal. */
    private static boolean differs(ProvisioningRequest r, CreateEntry c) {
        return r.getAction() != c.getAction()
                || r.getProcessImmediately() != c.getProcessImmediately()
                || !r.getSubscriptionIdentifier().equals(c.getSubscriptionIdentifier())
                || !Objects.equals(r.getScheduledDate(), c.getScheduledDate())
                || r.getNewPin() != null && !r.getNewPin().equals(c.getNewPin());
    }

    private void cancel(CancelEntry c, RequestNumber entry, Instant now) {
        ProvisioningRequest r = requests.get(c.getNumber());
        if (r == null) {
            event(c.getCommandId(), Events.cancelRejected(null, entry, c, now), now); // about no card
        } else if (c.getCommandId().equals(r.getCancelCommandId()) && c.getSource().equals(r.getCancelSource())) {
            event(r.getSmartcardKey(),
                    Events.duplicate(r, entry, c.getCommandId(), c.getSource(), false, now), now);
        } else if (!r.getLifeCycleState().equals("PENDING")) {
            event(r.getSmartcardKey(), Events.cancelRejected(r, entry, c, now), now);
        } else {
            due.delete(Bytes.wrap(DueKey.of(r.getDueAt().toEpochMilli(), RequestNumber.parse(c.getNumber()).offset())));
            r.setCancelCommandId(c.getCommandId());
            r.setCancelSource(c.getSource());
            end(r, "CANCELLED", now);
            var cancelled = Events.next(r, "REQUEST_CANCELLED", now);
            cancelled.setCommandId(c.getCommandId());
            cancelled.setSource(c.getSource());
            event(r.getSmartcardKey(), cancelled, now);
            requests.put(r.getNumber(), r);
        }
    }

    /** Sends a PENDING request: its smartcard command, and the events that say so. */
    private void send(ProvisioningRequest r, Instant now) {
        r.setLifeCycleState("SENT");
        r.setAttempts(1);
        r.setAttemptSentAt(now);
        r.setExecutedDate(now);
        r.setUpdatedAt(now);
        String pin = r.getAction() == Action.SET_PIN ? r.getNewPin() : null;
        var command = new SmartcardCommand(r.getNumber(), 1, r.getAction(), pin, r.getSmartcardIdentifier(),
                r.getSubscriptionIdentifier(), now, null);
        context.forward(new Record<>(r.getSmartcardKey(), command, now.toEpochMilli()), Job.CARDS);
        event(r.getSmartcardKey(), Events.next(r, "REQUEST_SENT", now), now);
        end(r, "COMPLETED", now);
        event(r.getSmartcardKey(), Events.next(r, "REQUEST_COMPLETED", now), now);
        requests.put(r.getNumber(), r);
    }

    private static void end(ProvisioningRequest r, String state, Instant now) {
        r.setLifeCycleState(state);
        r.setEndedAt(now);
        r.setForgetAt(now.plus(RETENTION));
        r.setNewPin(null);
        r.setUpdatedAt(now);
    }

    private void event(String key, Object event, Instant now) {
        context.forward(new Record<>(key, event, now.toEpochMilli()), Job.EVENTS);
    }

    /** Sends what is due, at most so many, by (due, number). */
    private void fire(long now, int most) {
        if (nextDue > now) {
            return;
        }
        Instant moment = Instant.ofEpochMilli(now);
        for (int sent = 0; sent < most;) {
            List<byte[]> keys = dueKeys(now, Math.min(READ_AT_ONCE, most - sent));
            for (byte[] key : keys) {
                due.delete(Bytes.wrap(key));
                send(requests.get(number(DueKey.offset(key))), moment);
                lowest = key;
            }
            if (nextDue > now) {
                return;
            }
            sent += keys.size();
        }
    }

    /** The first keys that are due, at most so many; and sets nextDue to what follows them. */
    private List<byte[]> dueKeys(long now, int most) {
        List<byte[]> keys = new ArrayList<>(most);
        nextDue = Long.MAX_VALUE;
        try (KeyValueIterator<Bytes, byte[]> all = due.range(Bytes.wrap(lowest), null)) {
            while (all.hasNext()) {
                byte[] key = all.next().key.get();
                long dueAt = DueKey.due(key);
                if (dueAt > now || keys.size() == most) {
                    nextDue = dueAt;
                    break;
                }
                keys.add(key);
            }
        }
        return keys;
    }

    /** Forgets ended requests whose retention has passed: walks all of them once an hour, some a second. */
    private void sweep(long now) {
        if (sweptTo == null && now < sweepAt) {
            return;
        }
        List<ProvisioningRequest> forgotten = new ArrayList<>();
        int walked = 0;
        try (KeyValueIterator<String, ProvisioningRequest> all = requests.range(sweptTo, null)) {
            for (sweptTo = null; all.hasNext() && sweptTo == null;) {
                KeyValue<String, ProvisioningRequest> next = all.next();
                if (walked++ == SWEPT_AT_ONCE) {
                    sweptTo = next.key;
                } else if (next.value.getForgetAt() != null && next.value.getForgetAt().toEpochMilli() <= now) {
                    forgotten.add(next.value);
                }
            }
        }
        for (ProvisioningRequest r : forgotten) {
            requests.delete(r.getNumber());
            commands.delete(sender(r.getSmartcardKey(), r.getSource(), r.getCommandId()));
        }
        if (sweptTo == null) {
            sweepAt = now + SWEEP_EVERY;
        }
    }

    private String number(long offset) {
        return partition + "-" + offset;
    }

    /** What recognises a repeated command: none of the three holds a line break. */
    private static String sender(String card, String source, String commandId) {
        return card + '\n' + source + '\n' + commandId;
    }
}
