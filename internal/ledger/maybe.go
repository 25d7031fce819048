package ledger

// Maybe is a value that may be absent. Unlike a pointer it compares and hashes by what it holds.
type Maybe[T comparable] struct {
	Set   bool
	Value T
}

// Some returns a value that is there.
func Some[T comparable](value T) Maybe[T] { return Maybe[T]{Set: true, Value: value} }

// None returns an absent value.
func None[T comparable]() Maybe[T] { return Maybe[T]{} }
