package cardstream.bench.peer;

import java.nio.ByteBuffer;

/** Keys of the index by due time: (due, offset), in the order of their bytes. */
final class DueKey {
    static final byte[] LEAST = of(0, 0);

    private DueKey() { }

    /** The key of the request with this offset that is due then, milliseconds since the Unix epoch. */
    static byte[] of(long due, long offset) {
        return ByteBuffer.allocate(16).putLong(due).putLong(offset).array();
    }

    static long due(byte[] key) {
        return ByteBuffer.wrap(key).getLong();
    }

    static long offset(byte[] key) {
        return ByteBuffer.wrap(key).getLong(8);
    }
}
