package handlers

import (
	"errors"
	"fmt"

	"cardstream/provisioning"
)

// recreatedError says that an entry's number is already that of another request: provisioning.requests has been made
// anew beneath a state that knows its former records. It stops the partition; only a person can tell what is true.
type recreatedError struct{ number provisioning.RequestNumber }

func (e *recreatedError) Error() string {
	return fmt.Sprintf("request %s exists already with other content: has provisioning.requests been created anew "+
		"without provisioning.state?", e.number)
}

// StopsTask tells the machine that trying again cannot help.
func (e *recreatedError) StopsTask() bool { return true }

// errMisplaced says that an entry decodes, but is none that intake would have written into this partition. It goes to
// the dead letters.
var errMisplaced = errors.New("not an entry of this partition")
