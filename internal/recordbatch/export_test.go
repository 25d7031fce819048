package recordbatch

// WithoutRecords returns what a batch says of itself, for comparing.
func WithoutRecords(b Batch) Batch {
	b.payload = nil
	return b
}
