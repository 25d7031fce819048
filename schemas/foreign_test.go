package schemas_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"cardstream/schemas"
)

// What the typed codec writes, others' reader reads as the same value.
func TestForeignReadsOwn(t *testing.T) {
	_, registry, set := MustLoad(t)
	foreign := schemas.NewForeign(registry)
	t.Run("command", rapid.MakeCheck(func(t *rapid.T) {
		want := anyCommand.Draw(t, "command")
		value, err := set.Command.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := foreign.Command(t.Context(), value); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}))
	t.Run("result", rapid.MakeCheck(func(t *rapid.T) {
		want := anyResult.Draw(t, "result")
		value, err := set.Result.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := foreign.Result(t.Context(), value); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}))
}
