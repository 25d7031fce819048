package archtest_test

// room is a folder with all that lies beneath it, up to the next row's.
type room struct {
	folder string
	// imports are the rooms and libraries that it may import besides the standard library and itself.
	imports string
	// tests are those that its tests may import besides, and besides what every test may.
	tests string
}

// rooms is the whole module. A package outside them is refused, and so is an allowance that nobody needs. To change
// what happens, open provisioning; how it is written down, schemas; how it survives, stream.
var rooms = []room{
	// The domain, and what a record is.
	{"provisioning", "", ""},
	{"record", "", ""},

	// Records in bytes, on disk, and what one leads to. Nothing here knows Kafka.
	{"schemas", "provisioning internal/strictjson goavro avro franz-go/sr", ""},
	{"store", "provisioning pebble", ""},
	{"handlers", "provisioning record schemas store prometheus", "pebble prometheus/common"},

	// Kafka. Nothing here knows a request.
	{"internal/recordbatch", "record compress lz4", "kafka-go errgroup"},
	{"internal/wire", "", ""},
	{"internal/cluster", "record internal/wire kafka-go", "internal/recordbatch"},
	{"consumer", "record internal/cluster internal/recordbatch internal/wire kafka-go", ""},
	{"producer", "record internal/cluster internal/recordbatch internal/wire kafka-go errgroup", ""},
	{"stream", "record consumer producer internal/cluster prometheus", ""},

	// What operators say about the run.
	{"control", "provisioning record schemas consumer producer internal/cluster prometheus", ""},

	// Who puts it together.
	{"gateway", "provisioning record schemas consumer producer internal/cluster internal/strictjson pebble prometheus jwt " +
		"keyfunc jwkset errgroup", "admin handlers internal/devtoken openapi store stream"},
	{"internal/devtoken", "jwt", ""},
	{"internal/strictjson", "", ""},
	{"internal/telemetry", "prometheus", ""},
	{"admin", "provisioning record schemas consumer producer internal/cluster kafka-go errgroup", ""},
	{"headendsim", "provisioning record schemas consumer producer internal/cluster", ""},
	{"processor", "admin consumer control gateway handlers producer provisioning record schemas store stream " +
		"internal/cluster internal/recordbatch pebble prometheus errgroup", ""},
	{"cmd/cardstream", "admin consumer control examples gateway headendsim processor producer provisioning record schemas " +
		"stream internal/cluster internal/devkafka internal/devtoken internal/recordbatch internal/telemetry prometheus " +
		"kafka-go kong errgroup", ""},

	// Who stands outside: a broker to try things out on, the witness and who kills under its eyes, the measurements.
	{"internal/devkafka", "avro franz-go", ""},
	{"internal/devkafka/kafkatest", "internal/devkafka franz-go", ""},
	{"internal/ledger", "goavro franz-go", ""},
	{"internal/simulation", "admin consumer control headendsim processor producer provisioning schemas internal/cluster " +
		"internal/devkafka internal/ledger pebble prometheus franz-go", ""},
	{"internal/e2e", "", "bench examples internal/ledger goavro internal/devtoken errgroup"},
	{"bench", "provisioning schemas internal/ledger franz-go errgroup", ""},
	{"torture", "internal/ledger franz-go", ""},

	// What else comes along.
	{"examples", "", "internal/ledger"},
	{"deploy", "", "compose yaml"},
	{"internal/scripttest", "", ""},
	{"internal/leaktest", "goleak", ""},
	{"internal/archtest", "", ""},
}

// everyTest is what tests of every room may import: helpers, and an independent client to be judged by.
const everyTest = "internal/devkafka internal/devkafka/kafkatest internal/leaktest internal/scripttest franz-go goleak rapid"

// libraries are the others' packages, each with all beneath it, by the names that they have above.
var libraries = map[string]string{
	"avro":              "github.com/twmb/avro",
	"compose":           "github.com/compose-spec/compose-go/v2",
	"compress":          "github.com/klauspost/compress",
	"errgroup":          "golang.org/x/sync/errgroup",
	"franz-go":          "github.com/twmb/franz-go",
	"franz-go/sr":       "github.com/twmb/franz-go/pkg/sr",
	"goavro":            "github.com/linkedin/goavro/v2",
	"goleak":            "go.uber.org/goleak",
	"jwkset":            "github.com/MicahParks/jwkset",
	"jwt":               "github.com/golang-jwt/jwt/v5",
	"kafka-go":          "github.com/segmentio/kafka-go",
	"keyfunc":           "github.com/MicahParks/keyfunc/v3",
	"kong":              "github.com/alecthomas/kong",
	"lz4":               "github.com/pierrec/lz4/v4",
	"openapi":           "github.com/pb33f",
	"pebble":            "github.com/cockroachdb/pebble/v2",
	"prometheus":        "github.com/prometheus/client_golang",
	"prometheus/common": "github.com/prometheus/common",
	"rapid":             "pgregory.net/rapid",
	"yaml":              "go.yaml.in/yaml/v4",
}
