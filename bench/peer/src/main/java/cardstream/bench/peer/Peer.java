package cardstream.bench.peer;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import com.sun.net.httpserver.HttpServer;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** The peer's main: settings → topology → Kafka Streams, until SIGINT or SIGTERM. /readyz says when it has restored. */
public final class Peer {
    private Peer() { }

    /** Runs the peer. README.md has the flags. */
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.parse(args);
        StreamsConfig config = new StreamsConfig(settings.properties());
        var topology = Job.topology(settings.prefix(), partitions(settings),
                Duration.ofMillis(settings.punctuateMillis()), new Registry.Http(settings.registry()));
        KafkaStreams streams = new KafkaStreams(topology, config);
        streams.setUncaughtExceptionHandler(e -> {
            e.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        HttpServer ready = serve(settings.port(), streams);
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            System.err.println("peer: " + before + " -> " + now);
            if (now == KafkaStreams.State.ERROR || now == KafkaStreams.State.NOT_RUNNING) {
                ended.countDown();
            }
        });
        // Who ends in order leaves the group, so that a restart need not wait until its former self has timed out.
        CloseOptions leave = CloseOptions.timeout(Duration.ofSeconds(60))
                .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(leave)));
        streams.start();
        ended.await();
        ready.stop(0);
        if (streams.state() == KafkaStreams.State.ERROR) {
            Runtime.getRuntime().halt(1); // its shutdown hook would wait for what has failed
        }
    }

    /** How many partitions provisioning.requests has. */
    private static int partitions(Settings settings) throws Exception {
        String topic = settings.prefix() + "provisioning.requests";
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, settings.brokers()))) {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        }
    }

    /** Answers /readyz: 200 while every task is restored and runs, else 503. */
    private static HttpServer serve(int port, KafkaStreams streams) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/readyz", exchange -> {
            KafkaStreams.State state = streams.state();
            byte[] body = state.toString().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(state == KafkaStreams.State.RUNNING ? 200 : 503, body.length);
            try (var out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        return server;
    }
}
