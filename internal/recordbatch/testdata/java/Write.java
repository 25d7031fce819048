import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter;
import org.apache.kafka.common.utils.internals.BufferSupplier;

/**
 * Writes the batches in this folder by Kafka's own code, for golden_test.go. With the jars of kafka-clients 4.4.0,
 * lz4-java, snappy-java, zstd-jni and slf4j-api: java -cp 'jars/*' Write.java FOLDER
 */
class Write {
    static final long TIME = 1_700_000_000_000L;
    static final long BASE = 1000;
    static final int EPOCH = 5;

    static Path folder;

    public static void main(String[] args) throws Exception {
        folder = Path.of(args[0]);
        write("produced", MemoryRecords.withTransactionalRecords(
                Compression.NONE, 4711L, (short) 3, 17, records(0)));
        for (CompressionType type : CompressionType.values()) {
            write(type.name, MemoryRecords.withTransactionalRecords(RecordBatch.MAGIC_VALUE_V2, BASE,
                    Compression.of(type).build(), 4711L, (short) 3, 17, EPOCH, records(10)));
        }
        MemoryRecordsBuilder appended = MemoryRecords.builder(ByteBuffer.allocate(4096), RecordBatch.MAGIC_VALUE_V2,
                Compression.NONE, TimestampType.LOG_APPEND_TIME, BASE, TIME + 12345);
        for (SimpleRecord record : records(10)) {
            appended.append(record);
        }
        write("log-append-time", appended.build());
        for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.ABORT, ControlRecordType.COMMIT}) {
            write(type.name().toLowerCase(), MemoryRecords.withEndTransactionMarker(
                    BASE, TIME, EPOCH, 4711L, (short) 3, new EndTransactionMarker(type, 9)));
        }
        MemoryRecords whole = MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, BASE, Compression.NONE,
                TimestampType.CREATE_TIME, 4711L, (short) 3, 17, EPOCH, false, records(10));
        // Only the tombstone stays, and gets a delete horizon; then nothing does.
        write("compacted", compacted(whole, BASE + 2));
        write("emptied", compacted(whole, -1));
        write("magic0", MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V0, Compression.NONE,
                new SimpleRecord(TIME, "key".getBytes(), "value".getBytes())));
        write("magic1", MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V1, Compression.NONE,
                new SimpleRecord(TIME, "key".getBytes(), "value".getBytes())));
    }

    /** Null and empty keys and values, a long value, headers; each record some milliseconds behind the one before. */
    static SimpleRecord[] records(long apart) {
        Header[] none = {};
        Header[] two = {new RecordHeader("first", bytes("1")), new RecordHeader("second", (byte[]) null)};
        return new SimpleRecord[] {
            new SimpleRecord(TIME, bytes("key"), bytes("value"), none),
            new SimpleRecord(TIME + apart, null, bytes(""), two),
            new SimpleRecord(TIME + 2 * apart, bytes("tombstone"), null, two),
            new SimpleRecord(TIME + 3 * apart, bytes(""), bytes("0123456789".repeat(100)), none),
            new SimpleRecord(TIME + 4 * apart, (byte[]) null, null, none),
        };
    }

    static MemoryRecords compacted(MemoryRecords records, long keptOffset) {
        ByteBuffer out = ByteBuffer.allocate(4096);
        records.filterTo(new RecordFilter(TIME, 60_000) {
            protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
                return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, false);
            }

            protected boolean shouldRetainRecord(RecordBatch batch, org.apache.kafka.common.record.internal.Record record) {
                return record.offset() == keptOffset;
            }
        }, out, BufferSupplier.NO_CACHING, 0);
        out.flip();
        return MemoryRecords.readableRecords(out);
    }

    static void write(String name, MemoryRecords records) throws Exception {
        ByteBuffer buffer = records.buffer().duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        Files.write(folder.resolve(name + ".batch"), bytes);
    }

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }
}
