package rig

import (
	"errors"
	"strings"

	"cardstream/torture/faults"
	"cardstream/torture/proxy"
)

// doors are the ways from processes to brokers: a proxy for each of both. Brokers tell whoever comes through a door only
// of the proxies before it, so nobody gets past them.
type doors struct {
	proxies [][]*proxy.Proxy // by slot, then by node from 0
}

func openDoors(c *cluster, slots int) (*doors, error) {
	d := &doors{}
	for slot := range slots {
		d.proxies = append(d.proxies, nil)
		for node := 1; node <= nodes; node++ {
			listens, advertised := c.door(slot+1, node)
			p, err := proxy.Listen(advertised, listens)
			if err != nil {
				return nil, errors.Join(err, d.close())
			}
			d.proxies[slot] = append(d.proxies[slot], p)
		}
	}
	return d, nil
}

// brokers is what the process of a slot is given as --brokers.
func (d *doors) brokers(slot int) string {
	var list []string
	for _, p := range d.proxies[slot] {
		list = append(list, p.Addr())
	}
	return strings.Join(list, ",")
}

func (d *doors) close() error {
	var errs []error
	for _, row := range d.proxies {
		for _, p := range row {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// of returns the proxies between a process and a broker, or all brokers.
func (d *doors) of(slot, node int) []*proxy.Proxy {
	if node == faults.EveryBroker {
		return d.proxies[slot]
	}
	return d.proxies[slot][node-1 : node]
}

// Cut resets connections and returns how many.
func (d *doors) Cut(slot, node int) int {
	n := 0
	for _, p := range d.of(slot, node) {
		n += p.Cut()
	}
	return n
}

// Change sets the weather.
func (d *doors) Change(slot, node int, w proxy.Weather) {
	for _, p := range d.of(slot, node) {
		p.Change(w)
	}
}

// Strand leaves the process's ends open and resets the brokers'; it returns of how many connections.
func (d *doors) Strand(slot, node int) int {
	n := 0
	for _, p := range d.of(slot, node) {
		n += p.Strand()
	}
	return n
}

// Unstrand lets connections through again.
func (d *doors) Unstrand(slot, node int) {
	for _, p := range d.of(slot, node) {
		p.Unstrand()
	}
}
