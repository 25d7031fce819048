// Package schemas is the contract on the wire: the Avro schemas of every record (avsc), how the domain's types become
// bytes and come back, and the schema registry that both sides share.
//
// Every value is in the Confluent wire format: a zero byte, the id of the writer's schema in four bytes (big endian),
// then the Avro body. There are two ways to read one, because there are two kinds of writers.
//
//   - What cardstream itself writes goes through a [Codec], which knows the record's Go type. A record of an older or a
//     newer cardstream is read through Avro's schema resolution, so that a rolling upgrade works in both directions.
//   - What others write (commands of a CRM, results of a headend adapter) goes through [Foreign]: decoded with the
//     writer's own schema and read by field name, so that any compatible version of their schema works.
//
// Whatever is wrong with a value is an [*Error] with the contract's code. Its message says what and where in own words
// and never repeats a part of the value: there may be a PIN in it. Every other error is about the world, not about the
// value (the context has ended, or the registry's settings are wrong): nothing may be dead-lettered for it.
//
// The schemas are compatible with one another in every direction (FULL_TRANSITIVE). The versions that were released are
// in avsc/history, and a test holds each schema against all of its own.
package schemas
