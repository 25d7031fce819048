package provisioning_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"cardstream/provisioning"
)

func TestParseRequestNumber(t *testing.T) {
	for text, want := range map[string]provisioning.RequestNumber{
		"0-0": {}, "3-1042": {Partition: 3, Offset: 1042}, "11-0": {Partition: 11},
		"2147483647-9223372036854775807": {Partition: math.MaxInt32, Offset: math.MaxInt64},
	} {
		got, err := provisioning.ParseRequestNumber(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseRequestNumberRefuses(t *testing.T) {
	for _, text := range []string{
		"", "-", "3", "3-", "-3", "3-1042-", "3-1042-7", "3--1042", "-3-1042", "+3-1042", "3-+1042", // signs and parts
		"03-1042", "3-01042", "3-00", "00-0", "-0-0", // one name only
		" 3-1042", "3-1042 ", "3 -1042", "3- 1042", "3-1042\n", "\t3-1042", "3-1042\x00", // white space
		"2147483648-0", "0-9223372036854775808", "0-18446744073709551616", "4294967299-1042", // overflow
		"3-1_042", "0x3-1042", "3-1e3", "3-1042.0", "３-１０４２", "3–1042", "a-b", "NaN-1", "\xff-1",
	} {
		if got, err := provisioning.ParseRequestNumber(text); !errors.Is(err, provisioning.ErrRequestNumber) ||
			got != (provisioning.RequestNumber{}) {
			t.Errorf("%q: %v, %v, want ErrRequestNumber", text, got, err)
		}
	}
}

// Compared as two numbers, not as text: 3-9 comes before 3-10, and 9-… before 10-….
func TestCompareRequestNumbers(t *testing.T) {
	ordered := []string{"0-0", "0-1", "3-9", "3-10", "3-9223372036854775807", "9-0", "10-0", "10-5", "2147483647-0"}
	var numbers []provisioning.RequestNumber
	for _, text := range ordered {
		n, err := provisioning.ParseRequestNumber(text)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	for i, a := range numbers {
		for j, b := range numbers {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v to %v: %d", a, b, got)
			}
		}
	}
	shuffled := slices.Clone(numbers)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, provisioning.RequestNumber.Compare)
	if !slices.Equal(shuffled, numbers) {
		t.Errorf("sorted: %v", shuffled)
	}
}

// Whatever is read as a number has that text as its only name.
func FuzzParseRequestNumber(f *testing.F) {
	for _, seed := range []string{"3-1042", "0-0", "03-1", "-", "2147483648-1", "1-9223372036854775808", "1--1", "+1-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := provisioning.ParseRequestNumber(text)
		if err != nil {
			return
		}
		if n.String() != text || n.Partition < 0 || n.Offset < 0 {
			t.Errorf("%q is read as %v", text, n)
		}
	})
}
