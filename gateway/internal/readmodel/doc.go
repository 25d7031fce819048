// Package readmodel is a copy of provisioning.state on local disk, with the indexes that look-ups need: by number, state,
// card, subscription, and by the command that made a request. It follows the topic without a group, so every gateway
// has all of it, and its memory does not grow with the number of requests.
//
// It is a cache: the topic is the truth, nothing here waits for a disk, and a folder that is lost is filled again. It
// never holds a PIN.
//
// # Layout
//
// Pebble keys begin with a byte for their kind. Numbers are big-endian. An order is created_at, partition and offset,
// all bits flipped, so that the newest come first.
//
//	0 meta                                  version 01, cluster id, topic id
//	1 partition                             position, when it was last as new as the topic
//	2 partition offset                      the request, as in the topic but without its PIN
//	3 order                                 every request
//	4 state 00 order                        requests in that state
//	5 card 00 order                         requests for the card; only the identifier's value, whatever its kind
//	6 subscription 00 order                 likewise
//	7 digest partition offset               requests that commands of this source and id made
//
// The digest is the first 16 bytes of SHA-256 over source and command id, each behind its length; what is found by it
// is compared with the request itself. Identifiers are printable, so no zero byte is in them.
package readmodel
