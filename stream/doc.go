// Package stream is the machine that makes every step of cardstream happen exactly once. It knows records, partitions
// and transactions, and neither a PIN nor a smartcard: what a record leads to is a Handler's to say.
//
// A Stage is a member of a consumer group. For each partition that the group gives it, it runs a task; a task takes one
// step after another, and a step is one Kafka transaction:
//
//	take records → handle each → wake what is due → write the outputs and commit the offset in one transaction → apply
//
// The life of a task begins with taking the partition over, and there is no other way to begin it:
//
//	confirm the membership          a process that slept too long must not fence its successor
//	InitProducerID                  fences the partition's former owner and aborts what it left open
//	settle                          ends its last transaction alike everywhere, should the brokers have forgotten a part
//	fetch the committed offset      only now: before, the former owner could still move it
//	barrier, replay                 of a stateful task: bring the local state to the end of its changelog
//	step, step, step …
//
// Whatever is unclear (a time-out, a fence, an unknown error) ends the life of the task, and a new one begins from the
// log, with back-off. There is no repair code beyond that, and no abort path: InitProducerID aborts.
//
// Correctness rests on the transactional id, one per input partition: at most one process can commit for it. Group
// membership only decides who tries.
package stream
