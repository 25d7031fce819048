package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// Item is a request as it was read.
type Item struct {
	Number  int64 // the offset in its RequestNumber
	Place   Place
	Request provisioning.Request // the caller's own: changing it changes nothing in the store
	Value   []byte               // as it was put; nobody changes it
}

// reader reads single rows, from the database or from a batch upon it.
type reader struct {
	from      pebble.Reader
	partition int32
	decode    func([]byte) (provisioning.Request, error)
	key       []byte // scratch
}

// get copies the row of r.key behind dst; false where there is none.
func (r *reader) get(dst []byte) ([]byte, bool, error) {
	row, closer, err := r.from.Get(r.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, fmt.Errorf("store: read: %w", err)
	}
	dst = append(dst, row...)
	return dst, true, closer.Close()
}

// place returns where a number stands, and whether it is there.
func (r *reader) place(number int64) (Place, bool, error) {
	r.key = numberKey(r.key[:0], r.partition, number)
	var row [16]byte
	b, ok, err := r.get(row[:0])
	if !ok || err != nil {
		return Place{}, false, err
	}
	place, ok := parsePlace(b)
	if !ok {
		return Place{}, false, fmt.Errorf("%w: the place of request %d-%d", ErrCorrupt, r.partition, number)
	}
	return place, true, nil
}

// item reads the request that stands there.
func (r *reader) item(p position) (Item, error) {
	r.key = valueKey(r.key[:0], r.partition, p)
	value, ok, err := r.get(nil)
	if err != nil {
		return Item{}, err
	}
	if !ok {
		return Item{}, fmt.Errorf("%w: request %d-%d is not where it stands", ErrCorrupt, r.partition, p.number)
	}
	return r.decoded(p, value)
}

// decoded makes an item of a value, which it keeps.
func (r *reader) decoded(p position, value []byte) (Item, error) {
	request, err := r.decode(value)
	if err != nil {
		return Item{}, fmt.Errorf("%w: request %d-%d: %w", ErrCorrupt, r.partition, p.number, err)
	}
	if request.Number != (provisioning.RequestNumber{Partition: r.partition, Offset: p.number}) {
		return Item{}, fmt.Errorf("%w: request %s stands under %d-%d", ErrCorrupt, request.Number, r.partition, p.number)
	}
	return Item{Number: p.number, Place: p.place, Request: request, Value: value}, nil
}

// command returns the number of the request that a command made.
func (r *reader) command(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	r.key = commandKey(r.key[:0], r.partition, card, source, commandID)
	var row [8]byte
	b, ok, err := r.get(row[:0])
	if !ok || err != nil {
		return 0, false, err
	}
	return commandRow(b, r.partition)
}

// commandRow reads a command's row: the number of the request that it made.
func commandRow(row []byte, partition int32) (int64, bool, error) {
	if len(row) != 8 {
		return 0, false, fmt.Errorf("%w: a command's row in partition %d", ErrCorrupt, partition)
	}
	return readInt(row), true, nil
}
