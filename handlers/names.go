package handlers

import "cardstream/schemas"

// names are the topics that handlers read and write, put together once: they are needed for every record.
type names struct {
	commands, results         string
	requests                  string
	state, smartcards, events string
}

func namesOf(t schemas.Topics) names {
	return names{
		commands: t.Commands(), results: t.SmartcardResults(), requests: t.Requests(), state: t.State(),
		smartcards: t.SmartcardCommands(), events: t.Events(),
	}
}
