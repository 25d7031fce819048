package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/record"
)

func TestTLSAndSASL(t *testing.T) {
	certificate, roots := mustCertify(t)
	for _, method := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		server := mustServe(t, kfake.NumBrokers(2), kfake.SeedTopics(2, "t"), kfake.EnableSASL(),
			kfake.Superuser(method, "user", "secret"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
		for _, c := range []struct {
			name     string
			password string
			tls      *tls.Config
			want     cluster.Kind
		}{
			{"right", "secret", &tls.Config{RootCAs: roots}, 0},
			{"wrong password", "wrong", &tls.Config{RootCAs: roots}, cluster.RetrySame}, // kfake just hangs up
			{"unknown certificate", "secret", &tls.Config{}, cluster.Stop},
		} {
			t.Run(method+", "+c.name, func(t *testing.T) {
				client := mustOpen(t, cluster.Config{
					Brokers: server.ListenAddrs(), TLS: c.tls, SASL: mustMechanism(t, method, "user", c.password)})
				for p := range int32(2) {
					_, err := client.Leader(t.Context(), record.TopicPartition{Topic: "t", Partition: p})
					if got := cluster.KindOf(err); got != c.want {
						t.Errorf("kind %v of %v, want %v", got, err, c.want)
					}
				}
			})
		}
	}
}

// Kafka answers a wrong password with a code.
func TestAWrongPasswordStops(t *testing.T) {
	server := mustServe(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "secret"))
	server.ControlKey(int16(kmsg.SASLAuthenticate), func(request kmsg.Request) (kmsg.Response, error, bool) {
		server.KeepControl()
		response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		response.ErrorCode = int16(cluster.SASLAuthenticationFailed)
		return response, nil, true
	})
	client := mustOpen(t, cluster.Config{
		Brokers: server.ListenAddrs(), SASL: plain.Mechanism{Username: "user", Password: "wr0ng-secret"}})
	_, err := client.Metadata(t.Context())
	if !errors.Is(err, cluster.SASLAuthenticationFailed) || cluster.KindOf(err) != cluster.Stop {
		t.Errorf("kind %v of %v, want stop", cluster.KindOf(err), err)
	}
	if strings.Contains(err.Error(), "wr0ng-secret") {
		t.Errorf("the password shows in: %v", err)
	}
}

func TestAMechanismThatIsNotOffered(t *testing.T) {
	server := mustServe(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "secret"))
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), SASL: otherMechanism{}})
	if _, err := client.Metadata(t.Context()); cluster.KindOf(err) != cluster.Stop {
		t.Errorf("kind %v of %v, want stop", cluster.KindOf(err), err)
	}
}

func TestTLSWithABrokerThatSpeaksNone(t *testing.T) {
	server := mustServe(t)
	client := mustOpen(t, cluster.Config{Brokers: server.ListenAddrs(), TLS: &tls.Config{}, DialTimeout: time.Second})
	if _, err := client.Metadata(t.Context()); err == nil {
		t.Error("no error")
	}
}

type otherMechanism struct{ plain.Mechanism }

func (otherMechanism) Name() string { return "OTHER" }

func mustMechanism(t *testing.T, method, user, password string) sasl.Mechanism {
	t.Helper()
	algorithm := scram.SHA256
	switch method {
	case "PLAIN":
		return plain.Mechanism{Username: user, Password: password}
	case "SCRAM-SHA-512":
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return mechanism
}

// mustCertify makes a certificate for the loopback address, and the pool that trusts it.
func mustCertify(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
