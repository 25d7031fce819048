// Package admin is what the command line does on a cluster: create and check the topics, send commands and follow
// their events, watch a topic, look after dead letters, and steer the processing run. Its functions are given their
// connections and print nothing themselves, so that tests and the gateway can use them too.
package admin
