// Package handlers says what a record leads to. Intake judges what others wrote and routes it into the one internal
// log; Dispatch moves requests through their life cycle. Both decode, ask the domain (package provisioning), and answer
// with the records to write; neither talks to Kafka. When those records are written, and what happens if that fails, is
// package stream's.
package handlers
