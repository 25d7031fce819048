// Package gateway is the CRM's own web method, and the look-ups beside it, in front of the topics: a caller needs a
// token and no Kafka. docs/contract.md, "Web API", is what it does; docs/openapi.yaml says it to machines.
//
//	caller ──POST──▶ judged ──▶ written to provisioning.commands ─ ─ intake, dispatch ─ ─ ┐
//	       ◀──200─── answer ◀── its event, in provisioning.events ◀─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┘
//	caller ──GET───▶ read model ◀── provisioning.state
//
// A gateway belongs to no group and owns no partitions: any number of them can run, beside intake and dispatch or
// without, and any of them answers for all. It keeps nothing that is not in a topic. A caller that hears nothing (the
// gateway was killed, the network broke) repeats the same request with the same Idempotency-Key, here or at another
// one, and is answered with the first one's request.
//
// Its parts: internal/tokens says who calls; internal/answering takes commands to the topics and outcomes back;
// internal/readmodel is what look-ups read. What is wrong with a command is provisioning's to say.
package gateway
