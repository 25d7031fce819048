package cardstream.bench.peer;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** What of a Confluent-compatible schema registry is needed: schemas by id, and the id of a subject's newest schema. */
interface Registry {
    /** The schema with this id; empty where the registry has none. It throws while the registry is away. */
    Optional<Schema> byId(int id);

    /** The id under which a schema is the newest of the topic's values. Any other newest one is an error. */
    int idOf(String topic, Schema schema);

    /** A registry behind its HTTP API. What it said once is kept: ids never change their meaning. */
    final class Http implements Registry {
        private final String url;
        private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();
        private final ObjectMapper json = new ObjectMapper();
        private final Map<Integer, Schema> known = new ConcurrentHashMap<>();

        Http(String url) {
            this.url = url;
        }

        @Override
        public Optional<Schema> byId(int id) {
            Schema schema = known.get(id);
            if (schema == null) {
                JsonNode answer = get("/schemas/ids/" + Integer.toUnsignedString(id));
                if (answer == null) {
                    return Optional.empty();
                }
                schema = new Schema.Parser().parse(answer.get("schema").asText());
                known.put(id, schema);
            }
            return Optional.of(schema);
        }

        @Override
        public int idOf(String topic, Schema schema) {
            JsonNode answer = get("/subjects/" + topic + "-value/versions/latest");
            if (answer == null) {
                throw new IllegalStateException("no schema is registered for " + topic + ": run `cardstream topics`");
            }
            Schema newest = new Schema.Parser().parse(answer.get("schema").asText());
            if (SchemaNormalization.parsingFingerprint64(newest) != SchemaNormalization.parsingFingerprint64(schema)) {
                throw new IllegalStateException("the newest schema of " + topic + " is not the one compiled in");
            }
            return answer.get("id").asInt();
        }

        /** The answer to a path, or null where there is nothing. */
        private JsonNode get(String path) {
            try {
                HttpResponse<String> response = client.send(
                        HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(10)).build(),
                        HttpResponse.BodyHandlers.ofString());
                return switch (response.statusCode()) {
                    case 200 -> json.readTree(response.body());
                    case 404 -> null;
                    default -> throw new IllegalStateException("registry: " + path + ": " + response.statusCode());
                };
            } catch (IOException e) {
                throw new IllegalStateException("registry: " + path, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }
}
