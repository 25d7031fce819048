package stream_test

import (
	"testing"

	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
