package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/admin"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka"
	"cardstream/internal/ledger"
	"cardstream/schemas"
)

// world is one simulated installation: brokers and registry, machines with processors, a headend, a CRM, and the witness
// who sees it all.
type world struct {
	plan    Plan
	random  *rand.Rand // of what happens, beside the plan
	network *Network
	journal *journal
	kafka   *devkafka.Cluster
	brokers []string // addresses

	machines []*machine
	headend  *headend
	crm      *crm
	operator *operator
	witness  *ledger.Witness

	mu      sync.Mutex
	effects Effects

	graves sync.WaitGroup // of processors that have been told to end
}

// registryAddress is where the registry listens. The brokers are told to listen where they are, in order.
const registryAddress = "127.0.0.1:8081"

func brokerAddress(broker int) string { return fmt.Sprintf("127.0.0.1:%d", 9001+broker) }

// newWorld brings up everything, and begins nothing.
func newWorld(ctx context.Context, plan Plan) (w *world, err error) {
	w = &world{
		plan: plan, random: rand.New(rand.NewPCG(plan.Seed, 0x57)), network: NewNetwork(plan.Seed), journal: newJournal(),
		effects: Effects{},
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.startBrokers(ctx); err != nil {
		return w, err
	}
	if err := w.createTopics(ctx); err != nil {
		return w, err
	}
	rules, err := ledger.NewRules(plan.Settings.PINPattern, 0)
	if err != nil {
		return w, err
	}
	w.witness, err = ledger.Open(ctx, ledger.Config{
		Brokers: w.brokers, Registry: "http://" + registryAddress, Mode: plan.Mode, Rules: rules,
		Kafka: []kgo.Opt{kgo.Dialer(w.network.Dialer("witness"))}, Transport: w.transport("witness"),
	})
	if err != nil {
		return w, err
	}
	if w.crm, err = newCRM(ctx, w); err != nil {
		return w, err
	}
	if w.operator, err = newOperator(ctx, w); err != nil {
		return w, err
	}
	w.headend = &headend{world: w}
	for i, stages := range plan.Machines {
		name := fmt.Sprintf("machine-%d", i)
		w.machines = append(w.machines, &machine{
			name: name, stages: stages, world: w, log: w.journal.logger(name), disk: vfs.NewCrashableMem(),
		})
	}
	return w, nil
}

// startBrokers gives each its address in turn; the one who asks after them is the registry.
func (w *world) startBrokers(ctx context.Context) error {
	for broker := range w.plan.Brokers {
		w.brokers = append(w.brokers, brokerAddress(broker))
	}
	addresses := append([]string{}, append(w.brokers, registryAddress)...)
	var err error
	w.kafka, err = devkafka.Start(ctx, devkafka.Config{
		Brokers: w.plan.Brokers,
		Listen: func(context.Context, string, string) (net.Listener, error) {
			next := addresses[0]
			addresses = addresses[1:]
			return w.network.Listen(next)
		},
	})
	if err == nil && w.plan.Announced {
		w.hideFeatures()
	}
	return err
}

// hideFeatures makes the brokers tell processors of no features. Other clients may know of them.
func (w *world) hideFeatures() {
	w.kafka.Kafka().ControlKey(kmsg.ApiVersions.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.Kafka().KeepControl()
		asked := request.(*kmsg.ApiVersionsRequest)
		return asked.ResponseKind(), nil, asked.ClientSoftwareName == cluster.Software
	})
}

func (w *world) createTopics(ctx context.Context) error {
	// The last broker is the controller, and unlike Kafka's the others do not pass on what is for it.
	client := w.client("operator", w.brokers[len(w.brokers)-1])
	defer client.Close()
	registry := w.registryClient("operator", slog.New(slog.DiscardHandler))
	defer registry.Close()
	plan := admin.Plan{Partitions: w.plan.Partitions, ReplicationFactor: 1, MinInSyncReplicas: 1}
	if _, err := plan.Create(ctx, client); err != nil {
		return err
	}
	_, err := schemas.Register(ctx, registry, plan.Topics)
	return err
}

// client reaches the brokers from a host.
func (w *world) client(host string, brokers ...string) *cluster.Client {
	client, err := cluster.Open(cluster.Config{Brokers: brokers, Dial: w.network.Dialer(host)})
	if err != nil {
		panic(err) // the addresses are ours
	}
	return client
}

// registryClient reaches the registry from a host.
func (w *world) registryClient(host string, log *slog.Logger) *schemas.Registry {
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{
		URLs: []string{"http://" + registryAddress}, Transport: w.transport(host), Logger: log,
	})
	if err != nil {
		panic(err) // as above
	}
	return registry
}

func (w *world) transport(host string) http.RoundTripper {
	return &http.Transport{DialContext: w.network.Dialer(host), IdleConnTimeout: 10 * time.Second}
}

// close ends everything that is left.
func (w *world) close() {
	for _, m := range w.machines {
		if m.running != nil {
			m.leave()
		}
	}
	w.graves.Wait()
	if w.headend != nil {
		w.headend.stop()
	}
	if w.crm != nil {
		w.crm.close()
	}
	if w.operator != nil {
		w.operator.close()
	}
	if w.witness != nil {
		w.witness.Close()
	}
	if w.kafka != nil {
		_ = w.kafka.Close() // in memory
	}
}
