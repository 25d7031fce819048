// Package answering takes a caller's command to provisioning.commands and comes back with what became of it.
//
// The way there is the Writer's: the commands of all callers go out together, one produce request after the other. The
// way back is the Hub's: one reader of provisioning.events, from its end, serves everybody who waits, by the source and
// the id of their commands. The Desk is where both meet.
//
// # Whose outcome is it
//
// An event names the command that it is about by source and id, and several callers may be waiting under one name, at
// this gateway or another: that is what a retried POST is, at the same moment or later. All of them have written their
// command; the first one makes the request (REQUEST_PENDING), the others are told COMMAND_DUPLICATE. Who was first does
// not matter as long as they all ask for the same: the request is everybody's, so the first of these events answers.
// Where their contents differ it does matter. A caller compares what it asked for with the request itself, as the state
// topic shows it a moment before or after (it still has its PIN then, or a keyed digest of it).
package answering
