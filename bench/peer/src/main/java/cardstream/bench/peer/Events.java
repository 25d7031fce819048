package cardstream.bench.peer;

import java.time.Instant;
import java.util.List;

import cardstream.v1.CancelEntry;
import cardstream.v1.LifecycleEvent;
import cardstream.v1.ProvisioningCommand;
import cardstream.v1.ProvisioningRequest;
import cardstream.v1.Rejecter;
import cardstream.v1.SetUserParameters;
import cardstream.v1.SmartcardIdentifier;
import cardstream.v1.SubscriptionIdentifier;
import cardstream.v1.Violation;

/** Life cycle events (docs/contract.md, "LifecycleEvent"). */
final class Events {
    private static final int MOST = 255; // code points of a text that breaks the rules

    private Events() { }

    /** The next event about a request as it stands. */
    static LifecycleEvent next(ProvisioningRequest r, String type, Instant now) {
        r.setRevision(r.getRevision() + 1);
        return about(r, r.getNumber() + ":" + r.getRevision(), type, now);
    }

    /** Says that a command repeats the one that made a request. */
    static LifecycleEvent duplicate(ProvisioningRequest r, RequestNumber entry, String commandId, String source,
            boolean differs, Instant now) {
        LifecycleEvent e = about(r, entry + ":duplicate", "COMMAND_DUPLICATE", now);
        e.setCommandId(commandId);
        e.setSource(source);
        if (differs) {
            e.setErrors(List.of(new Violation("DUPLICATE_DIFFERS", null,
                    "the content differs from that of the first command with this command_id")));
        }
        return e;
    }

    /** Says why a cancel cannot be done; r is the request, null where there is none. */
    static LifecycleEvent cancelRejected(ProvisioningRequest r, RequestNumber entry, CancelEntry cancel, Instant now) {
        LifecycleEvent e;
        if (r == null) {
            e = new LifecycleEvent();
            e.setEventId(entry + ":cancel");
            e.setEventType("COMMAND_REJECTED");
            e.setOccurredAt(now);
            e.setErrors(List.of(unknownRequest()));
        } else {
            e = about(r, entry + ":cancel", "COMMAND_REJECTED", now);
            e.setErrors(List.of(
                    new Violation("REQUEST_NOT_PENDING", "number", "the request is " + r.getLifeCycleState())));
        }
        e.setCommandId(cancel.getCommandId());
        e.setSource(cancel.getSource());
        e.setRejectedBy(Rejecter.COMMAND);
        return e;
    }

    static Violation unknownRequest() {
        return new Violation("REQUEST_UNKNOWN", "number", "there is no such request");
    }

    /** Says that a command breaks rules, and repeats what it named as far as it can be. */
    static LifecycleEvent rejected(String id, ProvisioningCommand c, List<Violation> wrong, Instant now) {
        LifecycleEvent e = new LifecycleEvent();
        e.setEventId(id);
        e.setEventType("COMMAND_REJECTED");
        e.setOccurredAt(now);
        e.setCommandId(excerpt(c.getCommandId()));
        e.setSource(excerpt(c.getSource()));
        e.setRejectedBy(Rejecter.COMMAND);
        e.setErrors(wrong);
        if (c.getCommand() instanceof SetUserParameters s) {
            SubscriptionIdentifier sub = s.getSubscriptionIdentifier();
            if (sub.getId() != null || sub.getNumber() != null) {
                e.setSubscriptionIdentifier(new SubscriptionIdentifier(excerpt(sub.getId()), excerpt(sub.getNumber())));
            }
            SmartcardIdentifier card = s.getSmartcardIdentifier();
            if (card.getId() != null || card.getSerialNumber() != null || card.getAlternativeCode() != null) {
                e.setSmartcardIdentifier(new SmartcardIdentifier(
                        excerpt(card.getId()), excerpt(card.getSerialNumber()), excerpt(card.getAlternativeCode())));
            }
            e.setProcessImmediately(Boolean.TRUE.equals(s.getProcessImmediately()));
            e.setScheduledDate(s.getScheduledDate());
        }
        return e;
    }

    private static LifecycleEvent about(ProvisioningRequest r, String id, String type, Instant now) {
        LifecycleEvent e = new LifecycleEvent();
        e.setEventId(id);
        e.setEventType(type);
        e.setOccurredAt(now);
        e.setCommandId(r.getCommandId());
        e.setSource(r.getSource());
        e.setRequestNumber(r.getNumber());
        e.setLifeCycleState(r.getLifeCycleState());
        e.setAttempt(r.getAttempts() > 0 ? r.getAttempts() : null);
        e.setSubscriptionIdentifier(r.getSubscriptionIdentifier());
        e.setSmartcardIdentifier(r.getSmartcardIdentifier());
        e.setAction(r.getAction());
        e.setProcessImmediately(r.getProcessImmediately());
        e.setScheduledDate(r.getScheduledDate());
        e.setCreatedAt(r.getCreatedAt());
        e.setDueAt(r.getDueAt());
        e.setExecutedDate(r.getExecutedDate());
        e.setErrors(List.of());
        return e;
    }

    /** A text of any length and content, cut to what an event may carry. */
    static String excerpt(String text) {
        if (text == null || text.codePointCount(0, text.length()) <= MOST) {
            return text;
        }
        return text.substring(0, text.offsetByCodePoints(0, MOST));
    }
}
