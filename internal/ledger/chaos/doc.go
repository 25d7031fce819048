// Package chaos runs operating system processes and does to them what happens to processes: kill -9 at random moments
// while there is work in hand, a stop and a continue, an orderly end. It knows nothing of Kafka; whether anything was
// lost is for package ledger to say.
//
//	fleet, err := chaos.Start(chaos.Config{Binary: path, Processes: 2, Args: args, Logs: folder, Log: t.Logf, Seed: seed})
//	kills, err := fleet.Storm(ctx, chaos.Storm{Kills: 100, Busy: witness.Busy})
//	err = fleet.Close()
package chaos
