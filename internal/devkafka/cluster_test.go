package devkafka_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"cardstream/internal/devkafka"
)

func TestStartNamesEveryMistake(t *testing.T) {
	for name, test := range map[string]struct {
		config devkafka.Config
		want   []string
	}{
		"addresses": {
			devkafka.Config{KafkaAddr: "0.0.0.0:0", RegistryAddr: "example.org:80"},
			[]string{`broker address: "0.0.0.0:0" is not a loopback`, `registry address: "example.org:80" is not a loopback`},
		},
		"ports": {
			devkafka.Config{KafkaAddr: "localhost", RegistryAddr: "127.0.0.1:70000"},
			[]string{`"localhost" is not host:port`, `"127.0.0.1:70000" has no port between`},
		},
		"numbers": {
			devkafka.Config{Brokers: -1, GroupMinSessionTimeout: -time.Second},
			[]string{"-1 brokers", "-1s is negative"},
		},
		"data": {devkafka.Config{DataDir: "/dev/null/data"}, []string{"/dev/null"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := devkafka.Start(t.Context(), test.config)
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStartSaysThatAnAddressIsInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, config := range map[string]devkafka.Config{
		"broker":   {KafkaAddr: taken.Addr().String()},
		"registry": {RegistryAddr: taken.Addr().String()},
	} {
		if _, err := devkafka.Start(t.Context(), config); err == nil ||
			!strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEmbeddedClusterIsKnownByItsID(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{Brokers: 3})
	metadata, err := kadm.NewClient(mustClient(t, cluster)).BrokerMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !devkafka.IsEmbedded(metadata.Cluster) {
		t.Errorf("cluster id %q is not taken for an embedded one", metadata.Cluster)
	}
	if len(metadata.Brokers) != 3 || len(cluster.Addrs()) != 3 {
		t.Errorf("%d brokers at %v, want 3", len(metadata.Brokers), cluster.Addrs())
	}
	if devkafka.IsEmbedded("35QgUFIpwakszUlLxcNLcQ") {
		t.Error("Kafka's own id is taken for an embedded one")
	}
}

func TestMetadataCreatesNoTopic(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	client := mustClient(t, cluster, kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(0))
	err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "nobody-made-it"}).FirstErr()
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("producing to a missing topic: %v", err)
	}
	if cluster.Kafka().TopicInfo("nobody-made-it") != nil {
		t.Error("it was created")
	}
}

func TestSessionTimeoutsBelowTheLeastAreRefused(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{GroupMinSessionTimeout: time.Second})
	client := mustClient(t, cluster)
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType = "g", "consumer"
	join.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range"}}
	for timeout, want := range map[int32]error{999: kerr.InvalidSessionTimeout, 1000: kerr.MemberIDRequired} {
		join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = timeout, timeout
		response, err := join.RequestWith(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		if got := kerr.ErrorForCode(response.ErrorCode); !errors.Is(got, want) {
			t.Errorf("session time-out of %d ms: %v, want %v", timeout, got, want)
		}
	}
}

func TestTLSAndSASL(t *testing.T) {
	certificate := selfSigned(t)
	cluster := mustStart(t, devkafka.Config{
		TLS:     &tls.Config{Certificates: []tls.Certificate{certificate}},
		Options: []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "user", "secret")},
	})
	mustCreate(t, cluster, "topic", map[string]string{"message.timestamp.type": "LogAppendTime"})
	trusting := kgo.DialTLSConfig(&tls.Config{InsecureSkipVerify: true})
	client := mustClient(t, cluster, trusting, kgo.SASL(scram.Auth{User: "user", Pass: "secret"}.AsSha512Mechanism()))
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "topic"}).FirstErr(); err != nil {
		t.Error(err)
	}
	wrong := mustClient(t, cluster, trusting, kgo.SASL(scram.Auth{User: "user", Pass: "?"}.AsSha512Mechanism()))
	if err := wrong.Ping(t.Context()); err == nil {
		t.Error("a wrong password was taken")
	}
}

// selfSigned borrows the certificate that net/http/httptest serves with.
func selfSigned(tb testing.TB) tls.Certificate {
	tb.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return server.TLS.Certificates[0]
}

func TestCloseEndsConnectionsAndMayBeRepeated(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	conn, err := net.Dial("tcp", cluster.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := mustClient(t, cluster).Ping(t.Context()); err != nil { // by then the other was accepted too
		t.Fatal(err)
	}
	mustClose(t, cluster)
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes from a closed cluster", n)
	}
	mustClose(t, cluster)
}
