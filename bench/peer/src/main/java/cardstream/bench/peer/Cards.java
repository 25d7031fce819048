package cardstream.bench.peer;

import cardstream.v1.SmartcardIdentifier;

/** Smartcard keys: kind and value, as the command gives them. */
final class Cards {
    private Cards() { }

    /** The key of a card that is named in exactly one way, and well; else null. */
    static String key(SmartcardIdentifier card) {
        String key = null;
        int ways = 0;
        if (card.getId() != null) {
            key = valid("id:", card.getId());
            ways++;
        }
        if (card.getSerialNumber() != null) {
            key = valid("serial_number:", card.getSerialNumber());
            ways++;
        }
        if (card.getAlternativeCode() != null) {
            key = valid("alternative_code:", card.getAlternativeCode());
            ways++;
        }
        return ways == 1 ? key : null;
    }

    private static String valid(String kind, String value) {
        return Rules.wellFormed(value, 64) ? kind + value : null;
    }
}
