package cardstream.bench.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * The Confluent wire format of one record type: byte 0, the schema's id, the body; written with the compiled schema, read
 * with the writer's. Kafka Streams hands one serde of a sink or store to all its threads; encoder, decoder, buffer and
 * readers are reused, so each thread has its own.
 */
final class Wire<T extends SpecificRecordBase> implements Serde<T>, Serializer<T>, Deserializer<T> {
    private static final int HEADER = 5;

    private final Registry registry;
    private final Schema schema;
    private final SpecificData model;
    private final int id;

    private final ThreadLocal<Tools> tools = ThreadLocal.withInitial(Tools::new);

    /** What a thread encodes and decodes with. */
    private final class Tools {
        final SpecificDatumWriter<T> writer = new SpecificDatumWriter<>(schema, model);
        final ByteArrayOutputStream buffer = new ByteArrayOutputStream(512);
        final BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(buffer, null);

        final Map<Integer, SpecificDatumReader<T>> readers = new HashMap<>();
        BinaryDecoder decoder;
    }

    /** Of values that are only read, whatever schema they were written with. */
    static <T extends SpecificRecordBase> Wire<T> reading(Registry registry, Class<T> type) {
        return new Wire<>(registry, type, 0);
    }

    /** Of a topic's values, which are written with the compiled schema. */
    static <T extends SpecificRecordBase> Wire<T> of(Registry registry, Class<T> type, String topic) {
        return new Wire<>(registry, type, registry.idOf(topic, SpecificData.get().getSchema(type)));
    }

    private Wire(Registry registry, Class<T> type, int id) {
        this.registry = registry;
        this.schema = SpecificData.get().getSchema(type);
        this.model = SpecificData.getForClass(type); // the generated class's, which knows its logical types
        this.id = id;
    }

    @Override
    public byte[] serialize(String topic, T value) {
        if (value == null) {
            return null;
        }
        Tools mine = tools.get();
        ByteArrayOutputStream buffer = mine.buffer;
        buffer.reset();
        buffer.write(0);
        buffer.write(id >>> 24);
        buffer.write(id >>> 16);
        buffer.write(id >>> 8);
        buffer.write(id);
        try {
            mine.writer.write(value, mine.encoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a buffer in memory throws none
        }
        return buffer.toByteArray();
    }

    @Override
    public T deserialize(String topic, byte[] value) {
        if (value == null) {
            return null;
        }
        try {
            return read(value);
        } catch (BadRecord e) {
            throw new IllegalStateException(topic + ": " + e.getMessage(), e);
        }
    }

    /** Reads what anybody may have written. */
    T read(byte[] value) throws BadRecord {
        if (value == null || value.length < HEADER || value[0] != 0) {
            throw new BadRecord("NOT_WIRE_FORMAT", "the value has no header of the wire format");
        }
        Tools mine = tools.get();
        SpecificDatumReader<T> reader = reader(mine.readers, ByteBuffer.wrap(value).getInt(1));
        mine.decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, mine.decoder);
        try {
            T read = reader.read(null, mine.decoder);
            if (mine.decoder.isEnd()) {
                return read;
            }
        } catch (IOException | RuntimeException e) {
            throw new BadRecord("UNDECODABLE", "the bytes are none of their schema");
        }
        throw new BadRecord("UNDECODABLE", "there are more bytes than the schema reads");
    }

    private SpecificDatumReader<T> reader(Map<Integer, SpecificDatumReader<T>> readers, int writerId)
            throws BadRecord {
        SpecificDatumReader<T> reader = readers.get(writerId);
        if (reader != null) {
            return reader;
        }
        Schema written = registry.byId(writerId)
                .orElseThrow(() -> new BadRecord("SCHEMA_UNKNOWN", "the registry does not know the schema's id"));
        if (!schema.getFullName().equals(written.getFullName())) {
            throw new BadRecord("KIND_UNKNOWN", "the record is of another kind");
        }
        try {
            reader = new SpecificDatumReader<>(written, schema, model);
        } catch (AvroRuntimeException e) {
            throw new BadRecord("KIND_UNKNOWN", "the schema does not go with this record");
        }
        readers.put(writerId, reader);
        return reader;
    }

    @Override
    public Serializer<T> serializer() {
        return this;
    }

    @Override
    public Deserializer<T> deserializer() {
        return this;
    }

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) { }

    @Override
    public void close() { }

    /** A record that goes to the dead letters, and why. The message never repeats its content. */
    static final class BadRecord extends Exception {
        final String code;

        BadRecord(String code, String message) {
            super(message, null, false, false);
            this.code = code;
        }
    }
}
