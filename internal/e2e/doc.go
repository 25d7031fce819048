// Package e2e tests the built cardstream binary from the outside: as a person at a shell and as an operator's cluster
// see it. It holds nothing but tests.
//
// Those about `cardstream dev` and about wrong settings run everywhere. Those about `cardstream run` need a real Kafka,
// which the embedded broker is not: with CARDSTREAM_TEST_KAFKA=real in the environment they start one by scripts/kafka,
// and kill it, too. What they find is judged by internal/ledger, which shares no code with cardstream.
//
// CARDSTREAM_E2E_KILLS (10, with results 5) says how many processes are killed, CARDSTREAM_E2E_AWAY (15s) how long
// brokers and registry stay away, CARDSTREAM_E2E_SEED makes a run's random choices those of another,
// CARDSTREAM_E2E_RACE=1 builds the binary with the race detector, and CARDSTREAM_E2E_LOGS names a folder in which the
// processes' logs are kept.
//
// The suites with a headend that answers are small unless the environment makes them larger:
//
//	NothingIsLostOrDoubledByKillsWithResults  CARDSTREAM_E2E_COMMANDS (10000), _RATE (200 a second), _BROKER_RESTARTS (0)
//	AnOutageRejectsNothing                    CARDSTREAM_E2E_REQUESTS (1000), _OUTAGE (30, seconds)
//	APauseKeepsBackAndARateLetsOut            CARDSTREAM_E2E_DUE (200 a second), _PAUSE (20, seconds)
//	CancelsThatRaceTheSend                    CARDSTREAM_E2E_CANCELS (1000)
//	ARestartKeepsEveryAttempt                 CARDSTREAM_E2E_SENT (2000), _SENT_SECONDS (10)
//	ResultsAreSwitchedOffAndOn                CARDSTREAM_E2E_SWITCHED (300)
//
// Those on three brokers allow for what a small machine costs, unless CARDSTREAM_E2E_WARM (0, seconds) lets the load go on
// before the blow, with a process that ends in order and comes back, until the brokers have compiled what that takes.
package e2e
