package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"cardstream/admin"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// sendCommand is `cardstream send`: commands from flags or JSON lines. A PIN comes only from a file or stdin, never from
// a flag, where every user of the machine could read it.
type sendCommand struct {
	connection
	logging
	File    string        `placeholder:"FILE" help:"JSON lines, a command each; - is stdin."`
	Follow  bool          `help:"Print the commands' events, until each has come to its end."`
	Timeout time.Duration `default:"1m" help:"How long it may take (${default}); with --follow until every end."`

	CommandID          string `placeholder:"TEXT" help:"Of one command; made up if it is missing."`
	SubscriptionID     string `placeholder:"TEXT" help:"Subscription, by id."`
	SubscriptionNumber string `placeholder:"TEXT" help:"Subscription, by number."`
	SmartcardID        string `placeholder:"TEXT" help:"Smartcard, by the installed item's id."`
	SerialNumber       string `placeholder:"TEXT" help:"Smartcard, by serial number."`
	AlternativeCode    string `placeholder:"TEXT" help:"Smartcard, by alternative code."`
	ResetPIN           bool   `name:"reset-pin" help:"Reset the PIN."`
	NewPIN             bool   `name:"new-pin" help:"Set the PIN that stands in the first line of stdin."`
	Immediately        bool   `help:"Send it as part of its creation."`
	ScheduledDate      string `placeholder:"DATE" help:"Send it then: RFC 3339, or +DURATION from now."`
	Cancel             string `placeholder:"NUMBER" help:"Cancel the request with this number."`
}

// errBadLines is the end of a run in which some lines were no commands.
var errBadLines = errors.New("some lines were no commands; the others were sent")

// Run sends.
func (c *sendCommand) Run(ctx context.Context, std streams) error {
	input, err := c.input(std.in)
	if err != nil {
		return err
	}
	defer input.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s, err := openSession(ctx, c.connection, c.logger(std.err))
	if err != nil {
		return err
	}
	feed, err := s.feed(ctx)
	if err == nil {
		feed.Wait = c.Follow
		err = runFeed(ctx, feed, input, std)
	}
	return errors.Join(err, s.Close())
}

// runFeed feeds a file; with Wait set, the commands' events are printed as JSON lines.
func runFeed(ctx context.Context, feed *admin.Feed, input io.Reader, std streams) error {
	shown := newProgress(std.err)
	feed.BadLine = func(number int, err error) {
		shown.end()
		fmt.Fprintf(std.err, "line %d: %v\n", number, err)
	}
	out := bufio.NewWriter(std.out)
	if feed.Wait {
		feed.Event = func(event *provisioning.Event) error {
			sent, ended := feed.Ends.Progress()
			shown.show("%d commands sent, %d ended", sent, ended)
			return printJSON(out, event)
		}
	}
	bad, err := feed.Run(ctx, admin.CommandFile{Reader: input, Now: now})
	shown.end()
	err = errors.Join(err, out.Flush())
	if err == nil && bad > 0 {
		err = errBadLines
	}
	return err
}

// printJSON writes a record as one line, PINs masked.
func printJSON(w *bufio.Writer, event *provisioning.Event) error {
	line, err := schemas.JSON(event, schemas.JSONOptions{})
	if err != nil {
		return err
	}
	if _, err = w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("print event: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print event: %w", err)
	}
	return nil
}

// input returns the file, or the one command of the flags as a line.
func (c *sendCommand) input(stdin io.Reader) (io.ReadCloser, error) {
	if c.File == "" {
		line, err := c.line(stdin)
		return io.NopCloser(bytes.NewReader(line)), err
	}
	if c.CommandID+c.SubscriptionID+c.SubscriptionNumber+c.SmartcardID+c.SerialNumber+c.AlternativeCode+
		c.ScheduledDate+c.Cancel != "" || c.ResetPIN || c.NewPIN || c.Immediately {
		return nil, usageError{errors.New("--file and the flags of one command exclude each other")}
	}
	return openInput(c.File, stdin)
}

// openInput opens a file, or stdin for "-".
func openInput(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	return file, nil
}

// line is the command of the flags, as a line of a file.
func (c *sendCommand) line(stdin io.Reader) ([]byte, error) {
	command := map[string]any{"command_id": c.CommandID}
	if c.CommandID == "" {
		command["command_id"] = "cli-" + randomID()
	}
	if c.Cancel != "" {
		command["cancel"] = map[string]string{"number": c.Cancel}
		return json.Marshal(command)
	}
	command["subscription_identifier"] = specified("id", c.SubscriptionID, "number", c.SubscriptionNumber)
	command["smartcard_identifier"] = specified("id", c.SmartcardID, "serial_number", c.SerialNumber,
		"alternative_code", c.AlternativeCode)
	if c.ResetPIN {
		command["reset_pin"] = true
	}
	if c.NewPIN {
		pin, err := bufio.NewReader(io.LimitReader(stdin, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the PIN from stdin: %w", err)
		}
		command["new_pin"] = strings.TrimRight(pin, "\r\n")
	}
	command["process_immediately"] = c.Immediately
	if c.ScheduledDate != "" {
		command["scheduled_date"] = c.ScheduledDate
	}
	return json.Marshal(command)
}

// specified makes a record of the fields that have a value.
func specified(namesAndValues ...string) map[string]string {
	fields := make(map[string]string)
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			fields[namesAndValues[i]] = namesAndValues[i+1]
		}
	}
	return fields
}
