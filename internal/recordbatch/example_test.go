package recordbatch_test

import (
	"errors"
	"fmt"
	"io"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

func Example() {
	// What a producer sends for one partition, and a fetch brings back: here two batches, the second one cut off.
	header := recordbatch.Header{ProducerID: 7, Transactional: true, Timestamp: 1_700_000_000_000}
	fetched, _ := recordbatch.Append(nil, header, []record.Record{{Key: []byte("a")}, {Key: []byte("b")}})
	fetched, _ = recordbatch.Append(fetched, header, []record.Record{{Key: []byte("c")}})
	fetched = fetched[:len(fetched)-1]

	next := int64(0) // the offset to fetch next
	for {
		batch, rest, err := recordbatch.Next(fetched)
		if errors.Is(err, io.EOF) || errors.Is(err, recordbatch.ErrPartial) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		records, err := batch.Records(nil, "topic", 0)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range records {
			fmt.Printf("offset %d: %s\n", r.Offset, r.Key)
		}
		next, fetched = batch.LastOffset+1, rest
	}
	fmt.Println("next", next)
	// Output:
	// offset 0: a
	// offset 1: b
	// next 2
}
