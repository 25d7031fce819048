// Package control keeps every process informed of what operators have said about the processing run: whether it is
// paused, and how fast it may go. A setting is a record of provisioning.control (docs/contract.md, "ControlSetting");
// the last one of a name counts. Set writes one; a Follower reads them all from the topic's start and goes on.
//
// What is known is never given up for what cannot be read: a topic that is out of reach, gone or made anew changes
// nothing, and neither does a record that makes no sense. So no outage ends a pause. Only a record of the setting, or its
// deletion (a null value: the default again), does.
package control
