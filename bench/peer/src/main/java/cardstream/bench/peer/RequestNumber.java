package cardstream.bench.peer;

/** Names a request: partition and offset of its entry in provisioning.requests. */
record RequestNumber(int partition, long offset) {

    /** Reads the one form in which a number is written, two decimals without sign or leading zeros; null for any other. */
    static RequestNumber parse(String text) {
        int dash = text.indexOf('-');
        if (dash < 0) {
            return null;
        }
        try {
            RequestNumber number = new RequestNumber(
                    Integer.parseInt(text, 0, dash, 10), Long.parseLong(text, dash + 1, text.length(), 10));
            return number.partition >= 0 && number.offset >= 0 && number.toString().equals(text) ? number : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return partition + "-" + offset;
    }
}
