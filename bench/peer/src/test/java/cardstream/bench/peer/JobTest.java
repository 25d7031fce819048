package cardstream.bench.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import cardstream.v1.Action;
import cardstream.v1.SetUserParameters;
import cardstream.v1.SmartcardIdentifier;
import cardstream.v1.SubscriptionIdentifier;

class JobTest {
    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void whatIsDueAtItsCreationIsSentAtOnce() {
        SetUserParameters s = World.reset("42");
        s.setResetPin(null);
        s.setNewPin("1234");
        world.send(World.command("c-1", s));
        assertEquals(List.of("REQUEST_PENDING 0-0", "REQUEST_SENT 0-0", "REQUEST_COMPLETED 0-0"), world.told());
        var sent = world.cards.readRecord();
        assertEquals("serial_number:42", sent.key());
        assertEquals(Action.SET_PIN, sent.value().getAction());
        assertEquals("1234", sent.value().getNewPin());
        assertEquals(1, sent.value().getAttempt());
        assertEquals("COMPLETED", world.request("0-0").getLifeCycleState());
        assertNull(world.request("0-0").getNewPin(), "the PIN has gone with the end");
    }

    @Test
    void whatIsScheduledIsSentWhenItIsDueInOrder() {
        world.send(World.command("later", World.at("1", Duration.ofSeconds(20))));
        world.send(World.command("sooner", World.at("1", Duration.ofSeconds(10))));
        assertEquals(List.of("REQUEST_PENDING 0-0", "REQUEST_PENDING 0-1"), world.told());
        world.pass(Duration.ofMillis(9_999));
        assertTrue(world.cards.isEmpty(), "nothing is sent before it is due");
        world.pass(Duration.ofMillis(101));
        assertEquals(List.of("REQUEST_SENT 0-1", "REQUEST_COMPLETED 0-1"), world.told());
        world.send(World.command("soonest", World.at("2", Duration.ofSeconds(12))));
        world.pass(Duration.ofSeconds(10));
        assertEquals(List.of("0-1", "0-2", "0-0"),
                world.cards.readValuesToList().stream().map(c -> c.getRequestNumber()).toList());
    }

    @Test
    void anImmediateOneComesAfterWhatIsDueBeforeIt() {
        world.send(World.command("scheduled", World.at("1", Duration.ofMillis(10))));
        world.pass(Duration.ofMillis(50)); // due, and the punctuator has not looked again
        SetUserParameters now = World.reset("1");
        now.setProcessImmediately(true);
        world.send(World.command("now", now));
        assertEquals(List.of("0-0", "0-1"),
                world.cards.readValuesToList().stream().map(c -> c.getRequestNumber()).toList());
    }

    @Test
    void aBurstIsSentWhole() {
        for (int i = 0; i < 5_000; i++) {
            world.send(World.command("c-" + i, World.at("card " + i, Duration.ofSeconds(1))));
        }
        world.pass(Duration.ofSeconds(5));
        world.pass(Duration.ofSeconds(5));
        world.pass(Duration.ofSeconds(5));
        assertEquals(5_000, world.cards.readValuesToList().size());
    }

    @Test
    void aRepeatedCommandIsADuplicate() {
        world.send(World.command("c-1", World.reset("1")));
        world.told();
        world.send(World.command("c-1", World.reset("1")));
        SetUserParameters other = World.reset("1");
        other.setSubscriptionIdentifier(new SubscriptionIdentifier("7", null));
        world.send(World.command("c-1", other));
        assertEquals(List.of("COMMAND_DUPLICATE 0-0", "COMMAND_DUPLICATE 0-0 DUPLICATE_DIFFERS"), world.told());
        world.send(World.command("c-1", World.reset("2")));
        assertEquals(3, world.told().size(), "the same id for another card makes a request");
    }

    @Test
    void allThatIsWrongIsTold() {
        SetUserParameters s = new SetUserParameters(new SubscriptionIdentifier(" ", "S"),
                new SmartcardIdentifier(null, null, null), false, "12", null, World.START.plus(Duration.ofDays(731)));
        world.send(World.command("", s));
        assertEquals(List.of("COMMAND_REJECTED null COMMAND_ID_MISSING,NEW_PIN_INVALID,PIN_PARAMETER_AMBIGUOUS,"
                + "SCHEDULED_DATE_TOO_FAR,SMARTCARD_IDENTIFIER_MISSING,SUBSCRIPTION_IDENTIFIER_AMBIGUOUS,VALUE_INVALID"),
                world.told());
    }

    @Test
    void aCancelEndsWhatIsPending() {
        world.send(World.command("c-1", World.at("1", Duration.ofSeconds(10))));
        world.send(World.cancel("x-1", "0-0"));
        world.send(World.cancel("x-1", "0-0"));
        world.send(World.cancel("x-2", "0-0"));
        world.send(World.cancel("x-3", "0-99"));
        world.send(World.cancel("x-4", "9-1"));
        world.send(World.cancel("x-5", "0-007"));
        assertEquals(List.of("REQUEST_PENDING 0-0", "REQUEST_CANCELLED 0-0", "COMMAND_DUPLICATE 0-0",
                "COMMAND_REJECTED 0-0 REQUEST_NOT_PENDING", "COMMAND_REJECTED null REQUEST_UNKNOWN",
                "COMMAND_REJECTED null REQUEST_UNKNOWN", "COMMAND_REJECTED null REQUEST_NUMBER_INVALID"), world.told());
        world.pass(Duration.ofSeconds(20));
        assertTrue(world.cards.isEmpty(), "a cancelled request is not sent");
    }

    @Test
    void whatCannotBeReadIsADeadLetter() {
        byte[][] bad = {null, {1, 2}, {0, 0, 0, 0, 99, 1}, {0, 0, 0, 0, 1, 1}};
        String[] codes = {"NOT_WIRE_FORMAT", "NOT_WIRE_FORMAT", "SCHEMA_UNKNOWN", "KIND_UNKNOWN"};
        for (int i = 0; i < bad.length; i++) {
            world.bytes(bad[i]);
            var letter = world.letters.readRecord();
            assertArrayEquals(bad[i], letter.value());
            assertEquals(codes[i], new String(
                    letter.headers().lastHeader("cardstream.error.code").value(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void whatHasEndedIsForgotten() {
        world.send(World.command("c-1", World.reset("1")));
        world.pass(Duration.ofDays(6));
        assertEquals("COMPLETED", world.request("0-0").getLifeCycleState());
        world.pass(Duration.ofDays(2));
        assertNull(world.request("0-0"));
        world.told();
        world.send(World.command("c-1", World.reset("1")));
        assertEquals(3, world.told().size(), "nobody remembers the first one");
    }
}
