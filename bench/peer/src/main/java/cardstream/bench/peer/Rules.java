package cardstream.bench.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import cardstream.v1.CancelRequest;
import cardstream.v1.ProvisioningCommand;
import cardstream.v1.SetUserParameters;
import cardstream.v1.SmartcardIdentifier;
import cardstream.v1.SubscriptionIdentifier;
import cardstream.v1.Violation;

/** What a command must keep (docs/contract.md, "What is wrong with a command"), with the contract's defaults. */
final class Rules {
    private static final int MOST_OF_IDENTIFIER = 64;
    private static final int MOST_OF_NAME = 255;
    private static final Pattern PIN = Pattern.compile("[0-9]{4}");
    private static final long HORIZON = Duration.ofDays(2 * 365).toMillis();

    private Rules() { }

    /** Everything that is wrong with a command at this moment, in the order of the fields. */
    static List<Violation> judge(ProvisioningCommand c, long now) {
        List<Violation> wrong = new ArrayList<>(0);
        name(wrong, "COMMAND_ID_MISSING", "command_id", c.getCommandId());
        name(wrong, "SOURCE_MISSING", "source", c.getSource());
        if (c.getCommand() instanceof CancelRequest cancel) {
            if (RequestNumber.parse(cancel.getNumber()) == null) {
                add(wrong, "REQUEST_NUMBER_INVALID", "number", "must be the number of a request, <partition>-<offset>");
            }
        } else {
            content(wrong, (SetUserParameters) c.getCommand(), now);
        }
        return wrong;
    }

    private static void content(List<Violation> wrong, SetUserParameters s, long now) {
        SubscriptionIdentifier subscription = s.getSubscriptionIdentifier();
        ways(wrong, "subscription_identifier", new String[] {"id", "number"},
                subscription.getId(), subscription.getNumber());
        SmartcardIdentifier card = s.getSmartcardIdentifier();
        ways(wrong, "smartcard_identifier", new String[] {"id", "serial_number", "alternative_code"},
                card.getId(), card.getSerialNumber(), card.getAlternativeCode());
        pin(wrong, s.getResetPin(), s.getNewPin());
        if (s.getScheduledDate() != null && s.getScheduledDate().toEpochMilli() > now + HORIZON) {
            add(wrong, "SCHEDULED_DATE_TOO_FAR", "scheduled_date", "is more than 730 days ahead");
        }
    }

    private static void name(List<Violation> wrong, String missing, String field, String value) {
        if (value.isEmpty()) {
            add(wrong, missing, field, "is missing");
        } else if (!wellFormed(value, MOST_OF_NAME)) {
            value(wrong, field, MOST_OF_NAME);
        }
    }

    /** Exactly one way to name something, and every one of them well formed. */
    private static void ways(List<Violation> wrong, String path, String[] fields, String... values) {
        int specified = 0;
        for (String value : values) {
            specified += value == null ? 0 : 1;
        }
        if (specified == 0) {
            add(wrong, path.toUpperCase() + "_MISSING", path, "must specify one of its fields");
        } else if (specified > 1) {
            add(wrong, path.toUpperCase() + "_AMBIGUOUS", path, "must specify only one of its fields");
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] != null && !wellFormed(values[i], MOST_OF_IDENTIFIER)) {
                value(wrong, path + "." + fields[i], MOST_OF_IDENTIFIER);
            }
        }
    }

    private static void pin(List<Violation> wrong, Boolean reset, String pin) {
        if (reset != null && pin != null) {
            add(wrong, "PIN_PARAMETER_AMBIGUOUS", "new_pin", "and reset_pin must not both be specified");
        } else if (reset == null && pin == null) {
            add(wrong, "PIN_PARAMETER_MISSING", "new_pin", "or reset_pin must be specified");
        } else if (reset != null && !reset) {
            add(wrong, "RESET_PIN_FALSE", "reset_pin", "is false, which asks for nothing: specify true, or new_pin");
        }
        if (pin != null && !PIN.matcher(pin).matches()) {
            add(wrong, "NEW_PIN_INVALID", "new_pin", "does not have the form of a PIN");
        }
    }

    private static void value(List<Violation> wrong, String field, int most) {
        add(wrong, "VALUE_INVALID", field,
                "must have 1 to " + most + " printable characters without surrounding space");
    }

    private static void add(List<Violation> wrong, String code, String field, String message) {
        wrong.add(new Violation(code, field, field + " " + message));
    }

    /** Whether a text has 1 to most printable code points and no space around it. */
    static boolean wellFormed(String text, int most) {
        int length = text.length();
        if (length == 0 || text.charAt(0) == ' ' || text.charAt(length - 1) == ' ') {
            return false;
        }
        int points = 0;
        for (int i = 0; i < length; points++) {
            int point = text.codePointAt(i);
            if (!printable(point)) {
                return false;
            }
            i += Character.charCount(point);
        }
        return points <= most;
    }

    /** Letters, marks, numbers, punctuation, symbols, and of all spaces the ASCII one. */
    private static boolean printable(int point) {
        if (point < 0x80) {
            return point >= 0x20 && point < 0x7f;
        }
        return switch (Character.getType(point)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
